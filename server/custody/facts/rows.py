"""The rows of one ask, read as its caller: operation, request, hold, records, people; locked where the act will change them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.custody import reading
from server.custody.facts.chapters import NAMES
from server.custody.moves import Ask, Hold, Person, Record, Request, Subject
from server.custody.policy import BLOCK_DAYS, UNIT_BLOCK_DAYS, Policy
from server.errors import NotFound
from storage.database import Connection
from storage.terms import (
    Action,
    HoldKind,
    OperationState,
    PaperKind,
    Purpose,
    RecordState,
    RequestKind,
    RequestState,
    Role,
    Seat,
    StaffKind,
    Tier,
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stand:
    """How an operation stands: its row and the seats taken."""

    row: Row | None = None
    taken: Mapping[Seat, UUID] = field(default_factory=dict)
    told_until: datetime | None = None  # its opening, or the last seat

    def pending(self, now: datetime) -> bool:
        """Whether seats may still be taken."""
        return self.row is not None and self.row["state"] == OperationState.PENDING and now <= self.row["expires_at"]


def record(row: Row) -> Record:
    """The record as its row has it; a lapsed reservation is told of by its movement."""
    return Record(
        row["id"],
        Tier(row["tier"]),
        RecordState(row["state"]),
        row["org_id"],
        row["custody_org_id"],
        row["primary_loan_id"] or row["custody_org_id"],
        row["vault_id"],
        row["envelope_id"],
        row["submitted_by"],
        row["version"],
        PaperKind(row["kind"]) if row["kind"] else None,
        row["collateral_id"],
        row["pages"],
        row["copies"],
    )


async def records(conn: Connection, ask: Ask, lock: bool, queued: Mapping[UUID, UUID]) -> list[Row]:
    """The records that the ask names, itself or by what it is about; NotFound when the caller does not see one of them."""
    wanted = list(ask.records)
    if not wanted and ask.request:
        wanted = [r["record_id"] for r in await conn.rows(reading.RECORDS_OF_REQUEST, request=ask.request)]
    elif not wanted and ask.action in NAMES:
        wanted = list(await NAMES[ask.action](conn, ask, lock))
    if not wanted:
        if queued:  # what the act frees without naming it
            await conn.rows(reading.RECORDS_LOCKED, ids=sorted(queued))
        return []
    all_rows = await conn.rows(reading.RECORDS_LOCKED if lock else reading.RECORDS, ids=sorted({*wanted, *queued}))
    rows: list[Row] = [row for row in all_rows if row["id"] in set(wanted)]
    if len(rows) < len(set(wanted)):
        raise NotFound()
    return rows


async def request(conn: Connection, id_: UUID | None, lock: bool, policy: Policy) -> Request | None:
    """The request with its approvals; NotFound for one that the caller does not see."""
    if id_ is None:
        return None
    row = await conn.row(reading.REQUEST_LOCKED if lock else reading.REQUEST, request=id_)
    if row is None:
        raise NotFound()
    given = {Role(a["rank"]): a["approver_id"] for a in await conn.rows(reading.APPROVALS, request=id_)}
    policy.ranks(Tier(row["tier"]), Purpose(row["purpose"]), row["submitted_at"], row["org_id"])  # the version that the row was made by
    return Request(
        row["id"],
        RequestKind(row["kind"]),
        RequestState(row["state"]),
        Purpose(row["purpose"]),
        row["applicant_id"],
        row["reader_id"],
        row["version"],
        given,
        row["prolongs"],
        row["extends_until"],
        row["reason"],
        row["outside_bank"],
        row["queue"],
        frozenset(Role(rank) for rank in row["ranks"]) or None,
        row["court_paper_scan_id"],
    )


async def operation(conn: Connection, id_: UUID | None, lock: bool) -> Stand:
    """How the operation stands; NotFound for one that the caller does not see."""
    if id_ is None:
        return Stand()
    row = await conn.row(reading.OPERATION_LOCKED if lock else reading.OPERATION, operation=id_)
    if row is None:
        raise NotFound()
    taken = await conn.rows(reading.SEATS, operation=id_)
    until = max((row["opened_at"], *(s["taken_at"] for s in taken)))
    return Stand(row, {Seat(s["seat"]): s["staff_id"] for s in taken}, until)


async def hold(conn: Connection, id_: UUID | None, lock: bool) -> Hold | None:
    """The hold, lifted or not; NotFound for one that the caller does not see."""
    if id_ is None:
        return None
    row = await conn.row(reading.HOLD_LOCKED if lock else reading.HOLD, hold=id_)
    if row is None:
        raise NotFound()
    return Hold(HoldKind(row["kind"]), row["placer_id"], row["version"], row["lifted_at"] is None)


async def blocked(conn: Connection, people: set[UUID], at: datetime, policy: Policy) -> frozenset[UUID]:
    """C24: who has kept something too long, and whose unit has."""
    blocked = set()
    for row in await conn.rows(reading.LATENESS, people=sorted(people), at=at):
        for due, parameter in ((row["own_due"], BLOCK_DAYS), (row["unit_due"], UNIT_BLOCK_DAYS)):
            if due is not None and at >= policy.working_day_from(due, policy.number(parameter, at, row["org_id"])):
                blocked.add(row["staff_id"])
    return frozenset(blocked)


async def subject(conn: Connection, ask: Ask, shift: timedelta) -> Subject | None:
    """The member of staff whom a change is about; NotFound for nobody."""
    change = ask.change or {}
    if ask.action is Action.REGISTER_STAFF:
        return Subject(UUID(change["id"]), UUID(change["org"]), StaffKind(change["kind"]), True, False, False)
    who = change.get("to") or change.get("staff")
    if who is None:
        return None
    vault = UUID(change["vault"]) if "vault" in change else None
    start, end = (datetime.fromisoformat(change[name]) if name in change else None for name in ("from_at", "to_at"))
    row = await conn.row(reading.STAFF_FACTS, who=UUID(who), vault=vault, start=start, end=end, shift=shift, seat=change.get("seat"))
    if row is None:
        raise NotFound()
    return Subject(
        row["id"], row["org_id"], StaffKind(row["kind"]), row["active"], row["has_custody"], row["has_duty_then"], row["has_other_seat"]
    )


async def people(conn: Connection, ids: set[UUID], shift: timedelta) -> dict[UUID, Person]:
    """Who takes part, with the roles that they have now."""
    rows = await conn.rows(reading.PEOPLE, ids=sorted(ids), shift=shift)
    return {
        r["id"]: Person(r["id"], r["org_id"], frozenset(Role(x) for x in r["roles"] if x), r["active"], r["kind"] == StaffKind.SERVICE)
        for r in rows
    }
