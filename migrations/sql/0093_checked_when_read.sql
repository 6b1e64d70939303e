-- The store verifies the bytes when it takes them, and the job hashes them where they are: until then nobody has.
alter table scan_copies alter column checked_at drop not null;
comment on column scan_copies.checked_at is 'When its bytes were last hashed; null: not yet, since they were put there.';
create or replace function tg_scans_copied() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into scan_copies (scan_id, place, version_id, due_until, due_hold, lock_until, legal_hold, observed_at)
  values (new.id, 'FIRST', new.object_version_id, new.lock_until, new.legal_hold, new.lock_until, new.legal_hold, new.stored_at)
  on conflict (scan_id, place) do update set version_id = excluded.version_id;
  return null;
end $$;

-- No older than a cycle: what is older has been hashed since.
set role loanfile_registrar;
update scan_copies c set checked_at = null from scans s
  where s.id = c.scan_id and c.bad_since is null and c.checked_at > clock_timestamp() - interval '31 days'
    and (c.place = 'FIRST' and c.checked_at = s.stored_at
      or c.place = 'SECOND' and c.checked_at between uuid_extract_timestamp(c.id) - interval '1 minute' and uuid_extract_timestamp(c.id) + interval '1 minute');
reset role;
