create or replace function administer_units(act text, change jsonb, who uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  now timestamptz := clock_timestamp(); unit uuid := (change->>'unit')::uuid; receiver uuid := (change->>'receiver')::uuid;
  moved uuid[]; papers uuid[]; touched integer; begin
  if act = 'CLOSE_ORG_UNIT' then
    update org_units set closed_at = now where id = unit and closed_at is null;
    get diagnostics touched = row_count;
    if touched = 0 then perform broken('administer_nothing_to_change'); end if;
    return;
  end if;
  moved := loans_to_transfer(change);
  if cardinality(moved) <> (change->>'expected')::integer then perform broken('administer_count_changed'); end if;
  if cardinality(moved) not between 1 and 3000 then perform broken('administer_too_many'); end if;
  if not exists (select from org_units o where o.id = receiver and o.id <> unit and o.closed_at is null) then
    perform broken('administer_unit_closed'); end if;
  -- The receiving unit knows the borrower and the owner by rows of its own.
  insert into customers (org_id, party_id, name, district, identity_index, identity_cipher, identity_number_masked, phone_index, phone_cipher,
                         phone_masked, address_cipher, address_masked, key_epoch)
  select receiver, c.party_id, c.name, c.district, c.identity_index, c.identity_cipher, c.identity_number_masked, c.phone_index, c.phone_cipher,
         c.phone_masked, c.address_cipher, c.address_masked, c.key_epoch
  from customers c where c.id in (select l.customer_id from loans l where l.id = any (moved)
    union select a.owner_id from collateral a join loan_collateral x on x.collateral_id = a.id where x.loan_id = any (moved))
  on conflict (org_id, identity_index) do nothing;
  update loans l set org_id = receiver, customer_id = n.id from customers c join customers n on n.org_id = receiver and n.identity_index = c.identity_index
    where l.id = any (moved) and c.id = l.customer_id;
  update chains set org_id = receiver, transferred_at = now where id = any (moved);
  update loan_positions set org_id = receiver where loan_id = any (moved);
  update loan_contracts set org_id = receiver where loan_id = any (moved);
  update contracts k set org_id = receiver where k.org_id = unit and k.id in (select contract_id from loan_contracts where loan_id = any (moved))
    and not exists (select from loan_contracts x join loans l on l.id = x.loan_id where x.contract_id = k.id and l.org_id <> receiver);
  update loan_collateral set org_id = receiver where loan_id = any (moved);
  -- What secures only loans that have gone goes with them; owner and unit are the receiving unit's.
  update collateral a set org_id = receiver, owner_id = (select n.id from customers c join customers n on n.org_id = receiver
      and n.identity_index = c.identity_index where c.id = a.owner_id)
    where a.org_id = unit and a.id in (select collateral_id from loan_collateral where loan_id = any (moved))
    and not exists (select from loan_collateral x join loans l on l.id = x.loan_id where x.collateral_id = a.id and l.org_id <> receiver);
  select array_agg(r.id) into papers from archive_records r where r.primary_loan_id = any (moved);
  update archive_records set org_id = receiver where id = any (papers);
  perform refresh_collateral(x.collateral_id) from loan_collateral x where x.loan_id = any (moved);
  -- Its inspections go on where it is: whoever signs next is of the receiving unit; who signed before stands on the report.
  update inspection_reports set org_id = receiver where loan_id = any (moved);
  -- History belongs to the unit that owns the loan now; a former one keeps what it did itself.
  update access_requests q set visible_to = distinct_ids(q.visible_to || receiver)
    where q.id in (select request_id from request_lines where record_id = any (papers)) and not receiver = any (q.visible_to);
  update operations o set visible_to = distinct_ids(o.visible_to || receiver) where not receiver = any (o.visible_to) and o.id in (
    select exit_operation_id from movements where record_id = any (papers) union select entry_operation_id from movements where record_id = any (papers)
    union select operation_id from off_balance_entries where record_id = any (papers));
end $$;
revoke update (custody_org_id, vault_id) on archive_records from loanfile_registrar;
create or replace function ct_archive_records_c31_acknowledged() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (select from handover_lines l join handovers h on h.id = l.handover_id join operations o on o.id = l.decided_operation_id
                 where l.record_id = new.id and l.state in ('ACKNOWLEDGED', 'RESPONSIBILITY_ONLY') and h.to_org_id = new.custody_org_id
                 and h.org_id = old.custody_org_id and o.done_in = pg_current_xact_id()) then
    perform broken('ct_archive_records_c31_acknowledged'); end if;
  return null;
end $$;
