-- Undoes 0050.
do $$ declare name text; begin
  foreach name in array array['handover_lines', 'corrections', 'overrides', 'holds', 'notices', 'registry_checks', 'settlement_notices',
                              'access_requests', 'handovers', 'disposal_batches', 'operations', 'substitutions', 'decisions'] loop
    execute format('drop policy blind on %I', name);
  end loop;
end $$;
alter policy blind on events using (case when record_id = any ((select blind_records())::uuid[]) then false else true end);
create or replace function slot_facts(envelope uuid, place uuid) returns table (is_slot boolean, is_empty boolean, vault_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.kind = 'SLOT', not exists (select from sealed_envelopes e where e.location_id = s.id and e.id is distinct from envelope), s.vault_id
  from storage_locations s where s.id = place $$;
drop function stocktake_findings(uuid), blind_requests(), blind_handovers(), blind_batches(), blind_words();
alter function stocktake_findings_of_all(uuid) rename to stocktake_findings;
grant execute on function stocktake_findings(uuid), handover_line_of(uuid) to public;
