-- Undoes 0055.
drop trigger tg_movements_c32_holder on movements;
drop trigger tg_archive_records_volume_cutoff on archive_records;
drop trigger ct_holds_c16_lifted_by_operation on holds;
drop trigger ct_off_balance_entries_c11_of_act on off_balance_entries;
drop trigger ct_archive_records_c32_custodian on archive_records;
drop trigger tg_archive_records_c3_submitter on archive_records;
drop trigger tg_disposal_approvals_c46_rank_held on disposal_approvals;
drop trigger tg_approvals_c5_rank_held on approvals;
drop trigger tg_request_lines_c5_asked on request_lines;
drop trigger tg_archive_records_c1_vault on archive_records;
drop trigger tg_operation_seats_c0_role on operation_seats;
drop function tg_movements_c32_holder(), tg_archive_records_c45_cutoff(), tg_disposal_approvals_c46_rank_held(), ct_holds_c16_lifted_by_operation(), ct_off_balance_entries_c11_of_act(),
  ct_archive_records_c32_custodian(), tg_archive_records_c3_submitter(), tg_approvals_c5_rank_held(), tg_request_lines_c5_asked(),
  tg_archive_records_c1_vault(), tg_operation_seats_c0_role();
drop table act_seat_roles;
grant update (lapses_at) on movements to loanfile_app;
create or replace function tg_c32_unit_is_open() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare unit uuid := coalesce((to_jsonb(new)->>'to_org_id')::uuid, (to_jsonb(new)->>'org_id')::uuid); begin
  if exists (select from org_units o where o.id = unit and o.closed_at is not null) then perform broken('tg_c32_unit_is_open'); end if;
  return new;
end $$;
create or replace function tg_handover_lines_c31_step() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare h handovers; begin
  if not ((old.state, new.state) in (('LISTED', 'SENT'), ('SENT', 'ACKNOWLEDGED'), ('SENT', 'RESPONSIBILITY_ONLY'), ('SENT', 'REJECTED'),
                                     ('SENT', 'RECALLED')))
     or new.state = 'RESPONSIBILITY_ONLY' and new.shipment_id is not null or new.state = 'ACKNOWLEDGED' and new.shipment_id is null then
    perform broken('tg_handover_lines_c31_step'); end if;
  if new.state <> 'SENT' then return new; end if;
  select * into h from handovers where id = new.handover_id;
  if not exists (select from handover_line_of(new.record_id) l where (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as)
                 = (new.archive_no, new.barcode, new.copies, new.pages, new.is_original, new.stood_as)
                 and l.seal_no is not distinct from new.seal_no) then
    perform broken('tg_handover_lines_c30_list_is_true'); end if;
  if h.kind <> 'CUSTODIAN' and new.shipment_id is null and new.stood_as not in ('CHECKED_OUT', 'READING') then
    perform broken('tg_handover_lines_c31_moves'); end if;
  if h.kind = 'TO_ARCHIVE' and not exists (select from archive_records r where r.id = new.record_id and r.state = 'CLOSED_VOLUME'
                                           and r.retention_class in ('TWENTY_YEARS', 'PERMANENT')) then
    perform broken('tg_handover_lines_c45_for_archive'); end if;
  if new.tier = 'FIRST' and not exists (select from org_units o where o.id = h.to_org_id and o.has_vault) then
    perform broken('tg_handover_lines_c33_vault'); end if;
  return new;
end $$;
create or replace function tg_operations_c1_seats_of_act() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from act_seats s where s.action = new.action and s.tier = new.tier and not s.seat = any (new.required_seats)) then
    perform broken('tg_operations_c1_seats_of_act'); end if;
  new.done_in := null;
  return new;
end $$;
create or replace function tg_operations_done_in() returns trigger language plpgsql security invoker as $$ begin
  new.done_in := pg_current_xact_id();
  return new;
end $$;
create or replace function tg_operation_seats_c1_on_duty() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare o operations; q access_requests; begin
  select * into o from operations where id = new.operation_id;
  if o.state <> 'PENDING' or new.taken_at > o.expires_at or not new.seat = any (o.required_seats) then
    perform broken('tg_operation_seats_c1_on_duty'); end if;
  if new.seat in ('KEY', 'CODE') and not exists (select from keeper_duties d where d.vault_id = o.vault_id
      and d.staff_id = new.staff_id and d.seat = new.seat and d.during @> new.taken_at)
     and not (o.emergency_reason is not null
              and is_substitute(new.staff_id, case new.seat when 'KEY' then 'OPS_HEAD' else 'VICE_PRESIDENT' end, new.taken_at)) then
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
create or replace function ct_operations_done() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare act acts; begin
  select * into act from acts where action = new.action;
  if exists (select from unnest(new.required_seats) s where s not in (select seat from operation_seats where operation_id = new.id)) then
    perform broken('ct_operations_c1_all_seats'); end if;
  if act.is_exit and not exists (select from tickets t where t.operation_id = new.id) then
    perform broken('ct_operations_c10_exit_has_ticket'); end if;
  if new.tier = 'FIRST' and (act.is_exit or act.is_entry) and
      (select count(*) from archive_records r where r.id = any (new.record_ids) and (act.is_exit or r.state in ('IN_VAULT', 'RESERVED'))) <>
      (select count(*) from off_balance_entries e where e.operation_id = new.id) then
    perform broken('ct_operations_c11_off_balance'); end if;
  return null;
end $$;
create or replace function ct_movements_c15_request_kind() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from access_requests q join request_lines x on x.request_id = q.id and x.record_id = new.record_id
                 where q.id = new.request_id and q.kind = case new.kind when 'READING' then 'READ_ON_SITE' else new.kind end) then
    perform broken('ct_movements_c15_request_kind'); end if;
  return null;
end $$;
create or replace function tg_stocktake_discrepancies() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := distinct_ids(coalesce((select visible_to from archive_records where id = new.record_id), '{}') || new.org_id);
  return new;
end $$;
alter function tg_operations_done_in() owner to loanfile_owner;
drop function stays_open(uuid), last_scan_version(uuid);
do $$ declare called text; begin
  for called in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
                and p.prorettype <> 'trigger'::regtype and has_function_privilege('loanfile_app', p.oid, 'execute') loop
    execute format('revoke execute on function %s from loanfile_app, loanfile_judge, loanfile_registrar, loanfile_search, loanfile_reader', called);
    execute format('grant execute on function %s to public', called);
  end loop;
end $$;
