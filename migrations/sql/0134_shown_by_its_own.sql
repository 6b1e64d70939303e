-- C48: the scan shows the record that is corrected, or of what has none of its own a record of its loans.
create function correction_is_shown(of text, subject uuid, scan uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from scans s join archive_records r on r.id = s.record_id where s.id = scan and s.status = 'STORED' and case of
    when 'RECORD' then r.id = subject
    when 'FILE_ITEM' then exists (select from file_items i where i.id = subject and i.record_id = r.id)
    when 'CONTRACT' then exists (select from loan_contracts l where l.contract_id = subject and l.loan_id = r.primary_loan_id)
    when 'CERTIFICATE' then r.certificate_id = subject or not exists (select from archive_records o where o.certificate_id = subject)
      and exists (select from collateral_certificates c where c.id = subject and (r.collateral_id = c.collateral_id
        or r.primary_loan_id in (select x.loan_id from loan_collateral x where x.collateral_id = c.collateral_id)))
    when 'EVENT' then exists (select from events e where e.id = subject and (r.id = e.record_id or e.record_id is null and r.primary_loan_id = e.chain_id))
    else false end) $$;
alter function correction_is_shown(text, uuid, uuid) owner to loanfile_judge;
revoke execute on function correction_is_shown(text, uuid, uuid) from public;
grant execute on function correction_is_shown(text, uuid, uuid) to loanfile_app, loanfile_registrar, loanfile_search;

create or replace function tg_operations_c48_correct() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare d jsonb := new.ask->'detail'; what uuid := (d->>'subject')::uuid; value text := d->>'value'; old text; begin
  case (d->>'of') || '.' || (d->>'field')
  when 'RECORD.title' then select title into old from archive_records where id = what for update;
    update archive_records set title = value where id = what;
  when 'RECORD.pages' then select pages into old from archive_records where id = what for update;
    update archive_records set pages = value::integer where id = what;
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
