create or replace function release_ready_since(record uuid) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare f record; begin
  if not exists (select from archive_records r where r.id = record and r.state = 'IN_VAULT' and r.kind <> 'SETTLEMENT_NOTICE')
     or is_on_hold(record) or cardinality(frozen_kinds(record)) > 0 then return null; end if;
  select * into f from release_facts(array[record]);
  return case when f.settled and f.others_settled and f.final_at <= clock_timestamp() then f.final_at end;
end $$;
