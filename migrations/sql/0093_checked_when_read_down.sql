create or replace function tg_scans_copied() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into scan_copies (scan_id, place, version_id, due_until, due_hold, lock_until, legal_hold, observed_at, checked_at)
  values (new.id, 'FIRST', new.object_version_id, new.lock_until, new.legal_hold, new.lock_until, new.legal_hold, new.stored_at, new.stored_at)
  on conflict (scan_id, place) do update set version_id = excluded.version_id;
  return null;
end $$;
set role loanfile_registrar;
update scan_copies set checked_at = least(observed_at, uuid_extract_timestamp(id)) where checked_at is null;
reset role;
set constraints all immediate;
alter table scan_copies alter column checked_at set not null;
comment on column scan_copies.checked_at is 'When its bytes were last hashed.';
