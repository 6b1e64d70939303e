"""What comes back, how it is looked at, and what does not: what F7 to F9 and S5 change."""

from uuid import UUID

from sqlalchemy import update

from server.custody.acts.change import AT, THESE, Detail, given, open_cases
from server.custody.moves import Move
from server.custody.writing import Writing
from storage.tables import movements, return_inspections
from storage.terms import Action as A

PRESENT = update(movements).where(THESE).values(returned_at=given("at", AT), returned_by=movements.c.holder_id, presented_to=given("to"))
STILL_OUT = update(movements).where(THESE).values(operation_id=None, returned_at=None, returned_by=None, presented_to=None)


async def present_return(w: Writing) -> Detail:
    """F7, S5: it stops being overdue; it is not yet available."""
    await w.conn.run(PRESENT, the_ids=w.movements, the_at=w.at, the_to=w.by.id)
    w.made["checkouts"] = w.movements
    return {"brought_by": w.ask.brought_by}


async def accept_return(w: Writing) -> Detail:
    """F8, S5: inspected and found right, one by one; the movement is closed."""
    for move in w.moves:
        inspection = await _inspect(w, move)
        assert move.movement is not None
        await w.conn.update(
            movements,
            {"id": move.movement.id},
            {"operation_id": None, "entry_operation_id": w.operation, "inspection_id": inspection, "closed_at": w.at},
        )
    w.made["checkouts"] = w.movements
    return {}


async def reject_return(w: Writing) -> Detail:
    """F9: what is not right stays out with its holder; what did not come is missing, with an owner and a deadline."""
    for move in w.moves:
        await _inspect(w, move)
    await w.conn.run(STILL_OUT, the_ids=w.movements)
    await open_cases(w, [m for m in w.moves if m.action is A.RETURN_MISSING])
    w.made["checkouts"] = w.movements
    return {}


async def _inspect(w: Writing, move: Move) -> UUID:
    found = move.inspection
    assert found is not None and move.movement is not None
    made: UUID = await w.conn.insert(
        return_inspections,
        {
            "movement_id": move.movement.id,
            "record_id": move.record.id,
            "operation_id": w.operation,
            "inspected_by": w.by.id,
            "inspected_at": w.at,
            "numbers_match": found.numbers_match,
            "pages_match": found.pages_match,
            "seal_intact": found.seal_intact,
            "no_alterations": found.no_alterations,
            "no_damage": found.no_damage,
            "pages_counted": found.pages_counted,
            "findings": found.findings,
            "passed": found.passed,
        },
        returning="id",
    )
    return made


CHANGES = {
    A.PRESENT_RETURN: present_return,
    A.ACCEPT_RETURN: accept_return,
    A.REJECT_RETURN: reject_return,
    A.RETURN_MISSING: reject_return,
}
