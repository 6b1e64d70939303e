-- What an act is: PostgreSQL reads the same rows as server/custody/transitions, so a new act needs no new trigger.
CREATE TABLE acts (
    action TEXT NOT NULL,
    is_exit BOOLEAN DEFAULT false NOT NULL,
    is_entry BOOLEAN DEFAULT false NOT NULL,
    at_desk BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_acts PRIMARY KEY (action)
);
COMMENT ON TABLE acts IS 'Acts of the desk and of administration; loaded from server/custody/transitions.';
COMMENT ON COLUMN acts.action IS 'The act.';
COMMENT ON COLUMN acts.is_exit IS 'Leaves a vault or shelf: takes a ticket, and off balance when first tier (C10, C11).';
COMMENT ON COLUMN acts.is_entry IS 'Enters a vault or shelf: off balance when first tier (C11).';
COMMENT ON COLUMN acts.at_desk IS 'Its seats are taken at a desk, within working days.';
CREATE TABLE act_seats (
    action TEXT NOT NULL,
    tier TEXT NOT NULL,
    seat TEXT NOT NULL,
    CONSTRAINT pk_act_seats PRIMARY KEY (action, tier, seat),
    CONSTRAINT fk_act_seats_action FOREIGN KEY(action) REFERENCES acts (action)
);
COMMENT ON TABLE act_seats IS 'Who must sit before an act moves anything (C1); loaded from server/custody/transitions.';
COMMENT ON COLUMN act_seats.action IS 'The act.';
COMMENT ON COLUMN act_seats.tier IS 'Tier.';
COMMENT ON COLUMN act_seats.seat IS 'A seat that must be taken.';
grant select on acts, act_seats to loanfile_app, loanfile_reader, loanfile_judge, loanfile_registrar;

insert into acts (action, is_exit, is_entry, at_desk) values
  ('ACCEPT_RETURN', false, true, false),
  ('ACCEPT_VOLUME', false, false, false),
  ('APPROVE', false, false, false),
  ('ASSIGN_DUTY', false, false, true),
  ('CANCEL', false, false, false),
  ('CHECK_OUT', true, false, false),
  ('CONFIRM', false, false, false),
  ('CREATE_LOCATIONS', false, false, true),
  ('CREATE_ORG_UNIT', false, false, true),
  ('DEACTIVATE_STAFF', false, false, true),
  ('DECLARE_RELATION', false, false, true),
  ('DELEGATE', false, false, true),
  ('END_READING', false, false, false),
  ('EXTEND', false, false, false),
  ('GRANT_READING', false, false, true),
  ('GRANT_ROLE', false, false, true),
  ('HAND_OVER_DUTY', false, false, true),
  ('INTAKE', false, true, false),
  ('LAPSE', false, false, false),
  ('LIFT_HOLD', false, false, true),
  ('PLACE_HOLD', false, false, false),
  ('PRESENT_RETURN', false, false, false),
  ('PROPOSE_POLICY', false, false, true),
  ('REGISTER', false, false, false),
  ('REGISTER_STAFF', false, false, true),
  ('REJECT', false, false, false),
  ('REJECT_RETURN', false, false, false),
  ('REPORT_MISSING', false, false, false),
  ('REQUEST_CHECKOUT', false, false, false),
  ('REQUEST_EXTENSION', false, false, false),
  ('REQUEST_READING', false, false, false),
  ('RESERVE', false, false, false),
  ('RETURN_MISSING', false, false, false),
  ('REVOKE_ROLE', false, false, true),
  ('START_READING', false, false, false),
  ('SUBMIT_VOLUME', false, false, false),
  ('WITHDRAW', false, false, false);

