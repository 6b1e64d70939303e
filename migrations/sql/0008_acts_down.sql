-- Undoes 0008. What only the newer vocabulary can say is history: with any of it the constraints of before cannot be put back.
drop trigger ct_archive_records_c1_by_operation on archive_records;
drop trigger tg_operations_done_in on operations;
drop trigger tg_operations_c1_seats_of_act on operations;
drop function ct_archive_records_c1_by_operation(), tg_operations_done_in(), tg_operations_c1_seats_of_act();
alter table operations drop column done_in;

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
  cross join lateral (select array_agg(x.kind) kinds from discrepancies x where x.record_id = r.id and x.resolved_at is null) f
  cross join lateral (select array_agg(x.id) mates from archive_records x
      where x.envelope_id = r.envelope_id and x.id <> r.id and x.state = r.state) e
  where r.id = any (ids);
end;

create or replace function tg_movements_c16_no_hold() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.kind = 'CHECKOUT' and exists (
      select from archive_records r left join loans l on l.id = r.primary_loan_id left join customers c on c.id = l.customer_id
      join access_requests q on q.id = new.request_id
      join holds h on h.lifted_at is null and (h.record_id = r.id or h.loan_id = r.primary_loan_id or h.collateral_id = r.collateral_id
                                               or h.party_id = c.party_id or h.dealer_id = l.dealer_id)
      where r.id = new.record_id and not (h.kind = 'LEGAL' and q.purpose like 'LITIGATION%' and q.applicant_id = h.placer_id
        and (new.out_at is null or exists (select from approvals a where a.request_id = q.id and a.rank = 'VICE_PRESIDENT')))) then
    perform broken('tg_movements_c16_no_hold'); end if;
  if new.kind <> 'ACT' and exists (select from discrepancies d where d.record_id = new.record_id and d.resolved_at is null) then
    perform broken('tg_movements_c17_not_frozen'); end if;
  return new;
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
  if new.seat not in ('RECEIVER', 'PROPOSER', 'SECOND') and exists (
      select from archive_records r join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id
      where r.id = any (o.record_ids) and (l.manager_id = new.staff_id
        or exists (select from staff_relations s where s.staff_id = new.staff_id and s.party_id = c.party_id))) then
    perform broken('tg_operation_seats_c4_no_interest'); end if;
  if o.action = 'CHECK_OUT' then
    select * into q from access_requests where id = o.request_id;
    if new.seat = 'RECEIVER' and new.staff_id is distinct from q.reader_id then perform broken('tg_operation_seats_c19_receiver'); end if;
    if new.seat <> 'RECEIVER' and (new.staff_id = q.applicant_id or exists (
        select from approvals a where a.request_id = q.id and a.approver_id = new.staff_id)) then
      perform broken('tg_operation_seats_c3_releaser'); end if;
  end if;
  return new;
end $$;

create or replace function ct_movements_c1_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if new.exit_operation_id is not null and not exists (select from operations o where o.id = new.exit_operation_id and o.state = 'DONE'
      and o.action = 'CHECK_OUT' and o.request_id = new.request_id and new.record_id = any (o.record_ids))
  or new.entry_operation_id is not null and not exists (select from operations o where o.id = new.entry_operation_id and o.state = 'DONE'
      and o.action in ('ACCEPT_RETURN', 'REJECT_RETURN') and new.record_id = any (o.record_ids)) then
    perform broken('ct_movements_c1_done'); end if;
  return null;
end $$;

create or replace function ct_operations_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if new.action = 'CHECK_OUT' and not exists (select from tickets t where t.operation_id = new.id) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if new.tier = 'FIRST' and new.action in ('CHECK_OUT', 'INTAKE', 'ACCEPT_RETURN') and cardinality(new.record_ids) <>
      (select count(*) from off_balance_entries e where e.operation_id = new.id) then
    perform broken('ct_operations_c11_off_balance'); end if;
  return null;
end $$;

create or replace function ct_archive_records_c15_state_is_rows() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  which uuid := case when tg_table_name = 'archive_records' then (to_jsonb(new)->>'id')::uuid else (to_jsonb(new)->>'record_id')::uuid end;
  actual text; wanted text := state_of(which);
begin
  select state into actual from archive_records where id = which;
  if not (wanted = actual or (wanted = 'AT REST' and actual not in ('RESERVED', 'CHECKED_OUT', 'RETURN_PENDING', 'READING', 'MISSING'))) then
    perform broken('ct_archive_records_c15_state_is_rows'); end if;
  return null;
end $$;

