-- C41, the blindness, for what came beside the tables of 0013: whatever names what should lie where one counts is hidden from the two.
-- A request, handover, list or operation is hidden as a whole: a counter who saw some of its lines would decide on, or print, some of them.
create function blind_requests() returns uuid[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare hidden uuid[] := blind_records(); begin
  if cardinality(hidden) = 0 then return '{}'; end if;
  return array(select distinct l.request_id from request_lines l where l.record_id = any (hidden));
end $$;
create function blind_handovers() returns uuid[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare hidden uuid[] := blind_records(); begin
  if cardinality(hidden) = 0 then return '{}'; end if;
  return array(select distinct l.handover_id from handover_lines l where l.record_id = any (hidden));
end $$;
create function blind_batches() returns uuid[]
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare hidden uuid[] := blind_records(); begin
  if cardinality(hidden) = 0 then return '{}'; end if;
  return array(select distinct l.batch_id from disposal_lines l where l.record_id = any (hidden));
end $$;
-- The ids, as a pattern: what was judged is kept as text.
create function blind_words() returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare hidden uuid[] := blind_records() || blind_envelopes(); begin
  if cardinality(hidden) = 0 then return null; end if;
  return array_to_string(hidden, '|');
end $$;

do $$ declare name text; begin
  foreach name in array array['handover_lines', 'corrections', 'overrides', 'holds', 'notices', 'registry_checks', 'settlement_notices'] loop
    execute format('create policy blind on %I as restrictive for select to loanfile_app, loanfile_reader
      using (case when record_id = any ((select blind_records())::uuid[]) then false else true end)', name);
  end loop;
end $$;
create policy blind on access_requests as restrictive for select to loanfile_app, loanfile_reader
  using (case when id = any ((select blind_requests())::uuid[]) then false else true end);
create policy blind on handovers as restrictive for select to loanfile_app, loanfile_reader
  using (case when id = any ((select blind_handovers())::uuid[]) then false else true end);
create policy blind on disposal_batches as restrictive for select to loanfile_app, loanfile_reader
  using (case when id = any ((select blind_batches())::uuid[]) then false else true end);
create policy blind on operations as restrictive for select to loanfile_app, loanfile_reader
  using (case when record_ids && (select blind_records())::uuid[] then false else true end);
create policy blind on substitutions as restrictive for select to loanfile_app, loanfile_reader
  using (case when replacement_id = any ((select blind_records())::uuid[]) then false else true end);
create policy blind on decisions as restrictive for select to loanfile_app, loanfile_reader
  using (case when moves::text ~ (select blind_words()) then false else true end);
-- Events of a loan or a unit name records in what they tell: read only for who counts.
alter policy blind on events using (case when record_id = any ((select blind_records())::uuid[]) then false
  when record_id is null and (select blind_words()) is not null and convert_from(substr(canonical, 18), 'UTF8') ~ (select blind_words()) then false
  else true end);

-- What runs with the rights of others and answers with a position, a label or a seal.
alter function stocktake_findings(uuid) rename to stocktake_findings_of_all;
create function stocktake_findings(stocktake uuid) returns table (
  line_id uuid, result text, location_id uuid, envelope_id uuid, record_id uuid, barcode text, found_location_id uuid, found_seal_no text)
language sql stable security definer set search_path = public, pg_temp as $$
  select f.* from stocktake_findings_of_all(stocktake) f
  where not exists (select from stocktakes t where t.id = stocktake and t.state in ('OPEN', 'COUNTING')
                    and app_staff() in (t.first_counter_id, t.second_counter_id)) $$;
-- Nothing is put into a place that is counted, so a counter is told of none that it is empty.
create or replace function slot_facts(envelope uuid, place uuid) returns table (is_slot boolean, is_empty boolean, vault_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  select s.kind = 'SLOT', s.id <> all (blind_places()) and not exists (select from sealed_envelopes e where e.location_id = s.id
    and e.id is distinct from envelope), s.vault_id
  from storage_locations s where s.id = place $$;

do $$ declare name text; begin
  foreach name in array array['blind_requests()', 'blind_handovers()', 'blind_batches()', 'blind_words()', 'stocktake_findings(uuid)'] loop
    execute format('alter function %s owner to loanfile_judge', name);
  end loop;
  foreach name in array array['stocktake_findings_of_all(uuid)', 'handover_line_of(uuid)'] loop
    execute format('revoke execute on function %s from public', name);
    execute format('grant execute on function %s to loanfile_judge, loanfile_registrar', name);
  end loop;
end $$;