insert into act_seats (action, tier, seat) values
  ('ACCEPT_RETURN', 'FIRST', 'CLERK'),
  ('ACCEPT_RETURN', 'FIRST', 'CODE'),
  ('ACCEPT_RETURN', 'FIRST', 'KEY'),
  ('ACCEPT_RETURN', 'SECOND', 'ARCHIVIST'),
  ('ASSIGN_DUTY', 'FIRST', 'PROPOSER'),
  ('ASSIGN_DUTY', 'FIRST', 'SECOND'),
  ('ASSIGN_DUTY', 'SECOND', 'PROPOSER'),
  ('ASSIGN_DUTY', 'SECOND', 'SECOND'),
  ('CHECK_OUT', 'FIRST', 'CLERK'),
  ('CHECK_OUT', 'FIRST', 'CODE'),
  ('CHECK_OUT', 'FIRST', 'KEY'),
  ('CHECK_OUT', 'FIRST', 'RECEIVER'),
  ('CHECK_OUT', 'SECOND', 'ARCHIVIST'),
  ('CREATE_LOCATIONS', 'FIRST', 'PROPOSER'),
  ('CREATE_LOCATIONS', 'FIRST', 'SECOND'),
  ('CREATE_LOCATIONS', 'SECOND', 'PROPOSER'),
  ('CREATE_LOCATIONS', 'SECOND', 'SECOND'),
  ('CREATE_ORG_UNIT', 'FIRST', 'PROPOSER'),
  ('CREATE_ORG_UNIT', 'FIRST', 'SECOND'),
  ('CREATE_ORG_UNIT', 'SECOND', 'PROPOSER'),
  ('CREATE_ORG_UNIT', 'SECOND', 'SECOND'),
  ('DEACTIVATE_STAFF', 'FIRST', 'PROPOSER'),
  ('DEACTIVATE_STAFF', 'FIRST', 'SECOND'),
  ('DEACTIVATE_STAFF', 'SECOND', 'PROPOSER'),
  ('DEACTIVATE_STAFF', 'SECOND', 'SECOND'),
  ('DECLARE_RELATION', 'FIRST', 'PROPOSER'),
  ('DECLARE_RELATION', 'FIRST', 'SECOND'),
  ('DECLARE_RELATION', 'SECOND', 'PROPOSER'),
  ('DECLARE_RELATION', 'SECOND', 'SECOND'),
  ('DELEGATE', 'FIRST', 'PROPOSER'),
  ('DELEGATE', 'FIRST', 'SECOND'),
  ('DELEGATE', 'SECOND', 'PROPOSER'),
  ('DELEGATE', 'SECOND', 'SECOND'),
  ('GRANT_READING', 'FIRST', 'PROPOSER'),
  ('GRANT_READING', 'FIRST', 'SECOND'),
  ('GRANT_READING', 'SECOND', 'PROPOSER'),
  ('GRANT_READING', 'SECOND', 'SECOND'),
  ('GRANT_ROLE', 'FIRST', 'PROPOSER'),
  ('GRANT_ROLE', 'FIRST', 'SECOND'),
  ('GRANT_ROLE', 'SECOND', 'PROPOSER'),
  ('GRANT_ROLE', 'SECOND', 'SECOND'),
  ('HAND_OVER_DUTY', 'FIRST', 'PROPOSER'),
  ('HAND_OVER_DUTY', 'FIRST', 'SECOND'),
  ('HAND_OVER_DUTY', 'SECOND', 'PROPOSER'),
  ('HAND_OVER_DUTY', 'SECOND', 'SECOND'),
  ('INTAKE', 'FIRST', 'CLERK'),
  ('INTAKE', 'FIRST', 'CODE'),
  ('INTAKE', 'FIRST', 'KEY'),
  ('LIFT_HOLD', 'FIRST', 'PROPOSER'),
  ('LIFT_HOLD', 'FIRST', 'SECOND'),
  ('LIFT_HOLD', 'SECOND', 'PROPOSER'),
  ('LIFT_HOLD', 'SECOND', 'SECOND'),
  ('PROPOSE_POLICY', 'FIRST', 'PROPOSER'),
  ('PROPOSE_POLICY', 'FIRST', 'SECOND'),
  ('PROPOSE_POLICY', 'SECOND', 'PROPOSER'),
  ('PROPOSE_POLICY', 'SECOND', 'SECOND'),
  ('REGISTER_STAFF', 'FIRST', 'PROPOSER'),
  ('REGISTER_STAFF', 'FIRST', 'SECOND'),
  ('REGISTER_STAFF', 'SECOND', 'PROPOSER'),
  ('REGISTER_STAFF', 'SECOND', 'SECOND'),
  ('REJECT_RETURN', 'FIRST', 'CODE'),
  ('REJECT_RETURN', 'FIRST', 'KEY'),
  ('REJECT_RETURN', 'SECOND', 'ARCHIVIST'),
  ('REVOKE_ROLE', 'FIRST', 'PROPOSER'),
  ('REVOKE_ROLE', 'FIRST', 'SECOND'),
  ('REVOKE_ROLE', 'SECOND', 'PROPOSER'),
  ('REVOKE_ROLE', 'SECOND', 'SECOND');

