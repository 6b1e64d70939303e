-- Undoes 0012. What only the newer vocabulary can say is history: with any of it the constraints of before cannot be put back.
alter policy branch_reads on events using (case when (select app_everywhere()) then true
  when org_id = any ((select app_branches())::uuid[]) then true when record_id is not null
  then coalesce((select true from archive_records r where r.id = record_id), false) else false end);

drop trigger tg_append_only_c48_update on loan_positions;
create trigger tg_append_only_c48_update before update on loan_positions for each row execute function tg_append_only_c48();
drop trigger tg_c32_unit_is_open on loans;
drop trigger tg_c32_unit_is_open on staff;
drop trigger tg_org_units_c32_clear on org_units;
drop trigger tg_archive_records_custody_passed on archive_records;
drop trigger ct_archive_records_c31_acknowledged on archive_records;

create or replace function is_administration(action text) returns boolean language sql immutable as $$
  select action in ('CREATE_ORG_UNIT', 'REGISTER_STAFF', 'GRANT_ROLE', 'REVOKE_ROLE', 'DELEGATE', 'ASSIGN_DUTY', 'HAND_OVER_DUTY',
                    'DECLARE_RELATION', 'DEACTIVATE_STAFF', 'CREATE_LOCATIONS', 'PROPOSE_POLICY', 'GRANT_READING') $$;

create or replace function rehearse(act text, change jsonb, who uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform administer(act, change, who);
  raise exception 'rehearsed' using errcode = 'LF001';
end $$;

create or replace function tg_operations_administer() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform administer(new.action, new.ask->'change', (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'));
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

create or replace function ct_archive_records_c8_together() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if (select count(distinct x.state in ('IN_VAULT', 'RESERVED')) from archive_records x
      where x.envelope_id = new.envelope_id and x.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING')) > 1 then
    perform broken('ct_archive_records_c8_together'); end if;
  return null;
end $$;

create or replace function tg_records_visible_to() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  new.visible_to := distinct_ids(array[new.org_id, new.custody_org_id, (select org_id from collateral where id = new.collateral_id)]);
  return new;
end $$;

drop table handover_lines, shipments, handovers;
drop function tg_handovers_visible_to(), tg_shipments_visible_to(), handover_line_of(uuid), tg_handover_lines_c30_from_rows(),
  tg_handover_lines_c31_listed(), tg_handover_lines_c31_step(), tg_handover_lines_c48_once(), ct_handover_lines_c31_both_sides(),
  ct_archive_records_c31_acknowledged(), tg_archive_records_custody_passed(), uncounted(uuid), handover_state_of(uuid),
  tg_handover_lines_spread(), tg_handovers_c32_duties_end(), handover_facts(uuid, uuid[], uuid, text, timestamptz), unit_facts(uuid, uuid),
  loans_to_transfer(jsonb), unit_is_clear(uuid), administer_units(text, jsonb, uuid), tg_org_units_c32_clear(), tg_c32_unit_is_open();
alter table org_units drop column closed_at;
alter table chains drop column transferred_at;

revoke insert on customers from loanfile_registrar;
revoke update (org_id, customer_id) on loans from loanfile_registrar;
revoke update (org_id) on loan_positions, loan_contracts, contracts, loan_collateral, archive_records, sealed_envelopes from loanfile_registrar;
revoke update (org_id, owner_id) on collateral from loanfile_registrar;
revoke update (visible_to) on operations from loanfile_registrar;

delete from transitions where action in ('CREATE_HANDOVER', 'ADD_HANDOVER_LINES', 'REMOVE_HANDOVER_LINES', 'SEND_HANDOVER', 'SEND_PENDING', 'SEND_RESPONSIBILITY',
  'RECEIVE_HANDOVER', 'RECEIVE_PENDING', 'RECEIVE_RESPONSIBILITY', 'RECEIVE_CUSTODY', 'REJECT_HANDOVER', 'TAKE_BACK', 'TAKE_BACK_PENDING',
  'RECALL_RESPONSIBILITY', 'TRANSFER_LOANS', 'CLOSE_ORG_UNIT');
delete from act_seats where action in ('CREATE_HANDOVER', 'ADD_HANDOVER_LINES', 'REMOVE_HANDOVER_LINES', 'SEND_HANDOVER', 'SEND_PENDING', 'SEND_RESPONSIBILITY',
  'RECEIVE_HANDOVER', 'RECEIVE_PENDING', 'RECEIVE_RESPONSIBILITY', 'RECEIVE_CUSTODY', 'REJECT_HANDOVER', 'TAKE_BACK', 'TAKE_BACK_PENDING',
  'RECALL_RESPONSIBILITY', 'TRANSFER_LOANS', 'CLOSE_ORG_UNIT');
delete from acts where action in ('CREATE_HANDOVER', 'ADD_HANDOVER_LINES', 'REMOVE_HANDOVER_LINES', 'SEND_HANDOVER', 'SEND_PENDING', 'SEND_RESPONSIBILITY',
  'RECEIVE_HANDOVER', 'RECEIVE_PENDING', 'RECEIVE_RESPONSIBILITY', 'RECEIVE_CUSTODY', 'REJECT_HANDOVER', 'TAKE_BACK', 'TAKE_BACK_PENDING',
  'RECALL_RESPONSIBILITY', 'TRANSFER_LOANS', 'CLOSE_ORG_UNIT');
