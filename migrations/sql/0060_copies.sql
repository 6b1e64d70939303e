-- What the object store really holds of each scan. Apart from scans, whose every version is kept: these change with each look.
CREATE TABLE scan_copies (
    id UUID DEFAULT uuidv7() NOT NULL,
    scan_id UUID NOT NULL,
    place TEXT NOT NULL,
    version_id TEXT NOT NULL,
    due_until TIMESTAMP WITH TIME ZONE NOT NULL,
    due_hold BOOLEAN NOT NULL,
    lock_until TIMESTAMP WITH TIME ZONE,
    legal_hold BOOLEAN NOT NULL,
    observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    drifted_at TIMESTAMP WITH TIME ZONE,
    repaired_at TIMESTAMP WITH TIME ZONE,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    bad_since TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_scan_copies PRIMARY KEY (id),
    CONSTRAINT ck_scan_copies_place CHECK (place in ('FIRST', 'SECOND')),
    CONSTRAINT uq_scan_copies_one_each UNIQUE (scan_id, place),
    CONSTRAINT ck_scan_copies_repaired_drift CHECK (drifted_at is not null or repaired_at is null),
    CONSTRAINT fk_scan_copies_scan_id FOREIGN KEY(scan_id) REFERENCES scans (id)
);
CREATE INDEX ix_scan_copies_bad ON scan_copies (bad_since, id) WHERE bad_since is not null;
CREATE INDEX ix_scan_copies_checked_at ON scan_copies (checked_at, id);
CREATE INDEX ix_scan_copies_drifted ON scan_copies (drifted_at, id) WHERE drifted_at is not null;
CREATE INDEX ix_scan_copies_observed_at ON scan_copies (observed_at, id);
CREATE INDEX ix_scan_copies_released ON scan_copies (scan_id) WHERE not due_hold;
COMMENT ON TABLE scan_copies IS 'Copies of stored scans, one in each bucket: the lock that is due and the one that was read, and when the bytes were last hashed.';
COMMENT ON COLUMN scan_copies.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN scan_copies.scan_id IS 'The scan.';
COMMENT ON COLUMN scan_copies.place IS 'In which bucket.';
COMMENT ON COLUMN scan_copies.version_id IS 'Pinned version of the object.';
COMMENT ON COLUMN scan_copies.due_until IS 'Until when it should be locked.';
COMMENT ON COLUMN scan_copies.due_hold IS 'Whether a legal hold should lie on it.';
COMMENT ON COLUMN scan_copies.lock_until IS 'Until when it was locked when last looked at; null: not locked, or not there.';
COMMENT ON COLUMN scan_copies.legal_hold IS 'Whether a legal hold lay on it then.';
COMMENT ON COLUMN scan_copies.observed_at IS 'When its lock was last looked at.';
COMMENT ON COLUMN scan_copies.drifted_at IS 'Since when the lock has been another than we left it.';
COMMENT ON COLUMN scan_copies.repaired_at IS 'When the lock that was less than due was put right.';
COMMENT ON COLUMN scan_copies.checked_at IS 'When its bytes were last hashed.';
COMMENT ON COLUMN scan_copies.bad_since IS 'Since when the bytes have been wrong or missing.';
CREATE TABLE fixity_runs (
    id UUID DEFAULT uuidv7() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    objects BIGINT DEFAULT 0 NOT NULL,
    bytes BIGINT DEFAULT 0 NOT NULL,
    bad BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_fixity_runs PRIMARY KEY (id),
    CONSTRAINT ck_fixity_runs_bad CHECK (bad <= objects)
);
CREATE INDEX ix_fixity_runs_started_at ON fixity_runs (started_at, id);
COMMENT ON TABLE fixity_runs IS 'Runs of the job that hashes stored bytes again, the oldest-checked first.';
COMMENT ON COLUMN fixity_runs.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN fixity_runs.started_at IS 'When it began.';
COMMENT ON COLUMN fixity_runs.last_at IS 'When its last object was done.';
COMMENT ON COLUMN fixity_runs.objects IS 'Objects hashed.';
COMMENT ON COLUMN fixity_runs.bytes IS 'Bytes hashed.';
COMMENT ON COLUMN fixity_runs.bad IS 'Objects whose bytes were wrong or missing.';
CREATE TABLE fixity_findings (
    id UUID DEFAULT uuidv7() NOT NULL,
    scan_id UUID NOT NULL,
    place TEXT NOT NULL,
    fault TEXT NOT NULL,
    version_id TEXT NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE NOT NULL,
    healed_at TIMESTAMP WITH TIME ZONE,
    healed_version_id TEXT,
    CONSTRAINT pk_fixity_findings PRIMARY KEY (id),
    CONSTRAINT ck_fixity_findings_place CHECK (place in ('FIRST', 'SECOND')),
    CONSTRAINT ck_fixity_findings_fault CHECK (fault in ('CORRUPT', 'MISSING', 'UNREADABLE')),
    CONSTRAINT ck_fixity_findings_healed CHECK ((healed_at is null) = (healed_version_id is null)),
    CONSTRAINT fk_fixity_findings_scan_id FOREIGN KEY(scan_id) REFERENCES scans (id)
);
CREATE INDEX ix_fixity_findings_found_at ON fixity_findings (found_at, id);
CREATE INDEX ix_fixity_findings_scan_id ON fixity_findings (scan_id);
CREATE UNIQUE INDEX uq_fixity_findings_one_open ON fixity_findings (scan_id, place) WHERE healed_at is null;
COMMENT ON TABLE fixity_findings IS 'Copies whose bytes were wrong or missing, each from when it was found until it was healed.';
COMMENT ON COLUMN fixity_findings.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN fixity_findings.scan_id IS 'The scan.';
COMMENT ON COLUMN fixity_findings.place IS 'In which bucket.';
COMMENT ON COLUMN fixity_findings.fault IS 'What was wrong.';
COMMENT ON COLUMN fixity_findings.version_id IS 'The version that is bad; its lock keeps it.';
COMMENT ON COLUMN fixity_findings.found_at IS 'When it was found.';
COMMENT ON COLUMN fixity_findings.healed_at IS 'When a good version took its place.';
COMMENT ON COLUMN fixity_findings.healed_version_id IS 'The version that is pinned since.';

