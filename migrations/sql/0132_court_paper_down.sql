create or replace function tg_access_requests_c5_ranks() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.ranks := coalesce(
    policy_roles('approval_ranks.' || lower(new.tier) || '.' || lower(new.purpose), new.org_id, greatest(new.submitted_at, clock_timestamp())),
    array(select k.role from approval_ranks k where k.tier = new.tier and k.purpose = new.purpose order by 1));
  return new;
end $$;
create or replace function tg_movements_c22_extension() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.claimed_at is not null or new.extensions <> old.extensions + 1 or not exists (
      select from access_requests q where q.extends_id = new.id and q.state = 'FULFILLED' and q.extends_until = new.due_at
        and q.decided_at < old.due_at and q.applicant_id = new.holder_id) then
    perform broken('tg_movements_c22_extension'); end if;
  return new;
end $$;
drop function court_paper_is_on_file(uuid, uuid);
alter table access_requests drop column court_paper_scan_id;
