-- What is looked for by ids that an array holds: under a row policy such an index would not be used, for `&&` and `@>` are not leakproof.
-- Planned for the ids that are given: a plan for any ids reads the table through.
create function seen_of(subjects uuid[], until timestamptz, after_at timestamptz, after_id uuid, with_refusals boolean, at_most bigint)
returns setof access_log language sql stable security definer set search_path = public, pg_temp set plan_cache_mode = 'force_custom_plan' as $$
  with found as materialized (  -- else the index of times would be read until a page is full
    select a.* from access_log a
    where (select app_has_role('COMPLIANCE', 'AUDITOR')) and a.subject_ids && subjects and a.logged_at <= coalesce(until, 'infinity')
      and (a.logged_at, a.id) > (coalesce(after_at, '-infinity'), coalesce(after_id, '00000000-0000-0000-0000-000000000000'))
      and (with_refusals or a.result <> 'REFUSED'))
  select * from found order by logged_at, id limit at_most $$;

-- What was judged when these events were written: the parameters, and the purpose of the request or of the ask.
create function judged_in(events uuid[]) returns table (event_id uuid, parameters jsonb, purpose text)
language sql stable security definer set search_path = public, pg_temp set plan_cache_mode = 'force_custom_plan' as $$
  select e.id, d.parameters, coalesce(d.moves->'request'->>'purpose', d.moves->'ask'->>'purpose')
  from decisions d cross join lateral unnest(d.event_ids) as e (id)
  where (select app_has_role('COMPLIANCE', 'AUDITOR')) and d.event_ids && events and e.id = any (events) $$;

do $$ declare name text; begin
  foreach name in array array['seen_of(uuid[], timestamptz, timestamptz, uuid, boolean, bigint)', 'judged_in(uuid[])'] loop
    execute format('alter function %s owner to loanfile_judge', name);
    execute format('revoke execute on function %s from public', name);
    execute format('grant execute on function %s to loanfile_app', name);
  end loop;
end $$;
