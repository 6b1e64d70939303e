drop trigger tg_scans_c49_locked_store on scans;
create or replace function scan_lock_holder(subject uuid) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select s.locked_by_id from scans s where s.subject_id = subject and s.locked_by_id is not null $$;
create or replace function tg_scans_c49_locked() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if scan_lock_holder(new.subject_id) <> new.uploaded_by then perform broken('tg_scans_c49_locked'); end if;
  return new;
end $$;
drop function scan_lock_holder(uuid, uuid, uuid);