create or replace function state_of(record uuid) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select case when exists (select from discrepancies d where d.record_id = record and d.kind = 'MISSING' and d.resolved_at is null)
    then 'MISSING'
    else coalesce((select case when m.returned_at is not null then 'RETURN_PENDING'
                               when m.out_at is null then 'RESERVED'
                               when m.kind = 'READING' then 'READING' else 'CHECKED_OUT' end
                   from movements m where m.record_id = record and m.kind <> 'ACT' and m.closed_at is null), 'AT REST') end $$;

create or replace function ct_movements_c15_request_kind() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from access_requests q join request_lines x on x.request_id = q.id and x.record_id = new.record_id
                 where q.id = new.request_id and q.kind = case new.kind when 'READING' then 'READ_ON_SITE' else 'CHECKOUT' end) then
    perform broken('ct_movements_c15_request_kind'); end if;
  return null;
end $$;

drop function frozen_kinds(uuid);
drop trigger ct_movements_c15_request_kind on movements;
create constraint trigger ct_movements_c15_request_kind after insert on movements deferrable initially deferred
  for each row when (new.kind <> 'ACT') execute function ct_movements_c15_request_kind();
drop trigger ct_movements_c26_inspection_passed on movements;
create constraint trigger ct_movements_c26_inspection_passed after update of closed_at on movements deferrable initially deferred
  for each row when (new.closed_at is not null and new.out_at is not null and new.kind = 'CHECKOUT')
  execute function ct_movements_c26_inspection_passed();
alter table movements drop constraint ck_movements_c27_close_after_return, drop constraint ck_movements_c26_inspected,
  drop constraint ck_movements_c21_due, drop constraint ck_movements_lending_names_request_and_holder, drop constraint ck_movements_kind,
  drop constraint ck_movements_c1_ended_by_operation, drop constraint ck_movements_ended_as, drop column ended_as;
alter table movements
  add constraint ck_movements_kind check (kind in ('CHECKOUT', 'READING', 'ACT')) not valid,
  add constraint ck_movements_lending_names_request_and_holder check (kind = 'ACT' or (request_id is not null and holder_id is not null)) not valid,
  add constraint ck_movements_c21_due check (out_at is null or (due_at is not null and due_at > out_at)) not valid,
  add constraint ck_movements_c26_inspected check (closed_at is null or out_at is null or kind = 'READING'
    or (inspection_id is not null and entry_operation_id is not null)) not valid,
  add constraint ck_movements_c27_close_after_return check (closed_at is null or out_at is null
    or (returned_at is not null and closed_at >= returned_at)) not valid;
alter table movements validate constraint ck_movements_kind;
alter table movements validate constraint ck_movements_lending_names_request_and_holder;
alter table movements validate constraint ck_movements_c21_due;
alter table movements validate constraint ck_movements_c26_inspected;
alter table movements validate constraint ck_movements_c27_close_after_return;
alter table scans drop constraint ck_scans_subject_kind;
alter table scans add constraint ck_scans_subject_kind check (subject_kind in ('FILE_ITEM', 'RECORD', 'REQUEST', 'OPERATION', 'CASE')) not valid;
alter table scans validate constraint ck_scans_subject_kind;
alter table operation_seats drop constraint ck_operation_seats_seat;
alter table operation_seats add constraint ck_operation_seats_seat check (seat in ('KEY', 'CODE', 'CLERK', 'RECEIVER', 'ARCHIVIST', 'PROPOSER', 'SECOND')) not valid;
alter table operation_seats validate constraint ck_operation_seats_seat;
alter table purposes drop constraint ck_purposes_purpose;
alter table purposes add constraint ck_purposes_purpose check (purpose in ('EXTENSION_REREGISTRATION', 'CERTIFICATE_CHANGE', 'AUDIT_READING',
  'LITIGATION_RESTRUCTURE_WRITEOFF', 'CERTIFICATE_REISSUE', 'AUDIT', 'LITIGATION', 'OTHER')) not valid;
