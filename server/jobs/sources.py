"""What people are told because the clock says so: each kind of notice is a row here, with the question that finds its cases.

A question names subject_kind, subject_id, record_id, org_id, occasion, due_at, staff (who is told by name) and role (or by role,
in the unit or the nearest above it). Its parameters are $1, the instant, and $2, the day in the bank's zone.
"""

from datetime import datetime
from typing import NamedTuple

from server.custody.policy import BANK_ZONE, EXPIRING_DAYS, PARAMETERS, STOCKTAKE_DAYS
from server.custody.transitions import ENDED
from storage.database import Connection, touched
from storage.terms import NoticeKind, RecordState

GONE = ", ".join(f"'{state.value}'" for state in sorted(ENDED | {RecordState.LOST}))


class Source(NamedTuple):
    """One kind and its question."""

    kind: NoticeKind
    sql: str


def _days(name: str, org: str) -> str:
    """The policy's number of days for the unit of each row, as `Policy.number` finds it."""
    return f"""coalesce((select p.value::integer from policy_parameters p where p.key = '{name}' and (p.org_id is null or p.org_id = {org})
      and p.effective_from <= $1::timestamptz order by p.org_id is null, p.effective_from desc limit 1), {PARAMETERS[name].default})"""  # names are ours


# C33: of a first-tier paper that came to whoever keeps it on a day whose close of business has passed, where nothing may stay.
OVERNIGHT = """select 'record' as subject_kind, r.id as subject_id, r.id as record_id, r.custody_org_id as org_id, a.day::text as occasion,
      close_of_business(a.day) as due_at, null::uuid[] as staff, w.role
    from archive_records r join org_units u on u.id = r.custody_org_id and not u.has_vault
    cross join lateral (select bank_day(max(e.happened_at)) as day from events e where e.record_id = r.id
      and e.tag in ('record:register:done', 'record:arrive:done', 'record:receive_pending:done', 'record:take_back_pending:done')) a
    cross join (values ('BRANCH_HEAD'), ('OPS_HEAD')) w (role)
    where r.tier = 'FIRST' and r.state = 'PENDING_INTAKE' and close_of_business(a.day) <= $1::timestamptz and $2::date is not null"""
# C29: of the newest check of a contract whose loan still runs.
ELEMENTS = """select 'contract' as subject_kind, c.id as subject_id, null::uuid as record_id, c.org_id, i.since::date::text as occasion, i.since as due_at,
      m.ids as staff, case when m.ids is null then 'LOAN_OFFICER' end as role
    from (select x.check_id, min(x.deadline_at) as since from contract_element_items x
      where x.result in ('MISSING', 'INCONSISTENT') and x.deadline_at < $1::timestamptz group by x.check_id) i
    join contract_element_checks k on k.id = i.check_id join contracts c on c.id = k.contract_id
    cross join lateral (select array_agg(distinct l.manager_id) filter (where l.manager_id is not null) as ids, count(*) as loans
      from loan_contracts y join loans l on l.id = y.loan_id where y.contract_id = c.id and l.status = 'ACTIVE') m
    where m.loans > 0 and $2::date is not null and not exists (select from contract_element_checks n
      where n.contract_id = k.contract_id and (n.checked_at, n.id) > (k.checked_at, k.id))"""
