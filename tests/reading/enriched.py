"""What the demo bank, as it opens, has none of: written around its triggers, so that reads have something to answer."""

import json
from typing import Any

from server.custody.policy import PARAMETERS, ROLE_PARAMETERS, STOCKTAKE_DAYS
from storage.terms import AlarmKind, NoticeKind

ALARMS = """
insert into alarms (kind, told, findings, raised_at, seen_at, cleared_at)
select k, 'record 1: its events lead elsewhere', 2, now() - interval '2 days', now() - interval '1 day', case when k = 'NOT_ANCHORED' then now() end
from unnest($1::text[]) k"""
TOLD = """
insert into notices (id, org_id, staff_id, kind, subject_kind, subject_id, occasion, made_at)
select gen_random_uuid(), s.org_id, s.id, 'ALARM', 'alarm', a.id, '', a.raised_at
from alarms a join staff s on exists (select from staff_roles r where r.staff_id = s.id and r.role in ('COMPLIANCE', 'ADMIN'))
where a.kind <> 'STORE_NOT_LOCKED'"""
NOTICES = """
insert into notices (id, org_id, staff_id, kind, subject_kind, subject_id, record_id, occasion, made_at, due_at, read_at)
select gen_random_uuid(), s.org_id, s.id, ($1::text[])[1 + n % cardinality($1)], m.kind, m.id, m.record_id, 'n' || n,
  now() - make_interval(hours => n * 7), case when n % 2 = 0 then now() + make_interval(days => n) end, case when n % 3 = 0 then now() end
from staff s cross join lateral (
  select row_number() over (order by id)::int as n, kind, id, record_id from (
    (select 'checkout' as kind, id, record_id from movements where kind <> 'ACT' order by id limit 3)
    union all (select 'certificate', id, null from collateral_certificates order by id limit 2)
    union all (select 'record', id, id from archive_records order by id limit 3)
    union all select 'org', s.org_id, null) f) m"""
EXPORTS = """
insert into exports (id, org_id, staff_id, kind, purpose, contract_id, period_from, period_to, state, asked_at, done, total, checkpoint, leased_by,
  sha256, size_bytes, made_at, expires_at, failure)
select gen_random_uuid(), s.org_id, s.id, k.kind, k.purpose, case k.kind when 'EVIDENCE' then c.id end,
  case k.kind when 'EVENTS' then now() - interval '9 days' end, case k.kind when 'EVENTS' then now() - interval '1 day' end, k.state,
  now() - make_interval(hours => k.n * 5), k.n, case when k.n > 1 then 7 end, case when k.n > 2 then 3 end, gen_random_uuid(),
  case when k.made then sha256(s.id::text::bytea) end, case when k.made then 5000000000 + k.n end, case when k.made then now() end,
  case when k.made then now() + interval '3 days' end, case k.state when 'FAILED' then 'NOT_VISIBLE' end
from staff s cross join (select id from contracts order by id limit 1) c cross join (values
  (1, 'EVIDENCE', 'AUDIT', 'QUEUED', false), (2, 'EVENTS', 'REGULATOR_REQUEST', 'RUNNING', false), (3, 'EVIDENCE', 'INVESTIGATION', 'READY', true),
  (4, 'EVENTS', 'AUDIT', 'EXPIRED', true), (5, 'EVIDENCE', 'CUSTOMER_REQUEST', 'FAILED', false)) k(n, kind, purpose, state, made)"""
WAITING = """
with few as (select q.id, row_number() over (order by q.id) as n from access_requests q where exists (
  select from request_lines l where l.request_id = q.id) order by q.id limit 8)
update access_requests q set state = 'WAITING', queue = true, queued_at = now() - make_interval(hours => 9 - few.n::int / 2)
from few where few.id = q.id"""
SHARED = """
insert into request_lines (id, request_id, record_id) select gen_random_uuid(), q.id, w.record_id
from access_requests q cross join (select l.record_id from request_lines l join access_requests a on a.id = l.request_id
  where a.state = 'WAITING' order by l.id limit 2) w where q.state = 'WAITING' on conflict do nothing"""
OVERRIDES = """
insert into overrides (id, org_id, visible_to, operation_id, record_id, rule, code, comment, asked_by, confirmed_by, overridden_at)
select gen_random_uuid(), r.org_id, r.visible_to, (select id from operations order by id limit 1), r.id, 'C18', 'BLOCKED', '急用',
  s.id, s.id, date_trunc('day', now()) - make_interval(hours => 5 * r.n::int)
from (select *, row_number() over (order by id) as n from archive_records) r,
  (select id from staff order by id limit 1) s where r.n % 9 = 1"""
EXPIRING = """
update collateral_certificates c set expires_on = current_date + (f.n * 3)::int
from (select id, row_number() over (order by id) - 5 as n from collateral_certificates) f where f.id = c.id and f.n % 2 = 0"""
COUNTED = """
insert into stocktakes (id, org_id, place_id, state, freeze_hours, as_of, opened_by, first_counter_id, second_counter_id, compared_at, compared_by)
select gen_random_uuid(), l.org_id, l.id, 'COMPARED', 4, now() - make_interval(days => 40 * n), s[1], s[2], s[3], now(), s[1]
from storage_locations l cross join generate_series(1, 2) n, (select array_agg(id order by id) as s from staff) f
where l.kind = 'VAULT' and l.id <> (select max(id::text)::uuid from storage_locations where kind = 'VAULT')"""
VOID = """
insert into tickets (id, org_id, ticket_no, operation_id, issued_at, is_void, void_reason)
select gen_random_uuid(), t.org_id, (select max(x.ticket_no) from tickets x where x.org_id = t.org_id) + 1 + row_number() over (order by t.id),
  t.operation_id, t.issued_at, true, '打印模糊' from tickets t order by t.id limit 3"""
