"""Registers that auditors ask for first: what entered and left a vault, ticket numbers, seals, who was at the vault, what is not booked.

Each is read as the caller in one transaction, and logged: a register is the bank's own evidence.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.sql import TextClause

from server.compliance import access
from server.custody.policy import BANK_ZONE
from server.errors import BadRequest, NotFound
from storage.database import Connection, Database, Principal
from storage.terms import AccessResult, Role

READERS = frozenset({Role.AUDITOR, Role.COMPLIANCE, Role.OPS_HEAD, Role.BRANCH_HEAD, Role.VICE_PRESIDENT, Role.PRESIDENT, Role.EXAMINER})
LINES_MAX = 500
TYPES: dict[str, Any] = {
    "of": Uuid, "since": TIMESTAMP(timezone=True), "until": TIMESTAMP(timezone=True), "after": Uuid, "size": Integer,
    "seal": Text,
}  # fmt: skip


def _asked(sql: str) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=type_) for name, type_ in TYPES.items() if f":{name}" in sql))


HERE = "case when app_everywhere() then true else l.org_id = any (app_branches()) end"
VAULT = _asked(f"select l.id, l.code, l.org_id from storage_locations l where l.id = :of and l.kind = 'VAULT' and {HERE}")
UNIT = _asked(
    "select l.id, l.code from org_units l where l.id = :of and case when app_everywhere() then true else l.id = any (app_branches()) end"
)
OF_VAULT = (
    "from off_balance_entries x join archive_records r on r.id = x.record_id left join operations o on o.id = x.operation_id"
    " where x.vault_id = :of"
)
BALANCE = _asked(
    "select coalesce(sum(case when x.direction = 'IN' then 1 else -1 end) filter (where x.queued_at < :since), 0) as opening,"
    " count(*) filter (where x.direction = 'IN' and x.queued_at >= :since and x.queued_at < :until) as entries,"
    " count(*) filter (where x.direction = 'OUT' and x.queued_at >= :since and x.queued_at < :until) as exits,"
    f" coalesce(sum(case when x.direction = 'IN' then 1 else -1 end), 0) as now {OF_VAULT}"
)
STANDING = _asked(
    "select (select count(*) from archive_records r where r.vault_id = :of and r.tier = 'FIRST' and r.state in ('IN_VAULT', 'RESERVED')"
    " and not exists (select from collateral_certificates c where c.id = r.certificate_id and c.is_electronic and r.envelope_id is null)) as papers,"
    " (select count(*) from archive_records r join collateral_certificates c on c.id = r.certificate_id where r.vault_id = :of"
    " and r.state in ('IN_VAULT', 'RESERVED') and c.is_electronic and r.envelope_id is null) as electronic,"
    " (select count(*) from sealed_envelopes e where exists (select from archive_records r where r.envelope_id = e.id and r.vault_id = :of"
    " and r.state in ('IN_VAULT', 'RESERVED'))) as envelopes,"
    " (select count(*) from sealed_envelopes e join storage_locations s on s.id = e.location_id where s.vault_id = :of and exists ("
    "  select from archive_records r where r.envelope_id = e.id and r.state in ('IN_VAULT', 'RESERVED'))) as slots"
)
VAULT_LINES = _asked(
    "select x.id, x.queued_at, x.direction, x.state, x.serial_no, r.id as record_id, r.archive_no, r.barcode, o.action, t.ticket_no"
    f" {OF_VAULT.replace('where', 'left join tickets t on t.operation_id = o.id and not t.is_void where')}"
    " and x.queued_at >= :since and x.queued_at < :until and (cast(:after as uuid) is null or (x.queued_at, x.id) >"
    " (select b.queued_at, b.id from off_balance_entries b where b.id = :after)) order by x.queued_at, x.id limit :size"
)
# The end of a proof is what the counter has given until the first number after the period: a last ticket that is gone leaves no row.
NUMBERS = _asked(
    "select n.*, greatest(coalesce(n.last, 0), n.previous, coalesce((select min(b.ticket_no) - 1 from tickets b"
    "  where b.org_id = :of and b.issued_at >= :until), n.counter)) as proved_to from ("
    " select min(t.ticket_no) as first, max(t.ticket_no) as last, count(*) as issued, count(*) filter (where t.is_void) as voids,"
    "  coalesce((select max(b.ticket_no) from tickets b where b.org_id = :of and b.issued_at < :since), 0) as previous,"
    "  coalesce((select c.last_no from ticket_counters c where c.org_id = :of), 0) as counter"
    "  from tickets t where t.org_id = :of and t.issued_at >= :since and t.issued_at < :until) n"
)
MISSING_MAX = 1000
GAPS = (
    "with gaps as (select lag(n, 1, cast(:previous as bigint)) over (order by n) + 1 as low, n - 1 as high from ("
    " select t.ticket_no as n from tickets t where t.org_id = :of and t.ticket_no > :previous and t.ticket_no <= :last"
    " union all select cast(:last as bigint) + 1) x)"
)
# A gap adds as many numbers as those before it have left of the bound.
MISSING_NUMBERS = text(
    f"{GAPS}, cut as (select low, high, earlier from (select low, high, coalesce(sum(high - low + 1) over (order by low"
    "  rows between unbounded preceding and 1 preceding), 0) as earlier from gaps where high >= low) g"
    f"  where earlier < {MISSING_MAX} order by low limit {MISSING_MAX})"
    " select n, (select coalesce(sum(high - low + 1), 0) from gaps where high >= low) as many from cut"
    f" cross join lateral generate_series(low, least(high, low + {MISSING_MAX} - 1 - earlier::bigint)) n order by n"
).bindparams(bindparam("of", type_=Uuid), bindparam("previous", type_=BigInteger), bindparam("last", type_=BigInteger))
TICKET_LINES = _asked(
    "select t.id, t.ticket_no, t.issued_at, t.is_void, t.void_reason, t.operation_id, o.action, cardinality(o.record_ids) as papers,"
    " coalesce((select min(e.recipient_name) from releases e where e.operation_id = o.id), h.name) as holder from tickets t left join operations o on o.id = t.operation_id"
    " left join access_requests q on q.id = o.request_id left join staff h on h.id = q.reader_id where t.org_id = :of and t.issued_at >= :since and t.issued_at < :until"
    " and (cast(:after as uuid) is null or t.ticket_no > (select b.ticket_no from tickets b where b.id = :after)) order by t.ticket_no limit :size"
)
SEAL_LINES = _asked(
    "select s.seal_no, s.envelope_id, e.barcode, s.applied_at, s.broken_at, e.is_current from seals s"
    " cross join lateral sealed_by_us(s.seal_no) e where s.org_id = :of and s.applied_at >= :since and s.applied_at < :until"
    " and (cast(:seal as text) is null or (s.applied_at, s.seal_no) > (select b.applied_at, b.seal_no from seals b where b.seal_no = :seal))"
    " order by s.applied_at, s.seal_no limit :size"
)
DOOR_LINES = _asked(
    "select s.id, s.taken_at as at, s.seat, o.action, o.state, o.id as operation_id, p.id as staff_id, p.name from operation_seats s"
    " join operations o on o.id = s.operation_id join staff p on p.id = s.staff_id where o.vault_id = :of"
    " and s.taken_at >= :since and s.taken_at < :until and (cast(:after as uuid) is null or (s.taken_at, s.id) >"
    " (select b.taken_at, b.id from operation_seats b where b.id = :after)) order by s.taken_at, s.id limit :size"
)
NOT_BOOKED = _asked(
    "select x.id, x.state as kind, x.direction, x.queued_at, x.record_id, r.archive_no, 0 as ledger, 0 as papers from off_balance_entries x"
    " join archive_records r on r.id = x.record_id where x.org_id = :of and x.state <> 'BOOKED'"
    " and (cast(:after as uuid) is null or (x.queued_at, x.id) > (select b.queued_at, b.id from off_balance_entries b where b.id = :after))"
    " order by x.queued_at, x.id limit :size"
)
UNBALANCED = _asked(
    "select null::uuid as id, 'BALANCE' as kind, null as direction, null::timestamptz as queued_at, r.id as record_id, r.archive_no, b.ledger,"
    " b.papers from archive_records r cross join lateral (select coalesce(sum(case when x.direction = 'IN' then 1 else -1 end), 0)::int as ledger,"
    "  case when r.state in ('IN_VAULT', 'RESERVED') then 1 else 0 end as papers from off_balance_entries x where x.record_id = r.id) b"
    " where r.custody_org_id = :of and r.tier = 'FIRST' and b.ledger <> b.papers"
    " and (cast(:after as uuid) is null or r.archive_no > (select b.archive_no from archive_records b where b.id = :after))"
    " order by r.archive_no limit :size"
)
# A line that is read on from is one that the caller sees, as it was when it was shown.
SEEN = {
    table: text(f"select exists (select from {table} where {key} = :last)").bindparams(bindparam("last", type_=Text if key == "seal_no" else Uuid))
    for table, key in {
        "off_balance_entries": "id", "archive_records": "id", "tickets": "id", "operation_seats": "id", "seals": "seal_no",
    }.items()
}  # fmt: skip
LAST_COUNTS = text(
    "select l.id, l.code, l.org_id, c.counted_at, c.since from storage_locations l cross join lateral vault_counted(l.id) c"
    f" where l.kind = 'VAULT' and {HERE} order by l.code"
)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the bank, both included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        """Its first instant."""
        return datetime.combine(self.first, time(0), BANK_ZONE)

    @property
    def until(self) -> datetime:
        """The instant after its last."""
        return datetime.combine(self.last + timedelta(days=1), time(0), BANK_ZONE)


@dataclass(frozen=True, slots=True)
class Register:
    """What stands at its head, and its lines; `more` when the page does not hold them all."""

    head: Mapping[str, Any]
    lines: list[Mapping[str, Any]]
    more: bool = False


Reader = Callable[[Connection, Any], Awaitable[Register]]


class Registers:
    """All of them, for one caller."""

    def __init__(self, database: Database, me: Principal, request_id: str) -> None:
        self.database, self.me, self.request_id = database, me, request_id

    async def vault(self, vault: UUID, period: Period, size: int, after: UUID | None) -> Register:
        """Opening balance, entries, exits, closing balance, and what stands there now."""

        async def read(conn: Connection, place: Any) -> Register:
            span = {"of": vault, "since": period.since, "until": period.until}
            sums, standing = await conn.row(BALANCE, **span), await conn.row(STANDING, of=vault)
            assert sums is not None and standing is not None
            closing = sums["opening"] + sums["entries"] - sums["exits"]
            lines = await conn.rows(VAULT_LINES, **span, after=after, size=size + 1)
            return _page({**place, **sums, **standing, "closing": closing}, lines, size)

        return await self._logged("vaultRegister", VAULT, vault, read, off_balance_entries=after)

    async def tickets(self, org: UUID, period: Period, size: int, after: UUID | None) -> Register:
        """The numbers of a period, and which of them are missing since the last before it."""

        async def read(conn: Connection, unit: Any) -> Register:
            span = {"of": org, "since": period.since, "until": period.until}
            numbers = await conn.row(NUMBERS, **span)
            assert numbers is not None
            gaps = await conn.rows(MISSING_NUMBERS, of=org, previous=numbers["previous"], last=numbers["proved_to"])
            lines = await conn.rows(TICKET_LINES, **span, after=after, size=size + 1)
            missing = {"missing": [g["n"] for g in gaps], "missing_count": int(gaps[0]["many"]) if gaps else 0}
            return _page({**unit, **numbers, **missing}, lines, size)

        return await self._logged("ticketRegister", UNIT, org, read, tickets=after)

    async def seals(self, org: UUID, period: Period, size: int, after: str | None) -> Register:
        """Every seal that was put on in a period, and what became of it."""

        async def read(conn: Connection, unit: Any) -> Register:
            span = {"of": org, "since": period.since, "until": period.until}
            return _page(unit, await conn.rows(SEAL_LINES, **span, seal=after, size=size + 1), size)

        return await self._logged("sealRegister", UNIT, org, read, seals=after)

    async def doors(self, vault: UUID, period: Period, size: int, after: UUID | None) -> Register:
        """Who took which seat at the vault, and when."""

        async def read(conn: Connection, place: Any) -> Register:
            span = {"of": vault, "since": period.since, "until": period.until}
            return _page(place, await conn.rows(DOOR_LINES, **span, after=after, size=size + 1), size)

        return await self._logged("doorLog", VAULT, vault, read, operation_seats=after)

    async def off_balance(self, org: UUID, size: int, paper: UUID | None, entry: UUID | None) -> Register:
        """Papers whose entries and exits do not come to where they are, behind `paper`; then what core banking has not booked, behind `entry`."""

        async def read(conn: Connection, unit: Any) -> Register:
            lines = [] if entry else await conn.rows(UNBALANCED, of=org, after=paper, size=size + 1)
            return _page(unit, [*lines, *await conn.rows(NOT_BOOKED, of=org, after=entry, size=size + 1)], size)

        return await self._logged("offBalanceDifferences", UNIT, org, read, archive_records=paper, off_balance_entries=entry)

    async def _logged(self, name: str, statement: TextClause, of: UUID, read: Reader, **after: UUID | str | None) -> Register:
        """The register of a vault or unit, behind the line `after` of a table; NotFound for what is not the caller's, BadRequest for a line
        that is not. Whichever it is, it is in the access log when this returns.
        """
        async with self.database.transaction(self.me) as conn:
            row = await conn.row(statement, of=of)
            result = AccessResult.DENIED if row is None else AccessResult.GRANTED
            await access.log(conn, self.me, name, result, subjects=[of], request_id=self.request_id)
            known = row is not None and all([last is None or await conn.value(SEEN[table], last=last) for table, last in after.items()])
            found = await read(conn, row) if known else None
        if row is None:
            raise NotFound()
        if found is None:
            raise BadRequest("`after` is not a line of this register.")
        return found


def _page(head: Mapping[str, Any], lines: list[Any], size: int) -> Register:
    return Register(head, lines[:size], len(lines) > size)


@dataclass(frozen=True, slots=True)
class VaultCount:
    """A vault, when that of its cabinets was counted that waits longest (none: one never was), and until when it must be counted again (C42)."""

    vault: UUID
    code: str
    org: UUID
    counted_at: datetime | None
    due_at: datetime


async def vault_counts(conn: Connection, days_of: Any) -> list[VaultCount]:
    """Every vault that the transaction's caller sees; `days_of(org)` is the policy's STOCKTAKE_DAYS."""
    return [
        VaultCount(r["id"], r["code"], r["org_id"], r["counted_at"], r["since"] + timedelta(days=days_of(r["org_id"])))
        for r in await conn.rows(LAST_COUNTS)
    ]
