drop trigger tg_collateral_one_vehicle on loan_collateral;
create or replace function tg_collateral_one_vehicle() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  perform lock_vehicle(new.vin);
  if exists (select from collateral c join loan_collateral s on s.collateral_id = c.id join loans l on l.id = s.loan_id
             where c.vin = new.vin and c.id <> new.id and l.status <> 'SETTLED') then
    perform broken('tg_collateral_one_vehicle');
  end if;
  return null;
end $$;
create or replace function tg_operations_c48_amend() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare d jsonb := new.ask->'detail'; of contracts; joining uuid[]; day date := (d->>'signed_on')::date; proof uuid := (d->>'evidence')::uuid; begin
  select * into of from contracts where id = (d->>'contract')::uuid for update;
  joining := array(select j::uuid from jsonb_array_elements_text(coalesce(d->'loans', '[]')) j
                   except select loan_id from loan_contracts where contract_id = of.id);
  if not exists (select from scans s join archive_records r on r.id = s.record_id
                   join loan_contracts l on l.loan_id = r.primary_loan_id and l.contract_id = of.id
                 where s.id = proof and s.status = 'STORED') then
    perform broken('tg_operations_c48_amendment_evidence'); end if;
  if day is null or day < of.signed_on or day > bank_day(new.done_at) then perform broken('tg_operations_c48_amendment_day'); end if;
  if cardinality(joining) > 0 and (not of.is_maximum_amount or cardinality(joining) <>
      (select count(*) from loans l where l.id = any (joining) and l.org_id = of.org_id and l.currency = of.currency)) then
    perform broken('tg_operations_c48_amendment_loans'); end if;
  insert into contract_amendments (id, contract_id, number, signed_on, summary, amount_before, amount, currency, loan_ids, evidence_id,
                                   proposed_by, approved_by, amended_at)
  values (new.id, of.id, d->>'number', day, coalesce(d->>'summary', ''), of.amount, coalesce((d->>'amount')::numeric, of.amount), of.currency,
          joining, proof, (select staff_id from operation_seats where operation_id = new.id and seat = 'PROPOSER'),
          (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'), new.done_at);
  update contracts set amount = coalesce((d->>'amount')::numeric, amount) where id = of.id;
  insert into loan_contracts (org_id, loan_id, contract_id) select of.org_id, j, of.id from unnest(joining) j;
  return null;
end $$;
grant execute on function lock_vehicle(text) to public;
