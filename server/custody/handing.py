"""What a scanner or a screen names of a handover, as record ids: the next lines to send, and what lines are together. Read as the caller."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, func, or_, select

from server.custody.asks import LINES_MAX
from server.errors import InputProblem, InvalidInput, NotFound
from storage.database import Database, Principal
from storage.statements import given
from storage.tables import archive_records, handover_lines, handovers
from storage.terms import Action as A
from storage.terms import HandoverKind, HandoverLineState, HandoverStanding, RecordState

KIND = select(handovers.c.kind).where(handovers.c.id == given("handover"))
LINES = (
    select(
        handover_lines.c.record_id, handover_lines.c.state, handover_lines.c.stood_as, handover_lines.c.shipment_id, handover_lines.c.tier,
        archive_records.c.vault_id, archive_records.c.envelope_id,
    )
    .join(archive_records, archive_records.c.id == handover_lines.c.record_id)
    .where(handover_lines.c.handover_id == given("handover"))
    .where(or_(given("records", ARRAY(Uuid)).is_(None), handover_lines.c.record_id == func.any(given("records", ARRAY(Uuid)))))
    .order_by(handover_lines.c.id)
)  # fmt: skip
OUT = (RecordState.CHECKED_OUT, RecordState.READING)
SENT_BY = {
    HandoverStanding.PENDING: A.SEND_PENDING,
    HandoverStanding.OUT: A.SEND_RESPONSIBILITY,
    HandoverStanding.IN_PLACE: A.SEND_HANDOVER,
}


def _stands(row: Any) -> HandoverStanding:
    if row["stood_as"] == RecordState.PENDING_INTAKE:
        return HandoverStanding.PENDING
    return HandoverStanding.OUT if row["stood_as"] in OUT else HandoverStanding.IN_PLACE


async def kind_of(database: Database, principal: Principal, handover: UUID) -> HandoverKind:
    """What passes; NotFound for a handover that the caller does not see."""
    async with database.transaction(principal) as conn:
        kind = await conn.value(KIND, handover=handover)
    if kind is None:
        raise NotFound()
    return HandoverKind(kind)


async def to_send(
    database: Database, principal: Principal, handover: UUID, standing: HandoverStanding, records: Sequence[UUID] | None
) -> tuple[A, tuple[UUID, ...]]:
    """The act, and the records of it: those named, or the next ones of one vault, at most 500, no envelope cut in two."""
    kind = await kind_of(database, principal, handover)
    act = A.SEND_RESPONSIBILITY if kind is HandoverKind.CUSTODIAN else SENT_BY[standing]
    rows = await _lines(database, principal, handover, records)
    if records is not None:
        return act, tuple(records)
    fit = [r for r in rows if r["state"] == HandoverLineState.LISTED and (kind is HandoverKind.CUSTODIAN or _stands(r) is standing)]
    together = [r for r in fit if (r["tier"], r["vault_id"]) == (fit[0]["tier"], fit[0]["vault_id"])]
    if not together:
        raise InvalidInput([InputProblem(("handoverId",), "EMPTY")])
    return act, tuple(r["record_id"] for r in _whole(together))


def _whole(rows: list[Any]) -> list[Any]:
    """As many as a shipment carries, with all that lies in one envelope."""
    groups: dict[UUID, list[Any]] = {}
    for row in rows:
        groups.setdefault(row["envelope_id"] or row["record_id"], []).append(row)
    chosen: list[Any] = []
    for group in groups.values():
        if len(chosen) + len(group) <= LINES_MAX:
            chosen += group
    return chosen


async def to_take(database: Database, principal: Principal, handover: UUID, records: Sequence[UUID]) -> A:
    """The act by which lines are acknowledged; InvalidInput when they cannot be taken in one."""
    if await kind_of(database, principal, handover) is HandoverKind.CUSTODIAN:
        return A.RECEIVE_CUSTODY
    rows = await _lines(database, principal, handover, records)
    return _one({_taken_by(r) for r in rows}, A.RECEIVE_HANDOVER)


async def to_take_back(
    database: Database, principal: Principal, handover: UUID, records: Sequence[UUID] | None
) -> tuple[A, tuple[UUID, ...]]:
    """The act and the records of it: what is named, or everything that is not acknowledged yet."""
    rows = await _lines(database, principal, handover, records)
    rows = [r for r in rows if r["state"] in (HandoverLineState.SENT, HandoverLineState.REJECTED)]
    if not rows and records is None:
        raise InvalidInput([InputProblem(("handoverId",), "EMPTY")])
    return _one({_back_by(r) for r in rows}, A.TAKE_BACK), tuple(records or (r["record_id"] for r in rows))


def _taken_by(row: Any) -> A:
    if row["shipment_id"] is None:
        return A.RECEIVE_RESPONSIBILITY
    return A.RECEIVE_PENDING if row["stood_as"] == RecordState.PENDING_INTAKE else A.RECEIVE_HANDOVER


def _back_by(row: Any) -> A:
    if row["shipment_id"] is None:
        return A.RECALL_RESPONSIBILITY
    return A.TAKE_BACK_PENDING if row["stood_as"] == RecordState.PENDING_INTAKE else A.TAKE_BACK


def _one(acts: set[A], default: A) -> A:
    if len(acts) > 1:
        raise InvalidInput([InputProblem(("recordIds",), "NOT_TOGETHER")])
    return acts.pop() if acts else default


async def _lines(database: Database, principal: Principal, handover: UUID, records: Sequence[UUID] | None) -> list[Any]:
    async with database.transaction(principal) as conn:
        return await conn.rows(LINES, handover=handover, records=None if records is None else list(records))