do $$ declare name text; begin
  foreach name in array array['scan_copies', 'fixity_findings'] loop
    execute format('create policy branch on %I using (exists (select from scans p where p.id = scan_id))', name);
  end loop;
end $$;
create policy compliance_reads on fixity_runs using ((select app_has_role('COMPLIANCE', 'AUDITOR', 'SYSTEM')));
do $$ declare name text; begin
  foreach name in array array['scan_copies', 'fixity_findings', 'fixity_runs'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
    execute format('grant select on %I to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar', name);
    execute format('grant insert on %I to loanfile_app', name);
  end loop;
end $$;
grant insert, update on scan_copies to loanfile_registrar;
grant update (version_id, due_until, due_hold, lock_until, legal_hold, observed_at, drifted_at, repaired_at, checked_at, bad_since)
  on scan_copies to loanfile_app;
grant update (last_at, objects, bytes, bad) on fixity_runs to loanfile_app;
grant update (healed_at, healed_version_id) on fixity_findings to loanfile_app;
create trigger tg_append_only_c48 before delete or truncate on fixity_findings execute function tg_append_only_c48();
create trigger tg_append_only_c48 before delete or truncate on fixity_runs execute function tg_append_only_c48();

-- C45, C16: by what a scan is kept. Every loan on its record must have ended for good; without a record nothing ever ends it.
-- Of a paper of the first tier, which no volume closes, the time begins on the first of January after the payoff.
create function scan_terms(ids uuid[]) returns table (
    scan_id uuid, chain uuid, matures_on date, final_at timestamptz, cutoff_at timestamptz, retention_class text, on_hold boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.id, coalesce(r.primary_loan_id, s.org_id), e.matures_on, e.final_at,
    coalesce(r.cutoff_at, case when r.tier = 'FIRST' then e.cutoff_at end),
    case when r.id is null then null when class_years(r.retention_class) > e.years then r.retention_class
         when e.years = 5 then 'FIVE_YEARS' else 'TWENTY_YEARS' end,
    coalesce(is_on_hold(r.id), false)
  from scans s left join archive_records r on r.id = s.record_id
  left join lateral (
    select max(l.matures_on) as matures_on, case when max(l.term_months) <= 12 then 5 else 20 end as years,
      case when bool_and(l.status = 'WRITTEN_OFF' or f.at is not null) then max(coalesce(f.at, 'epoch')) end as final_at,
      case when bool_and(f.at is not null) then
        (date_trunc('year', max(p.settled_at) at time zone 'Asia/Shanghai') + interval '1 year') at time zone 'Asia/Shanghai' end as cutoff_at
    from loans_on(r.id) x join loans l on l.id = x.loan_id left join lateral payoff_of(l.id) p on true
      cross join lateral (select settlement_final_at(l.id) as at) f) e on true
  where s.id = any (ids) $$;

-- Scans whose legal hold was lifted, and which a hold has covered since.
create function scans_to_hold() returns table (copy_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select c.id from (
    select h.record_id as id from holds h where h.lifted_at is null and h.record_id is not null
    union select r.id from holds h join archive_records r on r.primary_loan_id = h.loan_id where h.lifted_at is null
    union select r.id from holds h join archive_records r on r.collateral_id = h.collateral_id where h.lifted_at is null
    union select r.id from holds h join customers k on k.party_id = h.party_id join loans l on l.customer_id = k.id
      join archive_records r on r.primary_loan_id = l.id where h.lifted_at is null
    union select r.id from holds h join loans l on l.dealer_id = h.dealer_id join archive_records r on r.primary_loan_id = l.id
      where h.lifted_at is null) held
  join scans s on s.record_id = held.id join scan_copies c on c.scan_id = s.id where not c.due_hold $$;

-- C45: longer, never shorter; a legal hold lies on a scan until the cutoff, and as long as C16 holds its record.
create function tg_scan_copies_c45_longer() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare t record; kept timestamptz; begin
  if new.due_until < old.due_until then perform broken('tg_scan_copies_c45_longer'); end if;
  if old.due_hold and not new.due_hold then
    select * into t from scan_terms(array[new.scan_id]);
    kept := (t.cutoff_at at time zone 'Asia/Shanghai' + make_interval(years => class_years(t.retention_class))) at time zone 'Asia/Shanghai';
    if t.on_hold or t.retention_class = 'PERMANENT' or not coalesce(greatest(t.cutoff_at, t.final_at) <= clock_timestamp(), false)
       or t.cutoff_at is null or t.final_at is null or new.due_until < kept and kept > clock_timestamp() then
      perform broken('tg_scan_copies_c45_longer');
    end if;
  end if;
  return new;
end $$;
create trigger tg_scan_copies_c45_longer before update of due_until, due_hold on scan_copies
  for each row execute function tg_scan_copies_c45_longer();
create function tg_scans_c45_longer() returns trigger language plpgsql as $$ begin
  perform broken('tg_scans_c45_longer');
  return null;
end $$;
create trigger tg_scans_c45_longer before update of lock_until on scans
  for each row when (new.lock_until < old.lock_until or old.lock_until is not null and new.lock_until is null)
  execute function tg_scans_c45_longer();

-- A stored scan has its first copy, as it was read back when it was stored; of a healed one another version is pinned.
create function tg_scans_copied() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into scan_copies (scan_id, place, version_id, due_until, due_hold, lock_until, legal_hold, observed_at, checked_at)
  values (new.id, 'FIRST', new.object_version_id, new.lock_until, new.legal_hold, new.lock_until, new.legal_hold, new.stored_at, new.stored_at)
  on conflict (scan_id, place) do update set version_id = excluded.version_id;
  return null;
end $$;
create trigger tg_scans_copied after insert or update of status, object_version_id on scans
  for each row when (new.status = 'STORED') execute function tg_scans_copied();

do $$ declare name text; begin
  foreach name in array array['scan_terms(uuid[])', 'scans_to_hold()', 'tg_scan_copies_c45_longer()'] loop
    execute format('alter function %s owner to loanfile_judge', name);
    execute format('revoke execute on function %s from public', name);
  end loop;
  execute 'alter function tg_scans_copied() owner to loanfile_registrar';
  execute 'revoke execute on function tg_scans_copied(), tg_scans_c45_longer() from public';
end $$;
grant execute on function scan_terms(uuid[]), scans_to_hold() to loanfile_app;

set role loanfile_registrar;
insert into scan_copies (scan_id, place, version_id, due_until, due_hold, lock_until, legal_hold, observed_at, checked_at)
  select id, 'FIRST', object_version_id, lock_until, legal_hold, lock_until, legal_hold, stored_at, stored_at from scans where status = 'STORED';
reset role;

alter table notices drop constraint ck_notices_kind;
alter table notices add constraint ck_notices_kind check (kind in ('DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE', 'READY_TO_FETCH', 'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE', 'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED', 'EMERGENCY_UNREVIEWED', 'PAYOFF_REVERSED', 'LOSS_REPORTED', 'SCAN_DAMAGED', 'SCAN_LOCK_DRIFTED')) not valid;
alter table notices validate constraint ck_notices_kind;
