-- Requests that wait, what is asked back, the ladder of overdue checkouts, and notices.
insert into acts (action, is_exit, is_entry, at_desk) values
  ('ENQUEUE', false, false, false),
  ('OVERDUE_SEARCH', false, false, false),
  ('RECALL', false, false, false),
  ('SERVE', false, false, false);

insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'CHECKED_OUT', 'ENQUEUE', 'CHECKED_OUT', '–'),
  ('FIRST', 'CHECKED_OUT', 'OVERDUE_SEARCH', 'MISSING', 'F14'),
  ('FIRST', 'CHECKED_OUT', 'RECALL', 'CHECKED_OUT', '–'),
  ('FIRST', 'IN_VAULT', 'ENQUEUE', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'LAPSE', 'IN_VAULT', '–'),
  ('FIRST', 'IN_VAULT', 'SERVE', 'RESERVED', 'F3'),
  ('FIRST', 'RESERVED', 'ENQUEUE', 'RESERVED', '–'),
  ('FIRST', 'RETURN_PENDING', 'ENQUEUE', 'RETURN_PENDING', '–'),
  ('SECOND', 'CHECKED_OUT', 'ENQUEUE', 'CHECKED_OUT', '–'),
  ('SECOND', 'CHECKED_OUT', 'OVERDUE_SEARCH', 'MISSING', 'S11'),
  ('SECOND', 'CHECKED_OUT', 'RECALL', 'CHECKED_OUT', '–'),
  ('SECOND', 'FILED', 'ENQUEUE', 'FILED', '–'),
  ('SECOND', 'FILED', 'LAPSE', 'FILED', '–'),
  ('SECOND', 'FILED', 'SERVE', 'RESERVED', 'S4'),
  ('SECOND', 'READING', 'ENQUEUE', 'READING', '–'),
  ('SECOND', 'RESERVED', 'ENQUEUE', 'RESERVED', '–'),
  ('SECOND', 'RETURN_PENDING', 'ENQUEUE', 'RETURN_PENDING', '–');
-- The queue (domain 3.0): a request made to wait is WAITING while somebody else has its records.
alter table access_requests add column queue boolean not null default false;
alter table access_requests add column queued_at timestamptz;
comment on column access_requests.queue is 'Whether it waits for its records when they are taken.';
comment on column access_requests.queued_at is 'Since when it waits: the order of the queue.';
alter table access_requests add constraint ck_access_requests_c14_waits_since
  check (state <> 'WAITING' or (queue and queued_at is not null)) not valid;
alter table access_requests validate constraint ck_access_requests_c14_waits_since;
grant update (queued_at) on access_requests to loanfile_app;

create or replace function tg_access_requests_c15_step() returns trigger language plpgsql as $$ begin
  if not ((old.state, new.state) in (('SUBMITTED', 'APPROVED'), ('SUBMITTED', 'REJECTED'), ('SUBMITTED', 'CANCELLED'),
                                     ('APPROVED', 'FULFILLED'), ('APPROVED', 'LAPSED'), ('APPROVED', 'CANCELLED'),
                                     ('SUBMITTED', 'WAITING'), ('WAITING', 'APPROVED'), ('WAITING', 'CANCELLED'), ('WAITING', 'LAPSED'))
          or new.kind = 'EXTENSION' and (old.state, new.state) = ('SUBMITTED', 'FULFILLED')) then
    perform broken('tg_access_requests_c15_step'); end if;
  return new;
end $$;
drop trigger ct_access_requests_c5_all_ranks on access_requests;
create constraint trigger ct_access_requests_c5_all_ranks after insert or update of state on access_requests deferrable initially deferred
  for each row when (new.state in ('APPROVED', 'FULFILLED', 'WAITING')) execute function ct_access_requests_c5_all_ranks();

-- C14: nobody who has not waited takes a record for which somebody waits.
create function tg_movements_c14_queue_first() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from request_lines x join access_requests w on w.id = x.request_id and w.state = 'WAITING'
             where x.record_id = new.record_id and w.id <> new.request_id)
     and not exists (select from access_requests q where q.id = new.request_id and q.queued_at is not null) then
    perform broken('tg_movements_c14_queue_first'); end if;
  return new;
