-- C49: of a record the electronic lock is everyone's who sees the record; of a handover, a request or their like each side has its own, as
-- it has its own scans.
create function scan_lock_holder(subject uuid, record uuid, unit uuid) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select s.locked_by_id from scans s where s.subject_id = subject and s.locked_by_id is not null and (record is not null or s.org_id = unit) $$;

-- For the caller: where the subject is of a unit of theirs their scan is that unit's, and of their own unit otherwise.
create or replace function scan_lock_holder(subject uuid) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select s.locked_by_id from scans s where s.subject_id = subject and s.locked_by_id is not null and (s.record_id is not null or s.org_id = coalesce(
    (select u.org_id from (
       select id, org_id from access_requests union all select id, org_id from operations union all select id, org_id from handovers
       union all select id, org_id from discrepancies
       union all select r.id, q.org_id from releases r join access_requests q on q.id = r.request_id) u
     where u.id = subject and (app_everywhere() or u.org_id = any (app_branches()))),
    (select p.org_id from staff p where p.id = app_staff()))) $$;

-- A version is brought when it is announced, and when it is stored.
create or replace function tg_scans_c49_locked() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if scan_lock_holder(new.subject_id, new.record_id, new.org_id) <> new.uploaded_by then perform broken('tg_scans_c49_locked'); end if;
  return new;
end $$;
create trigger tg_scans_c49_locked_store before update of status on scans
  for each row when (new.status = 'STORED' and old.status <> 'STORED') execute function tg_scans_c49_locked();
alter function scan_lock_holder(uuid, uuid, uuid) owner to loanfile_judge;
revoke execute on function scan_lock_holder(uuid, uuid, uuid) from public;
