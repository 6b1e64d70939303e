drop trigger tg_loan_positions_c52_back_to_shelf on loan_positions;
drop function tg_loan_positions_c52_back_to_shelf();
revoke update (back_to) on loss_cases from loanfile_registrar;
create or replace function handover_facts(which uuid, ids uuid[], the_vault uuid, the_seal text, at timestamptz) returns table (record_id uuid, kind text, state text, from_org uuid, to_org uuid, to_has_vault boolean, giver uuid, taker uuid, line text, stood_as text, shipped boolean, back boolean, complete boolean, is_current boolean, elsewhere boolean, kept_by_giver boolean, fit_for_archive boolean, late boolean, seal_used boolean, not_counted integer, keys uuid[], codes uuid[])
language sql security definer set search_path = public, pg_temp as $$
  select r.id, h.kind, h.state, h.org_id, h.to_org_id, o.has_vault, h.giver_id, h.taker_id, l.state, l.stood_as,
         l.shipment_id is not null, l.back_operation_id is not null,
         coalesce(f.copies > 0 and f.pages > 0 and (r.tier = 'SECOND' or f.seal_no is not null), false),
         coalesce((f.archive_no, f.barcode, f.copies, f.pages, f.is_original, f.stood_as)
           = (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as) and f.seal_no is not distinct from l.seal_no, false),
         exists (select from handover_lines x where x.record_id = r.id and x.handover_id <> h.id and x.state = 'SENT'),
         r.custody_org_id = h.org_id and (h.kind <> 'CUSTODIAN' or r.tier = 'FIRST' or r.custodian_id = h.giver_id),
         h.kind <> 'TO_ARCHIVE' or r.state = 'CLOSED_VOLUME' and coalesce(r.retention_class in ('TWENTY_YEARS', 'PERMANENT'), false),
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
create or replace function tg_handover_lines_c31_step() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare h handovers; begin
  if not ((old.state, new.state) in (('LISTED', 'SENT'), ('SENT', 'ACKNOWLEDGED'), ('SENT', 'RESPONSIBILITY_ONLY'), ('SENT', 'REJECTED'),
                                     ('SENT', 'RECALLED')))
     or new.state = 'RESPONSIBILITY_ONLY' and new.shipment_id is not null or new.state = 'ACKNOWLEDGED' and new.shipment_id is null then
    perform broken('tg_handover_lines_c31_step'); end if;
  if new.state <> 'SENT' then return new; end if;
  select * into h from handovers where id = new.handover_id;
  if not exists (select from handover_line_of(new.record_id) l where (l.archive_no, l.barcode, l.copies, l.pages, l.is_original, l.stood_as)
                 = (new.archive_no, new.barcode, new.copies, new.pages, new.is_original, new.stood_as)
                 and l.seal_no is not distinct from new.seal_no) then
    perform broken('tg_handover_lines_c30_list_is_true'); end if;
  if h.kind <> 'CUSTODIAN' and new.shipment_id is null and new.stood_as not in ('CHECKED_OUT', 'READING') then
    perform broken('tg_handover_lines_c31_moves'); end if;
  if not stays_open(h.to_org_id) then perform broken('tg_c32_unit_is_open'); end if;
  if h.kind = 'TO_ARCHIVE' and not exists (select from archive_records r where r.id = new.record_id and r.state = 'CLOSED_VOLUME'
                                           and r.retention_class in ('TWENTY_YEARS', 'PERMANENT')) then
    perform broken('tg_handover_lines_c45_for_archive'); end if;
  if new.tier = 'FIRST' and not exists (select from org_units o where o.id = h.to_org_id and o.has_vault) then
    perform broken('tg_handover_lines_c33_vault'); end if;
  return new;
end $$;
create or replace function ct_loan_positions_c52_reversal() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if exists (select from settlement_notices n where n.loan_id = new.loan_id and n.voided_at is null)
     or exists (select from access_requests q join request_lines x on x.request_id = q.id
                where q.kind = 'RELEASE' and q.purpose <> 'PARTIAL_RELEASE' and q.state in ('SUBMITTED', 'WAITING', 'APPROVED')
                and new.loan_id in (select loan_id from loans_on(x.record_id))) then
    perform broken('ct_loan_positions_c52_reversal'); end if;
  return null;
end $$;
create or replace function tg_discrepancies_open_loss() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  insert into loss_cases (org_id, discrepancy_id, record_id, back_to, opened_at)
    select new.org_id, new.id, r.id,
      case when r.tier = 'FIRST' and (r.state = 'PENDING_INTAKE' or r.state = 'IN_TRANSIT' and exists (select from handover_lines l
                 where l.record_id = r.id and l.stood_as = 'PENDING_INTAKE' and l.state in ('SENT', 'REJECTED') and l.back_operation_id is null))
           then 'PENDING_INTAKE'
           else coalesce((select d.back_to from disposal_lines d where d.record_id = r.id and d.is_open), rest_of(r.tier, r.state)) end,
      new.reported_at from archive_records r where r.id = new.record_id;
  return null;
end $$;
