-- What SQL of the server's own login could still make of a stored scan: another outcome, key, version or time. Each is refused by name.

-- C49: a scan is announced and nothing else; what it becomes is told step by step.
revoke insert on scans from loanfile_app;
grant insert (id, org_id, subject_kind, subject_id, record_id, scan_version, supersedes_id, title, media_type, sha256, size_bytes, pages,
  uploaded_by, registered_at, upload_expires_at, part_sha256) on scans to loanfile_app;

-- C49: a new scan supersedes, never replaces. What was stored, refused or given up stays so, under the key that its id gives.
create function tg_scans_c49_final() returns trigger language plpgsql as $$ begin
  if old.status not in ('REGISTERED', 'PENDING') then
    if (new.status, new.object_key, new.stored_at, new.reject_code) is distinct from (old.status, old.object_key, old.stored_at, old.reject_code) then
      perform broken('tg_scans_c49_final');
    end if;
  elsif new.status <> 'STORED' then
    if num_nonnulls(new.object_key, new.object_version_id, new.stored_at, new.lock_until) > 0 or new.legal_hold then
      perform broken('tg_scans_c49_final');
    end if;
  elsif new.object_key is distinct from 'scans/' || new.id or new.confirmed_at is null
     or new.stored_at not between new.registered_at - interval '5 minutes' and clock_timestamp() + interval '5 minutes' then
    perform broken('tg_scans_c49_final');
  end if;
  return new;
end $$;
create trigger tg_scans_c49_final before update of status, object_key, object_version_id, stored_at, lock_until, legal_hold, reject_code on scans
  for each row execute function tg_scans_c49_final();

-- C45: its legal hold is off when the schedule has lifted that of its first copy, or somebody else has, which is on record as drift.
-- Of another version it is as that version was read.
create function tg_scans_c45_hold() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from scan_copies c where c.scan_id = new.id and c.place = 'FIRST' and c.due_hold and c.drifted_at is null) then
    perform broken('tg_scans_c45_hold');
  end if;
  return new;
end $$;
create trigger tg_scans_c45_hold before update of legal_hold on scans
  for each row when (old.legal_hold and not new.legal_hold and new.object_version_id = old.object_version_id)
  execute function tg_scans_c45_hold();

-- A look at the store that lies ahead would keep every other look away. What is not stored has no copies.
create function tg_scan_copies_c49_seen() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if greatest(new.observed_at, new.checked_at, new.drifted_at, new.repaired_at, new.bad_since) > clock_timestamp() + interval '5 minutes'
     or tg_op = 'INSERT' and not exists (select from scans s where s.id = new.scan_id and s.status = 'STORED') then
    perform broken('tg_scan_copies_c49_seen');
  end if;
  return new;
end $$;
create trigger tg_scan_copies_c49_seen before insert or update of observed_at, checked_at, drifted_at, repaired_at, bad_since on scan_copies
  for each row execute function tg_scan_copies_c49_seen();

-- C49: another version is pinned only where the one before was found bad and is healed by it, and nothing bad is forgotten otherwise.
-- At the commit: the copy, the scan and the finding are told one after the other.
create function is_healed(scan uuid, copy text, bad text, good text) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from fixity_findings f where f.scan_id = scan and f.place = copy and f.version_id = bad and f.healed_version_id = good) $$;
create function ct_scans_c49_healed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not is_healed(new.id, 'FIRST', old.object_version_id, new.object_version_id) then perform broken('ct_scans_c49_healed'); end if;
  return null;
end $$;
create constraint trigger ct_scans_c49_healed after update of object_version_id on scans deferrable initially deferred
  for each row when (old.object_version_id is not null and new.object_version_id is distinct from old.object_version_id)
  execute function ct_scans_c49_healed();
create function ct_scan_copies_c49_healed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.version_id <> old.version_id and not is_healed(new.scan_id, new.place, old.version_id, new.version_id)
     or exists (select from fixity_findings f where f.scan_id = new.scan_id and f.place = new.place and f.healed_at is null) then
    perform broken('ct_scan_copies_c49_healed');
  end if;
  return null;
end $$;
create constraint trigger ct_scan_copies_c49_healed after update of version_id, bad_since on scan_copies deferrable initially deferred
  for each row when (new.version_id <> old.version_id or old.bad_since is not null and new.bad_since is null)
  execute function ct_scan_copies_c49_healed();
create function ct_fixity_findings_c49_healed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if tg_op = 'UPDATE' and old.healed_at is not null or not exists (
      select from scan_copies c where c.scan_id = new.scan_id and c.place = new.place and c.version_id = new.healed_version_id and c.bad_since is null) then
    perform broken('ct_fixity_findings_c49_healed');
  end if;
  return null;
end $$;
create constraint trigger ct_fixity_findings_c49_healed after insert or update on fixity_findings deferrable initially deferred
  for each row when (new.healed_at is not null) execute function ct_fixity_findings_c49_healed();

do $$ declare name text; begin
  foreach name in array array['tg_scans_c45_hold()', 'tg_scan_copies_c49_seen()', 'is_healed(uuid, text, text, text)', 'ct_scans_c49_healed()',
                              'ct_scan_copies_c49_healed()', 'ct_fixity_findings_c49_healed()'] loop
    execute format('alter function %s owner to loanfile_judge', name);
    execute format('revoke execute on function %s from public', name);
  end loop;
end $$;
