-- Undoes 0013. A discrepancy without a record cannot be kept by the tables of before: then this stops.
do $$ declare name text; begin
  foreach name in array array['archive_records', 'sealed_envelopes', 'seals', 'movements', 'file_items', 'discrepancies', 'scans', 'events',
                              'off_balance_entries', 'return_inspections', 'loss_cases'] loop
    execute format('drop policy blind on %I', name);
  end loop;
end $$;
drop function search_hits(text, text[], int), search_hits(text, text[], int, boolean), look_up(text);
alter function search_hits_of_all(text, text[], int) rename to search_hits;
alter function search_hits_of_all(text, text[], int, boolean) rename to search_hits;
alter function look_up_of_all(text) rename to look_up;
grant execute on function search_hits(text, text[], int), search_hits(text, text[], int, boolean), look_up(text) to public;
drop trigger tg_follow_stocktake on discrepancies;
drop trigger tg_movements_c17_slot_counted on movements;
drop trigger tg_sealed_envelopes_c17_slot_counted on sealed_envelopes;
create or replace function frozen_kinds(record uuid) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
  select array(select case when d.item_id is null then d.kind else 'ITEM' end from discrepancies d
      where d.record_id = record and d.resolved_at is null
    union select 'SLOT' from archive_records r join archive_records x on x.envelope_id = r.envelope_id and x.id <> r.id
      join discrepancies d on d.record_id = x.id and d.resolved_at is null where r.id = record order by 1) $$;
alter table discrepancies drop column stocktake_line_id;
alter table discrepancies drop constraint ck_discrepancies_unknown_is_extra;
alter table discrepancies alter column record_id set not null;
comment on column discrepancies.record_id is 'The record.';
drop index ix_archive_records_location_id;
drop table stocktake_counts, stocktake_lines, stocktake_places, stocktakes;
drop function places_to_count(uuid), stocktake_team(uuid, uuid[]), tg_stocktakes_c41_team(), tg_stocktakes_frame(),
  tg_stocktake_counts_c41_team(), tg_stocktake_counts_advance(), stocktake_findings(uuid), stocktake_places_open(uuid),
  stocktake_cases_open(uuid), stocktake_unchecked(uuid), tg_stocktakes_c15_step(), ct_stocktakes_c43_discrepancies(),
  tg_stocktake_discrepancies(), lock_found(uuid), place_is_counted(uuid), has_open_discrepancy(uuid, text), is_counted(uuid), is_being_counted(uuid), tg_movements_c17_slot_counted(),
  tg_sealed_envelopes_c17_slot_counted(), blind_places(), blind_envelopes(), blind_records(), stocktakes_compared(uuid);
delete from transitions where action in ('COMPARE_COUNTS', 'COUNT_MISSING');
delete from acts where action in ('OPEN_STOCKTAKE', 'SUBMIT_COUNT', 'COMPARE_COUNTS', 'COUNT_MISSING', 'SIGN_STOCKTAKE');
