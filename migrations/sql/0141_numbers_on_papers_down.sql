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
    union all select 'contract', c.id, 'CONTRACT_NO', false, array[c.org_id] from contracts c where c.number = asked) f
  where app_everywhere() or f.units && app_branches() order by f.is_retired, f.place, f.id limit 100 $$;