insert into transitions (tier, start, action, finish, code) values
  ('FIRST', 'AWAITED', 'LIFT_HOLD', 'AWAITED', '–'),
  ('FIRST', 'AWAITED', 'PLACE_HOLD', 'AWAITED', '–'),
  ('FIRST', 'AWAITED', 'WITHDRAW', 'AWAITED', '–'),
  ('FIRST', 'IN_TRANSIT', 'LIFT_HOLD', 'IN_TRANSIT', '–'),
  ('FIRST', 'IN_TRANSIT', 'PLACE_HOLD', 'IN_TRANSIT', '–'),
  ('FIRST', 'IN_TRANSIT', 'REPORT_MISSING', 'MISSING', 'F14'),
  ('FIRST', 'IN_TRANSIT', 'WITHDRAW', 'IN_TRANSIT', '–'),
  ('FIRST', 'LOST', 'LIFT_HOLD', 'LOST', '–'),
  ('FIRST', 'LOST', 'PLACE_HOLD', 'LOST', '–'),
  ('FIRST', 'LOST', 'WITHDRAW', 'LOST', '–'),
  ('SECOND', 'ARCHIVED', 'LIFT_HOLD', 'ARCHIVED', '–'),
  ('SECOND', 'ARCHIVED', 'PLACE_HOLD', 'ARCHIVED', '–'),
  ('SECOND', 'ARCHIVED', 'REPORT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'ARCHIVED', 'WITHDRAW', 'ARCHIVED', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'LIFT_HOLD', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'PLACE_HOLD', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'CLOSED_VOLUME', 'REPORT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'CLOSED_VOLUME', 'WITHDRAW', 'CLOSED_VOLUME', '–'),
  ('SECOND', 'COLLECTING', 'WITHDRAW', 'COLLECTING', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'LIFT_HOLD', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'PLACE_HOLD', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'REPORT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'DISPOSAL_APPROVED', 'WITHDRAW', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'LIFT_HOLD', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'PLACE_HOLD', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'REPORT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'WITHDRAW', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'IN_TRANSIT', 'LIFT_HOLD', 'IN_TRANSIT', '–'),
  ('SECOND', 'IN_TRANSIT', 'PLACE_HOLD', 'IN_TRANSIT', '–'),
  ('SECOND', 'IN_TRANSIT', 'REPORT_MISSING', 'MISSING', 'S11'),
  ('SECOND', 'IN_TRANSIT', 'WITHDRAW', 'IN_TRANSIT', '–'),
  ('SECOND', 'LOST', 'LIFT_HOLD', 'LOST', '–'),
  ('SECOND', 'LOST', 'PLACE_HOLD', 'LOST', '–'),
  ('SECOND', 'LOST', 'WITHDRAW', 'LOST', '–'),
  ('SECOND', 'READING', 'WITHDRAW', 'READING', '–'),
  ('SECOND', 'SUBMITTED', 'WITHDRAW', 'SUBMITTED', '–');

alter table transitions drop constraint ck_transitions_action;
alter table transitions add constraint fk_transitions_action foreign key (action) references acts (action) not valid;
alter table transitions validate constraint fk_transitions_action;
alter table operations drop constraint ck_operations_action;
alter table operations add constraint fk_operations_action foreign key (action) references acts (action) not valid;
alter table operations validate constraint fk_operations_action;

-- Wider vocabularies.
alter table purposes drop constraint ck_purposes_purpose;
alter table purposes add constraint ck_purposes_purpose check (purpose in ('EXTENSION_REREGISTRATION', 'CERTIFICATE_CHANGE',
  'AUDIT_READING', 'LITIGATION_RESTRUCTURE_WRITEOFF', 'CERTIFICATE_REISSUE', 'AUDIT', 'LITIGATION', 'OTHER', 'PAID_IN_FULL',
  'REGISTRATION_CANCELLED', 'PARTIAL_RELEASE', 'SUBSTITUTION')) not valid;
alter table purposes validate constraint ck_purposes_purpose;
alter table operation_seats drop constraint ck_operation_seats_seat;
alter table operation_seats add constraint ck_operation_seats_seat check (seat in ('KEY', 'CODE', 'CLERK', 'RECEIVER', 'ARCHIVIST',
  'PROPOSER', 'SECOND', 'OFFICER', 'SUPERVISOR', 'OVERRIDE')) not valid;
alter table operation_seats validate constraint ck_operation_seats_seat;
alter table scans drop constraint ck_scans_subject_kind;
alter table scans add constraint ck_scans_subject_kind check (subject_kind in ('FILE_ITEM', 'RECORD', 'REQUEST', 'OPERATION', 'CASE',
  'HANDOVER', 'RELEASE')) not valid;
