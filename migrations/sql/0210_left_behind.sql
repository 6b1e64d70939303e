-- C32: a custodian who leaves hands over also what is missing, lost, archived or on a list for disposal.
insert into transitions (tier, start, action, finish, code) values
  ('SECOND', 'ARCHIVED', 'ADD_HANDOVER_LINES', 'ARCHIVED', '–'),
  ('SECOND', 'ARCHIVED', 'RECALL_RESPONSIBILITY', 'ARCHIVED', '–'),
  ('SECOND', 'ARCHIVED', 'RECEIVE_CUSTODY', 'ARCHIVED', '–'),
  ('SECOND', 'ARCHIVED', 'REJECT_HANDOVER', 'ARCHIVED', '–'),
  ('SECOND', 'ARCHIVED', 'REMOVE_HANDOVER_LINES', 'ARCHIVED', '–'),
  ('SECOND', 'ARCHIVED', 'SEND_RESPONSIBILITY', 'ARCHIVED', '–'),
  ('SECOND', 'CLOSED_LOST', 'RECALL_RESPONSIBILITY', 'CLOSED_LOST', '–'),
  ('SECOND', 'CLOSED_LOST', 'REJECT_HANDOVER', 'CLOSED_LOST', '–'),
  ('SECOND', 'CLOSED_LOST', 'REMOVE_HANDOVER_LINES', 'CLOSED_LOST', '–'),
  ('SECOND', 'DESTROYED', 'RECALL_RESPONSIBILITY', 'DESTROYED', '–'),
  ('SECOND', 'DESTROYED', 'REJECT_HANDOVER', 'DESTROYED', '–'),
  ('SECOND', 'DESTROYED', 'REMOVE_HANDOVER_LINES', 'DESTROYED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'ADD_HANDOVER_LINES', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'RECALL_RESPONSIBILITY', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'RECEIVE_CUSTODY', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'REJECT_HANDOVER', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'REMOVE_HANDOVER_LINES', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_APPROVED', 'SEND_RESPONSIBILITY', 'DISPOSAL_APPROVED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'ADD_HANDOVER_LINES', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'RECALL_RESPONSIBILITY', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'RECEIVE_CUSTODY', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'REJECT_HANDOVER', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'REMOVE_HANDOVER_LINES', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'DISPOSAL_PROPOSED', 'SEND_RESPONSIBILITY', 'DISPOSAL_PROPOSED', '–'),
  ('SECOND', 'LOST', 'ADD_HANDOVER_LINES', 'LOST', '–'),
  ('SECOND', 'LOST', 'RECALL_RESPONSIBILITY', 'LOST', '–'),
  ('SECOND', 'LOST', 'RECEIVE_CUSTODY', 'LOST', '–'),
  ('SECOND', 'LOST', 'REJECT_HANDOVER', 'LOST', '–'),
  ('SECOND', 'LOST', 'REMOVE_HANDOVER_LINES', 'LOST', '–'),
  ('SECOND', 'LOST', 'SEND_RESPONSIBILITY', 'LOST', '–'),
  ('SECOND', 'MISSING', 'ADD_HANDOVER_LINES', 'MISSING', '–'),
  ('SECOND', 'MISSING', 'RECEIVE_CUSTODY', 'MISSING', '–'),
  ('SECOND', 'MISSING', 'SEND_RESPONSIBILITY', 'MISSING', '–');

-- What is gone for good holds nobody.
create or replace function has_custody(who uuid, at timestamptz default clock_timestamp()) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from movements m where m.holder_id = who and m.closed_at is null and m.out_at is not null and m.returned_at is null)
      or exists (select from keeper_duties d where d.staff_id = who and upper(d.during) > at)
      or exists (select from archive_records r where r.custodian_id = who and r.state not in ('DESTROYED', 'CLOSED_LOST'))
      or exists (select from discrepancies x where x.owner_id = who and x.resolved_at is null) $$;
-- Whose a volume is that is on its way, the handover that carries it says: its sender stays until then.
create or replace function uncounted(which uuid, at timestamptz default clock_timestamp()) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*)::integer from handovers h join archive_records r on r.custodian_id = h.giver_id
      or r.tier = 'FIRST' and r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING') and r.vault_id in (
        select d.vault_id from keeper_duties d where d.staff_id = h.giver_id and d.during @> at)
  where h.id = which and h.kind = 'CUSTODIAN' and r.custody_org_id = h.org_id
    and r.state not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST', 'DESTROYED')
    and not exists (select from handover_lines l where l.handover_id = h.id and l.record_id = r.id)
    and not exists (select from movements m where m.record_id = r.id and m.kind = 'TRANSIT' and m.closed_at is null) $$;
