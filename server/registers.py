"""Registers that auditors ask for first: what entered and left a vault, ticket numbers, seals, who was at the vault, what is not booked.

Each is read as the caller in one transaction, and logged: a register is the bank's own evidence.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.sql import TextClause

from server.compliance import access
from server.custody.policy import BANK_ZONE
from server.errors import NotFound
from storage.database import Connection, Database, Principal
from storage.terms import AccessResult, Role

READERS = frozenset({Role.AUDITOR, Role.COMPLIANCE, Role.OPS_HEAD, Role.BRANCH_HEAD, Role.VICE_PRESIDENT, Role.PRESIDENT, Role.EXAMINER})
LINES_MAX = 500
TYPES: dict[str, Any] = {"of": Uuid, "since": TIMESTAMP(timezone=True), "until": TIMESTAMP(timezone=True), "after": Uuid, "size": Integer}


def _asked(sql: str) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=type_) for name, type_ in TYPES.items() if f":{name}" in sql))


HERE = "case when app_everywhere() then true else l.org_id = any (app_branches()) end"
VAULT = _asked(f"select l.id, l.code, l.org_id from storage_locations l where l.id = :of and l.kind = 'VAULT' and {HERE}")
UNIT = _asked(
    "select l.id, l.code from org_units l where l.id = :of and case when app_everywhere() then true else l.id = any (app_branches()) end"
)
OF_VAULT = (
    "from off_balance_entries x join archive_records r on r.id = x.record_id left join operations o on o.id = x.operation_id"
    " where coalesce(o.vault_id, r.vault_id) = :of"
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
NUMBERS = _asked(
    "select min(t.ticket_no) as first, max(t.ticket_no) as last, count(*) as issued, count(*) filter (where t.is_void) as voids,"
    " coalesce((select max(b.ticket_no) from tickets b where b.org_id = :of and b.issued_at < :since), 0) as previous"
    " from tickets t where t.org_id = :of and t.issued_at >= :since and t.issued_at < :until"
)
MISSING_NUMBERS = text(
    "select n from generate_series(cast(:first as bigint), cast(:last as bigint)) n"
    " where not exists (select from tickets t where t.org_id = :of and t.ticket_no = n) order by n limit 1000"
).bindparams(bindparam("of", type_=Uuid), bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger))
TICKET_LINES = _asked(
    "select t.id, t.ticket_no, t.issued_at, t.is_void, t.void_reason, t.operation_id, o.action, cardinality(o.record_ids) as papers, h.name as holder"
    " from tickets t left join operations o on o.id = t.operation_id left join access_requests q on q.id = o.request_id"
    " left join staff h on h.id = q.reader_id where t.org_id = :of and t.issued_at >= :since and t.issued_at < :until"
    " and (cast(:after as uuid) is null or t.ticket_no > (select b.ticket_no from tickets b where b.id = :after)) order by t.ticket_no limit :size"
)
SEAL_LINES = _asked(
    "select s.seal_no, e.id as envelope_id, e.barcode, s.applied_at, s.broken_at, s.seal_no = e.seal_no as is_current"
    " from seals s join sealed_envelopes e on e.id = s.envelope_id where e.org_id = :of and s.applied_at >= :since and s.applied_at < :until"
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
    " join archive_records r on r.id = x.record_id where x.org_id = :of and x.state <> 'BOOKED' order by x.queued_at, x.id limit :size"
)
UNBALANCED = _asked(
    "select null::uuid as id, 'BALANCE' as kind, null as direction, null::timestamptz as queued_at, r.id as record_id, r.archive_no, b.ledger,"
    " b.papers from archive_records r cross join lateral (select coalesce(sum(case when x.direction = 'IN' then 1 else -1 end), 0)::int as ledger,"
    "  case when r.state in ('IN_VAULT', 'RESERVED') then 1 else 0 end as papers from off_balance_entries x where x.record_id = r.id) b"
    " where r.custody_org_id = :of and r.tier = 'FIRST' and b.ledger <> b.papers and not exists ("
    "  select from collateral_certificates c where c.id = r.certificate_id and c.is_electronic and r.envelope_id is null)"
    " order by r.archive_no limit :size"
)
LAST_COUNTS = text(
    "select l.id, l.code, l.org_id, (select max(t.as_of) from stocktakes t where t.place_id = l.id and t.state in ('COMPARED', 'SIGNED')) as counted_at,"
    f" l.created_at from storage_locations l where l.kind = 'VAULT' and {HERE} order by l.code"
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

        return await self._logged("vaultRegister", VAULT, vault, read)

    async def tickets(self, org: UUID, period: Period, size: int, after: UUID | None) -> Register:
        """The numbers of a period, and which of them are missing since the last before it."""

        async def read(conn: Connection, unit: Any) -> Register:
            span = {"of": org, "since": period.since, "until": period.until}
            numbers = await conn.row(NUMBERS, **span)
            assert numbers is not None
            gaps: list[Any] = []
            if numbers["last"] is not None:
                gaps = await conn.rows(MISSING_NUMBERS, of=org, first=numbers["previous"] + 1, last=numbers["last"])
            lines = await conn.rows(TICKET_LINES, **span, after=after, size=size + 1)
            return _page({**unit, **numbers, "missing": [g["n"] for g in gaps]}, lines, size)

        return await self._logged("ticketRegister", UNIT, org, read)

    async def seals(self, org: UUID, period: Period, size: int) -> Register:
        """Every seal that was put on in a period, and what became of it."""

        async def read(conn: Connection, unit: Any) -> Register:
            return _page(unit, await conn.rows(SEAL_LINES, of=org, since=period.since, until=period.until, size=size + 1), size)

        return await self._logged("sealRegister", UNIT, org, read)

    async def doors(self, vault: UUID, period: Period, size: int, after: UUID | None) -> Register:
        """Who took which seat at the vault, and when."""

        async def read(conn: Connection, place: Any) -> Register:
            span = {"of": vault, "since": period.since, "until": period.until}
            return _page(place, await conn.rows(DOOR_LINES, **span, after=after, size=size + 1), size)

        return await self._logged("doorLog", VAULT, vault, read)

    async def off_balance(self, org: UUID, size: int) -> Register:
        """What core banking has not booked, and papers whose entries and exits do not come to where they are."""

        async def read(conn: Connection, unit: Any) -> Register:
            lines = [*await conn.rows(UNBALANCED, of=org, size=size + 1), *await conn.rows(NOT_BOOKED, of=org, size=size + 1)]
            return _page(unit, lines, size)

        return await self._logged("offBalanceDifferences", UNIT, org, read)

    async def _logged(self, name: str, statement: TextClause, of: UUID, read: Reader) -> Register:
        """The register of a vault or unit; NotFound for what is not the caller's. Either is in the access log when this returns."""
        async with self.database.transaction(self.me) as conn:
            row = await conn.row(statement, of=of)
            result = AccessResult.DENIED if row is None else AccessResult.GRANTED
            await access.log(conn, self.me, name, result, subjects=[of], request_id=self.request_id)
            found = None if row is None else await read(conn, row)
        if found is None:
            raise NotFound()
        return found


def _page(head: Mapping[str, Any], lines: list[Any], size: int) -> Register:
    return Register(head, lines[:size], len(lines) > size)


@dataclass(frozen=True, slots=True)
class VaultCount:
    """A vault, when it was counted last, and until when it must be counted again (C42)."""

    vault: UUID
    code: str
    org: UUID
    counted_at: datetime | None
    due_at: datetime


async def vault_counts(conn: Connection, days_of: Any) -> list[VaultCount]:
    """Every vault that the transaction's caller sees; `days_of(org)` is the policy's STOCKTAKE_DAYS."""
    return [
        VaultCount(
            r["id"], r["code"], r["org_id"], r["counted_at"], (r["counted_at"] or r["created_at"]) + timedelta(days=days_of(r["org_id"]))
        )
        for r in await conn.rows(LAST_COUNTS)
    ]