end $$;
create trigger tg_movements_c14_queue_first before insert on movements
  for each row when (new.kind in ('CHECKOUT', 'READING')) execute function tg_movements_c14_queue_first();

-- C23, C24: asked back once, for good.
alter table movements add column due_is_provisional boolean not null default false;
alter table movements add column recalled_at timestamptz;
alter table movements add column recalled_by uuid;
alter table movements add column recall_reason text;
comment on column movements.due_is_provisional is 'The holidays up to the due instant are not all known; it may yet move, later only.';
comment on column movements.recalled_at is 'When the holder was asked to bring it back early.';
comment on column movements.recalled_by is 'Who asked.';
comment on column movements.recall_reason is 'Why.';
alter table movements add constraint fk_movements_recalled_by foreign key (recalled_by) references staff (id) not valid;
alter table movements add constraint ck_movements_c24_recalled_by check ((recalled_at is null) = (recalled_by is null)) not valid;
alter table movements add constraint ck_movements_c24_recalled_out check (recalled_at is null or out_at is not null) not valid;
alter table movements validate constraint fk_movements_recalled_by;
alter table movements validate constraint ck_movements_c24_recalled_by;
alter table movements validate constraint ck_movements_c24_recalled_out;
grant update (recalled_at, recalled_by, recall_reason, due_is_provisional) on movements to loanfile_app;

create function tg_movements_c24_recalled_once() returns trigger language plpgsql as $$ begin
  perform broken('tg_movements_c24_recalled_once');
end $$;
create trigger tg_movements_c24_recalled_once before update of recalled_at, recalled_by, recall_reason on movements
  for each row when (old.recalled_at is not null and (old.recalled_at, old.recalled_by, old.recall_reason)
                     is distinct from (new.recalled_at, new.recalled_by, new.recall_reason))
  execute function tg_movements_c24_recalled_once();

-- An override of C23 is an operation with its own seat, done in the same transaction.
create function tg_movements_c23_nobody_waits() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (new.recalled_at is not null or exists (select from request_lines x join access_requests q on q.id = x.request_id
      where x.record_id = new.record_id and q.state = 'WAITING'))
     and not exists (select from operations o join operation_seats s on s.operation_id = o.id and s.seat = 'OVERRIDE'
      where o.done_in = pg_current_xact_id() and new.record_id = any (o.record_ids)) then
    perform broken('tg_movements_c23_nobody_waits'); end if;
  return new;
end $$;
create trigger tg_movements_c23_nobody_waits before update of extensions on movements
  for each row when (new.extensions > old.extensions) execute function tg_movements_c23_nobody_waits();