SOURCES: tuple[Source, ...] = (
    Source(
        NoticeKind.CASE_LATE,
        """select 'case' as subject_kind, d.id as subject_id, d.record_id, d.org_id, d.deadline_at::date::text as occasion,
             d.deadline_at as due_at, array[d.owner_id] as staff, 'OPS_HEAD' as role
           from discrepancies d where d.resolved_at is null and d.deadline_at < $1::timestamptz and $2::date is not null""",
    ),
    Source(
        NoticeKind.RESERVATION_LAPSED,
        """select 'request' as subject_kind, q.id as subject_id, null::uuid as record_id, q.org_id, '' as occasion, q.lapses_at as due_at,
             array[q.applicant_id, q.reader_id] as staff, null as role
           from access_requests q where q.state = 'LAPSED' and q.lapses_at between $1::timestamptz - interval '7 days' and $1 and $2::date is not null""",
    ),
    Source(
        NoticeKind.DUE_PROVISIONAL,
        """select distinct on (r.custody_org_id, extract(year from m.due_at)) 'org' as subject_kind, r.custody_org_id as subject_id,
             null::uuid as record_id, r.custody_org_id as org_id, extract(year from m.due_at)::text as occasion,
             null::timestamptz as due_at, null::uuid[] as staff, 'OPS_HEAD' as role
           from movements m join archive_records r on r.id = m.record_id
           where m.due_is_provisional and m.closed_at is null and $1::timestamptz is not null and $2::date is not null""",
    ),
    Source(
        NoticeKind.EXPIRING,
        f"""select 'certificate' as subject_kind, c.id as subject_id, null::uuid as record_id, c.org_id, c.expires_on::text as occasion,
             c.expires_on::timestamp at time zone 'Asia/Shanghai' as due_at, null::uuid[] as staff, 'CREDIT_DEPT_HEAD' as role
           from collateral_certificates c where c.is_live and c.expires_on <= $2::date + {_days(EXPIRING_DAYS, "c.org_id")}
             and c.expires_on >= ($1::timestamptz at time zone 'Asia/Shanghai')::date""",
    ),
    Source(
        NoticeKind.EXPIRING,
        f"""select 'record' as subject_kind, r.id as subject_id, r.id as record_id, r.org_id, r.expires_on::text as occasion,
             r.expires_on::timestamp at time zone 'Asia/Shanghai' as due_at, null::uuid[] as staff, 'CREDIT_DEPT_HEAD' as role
           from archive_records r where r.expires_on <= $2::date + {_days(EXPIRING_DAYS, "r.org_id")}
             and r.expires_on >= ($1::timestamptz at time zone 'Asia/Shanghai')::date
             and r.state not in ({GONE})""",  # states are ours
    ),
    Source(
        NoticeKind.EXPIRING,
        f"""select 'release' as subject_kind, v.id as subject_id, null::uuid as record_id, v.org_id, v.authority_until::text as occasion,
             v.authority_until::timestamp at time zone 'Asia/Shanghai' as due_at, array[q.applicant_id] as staff, null as role
           from releases v join access_requests q on q.id = v.request_id where v.state = 'DRAFT' and v.authority_until <= $2::date + {_days(EXPIRING_DAYS, "v.org_id")}
             and v.authority_until >= ($1::timestamptz at time zone 'Asia/Shanghai')::date""",
    ),
    Source(
        NoticeKind.EXPIRING,
        f"""select distinct on (b.request_id) 'letter' as subject_kind, b.id as subject_id, null::uuid as record_id, b.org_id,
             b.return_by::text as occasion, b.return_by::timestamp at time zone 'Asia/Shanghai' as due_at, array[m.holder_id] as staff, null as role
           from movements m join bailee_letters b on b.request_id = m.request_id
           where m.closed_at is null and m.out_at is not null and b.return_by <= $2::date + {_days(EXPIRING_DAYS, "b.org_id")}
             and b.return_by >= ($1::timestamptz at time zone 'Asia/Shanghai')::date
             and not exists (select from bailee_letters l where l.request_id = b.request_id and l.return_by > b.return_by)
           order by b.request_id, b.id""",
    ),
    Source(
        NoticeKind.TRANSIT_LATE,
        """select 'shipment' as subject_kind, s.id as subject_id, null::uuid as record_id, s.org_id, '' as occasion, s.due_at,
             null::uuid[] as staff, 'OPS_HEAD' as role
           from shipments s where s.due_at < $1::timestamptz and $2::date is not null
             and exists (select from handover_lines l where l.shipment_id = s.id and l.state = 'SENT')""",
    ),
    Source(  # whoever waits for it, too
        NoticeKind.TRANSIT_LATE,
        """select 'shipment' as subject_kind, s.id as subject_id, null::uuid as record_id, h.to_org_id as org_id, '' as occasion, s.due_at,
             null::uuid[] as staff, 'OPS_HEAD' as role
           from shipments s join handovers h on h.id = s.handover_id where s.due_at < $1::timestamptz and $2::date is not null
             and exists (select from handover_lines l where l.shipment_id = s.id and l.state = 'SENT')""",
    ),
    Source(NoticeKind.ELEMENT_LATE, ELEMENTS),
    Source(NoticeKind.PAPER_OVERNIGHT, OVERNIGHT),
    Source(
        NoticeKind.STOCKTAKE_MISSED,
        f"""select 'org' as subject_kind, u.id as subject_id, null::uuid as record_id, u.id as org_id,
             to_char($1::timestamptz at time zone 'Asia/Shanghai', 'YYYY-MM') as occasion, null::timestamptz as due_at,
             null::uuid[] as staff, 'OPS_HEAD' as role
           from org_units u cross join lateral (select $2::date - {_days(STOCKTAKE_DAYS, "u.id")} as since) d
           where u.has_vault and exists (select from storage_locations l cross join lateral vault_counted(l.id) c
             where l.org_id = u.id and l.kind = 'VAULT' and c.since < d.since
               and exists (select from off_balance_entries x where x.vault_id = l.id and x.queued_at < d.since))""",
    ),
    Source(
        NoticeKind.PAPER_LATE,
        """select 'record' as subject_kind, r.id as subject_id, r.id as record_id, r.org_id, r.expected_by::text as occasion,
             r.expected_by::timestamp at time zone 'Asia/Shanghai' as due_at,
             array[(select l.manager_id from loans l where l.id = r.primary_loan_id)] as staff, 'CREDIT_DEPT_HEAD' as role
           from archive_records r where r.state = 'AWAITED' and r.expected_by < $2::date and $1::timestamptz is not null""",
    ),
    Source(
        NoticeKind.EMERGENCY_UNREVIEWED,
        """select 'operation' as subject_kind, e.operation_id as subject_id, null::uuid as record_id, e.org_id, '' as occasion, e.due_at,
             null::uuid[] as staff, 'COMPLIANCE' as role
           from emergency_reviews e where e.reviewed_at is null and e.due_at < $1::timestamptz and $2::date is not null""",
    ),
)
TELL = """insert into notices (org_id, staff_id, kind, subject_kind, subject_id, record_id, occasion, made_at, due_at)
  select s.org_id, s.id, '{kind}', x.subject_kind, x.subject_id, x.record_id, x.occasion, $1, x.due_at from ({sql}) x
  cross join lateral (select unnest(x.staff) union select people_for(x.role, x.org_id, $1)) p (id)
  join staff s on s.id = p.id and s.active
  on conflict do nothing"""


async def notify(conn: Connection, at: datetime) -> int:
    """Makes the notices that are due and were not made; answers how many."""
    made, today = 0, at.astimezone(BANK_ZONE).date()
    for kind, sql in SOURCES:
        made += touched(await conn.raw.execute(TELL.format(kind=kind.value, sql=sql), at, today))
    return made
