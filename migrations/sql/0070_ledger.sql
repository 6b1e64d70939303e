-- C48: the tree over all events and over the access log, its signed checkpoints, and what still waits for them.
-- loanfile_ledger, the sealer's login, moves what waits into leaves; the format of what is hashed is docs/ledger-format.md.
alter table pending_events add column noted_at timestamptz not null default clock_timestamp();
comment on column pending_events.noted_at is 'When it began to wait.';

CREATE TABLE pending_access (
  line_id UUID NOT NULL,
  minute TIMESTAMP WITH TIME ZONE NOT NULL,
  hash BYTEA NOT NULL,
  CONSTRAINT pk_pending_access PRIMARY KEY (line_id)
);
CREATE INDEX ix_pending_access_minute ON pending_access (minute, line_id);
COMMENT ON TABLE pending_access IS 'Lines of the access log that no leaf of their minute has sealed yet; written by a trigger in the transaction of the line.';
COMMENT ON COLUMN pending_access.line_id IS 'The line.';
COMMENT ON COLUMN pending_access.minute IS 'The minute it was logged in.';
COMMENT ON COLUMN pending_access.hash IS 'Leaf hash of the line in the tree of its minute.';
CREATE TABLE ledger_leaves (
  leaf_index BIGINT NOT NULL,
  entry BYTEA NOT NULL,
  event_id UUID,
  line_ids UUID[],
  CONSTRAINT pk_ledger_leaves PRIMARY KEY (leaf_index),
  CONSTRAINT uq_ledger_leaves_event_id UNIQUE (event_id),
  CONSTRAINT ck_ledger_leaves_entry CHECK (length(entry) = 49),
  CONSTRAINT ck_ledger_leaves_kind CHECK ((event_id is null) <> (line_ids is null))
);
CREATE INDEX ix_ledger_leaves_access ON ledger_leaves (entry) WHERE event_id is null;
COMMENT ON TABLE ledger_leaves IS 'Leaves of the ledger''s tree in their order, without gaps, append-only: each event once, and the access log by the minute (C48).';
COMMENT ON COLUMN ledger_leaves.leaf_index IS 'From 0.';
COMMENT ON COLUMN ledger_leaves.entry IS 'What is hashed into the leaf, 49 bytes: docs/ledger-format.md.';
COMMENT ON COLUMN ledger_leaves.event_id IS 'The event.';
COMMENT ON COLUMN ledger_leaves.line_ids IS 'The lines of the access log, in the order of their tree.';
CREATE TABLE ledger_nodes (
  level SMALLINT NOT NULL,
  position BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  CONSTRAINT pk_ledger_nodes PRIMARY KEY (level, position)
);
COMMENT ON TABLE ledger_nodes IS 'Hashes of the whole subtrees of the ledger''s tree, append-only: a proof reads one row a level (RFC 9162).';
COMMENT ON COLUMN ledger_nodes.level IS '0: leaves.';
COMMENT ON COLUMN ledger_nodes.position IS 'From 0 in its level.';
COMMENT ON COLUMN ledger_nodes.hash IS 'SHA-256.';
CREATE TABLE ledger_checkpoints (
  number BIGINT NOT NULL,
  size BIGINT NOT NULL,
  root BYTEA NOT NULL,
  border BYTEA[] NOT NULL,
  note TEXT NOT NULL,
  signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  stored_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_ledger_checkpoints PRIMARY KEY (number)
);
CREATE INDEX ix_ledger_checkpoints_unstored ON ledger_checkpoints (number) WHERE stored_at is null;
COMMENT ON TABLE ledger_checkpoints IS 'Signed sizes and roots of the ledger''s tree; what counts is the copy in the bucket of checkpoints.';
COMMENT ON COLUMN ledger_checkpoints.number IS 'From 1, without gaps.';
COMMENT ON COLUMN ledger_checkpoints.size IS 'Leaves of the tree.';
COMMENT ON COLUMN ledger_checkpoints.root IS 'Root of the tree.';
COMMENT ON COLUMN ledger_checkpoints.border IS 'By level: hash of the last subtree where it is not whole, else empty.';
COMMENT ON COLUMN ledger_checkpoints.note IS 'The signed note: C2SP tlog-checkpoint.';
COMMENT ON COLUMN ledger_checkpoints.signed_at IS 'When, as the note says.';
COMMENT ON COLUMN ledger_checkpoints.stored_at IS 'When it was seen in the bucket.';

do $$ declare name text; begin
  foreach name in array array['ledger_leaves', 'ledger_nodes'] loop
    execute format('create trigger tg_append_only_c48 before delete or truncate on %I execute function tg_append_only_c48()', name);
    execute format('create trigger tg_append_only_c48_update before update on %I execute function tg_append_only_c48()', name);
  end loop;
