"""One mechanism for every act that more than one person must do.

The first person opens it, each next takes a seat, the last seat moves everything. While it is pending it is named by the
record's open movement, which the partial unique index keeps single; past expires_at it counts as gone.
"""

from uuid import UUID

from sqlalchemy import ARRAY, Uuid, func, insert, select, update
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.custody.asks import ask_to_json
from server.custody.policy import DESK_WINDOW_DAYS, EMERGENCY_REVIEW_DAYS
from server.custody.transitions import AT_THE_DESK, ENTRIES, EXITS, SEATS, after
from server.custody.writing import Writing
from storage.statements import the
from storage.tables import emergency_reviews, movements, off_balance_entries, operation_seats, operations, tickets
from storage.terms import MovementKind, OffBalanceDirection, OperationState, RecordState, Tier

IDS = ARRAY(Uuid)
THESE = movements.c.id == func.any(the("ids", IDS))
EXPIRE_DISPLACED = (
    update(operations)
    .values(state=OperationState.EXPIRED.value)
    .where(
        operations.c.state == OperationState.PENDING.value,
        operations.c.id.in_(
            select(movements.c.operation_id).where(movements.c.record_id == func.any(the("records", IDS)), movements.c.closed_at.is_(None))
        ),
    )
)
POINT = update(movements).where(THESE).values(operation_id=the("operation"))
CLOSE_ACTS = (
    update(movements)
    .where(
        movements.c.record_id == func.any(the("records", IDS)),
        movements.c.kind == MovementKind.ACT.value,
        movements.c.closed_at.is_(None),
    )
    .values(closed_at=the("at", TIMESTAMP(timezone=True)), operation_id=None)
)
CLOSE_OF = (
    update(movements)
    .where(movements.c.operation_id == the("operation"), movements.c.kind == MovementKind.ACT.value, movements.c.closed_at.is_(None))
    .values(closed_at=the("at", TIMESTAMP(timezone=True)), operation_id=None)
)
FORGET = update(movements).where(movements.c.operation_id == the("operation"), movements.c.closed_at.is_(None)).values(operation_id=None)

TICKET = (
    insert(tickets)
    .inline()
    .values(org_id=the("org"), ticket_no=0, operation_id=the("operation"), issued_at=the("at", tickets.c.issued_at.type))
    .returning(tickets.c.id, tickets.c.ticket_no)
)


async def sit(w: Writing) -> UUID:
    """Takes the caller's seat, opening the operation for the first."""
    id_ = w.ask.operation or await _open(w)
    await w.conn.insert(operation_seats, {"operation_id": id_, "seat": w.ask.seat, "staff_id": w.actor.id, "taken_at": w.at})
    return id_


async def _open(w: Writing) -> UUID:
    first, tier = w.first, w.first.on.tier if w.first.on else Tier.FIRST
    at_desk = w.ask.action in AT_THE_DESK or (w.ask.action, tier) not in SEATS  # an override of an act that has no seats itself
    expires = w.working_days(DESK_WINDOW_DAYS) if at_desk else w.at + w.window
    stored = ask_to_json(w.ask) | {"records": [str(r) for r in w.records]}
    if not at_desk:  # what expired on these records is displaced: marked, and never to be finished
        await w.conn.run(EXPIRE_DISPLACED, the_records=w.records)
    id_: UUID = await w.conn.insert(
        operations,
        {
            "org_id": w.by.org,
            "action": w.ask.action,
            "tier": tier,
            "vault_id": first.vault,
            "request_id": w.ask.request or (first.movement.request if first.movement else None),
            "record_ids": w.records,
            "required_seats": list(first.required),
            "ask": stored,
            "opened_by": w.by.id,
            "opened_at": w.at,
            "expires_at": expires,
            "emergency_reason": w.ask.emergency,
        },
        returning="id",
    )
    if w.ask.emergency is not None:
        await _call_for_review(w, id_)
    if not at_desk:
        await _occupy(w, id_)
    return id_


async def _call_for_review(w: Writing, id_: UUID) -> None:
    """C1: that substitutes may sit is looked at by somebody else, within days, whatever becomes of the operation."""
    due = w.working_days(EMERGENCY_REVIEW_DAYS)
    row = {"org_id": w.by.org, "operation_id": id_, "reason": w.ask.emergency, "opened_at": w.at, "due_at": due}
    w.made["review"] = await w.conn.insert(emergency_reviews, row, returning="id")


async def _occupy(w: Writing, id_: UUID) -> None:
    """The open movement of each record names the operation; a record without one gets a movement of kind ACT."""
    await w.conn.run(POINT, the_ids=w.movements, the_operation=id_)
    free = [m.on for m in w.moves if m.on and not m.movement]
    if not free:
        return
    await w.conn.run(CLOSE_ACTS, the_records=[r.id for r in free], the_at=w.at)
    await w.conn.insert(
        movements,
        [
            {
                "org_id": r.org,
                "record_id": r.id,
                "kind": MovementKind.ACT,
                "operation_id": id_,
                "reserved_at": w.at,
                "lapses_at": w.at + w.window,
            }
            for r in free
        ],
    )


async def finish(w: Writing, id_: UUID) -> None:
    """The last seat is taken: the operation is done, its own movements are closed, core banking will hear of it."""
    await w.conn.update(operations, {"id": id_}, {"state": OperationState.DONE, "done_at": w.at})
    await w.conn.run(CLOSE_ACTS, the_records=w.records, the_at=w.at)
    first = w.first
    if first.on is None or first.on.tier is not Tier.FIRST or w.ask.action not in EXITS | ENTRIES:
        return
    direction = OffBalanceDirection.OUT if w.ask.action in EXITS else OffBalanceDirection.IN
    ends = {m.on.id: m.back or after(m.on.tier, m.on.state, m.action) for m in w.moves if m.on}
    await w.conn.insert(
        off_balance_entries,
        [
            {"org_id": m.unit, "record_id": m.on.id, "operation_id": id_, "direction": direction, "queued_at": w.at}
            for m in w.moves
            if m.on and (w.ask.action in EXITS or ends[m.on.id] is RecordState.IN_VAULT)  # what was lost does not come in again
        ],
    )


async def withdraw(w: Writing, id_: UUID) -> None:
    """Nobody will take the seats that are left; the records are as free as before."""
    await w.conn.update(operations, {"id": id_}, {"state": OperationState.WITHDRAWN})
    await w.conn.run(CLOSE_ACTS, the_records=w.records, the_at=w.at)
    await w.conn.run(FORGET, the_operation=id_)


async def ticket(w: Writing, id_: UUID) -> tuple[UUID, int]:
    """Of an exit. Taken after everything that can wait: until the commit nobody else gets one."""
    return await next_ticket(w, w.first.record.custody_org, id_)


async def next_ticket(w: Writing, org: UUID, operation: UUID) -> tuple[UUID, int]:
    """The next number of a unit."""
    row = await w.conn.row(TICKET, the_org=org, the_operation=operation, the_at=w.at)
    assert row is not None  # an insert without a conflict clause returns its row
    return row["id"], row["ticket_no"]
