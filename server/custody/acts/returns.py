"""What comes back, how it is looked at, and what does not: what F7 to F9 and S5 change."""

from uuid import UUID

from sqlalchemy import update

from server.custody.acts.change import AT, THESE, Detail, given, inspected, not_known, open_cases
from server.custody.acts.envelopes import reseal
from server.custody.moves import Move
from server.custody.moves.claims import Bringer
from server.custody.moves.envelopes import NewSeal
from server.custody.writing import Writing
from storage.tables import movements, return_inspections
from storage.terms import Action as A
from storage.terms import DiscrepancyKind, PaperKind

PRESENT = update(movements).where(THESE).values(returned_at=given("at", AT), returned_by=given("by"), presented_to=given("to"))
STILL_OUT = update(movements).where(THESE).values(operation_id=None, returned_at=None, returned_by=None, presented_to=None)


async def present_return(w: Writing) -> Detail:
    """F7, S5: it stops being overdue; it is not yet available."""
    await present(w, w.movements, w.ask.brought_by)
    w.made["checkouts"] = w.movements
    grounds = {m.of(Bringer).ground for m in w.moves} - {"HOLDER"}
    return {"brought_by": w.ask.brought_by} | ({"grounds": sorted(g for g in grounds if g)} if grounds else {})


async def present(w: Writing, checkouts: list[UUID], by: UUID | None) -> None:
    """Laid before the caller by whoever brings it; by nobody, where it was found in the vault (C25)."""
    await w.conn.run(PRESENT, the_ids=checkouts, the_at=w.at, the_by=by, the_to=w.by.id)


async def accept_return(w: Writing) -> Detail:
    """F8, S5: inspected and found right, one by one; the movement is closed, and what was opened is sealed anew (C9)."""
    for move in w.moves:
        inspection = await inspect(w, move)
        assert move.movement is not None
        await w.conn.update(
            movements,
            {"id": move.movement.id},
            {"operation_id": None, "entry_operation_id": w.operation, "inspection_id": inspection, "closed_at": w.at},
        )
    w.made["checkouts"] = w.movements
    if w.ask.detail is None:
        return {}
    seals: tuple[NewSeal, ...] = w.ask.detail.seals
    return {"seals": [{"envelope": s.envelope, "old_seal_no": await reseal(w, s.envelope, s.seal_no), "seal_no": s.seal_no} for s in seals]}


async def reject_return(w: Writing) -> Detail:
    """F9: what is not right stays out with its holder; what did not come is missing, with an owner and a deadline."""
    for move in w.moves:
        await inspect(w, move)
    await w.conn.run(STILL_OUT, the_ids=w.movements)
    await open_cases(w, [m for m in w.moves if m.action is A.RETURN_MISSING])
    broken = [m for m in w.moves if m.action is A.REJECT_RETURN and m.inspection and not m.inspection.seal_intact]
    await open_cases(
        w, [m for m in broken if DiscrepancyKind.SEAL_BROKEN not in m.frozen and m.record.envelope], DiscrepancyKind.SEAL_BROKEN
    )
    bare = [m for m in w.moves if m.action is A.REJECT_RETURN and m.inspection and m.inspection.shows_mortgage is False]
    await open_cases(w, not_known([m for m in bare if m.record.kind is PaperKind.CERTIFICATE]), DiscrepancyKind.RIGHT_NOT_SHOWN)
    w.made["checkouts"] = w.movements
    return {}


async def inspect(w: Writing, move: Move, checkout: UUID | None = None) -> UUID:
    """What was found of one record; of a paper that takes another's place, at the checkout of that other."""
    checkout = checkout or (move.movement.id if move.movement else None)
    assert checkout is not None
    row = inspected(w, move) | {"movement_id": checkout}
    made: UUID = await w.conn.insert(return_inspections, row, returning="id")
    return made


CHANGES = {
    A.PRESENT_RETURN: present_return,
    A.ACCEPT_RETURN: accept_return,
    A.REJECT_RETURN: reject_return,
    A.RETURN_MISSING: reject_return,
}
