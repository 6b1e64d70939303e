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
      (select count(*) from loans l where l.id = any (joining) and l.org_id = of.org_id and l.currency = of.currency and (of.kind <> 'LOAN'
        or l.customer_id in (select o.customer_id from loan_contracts x join loans o on o.id = x.loan_id where x.contract_id = of.id)))) then
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
create or replace function tg_operations_c48_correct() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare d jsonb := new.ask->'detail'; what uuid := (d->>'subject')::uuid; value text := d->>'value'; old text; begin
  case (d->>'of') || '.' || (d->>'field')
  when 'RECORD.title' then select title into old from archive_records where id = what for update;
    update archive_records set title = value where id = what;
  when 'RECORD.pages' then select pages into old from archive_records where id = what for update;
    update archive_records set pages = value::integer where id = what;
  when 'RECORD.expiresOn' then select expires_on into old from archive_records where id = what and kind = 'INSURANCE_POLICY' for update;
    if not found then perform broken('tg_operations_c48_correctable'); end if;
    update archive_records set expires_on = value::date where id = what;
  when 'FILE_ITEM.title' then select title into old from file_items where id = what for update;
    update file_items set title = value where id = what;
  when 'FILE_ITEM.pages' then select pages into old from file_items where id = what for update;
    update file_items set pages = value::integer where id = what;
  when 'CERTIFICATE.number' then select number into old from collateral_certificates where id = what for update;
    update collateral_certificates set number = value where id = what;
  when 'CERTIFICATE.registrationNo' then select registration_no into old from collateral_certificates where id = what for update;
    update collateral_certificates set registration_no = value where id = what;
  when 'CERTIFICATE.issuedOn' then select issued_on into old from collateral_certificates where id = what for update;
    update collateral_certificates set issued_on = value::date where id = what;
  when 'CERTIFICATE.expiresOn' then select expires_on into old from collateral_certificates where id = what for update;
    update collateral_certificates set expires_on = value::date where id = what;
  when 'CONTRACT.number' then select number into old from contracts where id = what for update;
    update contracts set number = value where id = what;
  when 'CONTRACT.signedOn' then select signed_on into old from contracts where id = what for update;
    update contracts set signed_on = value::date where id = what;
  else
    if d->>'of' = 'EVENT' and d->>'field' in ('archive_no', 'barcode', 'seal_no') then  -- the 17 bytes before are the tag
      select convert_from(substr(canonical, 18), 'UTF8')::jsonb->'detail'->>(d->>'field') into old from events where id = what;
    end if;
    if old is null then perform broken('tg_operations_c48_correctable'); end if;
  end case;
  if not correction_is_shown(d->>'of', what, (d->>'evidence')::uuid) then
    perform broken('tg_operations_c48_evidence'); end if;
  insert into corrections (id, org_id, visible_to, operation_id, subject_kind, subject_id, record_id, field, old_value, new_value, reason,
                           evidence_id, proposed_by, confirmed_by, corrected_at)
  values (new.id, new.org_id, new.visible_to, new.id, d->>'of', what, new.record_ids[1], d->>'field', old, value, coalesce(new.ask->>'reason', ''),
          (d->>'evidence')::uuid, (select staff_id from operation_seats where operation_id = new.id and seat = 'PROPOSER'),
          (select staff_id from operation_seats where operation_id = new.id and seat = 'SECOND'), new.done_at);
  return null;
end $$;
