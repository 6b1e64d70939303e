-- Undoes 0009. What only the newer vocabulary can say is history: with any of it the constraints of before cannot be put back.
drop trigger ct_movements_c54_mortgage on movements;
drop trigger ct_movements_c26_replacement_passed on movements;
drop trigger tg_movements_c40_letter on movements;
drop trigger tg_movements_c25_not_claimed on movements;
drop trigger ct_movements_c25_claimed on movements;
drop trigger tg_access_requests_c40_outside on access_requests;
drop trigger tg_collateral_certificates_c12_data on collateral_certificates;
drop trigger tg_collateral_certificates_c12_replaces on collateral_certificates;
drop trigger tg_off_balance_entries_c11_step on off_balance_entries;
drop trigger ct_tickets_c10_replaced on tickets;
drop trigger tg_sealed_envelopes_c17_not_frozen on sealed_envelopes;
drop trigger ct_sealed_envelopes_c9_by_opening on sealed_envelopes;
drop trigger ct_sealed_envelopes_c9_by_opening_new on sealed_envelopes;
drop trigger ct_archive_records_reopened on archive_records;
drop trigger ct_archive_records_content on archive_records;
drop trigger ct_archive_records_enters on archive_records;
drop trigger ct_operations_c1_emergency_reviewed on operations;
drop table bailee_letters, return_claims, registry_checks, intake_receipts, emergency_reviews;

create or replace function ct_archive_records_c1_by_operation() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from transitions t where t.tier = new.tier and t.start = old.state and t.finish = new.state
                 and not exists (select from act_seats s where s.action = t.action and s.tier = t.tier))
     and not exists (select from operations o join transitions t on t.action = o.action where o.done_in = pg_current_xact_id()
                     and o.state = 'DONE' and new.id = any (o.record_ids)
                     and t.tier = new.tier and t.start = old.state and t.finish = new.state) then
    perform broken('ct_archive_records_c1_by_operation'); end if;
  return null;
end $$;

create or replace function ct_operations_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare act acts; begin
  select * into act from acts where action = new.action;
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if act.is_exit and not exists (select from tickets t where t.operation_id = new.id) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if new.tier = 'FIRST' and (act.is_exit or act.is_entry) and
      (select count(*) from archive_records r where r.id = any (new.record_ids) and (act.is_exit or r.state = 'IN_VAULT')) <>
      (select count(*) from off_balance_entries e where e.operation_id = new.id) then
    perform broken('ct_operations_c11_off_balance'); end if;
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

drop function ct_movements_c54_mortgage(), ct_movements_c26_replacement_passed(), tg_movements_c40_letter(), tg_movements_c25_not_claimed(), ct_movements_c25_claimed(),
  tg_return_claims_c25_holder(), tg_return_claims_c25_once(), tg_access_requests_c40_outside(), tg_collateral_certificates_c12_data(),
  tg_collateral_certificates_c12_replaces(), tg_registry_checks_c55_electronic(),
  tg_off_balance_entries_c11_step(), ct_tickets_c10_replaced(), tg_sealed_envelopes_c17_not_frozen(), ct_sealed_envelopes_c9_by_opening(),
  ct_archive_records_reopened(), ct_archive_records_content(), ct_archive_records_enters(), ct_operations_c1_emergency_reviewed(),
  tg_emergency_reviews_c1_once(), kept_by_two(uuid[]), is_electronic(uuid), is_substitute(uuid, text, timestamptz),
  archive_no_taken(text), letter_no_taken(uuid, text), slot_facts(uuid, uuid), seals_used(text[]), title_facts(uuid[]), certificate_facts(uuid, text, text, text, numeric, uuid);

drop index uq_tickets_c10_one_per_exit;
alter table tickets add constraint uq_tickets_c10_one_per_exit unique (operation_id);
drop index ix_collateral_certificates_replaces_id;
revoke update (copies, is_original, expected_by, from_whom) on archive_records from loanfile_app;
revoke update (issuer, issued_on, expires_on, right_amount, registration_no, is_electronic, registry_reference, vin, owner_name, is_live,
  replaces_id) on collateral_certificates from loanfile_app;
revoke update (plate_no) on collateral from loanfile_app;
alter table off_balance_entries drop constraint ck_off_balance_entries_c11_serial, drop constraint ck_off_balance_entries_c11_failure,
  drop column failure;
alter table return_inspections drop column shows_mortgage;
alter table collateral_certificates drop constraint ck_collateral_certificates_c55_reference, drop column vin, drop column owner_name;
drop index ix_archive_records_awaited;
alter table archive_records drop constraint ck_archive_records_c30_itemised, drop column from_whom, drop column copies,
  drop column is_original;
alter table access_requests drop column outside_bank;
alter table purposes drop column leaves_bank;
alter table acts drop column part_of;
delete from transitions where action in (
  'EXPECT_PAPER', 'RECORD_ARRIVAL', 'REGISTER_FIRST_TIER', 'REFUSE_INTAKE', 'SEAL_ENVELOPE', 'OPEN_ENVELOPE', 'MOVE_LOCATION',
  'REPORT_BROKEN_SEAL', 'ACCEPT_CHANGED_RETURN', 'REPLACE_RETURNED', 'RECORD_REGISTRY_CHECK', 'REGISTER_BAILEE_LETTER',
  'CLAIM_RETURNED', 'RESOLVE_CLAIM', 'VOID_TICKET', 'BOOK_OFF_BALANCE_ENTRY', 'REVIEW_EMERGENCY');
delete from act_seats where action in (
  'EXPECT_PAPER', 'RECORD_ARRIVAL', 'REGISTER_FIRST_TIER', 'REFUSE_INTAKE', 'SEAL_ENVELOPE', 'OPEN_ENVELOPE', 'MOVE_LOCATION',
  'REPORT_BROKEN_SEAL', 'ACCEPT_CHANGED_RETURN', 'REPLACE_RETURNED', 'RECORD_REGISTRY_CHECK', 'REGISTER_BAILEE_LETTER',
  'CLAIM_RETURNED', 'RESOLVE_CLAIM', 'VOID_TICKET', 'BOOK_OFF_BALANCE_ENTRY', 'REVIEW_EMERGENCY');
delete from acts where action in (
  'EXPECT_PAPER', 'RECORD_ARRIVAL', 'REGISTER_FIRST_TIER', 'REFUSE_INTAKE', 'SEAL_ENVELOPE', 'OPEN_ENVELOPE', 'MOVE_LOCATION',
  'REPORT_BROKEN_SEAL', 'ACCEPT_CHANGED_RETURN', 'REPLACE_RETURNED', 'RECORD_REGISTRY_CHECK', 'REGISTER_BAILEE_LETTER',
  'CLAIM_RETURNED', 'RESOLVE_CLAIM', 'VOID_TICKET', 'BOOK_OFF_BALANCE_ENTRY', 'REVIEW_EMERGENCY');