alter table scans validate constraint ck_scans_subject_kind;

-- Movements that end otherwise than by an accepted return.
alter table movements add column ended_as text;
comment on column movements.ended_as is 'How it ended otherwise than by an accepted return; null for that, and for what was never used.';
alter table movements add constraint ck_movements_ended_as check (ended_as in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED',
  'FOUND', 'LOST', 'ARRIVED', 'REJECTED', 'RECALLED')) not valid;
alter table movements add constraint ck_movements_c1_ended_by_operation
  check (ended_as is null or (closed_at is not null and num_nonnulls(entry_operation_id, exit_operation_id) > 0)) not valid;
alter table movements drop constraint ck_movements_kind;
alter table movements add constraint ck_movements_kind check (kind in ('CHECKOUT', 'READING', 'RELEASE', 'SUBSTITUTION', 'TRANSIT', 'ACT')) not valid;
alter table movements drop constraint ck_movements_lending_names_request_and_holder;
alter table movements add constraint ck_movements_lending_names_request_and_holder
  check (kind in ('ACT', 'TRANSIT') or (request_id is not null and holder_id is not null)) not valid;
alter table movements drop constraint ck_movements_c21_due;
alter table movements add constraint ck_movements_c21_due
  check (out_at is null or kind in ('RELEASE', 'SUBSTITUTION') or (due_at is not null and due_at > out_at)) not valid;
alter table movements drop constraint ck_movements_c26_inspected;
alter table movements add constraint ck_movements_c26_inspected check (closed_at is null or out_at is null or kind = 'READING'
  or (ended_as is not null and ended_as <> 'FOUND') or (inspection_id is not null and entry_operation_id is not null)) not valid;
alter table movements drop constraint ck_movements_c27_close_after_return;
alter table movements add constraint ck_movements_c27_close_after_return check (closed_at is null or out_at is null or ended_as is not null
  or (returned_at is not null and closed_at >= returned_at)) not valid;
alter table movements validate constraint ck_movements_ended_as;
alter table movements validate constraint ck_movements_c1_ended_by_operation;
alter table movements validate constraint ck_movements_kind;
alter table movements validate constraint ck_movements_lending_names_request_and_holder;
alter table movements validate constraint ck_movements_c21_due;
alter table movements validate constraint ck_movements_c26_inspected;
alter table movements validate constraint ck_movements_c27_close_after_return;
grant update (ended_as) on movements to loanfile_app;
drop trigger ct_movements_c26_inspection_passed on movements;
create constraint trigger ct_movements_c26_inspection_passed after update of closed_at on movements deferrable initially deferred
  for each row when (new.closed_at is not null and new.out_at is not null and new.kind = 'CHECKOUT' and coalesce(new.ended_as, 'FOUND') = 'FOUND')
  execute function ct_movements_c26_inspection_passed();
drop trigger ct_movements_c15_request_kind on movements;
create or replace function ct_movements_c15_request_kind() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from access_requests q join request_lines x on x.request_id = q.id and x.record_id = new.record_id
                 where q.id = new.request_id and q.kind = case new.kind when 'READING' then 'READ_ON_SITE' else new.kind end) then
    perform broken('ct_movements_c15_request_kind'); end if;
  return null;
end $$;
create constraint trigger ct_movements_c15_request_kind after insert on movements deferrable initially deferred
  for each row when (new.kind not in ('ACT', 'TRANSIT')) execute function ct_movements_c15_request_kind();

create or replace function state_of(record uuid) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select case when exists (select from discrepancies d where d.record_id = record and d.kind = 'MISSING' and d.resolved_at is null)
    then 'MISSING'
    else coalesce((select case when m.returned_at is not null then 'RETURN_PENDING'
                               when m.out_at is null then 'RESERVED'
                               when m.kind = 'READING' then 'READING'
                               when m.kind = 'TRANSIT' then 'IN_TRANSIT' else 'CHECKED_OUT' end
                   from movements m where m.record_id = record and m.kind <> 'ACT' and m.closed_at is null), 'AT REST') end $$;

create or replace function ct_archive_records_c15_state_is_rows() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  which uuid := case when tg_table_name = 'archive_records' then (to_jsonb(new)->>'id')::uuid else (to_jsonb(new)->>'record_id')::uuid end;
  actual text; wanted text := state_of(which);
