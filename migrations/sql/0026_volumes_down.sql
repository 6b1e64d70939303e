-- Undoes 0026.
create or replace function tg_discrepancies_open_loss() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into loss_cases (org_id, discrepancy_id, record_id, back_to, opened_at)
    select new.org_id, new.id, r.id, rest_of(r.tier, r.state), new.reported_at from archive_records r where r.id = new.record_id;
  return null;
end $$;
drop trigger tg_holds_s10_stop on holds;
drop trigger tg_archive_records_off_list on archive_records;
drop trigger ct_archive_records_c46_approved on archive_records;
drop trigger ct_archive_records_accepted on archive_records;
drop trigger tg_archive_records_c44_rebuilds_lost on archive_records;
drop trigger tg_archive_records_c45_class on archive_records;
drop trigger tg_archive_records_volume on archive_records;
drop function tg_holds_s10_stop(), lines_under(uuid, uuid, uuid, uuid, uuid), tg_archive_records_off_list(), ct_archive_records_c46_approved(),
  ct_archive_records_accepted(), tg_archive_records_c44_rebuilds_lost(), tg_archive_records_c45_class(), tg_archive_records_volume(),
  class_years(text), term_of(uuid[]), contents_of(uuid[]), element_gaps(uuid);
drop table disposal_approvals, disposal_lines, disposal_batches;
drop function list_hash_of(uuid), ct_disposal_lines_c46_list_hash(), tg_disposal_approvals_c3_not_proposer();
drop table contract_element_items, contract_element_checks, contract_elements;
delete from transitions where action in ('ADD_FILE_ITEM', 'RETURN_VOLUME', 'CLOSE_VOLUME', 'REOPEN_VOLUME', 'PROPOSE_DISPOSAL',
  'APPROVE_DISPOSAL', 'REJECT_DISPOSAL', 'EXECUTE_DISPOSAL', 'STOP_DISPOSAL');
delete from act_seats where action = 'EXECUTE_DISPOSAL';
delete from acts where action in ('REGISTER_SECOND_TIER', 'ADD_FILE_ITEM', 'RETURN_VOLUME', 'RECORD_ELEMENT_CHECK', 'CLOSE_VOLUME',
  'REOPEN_VOLUME', 'PROPOSE_DISPOSAL', 'APPROVE_DISPOSAL', 'REJECT_DISPOSAL', 'EXECUTE_DISPOSAL', 'STOP_DISPOSAL');
revoke update (state) on archive_records from loanfile_registrar;
revoke update (seen_by, seen_at) on file_items from loanfile_app;
alter table file_items drop constraint ck_file_items_seen, drop constraint ck_file_items_c30_copies, drop column copies, drop column document_no,
  drop column seen_by, drop column seen_at;
revoke update (retention_class, cutoff_at) on archive_records from loanfile_app;
alter table archive_records drop column rebuilds_id;
