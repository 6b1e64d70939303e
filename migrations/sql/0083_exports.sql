-- Evidence packs and exports of events; the bytes lie in the staging bucket under exports/.
CREATE TABLE exports (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    kind TEXT NOT NULL,
    purpose TEXT NOT NULL,
    contract_id UUID,
    period_from TIMESTAMP WITH TIME ZONE,
    period_to TIMESTAMP WITH TIME ZONE,
    state TEXT DEFAULT 'QUEUED' NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    done BIGINT DEFAULT 0 NOT NULL,
    total BIGINT,
    attempts INTEGER DEFAULT 0 NOT NULL,
    leased_by UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    checkpoint BIGINT,
    last_at TIMESTAMP WITH TIME ZONE,
    last_id UUID,
    sha256 BYTEA,
    size_bytes BIGINT,
    made_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    failure TEXT,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_exports PRIMARY KEY (id),
    CONSTRAINT ck_exports_kind CHECK (kind in ('EVIDENCE', 'EVENTS')),
    CONSTRAINT ck_exports_state CHECK (state in ('QUEUED', 'RUNNING', 'READY', 'FAILED', 'EXPIRED')),
    CONSTRAINT ck_exports_failure CHECK (failure in ('ASKER_LEFT', 'NOT_PERMITTED', 'NOT_VISIBLE', 'TOO_LARGE', 'INTERNAL')),
    CONSTRAINT ck_exports_contract CHECK ((kind = 'EVIDENCE') = (contract_id is not null)),
    CONSTRAINT ck_exports_period CHECK ((kind = 'EVENTS') = (num_nonnulls(period_from, period_to) = 2) and period_from < period_to is not false),
    CONSTRAINT ck_exports_failed CHECK ((state = 'FAILED') = (failure is not null)),
    CONSTRAINT ck_exports_made CHECK (state in ('READY', 'EXPIRED') = (num_nonnulls(sha256, size_bytes, made_at, expires_at) = 4)),
    CONSTRAINT ck_exports_sha256 CHECK (sha256 is null or octet_length(sha256) = 32),
    CONSTRAINT fk_exports_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_exports_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id),
    CONSTRAINT fk_exports_contract_id FOREIGN KEY(contract_id) REFERENCES contracts (id)
);
COMMENT ON TABLE exports IS 'Evidence packs and exports of events (证据包): asked for by one person, made in the background, thrown away in time.';
COMMENT ON COLUMN exports.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN exports.org_id IS 'Unit of whoever asked.';
COMMENT ON COLUMN exports.staff_id IS 'Who asked, and alone sees it.';
COMMENT ON COLUMN exports.kind IS 'What it holds.';
COMMENT ON COLUMN exports.purpose IS 'Why, as the person said.';
COMMENT ON COLUMN exports.contract_id IS 'The contract, of evidence.';
COMMENT ON COLUMN exports.period_from IS 'First instant of the period, of events.';
COMMENT ON COLUMN exports.period_to IS 'End of the period; not part of it.';
COMMENT ON COLUMN exports.state IS 'Life cycle.';
COMMENT ON COLUMN exports.asked_at IS 'When it was asked for; a history is told up to here.';
COMMENT ON COLUMN exports.done IS 'How much is made.';
COMMENT ON COLUMN exports.total IS 'Of how much, once it is known: scans and files of evidence, events of a period.';
COMMENT ON COLUMN exports.attempts IS 'How often a worker has begun, and did not end by itself.';
COMMENT ON COLUMN exports.leased_by IS 'Name of the try that has it in hand, or made it; part of the key in the store.';
COMMENT ON COLUMN exports.leased_until IS 'Until when that try has it in hand; later another may.';
COMMENT ON COLUMN exports.checkpoint IS 'Number of the checkpoint that everything in it is proven against.';
COMMENT ON COLUMN exports.last_at IS 'Time of the last event that a part holds, of events.';
COMMENT ON COLUMN exports.last_id IS 'Id of that event.';
COMMENT ON COLUMN exports.sha256 IS 'SHA-256 of the archive.';
COMMENT ON COLUMN exports.size_bytes IS 'Its size.';
COMMENT ON COLUMN exports.made_at IS 'When it was made.';
COMMENT ON COLUMN exports.expires_at IS 'Until when it is kept.';
COMMENT ON COLUMN exports.failure IS 'Why it was not made.';
COMMENT ON COLUMN exports.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN exports.created_at IS 'When the row was made.';
COMMENT ON COLUMN exports.updated_at IS 'Last change; kept by a trigger.';
CREATE INDEX ix_exports_contract_id ON exports (contract_id);
CREATE INDEX ix_exports_kept ON exports (expires_at) WHERE state = 'READY';
CREATE INDEX ix_exports_open ON exports (asked_at) WHERE state in ('QUEUED', 'RUNNING');
CREATE INDEX ix_exports_org_id ON exports (org_id);
CREATE INDEX ix_exports_staff_id_asked_at ON exports (staff_id, asked_at, id);
CREATE INDEX ix_exports_updated_at ON exports (updated_at);
CREATE TABLE export_parts (
    export_id UUID NOT NULL,
    number INTEGER NOT NULL,
    events INTEGER NOT NULL,
    sha256 BYTEA NOT NULL,
    size_bytes BIGINT NOT NULL,
    CONSTRAINT pk_export_parts PRIMARY KEY (export_id, number),
    CONSTRAINT ck_export_parts_number CHECK (number > 0 and events > 0),
    CONSTRAINT fk_export_parts_export_id FOREIGN KEY(export_id) REFERENCES exports (id)
);
COMMENT ON TABLE export_parts IS 'Parts of an export of events that lie in the store already: a worker that was killed is gone on from behind them.';
COMMENT ON COLUMN export_parts.export_id IS 'The export.';
COMMENT ON COLUMN export_parts.number IS 'From 1.';
COMMENT ON COLUMN export_parts.events IS 'How many events it holds.';
COMMENT ON COLUMN export_parts.sha256 IS 'SHA-256 of its bytes.';
COMMENT ON COLUMN export_parts.size_bytes IS 'Its size.';

create trigger tg_touch before update on exports for each row execute function tg_touch();
create policy own_or_jobs_read on exports for select using (staff_id = (select app_staff()) or (select app_has_role('SYSTEM')));
create policy own_asks on exports for insert with check (staff_id = (select app_staff()));
create policy jobs_make on exports for update using ((select app_has_role('SYSTEM')));
create policy with_the_export on export_parts using (exists (select from exports e where e.id = export_id));
do $$ declare name text; begin
  foreach name in array array['exports', 'export_parts'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
  end loop;
end $$;
grant select on exports, export_parts to loanfile_app, loanfile_judge, loanfile_registrar;
grant select on exports to loanfile_reader;
grant insert on exports, export_parts to loanfile_app;
grant delete on export_parts to loanfile_app;
grant update (state, done, total, attempts, leased_by, leased_until, checkpoint, last_at, last_id, sha256, size_bytes, made_at, expires_at, failure)
  on exports to loanfile_app;
