-- The same answer sooner: of nearly every paper in a vault the loan is simply not paid off, which its newest position says.
create or replace function release_ready_since(record uuid) returns timestamptz
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare f record; mine record; begin
  select r.primary_loan_id, r.collateral_id into mine from archive_records r
    where r.id = record and r.state = 'IN_VAULT' and r.kind <> 'SETTLEMENT_NOTICE';
  if not found or exists (
      select from (select mine.primary_loan_id union select x.loan_id from loan_collateral x where x.collateral_id = mine.collateral_id) l (id)
      where l.id is not null and not coalesce((
        select (p.principal_amount, p.interest_amount, p.fees_amount) = (0, 0, 0) and p.reversal_of_id is null
        from loan_positions p where p.loan_id = l.id order by p.as_of desc limit 1), false))
     or is_on_hold(record) or cardinality(frozen_kinds(record)) > 0 then return null; end if;
  select * into f from release_facts(array[record]);
  return case when f.settled and f.others_settled and f.final_at <= clock_timestamp() then f.final_at end;
end $$;