begin
  select state into actual from archive_records where id = which;
  if not (wanted = actual or (wanted = 'AT REST' and actual not in
      ('RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'READING', 'IN_TRANSIT', 'MISSING', 'LOST'))) then
    perform broken('ct_archive_records_c15_state_is_rows'); end if;
  return null;
end $$;

-- C1: an operation asks for every seat of its act, and remembers the transaction in which it was done.
alter table operations add column done_in xid8;
comment on column operations.done_in is 'Transaction that took the last seat; kept by a trigger.';
create function tg_operations_c1_seats_of_act() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from act_seats s where s.action = new.action and s.tier = new.tier and not s.seat = any (new.required_seats)) then
    perform broken('tg_operations_c1_seats_of_act'); end if;
  new.done_in := null;
  return new;
end $$;
create trigger tg_operations_c1_seats_of_act before insert on operations for each row execute function tg_operations_c1_seats_of_act();
create function tg_operations_done_in() returns trigger language plpgsql as $$ begin
  new.done_in := pg_current_xact_id();
  return new;
end $$;
create trigger tg_operations_done_in before update of state on operations
  for each row when (new.state = 'DONE' and old.state <> 'DONE') execute function tg_operations_done_in();

-- A change of state that only acts with seats bring about is part of the transaction that takes the last seat of such an act.
create function ct_archive_records_c1_by_operation() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from transitions t where t.tier = new.tier and t.start = old.state and t.finish = new.state
                 and not exists (select from act_seats s where s.action = t.action and s.tier = t.tier))
     and not exists (select from operations o join transitions t on t.action = o.action where o.done_in = pg_current_xact_id()
                     and o.state = 'DONE' and new.id = any (o.record_ids)
                     and t.tier = new.tier and t.start = old.state and t.finish = new.state) then
    perform broken('ct_archive_records_c1_by_operation'); end if;
  return null;
end $$;
create constraint trigger ct_archive_records_c1_by_operation after update of state on archive_records deferrable initially deferred
  for each row when (old.state <> new.state) execute function ct_archive_records_c1_by_operation();

create or replace function ct_operations_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare act acts; begin
  select * into act from acts where action = new.action;
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if act.is_exit and not exists (select from tickets t where t.operation_id = new.id) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if new.tier = 'FIRST' and (act.is_exit or act.is_entry) and cardinality(new.record_ids) <>
      (select count(*) from off_balance_entries e where e.operation_id = new.id) then
    perform broken('ct_operations_c11_off_balance'); end if;
  return null;
end $$;

create or replace function ct_movements_c1_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.exit_operation_id is not null and not exists (select from operations o join acts a using (action)
      where o.id = new.exit_operation_id and o.state = 'DONE' and a.is_exit
      and (o.request_id = new.request_id or new.kind = 'TRANSIT') and new.record_id = any (o.record_ids))
  or new.entry_operation_id is not null and not exists (select from operations o where o.id = new.entry_operation_id and o.state = 'DONE'
      and new.record_id = any (o.record_ids)) then
    perform broken('ct_movements_c1_done'); end if;
  return null;
end $$;

create or replace function tg_operation_seats_c1_on_duty() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o operations; q access_requests; begin
  select * into o from operations where id = new.operation_id;
  if o.state <> 'PENDING' or new.taken_at > o.expires_at or not new.seat = any (o.required_seats) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat in ('KEY', 'CODE') and not exists (select from keeper_duties d where d.vault_id = o.vault_id
      and d.staff_id = new.staff_id and d.seat = new.seat and d.during @> new.taken_at) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat not in ('RECEIVER', 'PROPOSER', 'SECOND', 'SUPERVISOR', 'OVERRIDE') and exists (
      select from archive_records r join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id
      where r.id = any (o.record_ids) and (l.manager_id = new.staff_id
        or exists (select from staff_relations s where s.staff_id = new.staff_id and s.party_id = c.party_id))) then
    perform broken('tg_operation_seats_c4_no_interest'); end if;
  if o.request_id is not null and exists (select from acts a where a.action = o.action and a.is_exit) then
    select * into q from access_requests where id = o.request_id;
    if new.seat = 'RECEIVER' and new.staff_id is distinct from q.reader_id then perform broken('tg_operation_seats_c19_receiver'); end if;
    if new.seat not in ('RECEIVER', 'OFFICER') and (new.staff_id = q.applicant_id or exists (
        select from approvals a where a.request_id = q.id and a.approver_id = new.staff_id)) then
      perform broken('tg_operation_seats_c3_releaser'); end if;
  end if;
  return new;
end $$;

-- C17, C43: what freezes a record: its own discrepancies by their kind, SLOT when a paper of its envelope has one.
create function frozen_kinds(record uuid) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select array(select d.kind from discrepancies d where d.record_id = record and d.resolved_at is null
    union select 'SLOT' from archive_records r join archive_records x on x.envelope_id = r.envelope_id and x.id <> r.id
      join discrepancies d on d.record_id = x.id and d.resolved_at is null where r.id = record order by 1) $$;

create or replace function tg_movements_c16_no_hold() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.kind in ('CHECKOUT', 'RELEASE', 'SUBSTITUTION') and exists (
      select from archive_records r left join loans l on l.id = r.primary_loan_id left join customers c on c.id = l.customer_id
      join access_requests q on q.id = new.request_id
      join holds h on h.lifted_at is null and (h.record_id = r.id or h.loan_id = r.primary_loan_id or h.collateral_id = r.collateral_id
                                               or h.party_id = c.party_id or h.dealer_id = l.dealer_id)
      where r.id = new.record_id and not (h.kind = 'LEGAL' and q.purpose like 'LITIGATION%' and q.applicant_id = h.placer_id
        and (new.out_at is null or exists (select from approvals a where a.request_id = q.id and a.rank = 'VICE_PRESIDENT')))) then
    perform broken('tg_movements_c16_no_hold'); end if;
  if new.kind <> 'ACT' and cardinality(frozen_kinds(new.record_id)) > 0 then perform broken('tg_movements_c17_not_frozen'); end if;
  return new;
end $$;

create or replace function facts_of(ids uuid[], people uuid[], shift interval) returns table (
    now timestamptz, record_id uuid, movement_id uuid, kind text, request_id uuid, purpose text, holder_id uuid, lapses_at timestamptz,
    out_at timestamptz, due_at timestamptz, returned_at timestamptz, claimed boolean, extensions integer, operation_id uuid,
    hold_kinds text[], hold_placers uuid[], key_ids uuid[], code_ids uuid[], interested uuid[], overdue uuid[], inactive uuid[],
    frozen text[], mates uuid[])
language sql volatile security definer set search_path = public, pg_temp begin atomic
  select n.now, r.id, m.id, m.kind, m.request_id, q.purpose, m.holder_id, m.lapses_at,
         m.out_at, m.due_at, m.returned_at, m.claimed_at is not null, m.extensions,
         case when o.expires_at > n.now and o.state = 'PENDING' then m.operation_id end,
         h.kinds, h.placers, d.keys, d.codes, i.who, late.who, gone.who, f.kinds, e.mates
  from (select clock_timestamp() + shift as now) n cross join archive_records r
  left join loans l on l.id = r.primary_loan_id
  left join customers c on c.id = l.customer_id
  left join movements m on m.record_id = r.id and m.closed_at is null
  left join access_requests q on q.id = m.request_id
  left join operations o on o.id = m.operation_id
  cross join lateral (select array_agg(h.kind order by h.id) kinds, array_agg(h.placer_id order by h.id) placers from holds h
      where h.lifted_at is null and (h.record_id = r.id or h.loan_id = r.primary_loan_id or h.collateral_id = r.collateral_id
                                     or h.party_id = c.party_id or h.dealer_id = l.dealer_id)) h
  cross join lateral (select array_agg(k.staff_id) filter (where k.seat = 'KEY') keys,
                             array_agg(k.staff_id) filter (where k.seat = 'CODE') codes
      from keeper_duties k where k.vault_id = r.vault_id and k.during @> n.now) d
  cross join lateral (select array_agg(p) who from unnest(people) p where p = l.manager_id
      or exists (select from staff_relations s where s.staff_id = p and s.party_id = c.party_id)) i
  cross join lateral (select array_agg(distinct x.holder_id) who from movements x
      where x.holder_id = any (people) and x.closed_at is null and x.returned_at is null and x.due_at < n.now) late
  cross join lateral (select array_agg(s.id) who from staff s where s.id = any (people) and not s.active) gone
  cross join lateral (select frozen_kinds(r.id) kinds) f
  cross join lateral (select array_agg(x.id) mates from archive_records x
      where x.envelope_id = r.envelope_id and x.id <> r.id and x.state = r.state) e
  where r.id = any (ids);
end;

alter function tg_operations_c1_seats_of_act() owner to loanfile_judge;
alter function ct_archive_records_c1_by_operation() owner to loanfile_judge;
alter function frozen_kinds(uuid) owner to loanfile_judge;
