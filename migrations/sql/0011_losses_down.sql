-- Undoes 0011. What only the newer tables can say is history: with any of it the constraints of before cannot be put back.
drop trigger ct_archive_records_lost_settled on archive_records;
drop trigger tg_collateral_certificates_c44_void_for_ever on collateral_certificates;
drop trigger ct_archive_records_c44_reissue_linked on archive_records;
drop trigger ct_archive_records_found on archive_records;
drop trigger tg_discrepancies_c48_final on discrepancies;
drop trigger tg_discrepancies_open_loss on discrepancies;
drop function ct_archive_records_lost_settled(), settled_for_good(uuid[]), tg_collateral_certificates_c44_void_for_ever(),
  ct_archive_records_c44_reissue_linked(), ct_archive_records_found(), tg_discrepancies_c48_final(), tg_discrepancies_open_loss();

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

create or replace function frozen_kinds(record uuid) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select array(select d.kind from discrepancies d where d.record_id = record and d.resolved_at is null
    union select 'SLOT' from archive_records r join archive_records x on x.envelope_id = r.envelope_id and x.id <> r.id
      join discrepancies d on d.record_id = x.id and d.resolved_at is null where r.id = record order by 1) $$;

create or replace function state_of(record uuid) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select case when exists (select from discrepancies d where d.record_id = record and d.kind = 'MISSING' and d.resolved_at is null)
    then 'MISSING'
    else coalesce((select case when m.returned_at is not null then 'RETURN_PENDING'
                               when m.out_at is null then 'RESERVED'
                               when m.kind = 'READING' then 'READING'
                               when m.kind = 'TRANSIT' then 'IN_TRANSIT' else 'CHECKED_OUT' end
                   from movements m where m.record_id = record and m.kind <> 'ACT' and m.closed_at is null), 'AT REST') end $$;

create or replace function tg_records_spread() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if tg_op = 'UPDATE' and new.visible_to is distinct from old.visible_to then
    update movements set visible_to = new.visible_to where record_id = new.id;
    update file_items set visible_to = new.visible_to where record_id = new.id;
    update discrepancies set visible_to = new.visible_to where record_id = new.id;
    update scans set visible_to = new.visible_to where record_id = new.id;
  end if;
  if new.collateral_id is not null then perform refresh_collateral(new.collateral_id); end if;
  return null;
end $$;

drop table loss_cases;
drop function reissue_fits(uuid, uuid), rest_of(text, text), tg_loss_cases_step();

delete from transitions where action in ('OPEN_CASE', 'RESOLVE_DISCREPANCY', 'REPORT_ITEM_MISSING', 'RECORD_SEARCH', 'NOTIFY_COMPLIANCE',
  'RESOLVE_FOUND', 'DECLARE_LOST', 'RECORD_REISSUE', 'RECORD_VOIDED_ORIGINAL', 'CLOSE_LOST');
delete from act_seats where action in ('RESOLVE_FOUND', 'DECLARE_LOST', 'RECORD_REISSUE', 'CLOSE_LOST');
delete from acts where action in ('OPEN_CASE', 'RESOLVE_DISCREPANCY', 'REPORT_ITEM_MISSING', 'RECORD_SEARCH', 'NOTIFY_COMPLIANCE',
  'RESOLVE_FOUND', 'DECLARE_LOST', 'RECORD_REISSUE', 'RECORD_VOIDED_ORIGINAL', 'CLOSE_LOST');
alter table transitions drop constraint pk_transitions;
alter table transitions add constraint pk_transitions primary key (tier, start, action);
comment on column transitions.finish is 'State after.';

revoke update (is_live, voided_at, replaces_id) on collateral_certificates from loanfile_app;
alter table collateral_certificates drop constraint ck_collateral_certificates_c44_void_is_not_live, drop column voided_at;
alter table off_balance_entries drop constraint ck_off_balance_entries_c11_of_operation_or_case, drop column discrepancy_id,
  alter column operation_id set not null;
comment on column off_balance_entries.operation_id is 'The entry or exit.';
alter policy branch on return_inspections using (exists (select from movements p where p.id = movement_id));
alter table return_inspections drop constraint ck_return_inspections_of_checkout_or_case, drop column discrepancy_id,
  alter column movement_id set not null;
comment on column return_inspections.movement_id is 'Of which checkout.';
alter table discrepancies drop constraint ck_discrepancies_c43_case_is_owned, drop constraint ck_discrepancies_c43_deadline_ahead,
  drop constraint ck_discrepancies_c28_item, drop constraint ck_discrepancies_c3_second_person,
  drop column item_id, drop column resolved_by, drop column signed_by, drop column signed_at;
alter table notices drop constraint ck_notices_kind;
alter table notices add constraint ck_notices_kind check (kind in ('DUE_SOON', 'OVERDUE', 'BLOCKED', 'RECALLED', 'SEARCH_DUE', 'CONFIRMATION_DUE', 'READY_TO_FETCH', 'RESERVATION_LAPSED', 'WAITING_LAPSED', 'DUE_PROVISIONAL', 'DUE_MOVED', 'CASE_LATE', 'PAPER_LATE', 'EXPIRING', 'TRANSIT_LATE', 'STOCKTAKE_MISSED', 'EMERGENCY_UNREVIEWED')) not valid;
alter table notices validate constraint ck_notices_kind;