end $$;
create trigger tg_append_only_c48 before delete or truncate on ledger_checkpoints execute function tg_append_only_c48();
create trigger tg_append_only_c48_update before update on ledger_checkpoints for each row
  when ((to_jsonb(new) - 'stored_at') is distinct from (to_jsonb(old) - 'stored_at')) execute function tg_append_only_c48();

-- RFC 8785 of what the access log holds: jsonb has no floats of ours, and PostgreSQL escapes strings as the RFC does.
create function canonical_json(value jsonb) returns text language plpgsql immutable as $$ begin
  return case jsonb_typeof(value)
    when 'object' then '{' || coalesce((select string_agg(to_json(key)::text || ':' || canonical_json(inner_value), ',' order by key collate "C")
                                        from jsonb_each(value) e(key, inner_value)), '') || '}'
    when 'array' then '[' || coalesce((select string_agg(canonical_json(inner_value), ',' order by place)
                                       from jsonb_array_elements(value) with ordinality e(inner_value, place)), '') || ']'
    when 'string' then to_json(value #>> '{}')::text
    else value::text end;
end $$;

create function canonical_access(line access_log) returns bytea language sql immutable as $$
  select convert_to('loanfile access 1', 'UTF8') || '\x00'::bytea || convert_to(canonical_json(jsonb_build_object(
    'id', line.id, 'at', to_char(line.logged_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), 'by', line.staff_id,
    'unit', line.org_id, 'action', line.action, 'result', line.result, 'purpose', line.purpose, 'subjects', to_jsonb(line.subject_ids),
    'detail', line.detail, 'request', line.request_id)), 'UTF8') $$;

create function tg_access_log_c48_pending() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into pending_access (line_id, minute, hash)
  values (new.id, date_trunc('minute', new.logged_at), sha256('\x00'::bytea || canonical_access(new)));
  return null;
end $$;
alter function tg_access_log_c48_pending() owner to loanfile_registrar;
revoke execute on function tg_access_log_c48_pending(), canonical_json(jsonb), canonical_access(access_log) from public;
grant execute on function canonical_json(jsonb), canonical_access(access_log) to loanfile_registrar, loanfile_app;
grant insert on pending_access to loanfile_registrar;

set local role loanfile_registrar;  -- the owner sees no line
insert into pending_access (line_id, minute, hash)
select a.id, date_trunc('minute', a.logged_at), sha256('\x00'::bytea || canonical_access(a)) from access_log a;
reset role;
create trigger tg_access_log_c48_pending after insert on access_log for each row execute function tg_access_log_c48_pending();

-- The sibling at each level: a whole subtree is a row, the last one stands in the border of the checkpoint.
create function ledger_proof(leaf bigint, leaves bigint, border bytea[]) returns text[]
language sql stable set search_path = public, pg_temp as $$
  select coalesce(array_agg(translate(encode(coalesce(n.hash, border[g.height + 1]), 'base64'), e'\n', '') order by g.height), '{}')
  from generate_series(0, 61) g(height)
  cross join lateral (select (leaf >> g.height) # 1 as sibling) s
  left join ledger_nodes n on n.level = g.height and n.position = s.sibling and ((s.sibling + 1) << g.height) <= leaves
  where (1::bigint << g.height) < leaves and (s.sibling << g.height) < leaves $$;

-- How long the oldest change waits to be in the bucket of checkpoints, in seconds; 0 when nothing waits.
create function anchoring_age() returns double precision
language sql stable security definer set search_path = public, pg_temp as $$
  select greatest(0, coalesce(extract(epoch from clock_timestamp() - least(
    (select noted_at from pending_events order by event_id limit 1),
    (select minute + interval '1 minute' from pending_access order by minute limit 1),
    (select signed_at from ledger_checkpoints where stored_at is null order by number limit 1))), 0))::double precision $$;
alter function anchoring_age() owner to loanfile_judge;
revoke execute on function ledger_proof(bigint, bigint, bytea[]), anchoring_age() from public;
grant execute on function ledger_proof(bigint, bigint, bytea[]) to loanfile_app, loanfile_reader;
grant execute on function anchoring_age() to loanfile_app, loanfile_ledger;

grant select on pending_access, ledger_leaves, ledger_nodes, ledger_checkpoints to loanfile_judge;
grant select on ledger_leaves, ledger_nodes, ledger_checkpoints to loanfile_app, loanfile_reader;
grant delete on pending_events to loanfile_ledger;
grant select, delete on pending_access to loanfile_ledger;
grant select, insert on ledger_leaves, ledger_nodes, ledger_checkpoints to loanfile_ledger;
grant update (stored_at) on ledger_checkpoints to loanfile_ledger;
