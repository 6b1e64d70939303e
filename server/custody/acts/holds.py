"""Holds, in every branch that they reach."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from server.custody import reading
from server.custody.acts import disposal
from server.custody.acts.change import Detail, given
from server.custody.writing import Writing
from server.errors import NotFound
from storage.tables import archive_records, collateral, customers, dealers, holds, loans
from storage.terms import Action as A
from storage.terms import HoldSubject, Seat


async def place_hold(w: Writing) -> Detail:
    """A hold on a record, loan, collateral, customer or dealer; the placer's unit owns it."""
    ask = w.ask
    column, value = await subject_of(w)
    listed = await disposal.lines_under(w, _given(column, value))
    row = {"org_id": w.by.org, "kind": ask.hold_kind, "subject_kind": ask.subject_kind, column: value, "reason": ask.reason}
    made: UUID = await w.conn.insert(holds, row | {"placer_id": w.by.id, "placed_at": w.at}, returning="id")
    disposal.tell_stopped(w, listed, made)
    w.made["hold"] = made
    return {"hold": made, "hold_kind": ask.hold_kind, "on": ask.subject_kind}


SUBJECTS = {
    HoldSubject.RECORD: ("record_id", select(archive_records.c.id).where(archive_records.c.id == given("id"))),
    HoldSubject.LOAN: ("loan_id", select(loans.c.id).where(loans.c.id == given("id"))),
    HoldSubject.COLLATERAL: ("collateral_id", select(collateral.c.id).where(collateral.c.id == given("id"))),
    HoldSubject.CUSTOMER: ("party_id", select(customers.c.party_id).where(customers.c.id == given("id"))),
    HoldSubject.DEALER: ("dealer_id", select(dealers.c.id).where(dealers.c.id == given("id"))),
}


async def subject_of(w: Writing) -> tuple[str, UUID]:
    """The column of `holds` and the id that goes into it; NotFound for what the caller may not see."""
    if w.ask.hold:
        row = await w.conn.row(reading.HOLD, hold=w.ask.hold)
        assert row is not None  # the facts have found it
        return next((name, row[name]) for name, _ in SUBJECTS.values() if row[name])
    assert w.ask.subject_kind is not None
    column, found = SUBJECTS[w.ask.subject_kind]
    value = await w.conn.value(found, the_id=w.ask.subject)
    if value is None:
        raise NotFound()
    return column, value


async def covered_loans(w: Writing) -> set[UUID]:
    """Locks every record that the hold will cover, in every branch; answers the loans whose history must tell of it."""
    column, value = await subject_of(w)
    rows = await w.conn.rows(reading.SUBJECT_LOCKED, **_given(column, value))
    if w.ask.action is A.PLACE_HOLD:  # The clock again: what left while this waited for its lock, left before the hold.
        now = max(w.at, await w.conn.value(reading.NOW, shift=w.shift))
        w.moves = tuple(replace(move, at=now) for move in w.moves)
    return {r["loan_id"] for r in rows if r["loan_id"]} | ({value} if column == "loan_id" else set())


def _given(column: str, value: UUID) -> dict[str, UUID | None]:
    names = {"record_id": "record", "loan_id": "loan", "collateral_id": "asset", "party_id": "party", "dealer_id": "dealer"}
    return {**dict.fromkeys(names.values()), names[column]: value}


async def lift_hold(w: Writing) -> Detail:
    """The second person lifts it."""
    assert w.ask.hold is not None
    second = w.first.seats[Seat.SECOND].id
    await w.conn.update(holds, {"id": w.ask.hold}, {"lifted_at": w.at, "lifted_by": second, "lift_reason": w.ask.reason})
    w.made["hold"] = w.ask.hold
    return {"hold": w.ask.hold}


CHANGES = {A.PLACE_HOLD: place_hold, A.LIFT_HOLD: lift_hold}
CHAINS = {A.PLACE_HOLD: covered_loans, A.LIFT_HOLD: covered_loans}
