delete from transitions where tier = 'SECOND' and (start, action) in (
  ('ARCHIVED', 'ADD_HANDOVER_LINES'),
  ('ARCHIVED', 'RECALL_RESPONSIBILITY'),
  ('ARCHIVED', 'RECEIVE_CUSTODY'),
  ('ARCHIVED', 'REJECT_HANDOVER'),
  ('ARCHIVED', 'REMOVE_HANDOVER_LINES'),
  ('ARCHIVED', 'SEND_RESPONSIBILITY'),
  ('CLOSED_LOST', 'RECALL_RESPONSIBILITY'),
  ('CLOSED_LOST', 'REJECT_HANDOVER'),
  ('CLOSED_LOST', 'REMOVE_HANDOVER_LINES'),
  ('DESTROYED', 'RECALL_RESPONSIBILITY'),
  ('DESTROYED', 'REJECT_HANDOVER'),
  ('DESTROYED', 'REMOVE_HANDOVER_LINES'),
  ('DISPOSAL_APPROVED', 'ADD_HANDOVER_LINES'),
  ('DISPOSAL_APPROVED', 'RECALL_RESPONSIBILITY'),
  ('DISPOSAL_APPROVED', 'RECEIVE_CUSTODY'),
  ('DISPOSAL_APPROVED', 'REJECT_HANDOVER'),
  ('DISPOSAL_APPROVED', 'REMOVE_HANDOVER_LINES'),
  ('DISPOSAL_APPROVED', 'SEND_RESPONSIBILITY'),
  ('DISPOSAL_PROPOSED', 'ADD_HANDOVER_LINES'),
  ('DISPOSAL_PROPOSED', 'RECALL_RESPONSIBILITY'),
  ('DISPOSAL_PROPOSED', 'RECEIVE_CUSTODY'),
  ('DISPOSAL_PROPOSED', 'REJECT_HANDOVER'),
  ('DISPOSAL_PROPOSED', 'REMOVE_HANDOVER_LINES'),
  ('DISPOSAL_PROPOSED', 'SEND_RESPONSIBILITY'),
  ('LOST', 'ADD_HANDOVER_LINES'),
  ('LOST', 'RECALL_RESPONSIBILITY'),
  ('LOST', 'RECEIVE_CUSTODY'),
  ('LOST', 'REJECT_HANDOVER'),
  ('LOST', 'REMOVE_HANDOVER_LINES'),
  ('LOST', 'SEND_RESPONSIBILITY'),
  ('MISSING', 'ADD_HANDOVER_LINES'),
  ('MISSING', 'RECEIVE_CUSTODY'),
  ('MISSING', 'SEND_RESPONSIBILITY'));
create or replace function has_custody(who uuid, at timestamptz default clock_timestamp()) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from movements m where m.holder_id = who and m.closed_at is null and m.out_at is not null and m.returned_at is null)
      or exists (select from keeper_duties d where d.staff_id = who and upper(d.during) > at)
      or exists (select from archive_records r where r.custodian_id = who and r.state not in ('DESTROYED', 'ARCHIVED'))
      or exists (select from discrepancies x where x.owner_id = who and x.resolved_at is null) $$;
create or replace function uncounted(which uuid, at timestamptz default clock_timestamp()) returns integer
language sql stable security definer set search_path = public, pg_temp as $$
  select count(*)::integer from handovers h join archive_records r on r.custodian_id = h.giver_id
      or r.tier = 'FIRST' and r.state in ('IN_VAULT', 'RESERVED', 'CHECKED_OUT', 'RETURN_PENDING') and r.vault_id in (
        select d.vault_id from keeper_duties d where d.staff_id = h.giver_id and d.during @> at)
  where h.id = which and h.kind = 'CUSTODIAN' and r.custody_org_id = h.org_id
    and r.state not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST', 'DESTROYED', 'ARCHIVED')
    and not exists (select from handover_lines l where l.handover_id = h.id and l.record_id = r.id) $$;
