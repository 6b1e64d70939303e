-- The facts of many papers, each asked of all of them at once: what holds them and what freezes them. One paper is the least of many.
create function frozen_all(records uuid[], at timestamptz) returns table (record_id uuid, kind text)
language sql stable as $$
  select d.record_id, case when d.item_id is null then d.kind else 'ITEM' end from discrepancies d
    where d.record_id = any (records) and d.resolved_at is null
  union select r.id, 'SLOT' from archive_records r join archive_records x on x.envelope_id = r.envelope_id and x.id <> r.id
    join discrepancies d on d.record_id = x.id and d.resolved_at is null where r.id = any (records)
  union select r.id, 'COUNT' from archive_records r left join sealed_envelopes e on e.id = r.envelope_id
    join stocktake_places p on p.location_id = coalesce(e.location_id, r.location_id) and p.closed_at is null and p.frozen_until > at
    where r.id = any (records) $$;
create or replace function frozen_kinds(record uuid, at timestamptz default clock_timestamp()) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select array(select f.kind from frozen_all(array[record], at) f order by 1) $$;
do $$ declare f text; begin
  foreach f in array array['frozen_all(uuid[], timestamptz)'] loop
    execute format('alter function %s owner to loanfile_judge', f);
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;
create or replace function facts_of(ids uuid[], people uuid[], shift interval) returns table (
    now timestamptz, record_id uuid, movement_id uuid, kind text, request_id uuid, purpose text, holder_id uuid, lapses_at timestamptz,
    out_at timestamptz, due_at timestamptz, returned_at timestamptz, claimed boolean, extensions integer, operation_id uuid,
    hold_kinds text[], hold_placers uuid[], key_ids uuid[], code_ids uuid[], interested uuid[], overdue uuid[], inactive uuid[],
    frozen text[], mates uuid[])
language sql volatile security definer set search_path = public, pg_temp begin atomic
  with moment as materialized (select clock_timestamp() + shift as now),
  held as materialized (select o.record_id as id, array_agg(o.kind order by o.hold_id) kinds, array_agg(o.placer_id order by o.hold_id) placers
    from (select distinct i.id as record_id, o.* from unnest(ids) i (id) cross join lateral holds_over(i.id) o) o group by o.record_id),
  stuck as materialized (select f.record_id as id, array_agg(f.kind order by f.kind) kinds
    from moment n cross join lateral frozen_all(ids, n.now) f group by f.record_id),
  ties as materialized (select i.id, t.manager_id, t.party_id from unnest(ids) i (id) cross join lateral ties_of(i.id) t),
  near as materialized (select x.id, array_agg(x.who order by x.who) who from (
      select t.id, p.who from ties t join unnest(people) p (who) on p.who = t.manager_id
      union select t.id, s.staff_id from ties t join staff_relations s on s.party_id = t.party_id where s.staff_id = any (people)) x group by x.id)
  select n.now, r.id, m.id, m.kind, m.request_id, q.purpose, m.holder_id, m.lapses_at,
         m.out_at, m.due_at, m.returned_at, m.claimed_at is not null, m.extensions,
         case when o.expires_at > n.now and o.state = 'PENDING' then m.operation_id end,
         h.kinds, h.placers, d.keys, d.codes, i.who, late.who, gone.who, coalesce(f.kinds, '{}'), e.mates
  from moment n cross join archive_records r
  left join movements m on m.record_id = r.id and m.closed_at is null
  left join access_requests q on q.id = m.request_id
  left join operations o on o.id = m.operation_id
  left join held h on h.id = r.id
  left join near i on i.id = r.id
  left join stuck f on f.id = r.id
  cross join lateral (select array_agg(k.staff_id) filter (where k.seat = 'KEY') keys,
                             array_agg(k.staff_id) filter (where k.seat = 'CODE') codes
      from keeper_duties k where k.vault_id = r.vault_id and k.during @> n.now) d
  cross join lateral (select array_agg(distinct x.holder_id) who from movements x
      where x.holder_id = any (people) and x.closed_at is null and x.returned_at is null and x.due_at < n.now) late
  cross join lateral (select array_agg(s.id) who from staff s where s.id = any (people) and not s.active) gone
  cross join lateral (select array_agg(x.id) mates from archive_records x
      where x.envelope_id = r.envelope_id and x.id <> r.id and x.state = r.state) e
  where r.id = any (ids);
end;