alter table purposes validate constraint ck_purposes_purpose;
delete from transitions where (tier, start, action) in (
  ('FIRST', 'AWAITED', 'LIFT_HOLD'),
  ('FIRST', 'AWAITED', 'PLACE_HOLD'),
  ('FIRST', 'AWAITED', 'WITHDRAW'),
  ('FIRST', 'IN_TRANSIT', 'LIFT_HOLD'),
  ('FIRST', 'IN_TRANSIT', 'PLACE_HOLD'),
  ('FIRST', 'IN_TRANSIT', 'REPORT_MISSING'),
  ('FIRST', 'IN_TRANSIT', 'WITHDRAW'),
  ('FIRST', 'LOST', 'LIFT_HOLD'),
  ('FIRST', 'LOST', 'PLACE_HOLD'),
  ('FIRST', 'LOST', 'WITHDRAW'),
  ('SECOND', 'ARCHIVED', 'LIFT_HOLD'),
  ('SECOND', 'ARCHIVED', 'PLACE_HOLD'),
  ('SECOND', 'ARCHIVED', 'REPORT_MISSING'),
  ('SECOND', 'ARCHIVED', 'WITHDRAW'),
  ('SECOND', 'CLOSED_VOLUME', 'LIFT_HOLD'),
  ('SECOND', 'CLOSED_VOLUME', 'PLACE_HOLD'),
  ('SECOND', 'CLOSED_VOLUME', 'REPORT_MISSING'),
  ('SECOND', 'CLOSED_VOLUME', 'WITHDRAW'),
  ('SECOND', 'COLLECTING', 'WITHDRAW'),
  ('SECOND', 'DISPOSAL_APPROVED', 'LIFT_HOLD'),
  ('SECOND', 'DISPOSAL_APPROVED', 'PLACE_HOLD'),
  ('SECOND', 'DISPOSAL_APPROVED', 'REPORT_MISSING'),
  ('SECOND', 'DISPOSAL_APPROVED', 'WITHDRAW'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'LIFT_HOLD'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'PLACE_HOLD'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'REPORT_MISSING'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'WITHDRAW'),
  ('SECOND', 'IN_TRANSIT', 'LIFT_HOLD'),
  ('SECOND', 'IN_TRANSIT', 'PLACE_HOLD'),
  ('SECOND', 'IN_TRANSIT', 'REPORT_MISSING'),
  ('SECOND', 'IN_TRANSIT', 'WITHDRAW'),
  ('SECOND', 'LOST', 'LIFT_HOLD'),
  ('SECOND', 'LOST', 'PLACE_HOLD'),
  ('SECOND', 'LOST', 'WITHDRAW'),
  ('SECOND', 'READING', 'WITHDRAW'),
  ('SECOND', 'SUBMITTED', 'WITHDRAW'));
alter table operations drop constraint fk_operations_action;
alter table operations add constraint ck_operations_action check (action in ('REGISTER', 'INTAKE', 'SUBMIT_VOLUME', 'ACCEPT_VOLUME',
  'REQUEST_CHECKOUT', 'REQUEST_READING', 'REQUEST_EXTENSION', 'APPROVE', 'RESERVE', 'EXTEND', 'REJECT', 'CANCEL', 'LAPSE', 'CHECK_OUT',
  'CONFIRM', 'WITHDRAW', 'PRESENT_RETURN', 'ACCEPT_RETURN', 'REJECT_RETURN', 'RETURN_MISSING', 'START_READING', 'END_READING',
  'PLACE_HOLD', 'LIFT_HOLD', 'REPORT_MISSING', 'CREATE_ORG_UNIT', 'REGISTER_STAFF', 'GRANT_ROLE', 'REVOKE_ROLE', 'DELEGATE',
  'ASSIGN_DUTY', 'HAND_OVER_DUTY', 'DECLARE_RELATION', 'DEACTIVATE_STAFF', 'CREATE_LOCATIONS', 'PROPOSE_POLICY', 'GRANT_READING')) not valid;
alter table operations validate constraint ck_operations_action;
alter table transitions drop constraint fk_transitions_action;
alter table transitions add constraint ck_transitions_action check (action in ('REGISTER', 'INTAKE', 'SUBMIT_VOLUME', 'ACCEPT_VOLUME',
  'REQUEST_CHECKOUT', 'REQUEST_READING', 'REQUEST_EXTENSION', 'APPROVE', 'RESERVE', 'EXTEND', 'REJECT', 'CANCEL', 'LAPSE', 'CHECK_OUT',
  'CONFIRM', 'WITHDRAW', 'PRESENT_RETURN', 'ACCEPT_RETURN', 'REJECT_RETURN', 'RETURN_MISSING', 'START_READING', 'END_READING',
  'PLACE_HOLD', 'LIFT_HOLD', 'REPORT_MISSING', 'CREATE_ORG_UNIT', 'REGISTER_STAFF', 'GRANT_ROLE', 'REVOKE_ROLE', 'DELEGATE',
  'ASSIGN_DUTY', 'HAND_OVER_DUTY', 'DECLARE_RELATION', 'DEACTIVATE_STAFF', 'CREATE_LOCATIONS', 'PROPOSE_POLICY', 'GRANT_READING')) not valid;
alter table transitions validate constraint ck_transitions_action;
drop table act_seats, acts;