CORRECTIONS = """
insert into corrections (id, org_id, visible_to, operation_id, subject_kind, subject_id, record_id, field, old_value, new_value, reason, evidence_id,
  proposed_by, confirmed_by, corrected_at)
select gen_random_uuid(), r.org_id, r.visible_to, o.id, 'RECORD', r.id, r.id, 'title', '合冂', '合同', '笔误',
  (select id from scans order by id limit 1), s[1], s[2], now() - make_interval(days => r.n::int)
from (select *, row_number() over (order by n, id) as m from (
    select *, row_number() over (partition by org_id order by id) as n from archive_records) w where n <= 3) r
  join (select id, row_number() over (order by id) as m from operations) o on o.m = r.m, (select array_agg(id order by id) as s from staff) f"""
AMENDMENTS = """
insert into contract_amendments (contract_id, number, signed_on, summary, amount_before, amount, loan_ids, evidence_id, proposed_by, approved_by, amended_at)
select k.id, '补-' || n, k.signed_on, '增加额度', k.amount, k.amount + n, array(select loan_id from loan_contracts where contract_id = k.id limit n - 1),
  (select id from scans order by id limit 1), s[1], s[2], now() - make_interval(days => 9 - n)
from (select *, row_number() over (order by id) as m from contracts) k cross join generate_series(1, 2) n, (select array_agg(id order by id) as s from staff) f
where k.m % 7 = 0"""
BATCHES = """
with made as (insert into disposal_batches (id, org_id, visible_to, state, list_hash, appraisal, proposed_by, proposed_at, decided_at)
  select gen_random_uuid(), r.org_id, r.visible_to, case r.n when 1 then 'PROPOSED' else 'REJECTED' end, sha256(r.id::text::bytea), '保管期满', s[1],
    now() - make_interval(days => r.n::int), case r.n when 1 then null else now() end
  from (select *, row_number() over (partition by org_id order by id) as n from archive_records where tier = 'SECOND') r,
    (select array_agg(id order by id) as s from staff) f where r.n <= 2 returning id, org_id, list_hash, proposed_by)
insert into disposal_lines (id, batch_id, record_id, back_to, is_open) select gen_random_uuid(), m.id, r.id, 'ARCHIVED', false
from made m cross join lateral (select id from archive_records where org_id = m.org_id and tier = 'SECOND' order by id limit 2) r"""
# A loan that is on hold has, as a second one, the car of a loan that is not.
SECURED_TWICE = """
insert into loan_collateral (id, org_id, loan_id, collateral_id, rank, amount)
select gen_random_uuid(), l.org_id, l.id, r.collateral_id, 2, 1 from (
  select distinct on (h.subject_kind) h.subject_kind, l.* from holds h join loans l on l.id = h.loan_id or l.dealer_id = h.dealer_id
    or l.customer_id in (select c.id from customers c where c.party_id = h.party_id)
  where h.lifted_at is null order by h.subject_kind, l.id) l
  cross join lateral (select distinct r.collateral_id, r.org_id from archive_records r where r.tier = 'FIRST' and not is_on_hold(r.id)
    order by r.org_id, r.collateral_id limit 9) r on conflict do nothing"""
ALTERED = "update off_balance_entries set direction = 'OUT' where id in (select id from off_balance_entries order by id limit 4)"


async def enrich(root: Any) -> None:
    """As a superuser."""
    parameters = [(STOCKTAKE_DAYS, "20", True, 30), (STOCKTAKE_DAYS, "45", False, 90)]
    parameters += [(name, str(p.most), n % 2 == 0, n) for n, (name, p) in enumerate(PARAMETERS.items()) if n % 3 == 0]
    parameters += [
        (name, json.dumps(sorted(p.allowed)[:2]), n % 2 == 1, n - 3) for n, (name, p) in enumerate(ROLE_PARAMETERS.items()) if n % 2
    ]
    await root.execute("set session_replication_role = replica")
    try:
        await root.execute(ALARMS, [kind.value for kind in AlarmKind])
        await root.execute(TOLD)
        await root.execute(NOTICES, [kind.value for kind in NoticeKind])
        for statement in (
            EXPORTS,
            WAITING,
            SHARED,
            OVERRIDES,
            EXPIRING,
            COUNTED,
            VOID,
            CORRECTIONS,
            AMENDMENTS,
            BATCHES,
            SECURED_TWICE,
            ALTERED,
        ):
            await root.execute(statement)
        for key, value, of_unit, days in parameters:
            await root.execute(
                """insert into policy_parameters (id, key, value, org_id, effective_from)
                select gen_random_uuid(), $1, $2, case when $3 then (select org_id from storage_locations where kind = 'VAULT' order by id limit 1) end,
                  now() - make_interval(days => $4)""",
                key, value, of_unit, days,
            )  # fmt: skip
    finally:
        await root.execute("reset session_replication_role")
