-- A scan whose bytes have come and wait to be verified: by the job, when whoever confirmed it was cut off.
alter table scans drop constraint ck_scans_status;
alter table scans add constraint ck_scans_status check (status in ('REGISTERED', 'PENDING', 'STORED', 'REJECTED', 'EXPIRED')) not valid;
alter table scans validate constraint ck_scans_status;
alter table scans add column confirmed_at timestamptz;
alter table scans add column confirmed_by_id uuid;
alter table scans add column upload_id text;
alter table scans add column part_sha256 bytea[];
alter table scans add column same_as_id uuid;
alter table scans add column locked_by_id uuid;
alter table scans add column locked_at timestamptz;
comment on column scans.confirmed_at is 'When it was first said that the bytes are there.';
comment on column scans.confirmed_by_id is 'Who said so.';
comment on column scans.upload_id is 'Name of the upload in parts at the object store.';
comment on column scans.part_sha256 is 'SHA-256 of each part of an upload in parts.';
comment on column scans.same_as_id is 'The first scan of the subject with these bytes, from before the same bytes were one scan.';
comment on column scans.locked_by_id is 'Whoever alone may upload a new version (electronic lock).';
comment on column scans.locked_at is 'Since when.';
alter table scans add constraint fk_scans_confirmed_by_id foreign key (confirmed_by_id) references staff (id) not valid;
alter table scans add constraint fk_scans_same_as_id foreign key (same_as_id) references scans (id) not valid;
alter table scans add constraint fk_scans_locked_by_id foreign key (locked_by_id) references staff (id) not valid;
alter table scans add constraint ck_scans_c49_locked check ((locked_by_id is null) = (locked_at is null)) not valid;
alter table scans add constraint ck_scans_pending_since
  check (status <> 'PENDING' or num_nonnulls(confirmed_at, confirmed_by_id) = 2) not valid;
alter table scans validate constraint fk_scans_confirmed_by_id;
alter table scans validate constraint fk_scans_same_as_id;
alter table scans validate constraint fk_scans_locked_by_id;
alter table scans validate constraint ck_scans_c49_locked;
alter table scans validate constraint ck_scans_pending_since;
grant update (confirmed_at, confirmed_by_id, upload_id, locked_by_id, locked_at) on scans to loanfile_app;

grant update (same_as_id) on scans to loanfile_registrar;
set role loanfile_registrar;
update scans s set same_as_id = f.first from (
    select id, first_value(id) over (partition by subject_id, org_id, sha256 order by scan_version) as first from scans
    where status in ('REGISTERED', 'STORED')) f
  where f.id = s.id and f.first <> s.id;
reset role;
revoke update (same_as_id) on scans from loanfile_registrar;
drop index ix_scans_unfinished;

-- C49: whoever has locked a subject alone uploads for it; seen over all units, as the versions are counted.
create function scan_lock_holder(subject uuid) returns uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select s.locked_by_id from scans s where s.subject_id = subject and s.locked_by_id is not null $$;
create function tg_scans_c49_locked() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if scan_lock_holder(new.subject_id) <> new.uploaded_by then perform broken('tg_scans_c49_locked'); end if;
  return new;
end $$;
create trigger tg_scans_c49_locked before insert on scans for each row execute function tg_scans_c49_locked();
alter function scan_lock_holder(uuid) owner to loanfile_judge;
alter function tg_scans_c49_locked() owner to loanfile_judge;
revoke execute on function scan_lock_holder(uuid), tg_scans_c49_locked() from public;
grant execute on function scan_lock_holder(uuid) to loanfile_app;

-- Pictures of pages: derived, made in the background, thrown away and made again.
CREATE TABLE scan_previews (
    id UUID DEFAULT uuidv7() NOT NULL,
    scan_id UUID NOT NULL,
    page INTEGER NOT NULL,
    width INTEGER NOT NULL,
    status TEXT DEFAULT 'WANTED' NOT NULL,
    wanted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_scan_previews PRIMARY KEY (id),
    CONSTRAINT ck_scan_previews_status CHECK (status in ('WANTED', 'MADE', 'FAILED')),
    CONSTRAINT ck_scan_previews_page CHECK (page > 0),
    CONSTRAINT ck_scan_previews_width CHECK (width in (160, 480, 1200)),
    CONSTRAINT ck_scan_previews_made CHECK ((status = 'WANTED') = (made_at is null)),
    CONSTRAINT uq_scan_previews_once UNIQUE (scan_id, page, width),
    CONSTRAINT fk_scan_previews_scan_id FOREIGN KEY(scan_id) REFERENCES scans (id)
);
COMMENT ON TABLE scan_previews IS 'Pictures of pages of stored scans, each wanted, made or impossible; deleted when nobody wants them any more.';
COMMENT ON COLUMN scan_previews.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN scan_previews.scan_id IS 'The scan.';
COMMENT ON COLUMN scan_previews.page IS 'Which page, from 1.';
COMMENT ON COLUMN scan_previews.width IS 'Pixels across.';
COMMENT ON COLUMN scan_previews.status IS 'Life cycle.';
COMMENT ON COLUMN scan_previews.wanted_at IS 'When somebody last wanted it.';
COMMENT ON COLUMN scan_previews.made_at IS 'When it was drawn, or found impossible.';
COMMENT ON COLUMN scan_previews.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN scan_previews.created_at IS 'When the row was made.';
COMMENT ON COLUMN scan_previews.updated_at IS 'Last change; kept by a trigger.';
CREATE INDEX ix_scan_previews_updated_at ON scan_previews (updated_at);
CREATE INDEX ix_scan_previews_wanted_at ON scan_previews (wanted_at);
CREATE INDEX ix_scan_previews_wanted ON scan_previews (wanted_at) WHERE status = 'WANTED';
create trigger tg_touch before update on scan_previews for each row execute function tg_touch();
create policy branch on scan_previews using (exists (select from scans p where p.id = scan_id));
alter table scan_previews enable row level security;
alter table scan_previews force row level security;
create policy judge_sees_all on scan_previews for select to loanfile_judge using (true);
create policy registrar_keeps_all on scan_previews to loanfile_registrar using (true) with check (true);
grant select on scan_previews to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;
grant insert, delete on scan_previews to loanfile_app;
grant update (status, wanted_at, made_at) on scan_previews to loanfile_app;
