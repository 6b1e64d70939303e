"""What an override leaves behind: a row for each broken rule, which the movement and the event name (C50)."""

from uuid import UUID

from server.custody.moves import Move
from server.custody.rules import overridden
from server.custody.writing import Writing
from storage.tables import movements, overrides
from storage.terms import Seat


async def record(w: Writing) -> None:
    """Before anything moves: who let which rule be broken for which record, and why."""
    comments = {o.rule: o.comment for o in w.ask.overrides}
    if not comments:
        return
    for rule, move in overridden(w.moves):
        made: UUID = await w.conn.insert(
            overrides,
            {
                "org_id": w.actor.org,
                "operation_id": w.operation,
                "record_id": move.record.id,
                "rule": rule.number,
                "code": rule.code,
                "comment": comments[rule.number],
                "asked_by": w.first.seats[_asker(w)].id,
                "confirmed_by": w.first.seats[Seat.OVERRIDE].id,
                "overridden_at": w.at,
            },
            returning="id",
        )
        if rule.number == "C20" and move.movement:  # which would otherwise not let it leave
            await w.conn.update(movements, {"id": move.movement.id}, {"override_id": made})


def told(w: Writing, move: Move) -> list[str]:
    """What the event of the move says of it."""
    return [f"{rule.number} {rule.code}" for rule, broken in overridden((move,)) if broken is move] if w.ask.overrides else []


def _asker(w: Writing) -> Seat:
    return next(seat for seat in w.first.required if seat is not Seat.OVERRIDE)
