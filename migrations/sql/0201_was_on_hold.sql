-- C16 as it stood: by the record, its loan and its collateral of then, and the other loans that the collateral secured then.
create function was_on_hold(record uuid, loan uuid, asset uuid, moment timestamptz) returns boolean
language sql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
  with tie as (
    select (l->>'id')::uuid as loan_id, (l->>'dealer_id')::uuid as dealer_id, (l->>'customer_id')::uuid as customer_id
    from jsonb_array_elements(rows_at('loans', array(select loan union all select (x->>'loan_id')::uuid from jsonb_array_elements(
      rows_at('loan_collateral', array(select c.id from loan_collateral c where c.collateral_id = asset), moment, moment)) x), moment, moment)) l)
  select exists (select from jsonb_array_elements(rows_at('holds', ever_of('holds', array(
      select record union all select asset union all select loan_id from tie union all select dealer_id from tie
      union all select c.party_id from tie t join customers c on c.id = t.customer_id)), moment, moment)) h where h->>'lifted_at' is null) $$;
alter function was_on_hold(uuid, uuid, uuid, timestamptz) owner to loanfile_judge;
revoke execute on function was_on_hold(uuid, uuid, uuid, timestamptz) from public;
grant execute on function was_on_hold(uuid, uuid, uuid, timestamptz) to loanfile_app, loanfile_reader;