-- One row a record: who waits for it, in any branch, and whether it was asked back.
create function queue_of(ids uuid[], own uuid) returns table (record_id uuid, waiting uuid[], recalled boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select r.id, (select array_agg(q.id order by q.queued_at, q.id) from request_lines x join access_requests q on q.id = x.request_id
                where x.record_id = r.id and q.state = 'WAITING' and q.id is distinct from own),
         exists (select from movements m where m.record_id = r.id and m.closed_at is null and m.recalled_at is not null)
  from archive_records r where r.id = any (ids) $$;

create function queue_position(request uuid) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select 1 + count(distinct o.id)::integer from access_requests q join request_lines l on l.request_id = q.id
  join request_lines x on x.record_id = l.record_id and x.request_id <> q.id
  join access_requests o on o.id = x.request_id and o.state = 'WAITING' and (o.queued_at, o.id) < (q.queued_at, q.id)
  where q.id = request $$;

-- C21: a provisional due instant is put right once, when the holidays are known: to the next working day, never earlier.
create function is_working_day(which date) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce((select h.is_working from holidays h where h.day = which), extract(isodow from which) < 6) $$;
create function tg_movements_c21_recomputed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare first date := (old.due_at at time zone 'Asia/Shanghai')::date; last date := (new.due_at at time zone 'Asia/Shanghai')::date; begin
  if new.due_at < old.due_at or new.due_at - old.due_at <> make_interval(days => last - first) or not is_working_day(last)
     or exists (select from generate_series(first, last - 1, interval '1 day') d where is_working_day(d::date))
     or not exists (select from holidays h where extract(year from h.day) = extract(year from first)) then
    perform broken('tg_movements_c21_recomputed'); end if;
  return new;
end $$;
create trigger tg_movements_c21_recomputed before update of due_at on movements
  for each row when (old.due_at is distinct from new.due_at and old.due_is_provisional and new.extensions = old.extensions)
  execute function tg_movements_c21_recomputed();
drop trigger tg_movements_c22_extension on movements;
create trigger tg_movements_c22_extension before update of due_at on movements
  for each row when (old.due_at is distinct from new.due_at and old.due_at is not null
                     and not (old.due_is_provisional and new.extensions = old.extensions)) execute function tg_movements_c22_extension();

-- C18, C24: the oldest thing that each of them, and anybody of their unit, has not brought back.
create function lateness_of(people uuid[], at timestamptz) returns table (staff_id uuid, org_id uuid, own_due timestamptz, unit_due timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.id, s.org_id,
    (select min(m.due_at) from movements m where m.holder_id = s.id and m.closed_at is null and m.out_at is not null
      and m.returned_at is null and m.due_at < at),
    (select min(m.due_at) from movements m join staff o on o.id = m.holder_id where o.org_id = s.org_id and m.closed_at is null
      and m.out_at is not null and m.returned_at is null and m.due_at < at)
  from staff s where s.id = any (people) $$;

-- Whoever has the role in the unit, or in the nearest one above it that has somebody; delegations count.
create function people_for(wanted text, unit uuid, at timestamptz) returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
  with recursive above as (
    select o.id, o.parent_id, 0 as far from org_units o where o.id = unit
    union all select o.id, o.parent_id, a.far + 1 from org_units o join above a on o.id = a.parent_id),
  able as (
    select s.id, a.far from above a join staff s on s.org_id = a.id and s.active and s.kind = 'PERSON'
    where exists (select from staff_roles r where r.staff_id = s.id and r.role = wanted)
       or exists (select from delegations d where d.to_staff_id = s.id and d.role = wanted and d.during @> at))
  select id from able where far = (select min(far) from able) $$;

-- Steps and notices -------------------------------------------------------------------------------------------------------
CREATE TABLE overdue_steps (
    id UUID DEFAULT uuidv7() NOT NULL,
    movement_id UUID NOT NULL,
    step TEXT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reached_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_overdue_steps PRIMARY KEY (id),
    CONSTRAINT ck_overdue_steps_step CHECK (step in ('BEFORE_DUE', 'HOLDER', 'HEAD', 'BLOCK', 'RECALL', 'SEARCH')),
    CONSTRAINT uq_overdue_steps_c24_once UNIQUE (movement_id, step, due_at),
    CONSTRAINT fk_overdue_steps_movement_id FOREIGN KEY(movement_id) REFERENCES movements (id)
);
COMMENT ON TABLE overdue_steps IS 'Steps of the ladder of C24 that a checkout has reached, append-only; each once.';
COMMENT ON COLUMN overdue_steps.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN overdue_steps.movement_id IS 'The checkout.';
COMMENT ON COLUMN overdue_steps.step IS 'Which step.';
COMMENT ON COLUMN overdue_steps.due_at IS 'The due instant that it is counted from.';
COMMENT ON COLUMN overdue_steps.reached_at IS 'When the desk met it.';
CREATE TABLE notices (
    id UUID DEFAULT uuidv7() NOT NULL,
    org_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    record_id UUID,
    occasion TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    read_at TIMESTAMP WITH TIME ZONE,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_notices PRIMARY KEY (id),
    CONSTRAINT ck_notices_kind CHECK (kind in ('DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE', 'READY_TO_FETCH', 'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE', 'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED', 'EMERGENCY_UNREVIEWED')),
    CONSTRAINT uq_notices_once UNIQUE (staff_id, kind, subject_id, occasion),
    CONSTRAINT fk_notices_org_id FOREIGN KEY(org_id) REFERENCES org_units (id),
    CONSTRAINT fk_notices_staff_id FOREIGN KEY(staff_id) REFERENCES staff (id),
    CONSTRAINT fk_notices_record_id FOREIGN KEY(record_id) REFERENCES archive_records (id)
);
COMMENT ON TABLE notices IS 'What somebody is told (通知); each once a person, kind, thing and occasion.';
COMMENT ON COLUMN notices.id IS 'Opaque id, UUIDv7.';
COMMENT ON COLUMN notices.org_id IS 'Unit of whoever is told.';
COMMENT ON COLUMN notices.staff_id IS 'Who is told.';
COMMENT ON COLUMN notices.kind IS 'Why.';
COMMENT ON COLUMN notices.subject_kind IS 'What it is about: the prefix of its id.';
COMMENT ON COLUMN notices.subject_id IS 'Of what it is about.';
COMMENT ON COLUMN notices.record_id IS 'The record, where it is about one.';
COMMENT ON COLUMN notices.occasion IS 'Tells two notices of one kind and thing apart: a step, a day.';
COMMENT ON COLUMN notices.made_at IS 'When it was made.';
COMMENT ON COLUMN notices.due_at IS 'Until when something should be done.';
COMMENT ON COLUMN notices.read_at IS 'When the person marked it read.';
COMMENT ON COLUMN notices.transaction_id IS 'The transaction that made it: the order in which notices are told.';
COMMENT ON COLUMN notices.version IS 'Rises with each change; kept by a trigger.';
COMMENT ON COLUMN notices.created_at IS 'When the row was made.';
COMMENT ON COLUMN notices.updated_at IS 'Last change; kept by a trigger.';
CREATE INDEX ix_notices_org_id ON notices (org_id);
CREATE INDEX ix_notices_record_id ON notices (record_id);
CREATE INDEX ix_notices_staff_id_made_at ON notices (staff_id, made_at, id);
CREATE INDEX ix_notices_told ON notices (staff_id, transaction_id, id);
CREATE INDEX ix_notices_transaction_id ON notices (transaction_id);
CREATE INDEX ix_notices_updated_at ON notices (updated_at);

create trigger tg_row_version after insert or update or delete on overdue_steps for each row execute function tg_row_version();
create trigger tg_touch before update on notices for each row execute function tg_touch();
create trigger tg_row_version after insert or update or delete on notices for each row execute function tg_row_version();
create policy branch on overdue_steps using (exists (select from movements m where m.id = movement_id));
create policy own_reads on notices for select using (staff_id = (select app_staff()));
create policy own_marks on notices for update using (staff_id = (select app_staff()));
create policy anyone_tells on notices for insert with check (true);
do $$ declare name text; begin
  foreach name in array array['overdue_steps', 'notices'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy judge_sees_all on %I for select to loanfile_judge using (true)', name);
    execute format('create policy registrar_keeps_all on %I to loanfile_registrar using (true) with check (true)', name);
  end loop;
end $$;
grant select on overdue_steps, notices to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;
grant insert on overdue_steps, notices to loanfile_app;
grant update (read_at) on notices to loanfile_app;

-- Those who listen are woken by notices too.
create or replace function feed_position() returns bigint language sql stable security definer set search_path = public, pg_temp as $$
  select greatest(
    coalesce((select transaction_id::text::bigint from events where transaction_id < pg_snapshot_xmin(pg_current_snapshot())
              order by transaction_id desc limit 1), 0),
    coalesce((select transaction_id::text::bigint from notices where transaction_id < pg_snapshot_xmin(pg_current_snapshot())
              order by transaction_id desc limit 1), 0)) $$;

do $$ declare f text; begin
  foreach f in array array['tg_movements_c14_queue_first()', 'queue_of(uuid[], uuid)', 'queue_position(uuid)', 'tg_movements_c23_nobody_waits()',
      'is_working_day(date)', 'tg_movements_c21_recomputed()', 'lateness_of(uuid[], timestamptz)', 'people_for(text, uuid, timestamptz)'] loop
    execute format('alter function %s owner to loanfile_judge', f);
  end loop;
end $$;
