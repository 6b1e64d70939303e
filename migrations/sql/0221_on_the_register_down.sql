drop trigger ct_archive_records_c17_place on archive_records;
drop function ct_archive_records_c17_place();
drop trigger tg_tickets_c10_unit on tickets;
drop function tg_tickets_c10_unit();
drop trigger tg_substitutions_c39_before_approval on substitutions;
drop function tg_substitutions_c39_before_approval();
drop trigger tg_archive_records_c26_pages on archive_records;
drop function tg_archive_records_c26_pages();
drop trigger tg_archive_records_c44_certificate on archive_records;
drop function tg_archive_records_c44_certificate();
drop trigger tg_file_items_c31_collecting on file_items;
drop function tg_file_items_c31_collecting();
drop trigger ct_sealed_envelopes_c9_seal on sealed_envelopes;
drop function ct_sealed_envelopes_c9_seal();
drop trigger tg_seals_c9_broken_once on seals;
drop function tg_seals_c9_broken_once();
drop trigger tg_emergency_reviews_c1_open on emergency_reviews;
drop function tg_emergency_reviews_c1_open();
drop trigger tg_settlement_notices_c36_paper on settlement_notices;
drop function tg_settlement_notices_c36_paper();
drop trigger tg_idempotency_keys_c51_once on idempotency_keys;
drop function tg_idempotency_keys_c51_once();
create or replace function tg_archive_records_c15_birth() returns trigger language plpgsql as $$ begin
  if new.state not in ('AWAITED', 'PENDING_INTAKE', 'COLLECTING') then perform broken('tg_archive_records_c15_transition'); end if;
  return new;
end $$;
create or replace function ct_archive_records_enters() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare r archive_records; begin
  select * into r from archive_records where id = new.id;
  if r.state <> 'IN_VAULT' then return null; end if;
  if r.envelope_id is null then
    if r.kind <> 'SETTLEMENT_NOTICE' and not is_electronic(r.certificate_id) then perform broken('ct_archive_records_c7_sealed'); end if;
  elsif not exists (select from sealed_envelopes e join storage_locations s on s.id = e.location_id
                    where e.id = r.envelope_id and s.kind = 'SLOT' and s.vault_id = r.vault_id) then
    perform broken('ct_archive_records_c8_in_slot'); end if;
  return null;
end $$;
