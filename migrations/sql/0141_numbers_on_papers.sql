-- Whatever a scanner or a person reads from a paper: the numbers too that the bank itself prints on its lists.
create or replace function look_up_of_all(asked text) returns table (kind text, id uuid, place text, is_retired boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select f.kind, f.id, f.place, f.is_retired from (
    select 'record' as kind, r.id, 'BARCODE' as place, c.retired_at is not null as is_retired, r.visible_to as units
      from barcodes c join archive_records r on r.id = c.subject_id where c.code = upper(asked)
    union all select 'envelope', e.id, 'BARCODE', c.retired_at is not null, e.visible_to
      from barcodes c join sealed_envelopes e on e.id = c.subject_id where c.code = upper(asked)
    union all select 'envelope', e.id, 'SEAL', s.broken_at is not null, e.visible_to
      from seals s join sealed_envelopes e on e.id = s.envelope_id where s.seal_no = asked
    union all select 'record', r.id, 'ARCHIVE_NO', false, r.visible_to from archive_records r where r.archive_no = asked
    union all select 'certificate', c.id, 'CERTIFICATE_NO', not c.is_live, c.visible_to from collateral_certificates c where c.number = asked
    union all select 'collateral', c.id, 'VIN', false, c.visible_to from collateral c where c.vin = upper(asked)
    union all select 'loan', l.id, 'LOAN_NO', false, array[l.org_id] from loans l where l.number = asked
    union all select 'contract', c.id, 'CONTRACT_NO', false, array[c.org_id] from contracts c where c.number = asked
    union all select 'handover', h.id, 'HANDOVER_NO', false, h.visible_to
      from handovers h join org_units u on u.id = h.org_id where upper(right(h.id::text, 12)) = right(asked, 12)
        and u.code || '-H' || upper(right(h.id::text, 12)) = asked
    union all select 'ticket', t.id, 'TICKET_NO', t.is_void, array[t.org_id]
      from org_units u join tickets t on t.org_id = u.id and t.ticket_no = substring(asked, '-([0-9]{6,18})$')::bigint
      where u.code = substring(asked, '^(.+)-[0-9]{6,18}$')
        and u.code || '-' || lpad(t.ticket_no::text, greatest(6, length(t.ticket_no::text)), '0') = asked
    union all select 'receipt', i.id, 'RECEIPT_NO', false, o.visible_to
      from org_units u join operations o on o.org_id = u.id
      join intake_receipts i on i.operation_id = o.id and i.receipt_no = substring(asked, '-R([0-9]{8,18})$')::bigint
      where u.code = substring(asked, '^(.+)-R[0-9]{8,18}$')
        and u.code || '-R' || lpad(i.receipt_no::text, greatest(8, length(i.receipt_no::text)), '0') = asked) f
  where app_everywhere() or f.units && app_branches() order by f.is_retired, f.place, f.id limit 100 $$;
