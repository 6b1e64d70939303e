-- C30: a settlement notice lies in the vault as it is, and an electronic certificate is a reference (C9, C55): neither has a seal that a list could
-- name, and a unit, or a keeper, that has one could never hand over what it keeps.
create function needs_no_seal(record uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce(r.kind = 'SETTLEMENT_NOTICE', false) or is_electronic(r.certificate_id) from archive_records r where r.id = record $$;
alter function needs_no_seal(uuid) owner to loanfile_judge;
revoke execute on function needs_no_seal(uuid) from public;
grant execute on function needs_no_seal(uuid) to loanfile_registrar;

comment on column handover_lines.seal_no is 'Seal of the envelope; first tier, but for what lies in none: settlement notices and electronic certificates.';

-- What is complete is asked of the row by the trigger, which knows the record.
alter table handover_lines drop constraint ck_handover_lines_c30_complete;
alter table handover_lines add constraint ck_handover_lines_c30_complete check (copies > 0 and pages > 0) not valid;
alter table handover_lines validate constraint ck_handover_lines_c30_complete;
create or replace function tg_handover_lines_c30_from_rows() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare h handovers; keeper uuid; begin
  select * into h from handovers where id = new.handover_id;
  select l.tier, l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.seal_no, l.stood_as, l.kept_by
    into new.tier, new.archive_no, new.barcode, new.copies, new.pages, new.is_original, new.seal_no, new.stood_as, keeper
    from handover_line_of(new.record_id) l;
  new.org_id := h.org_id;
  new.visible_to := h.visible_to;
  if h.state <> 'DRAFT' then perform broken('tg_handover_lines_c31_draft'); end if;
  if keeper <> h.org_id then perform broken('tg_handover_lines_c31_keeper'); end if;
  if new.tier = 'FIRST' and new.seal_no is null and not needs_no_seal(new.record_id) then
    perform broken('tg_handover_lines_c30_sealed'); end if;
  return new;
end $$;
create or replace function handover_facts(which uuid, ids uuid[], the_vault uuid, the_seal text, at timestamptz) returns table (record_id uuid, kind text, state text, from_org uuid, to_org uuid, to_has_vault boolean, giver uuid, taker uuid, line text, stood_as text, shipped boolean, back boolean, complete boolean, is_current boolean, elsewhere boolean, kept_by_giver boolean, fit_for_archive boolean, late boolean, seal_used boolean, not_counted integer, keys uuid[], codes uuid[])
language sql security definer set search_path = public, pg_temp as $$
  select r.id, h.kind, h.state, h.org_id, h.to_org_id, o.has_vault, h.giver_id, h.taker_id, l.state, l.stood_as,
         l.shipment_id is not null, l.back_operation_id is not null,
         coalesce(f.copies > 0 and f.pages > 0 and (r.tier = 'SECOND' or f.seal_no is not null or needs_no_seal(r.id)), false),
         coalesce((f.archive_no, f.barcode, f.copies, f.pages, f.is_original, f.stood_as)
           = (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as) and f.seal_no is not distinct from l.seal_no, false),
         exists (select from handover_lines x where x.record_id = r.id and x.handover_id <> h.id and x.state = 'SENT'),
         r.custody_org_id = h.org_id and (h.kind <> 'CUSTODIAN' or r.tier = 'FIRST' or r.custodian_id = h.giver_id),
         h.kind <> 'TO_ARCHIVE' or r.state = 'CLOSED_VOLUME' and r.cutoff_at is not null and coalesce(r.retention_class in ('TWENTY_YEARS', 'PERMANENT'), false),
         s.late, s.used, s.not_counted, d.keys, d.codes
  from handovers h join org_units o on o.id = h.to_org_id join archive_records r on r.id = any (ids)
  left join handover_lines l on l.handover_id = h.id and l.record_id = r.id
  left join lateral handover_line_of(r.id) f on true
  cross join (select exists (select from shipments p join handover_lines x on x.shipment_id = p.id and x.state = 'SENT'
                             where p.handover_id = which and p.due_at < at) late,
                     exists (select from shipments p where p.seal_no = the_seal) or exists (select from seals e where e.seal_no = the_seal) used,
                     uncounted(which, at) not_counted) s
  cross join (select array_agg(k.staff_id) filter (where k.seat = 'KEY') keys, array_agg(k.staff_id) filter (where k.seat = 'CODE') codes
              from keeper_duties k where k.vault_id = the_vault and k.during @> at) d
  where h.id = which $$;
