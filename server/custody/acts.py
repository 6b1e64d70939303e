"""What each act changes besides the record's state, the event and the key. Each returns what its event adds."""

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.custody import operations, reading
from server.custody.moves import Move
from server.custody.policy import BANK_ZONE, CASE_DAYS, RESERVATION_DAYS, ranks
from server.custody.transitions import ADMINISTRATION
from server.custody.writing import Writing
from server.errors import InputProblem, InvalidInput, NotFound
from storage.tables import (
    access_requests,
    approvals,
    archive_records,
    collateral,
    customers,
    dealers,
    discrepancies,
    holds,
    loans,
    movements,
    request_lines,
    return_inspections,
    sealed_envelopes,
)
from storage.terms import Action as A
from storage.terms import DiscrepancyKind, HoldSubject, MovementKind, Purpose, RequestKind, RequestState, Seat

Detail = dict[str, Any]
AT = TIMESTAMP(timezone=True)


def _given(name: str, type_: Any = Uuid) -> Any:
    return bindparam(f"the_{name}", type_=type_, required=True)


THESE = movements.c.id == func.any(_given("ids", ARRAY(Uuid)))
HAND_OUT = (
    update(movements)
    .where(THESE)
    .values(operation_id=None, exit_operation_id=_given("operation"), out_at=_given("at", AT), due_at=_given("due", AT))
)
READ = update(movements).where(THESE).values(out_at=_given("at", AT), due_at=_given("due", AT))
END_READING = (
    update(movements)
    .where(THESE)
    .values(returned_at=_given("at", AT), closed_at=_given("at", AT), returned_by=movements.c.holder_id, presented_to=_given("to"))
)
PRESENT = update(movements).where(THESE).values(returned_at=_given("at", AT), returned_by=movements.c.holder_id, presented_to=_given("to"))
STILL_OUT = update(movements).where(THESE).values(operation_id=None, returned_at=None, returned_by=None, presented_to=None)
CLOSE_UNUSED = update(movements).where(THESE).values(closed_at=_given("at", AT), operation_id=None)
EXTEND = update(movements).where(THESE).values(due_at=_given("due", AT), extensions=movements.c.extensions + 1)
SETTLE = (
    update(access_requests)
    .where(access_requests.c.id == func.any(_given("ids", ARRAY(Uuid))))
    .values(state=_given("state", access_requests.c.state.type), decided_at=_given("at", AT))
)


async def request_access(w: Writing) -> Detail:
    """F3 begins here: the request and its lines; nothing is reserved yet."""
    first, ask = w.first, w.ask
    kind = {A.REQUEST_READING: RequestKind.READ_ON_SITE, A.REQUEST_EXTENSION: RequestKind.EXTENSION}.get(ask.action, RequestKind.CHECKOUT)
    extension = kind is RequestKind.EXTENSION
    if extension and (first.movement is None or first.due_at is None):
        raise InvalidInput([InputProblem(("dueOn",), "REQUIRED")])
    made: UUID = await w.conn.insert(
        access_requests,
        {
            "org_id": w.by.org,
            "kind": kind,
            "tier": first.record.tier,
            "purpose": first.purpose,
            "reason": ask.reason,
            "applicant_id": w.by.id,
            "reader_id": ask.reader or w.by.id,
            "submitted_at": w.at,
            "extends_id": first.movement.id if extension and first.movement else None,
            "extends_until": first.due_at if extension else None,
        },
        returning="id",
    )
    await w.conn.insert(request_lines, [{"request_id": made, "record_id": r} for r in w.records])
    w.made["request"] = made
    return {
        "request": made,
        "kind": kind,
        "purpose": first.purpose,
        "reader": ask.reader or w.by.id,
        "until": first.due_at if extension else None,
    }


async def approve(w: Writing) -> Detail:
    """One rank of the matrix; a person gives one, however many roles they have."""
    request = w.first.request
    assert request is not None
    rank = min((ranks(w.first.record.tier, request.purpose) - set(request.approvals)) & w.by.roles)
    row = {"request_id": request.id, "rank": rank, "approver_id": w.by.id, "applicant_id": request.applicant}
    await w.conn.insert(approvals, row | {"approved_at": w.at, "comment": w.ask.reason})
    w.made["request"] = request.id
    return {"request": request.id, "rank": rank}


async def reserve(w: Writing) -> Detail:
    """F3, S4: the last approval makes RESERVED for every line or for none."""
    request = w.first.request
    assert request is not None
    detail, until = await approve(w), w.working_days(RESERVATION_DAYS)
    await w.conn.update(access_requests, {"id": request.id}, {"state": RequestState.APPROVED, "decided_at": w.at, "lapses_at": until})
    await w.conn.run(operations.CLOSE_ACTS, the_records=w.records, the_at=w.at)
    kind = MovementKind.READING if request.kind is RequestKind.READ_ON_SITE else MovementKind.CHECKOUT
    await w.conn.insert(
        movements,
        [
            {
                "org_id": m.record.org,
                "record_id": m.record.id,
                "kind": kind,
                "request_id": request.id,
                "holder_id": request.reader,
                "on_site": request.purpose is Purpose.AUDIT_READING or kind is MovementKind.READING,
                "reserved_at": w.at,
                "lapses_at": until,
            }
            for m in w.moves
        ],
    )
    return detail | {"lapses": until}


async def extend(w: Writing) -> Detail:
    """F6: the new due instant counts from the old one."""
    request = w.first.request
    assert request is not None and request.until is not None
    detail = await approve(w)
    await w.conn.update(access_requests, {"id": request.id}, {"state": RequestState.FULFILLED, "decided_at": w.at})
    await w.conn.run(EXTEND, the_ids=w.movements, the_due=request.until)
    return detail | {"due": request.until}


async def reject(w: Writing) -> Detail:
    """An approver says no, with a reason."""
    return await _decide(w, RequestState.REJECTED)


async def cancel(w: Writing) -> Detail:
    """F4: the applicant takes the request back; what it had reserved is free."""
    unused = [m.movement for m in w.moves if m.movement and m.request and m.movement.request == m.request.id]
    await w.conn.run(CLOSE_UNUSED, the_ids=[m.id for m in unused], the_at=w.at)
    return await _decide(w, RequestState.CANCELLED)


async def _decide(w: Writing, state: RequestState) -> Detail:
    request = w.first.request
    assert request is not None
    await w.conn.update(access_requests, {"id": request.id}, {"state": state, "decided_at": w.at, "decision_reason": w.ask.reason})
    w.made["request"] = request.id
    return {"request": request.id}


async def check_out(w: Writing) -> Detail:
    """F5, S4: handed out, with a due instant and, last of all, a ticket."""
    request, due = w.first.request, w.first.due_at
    assert request is not None
    await w.conn.run(HAND_OUT, the_ids=w.movements, the_operation=w.operation, the_at=w.at, the_due=due)
    await w.conn.update(access_requests, {"id": request.id}, {"state": RequestState.FULFILLED})
    w.made["checkouts"] = w.movements
    return {"request": request.id, "holder": request.reader, "due": due}


async def start_reading(w: Writing) -> Detail:
    """S3: read in the room, the same day."""
    request = w.first.request
    assert request is not None
    end = datetime.combine(w.at.astimezone(BANK_ZONE).date() + timedelta(days=1), time(0), BANK_ZONE)
    await w.conn.run(READ, the_ids=w.movements, the_at=w.at, the_due=end)
    await w.conn.update(access_requests, {"id": request.id}, {"state": RequestState.FULFILLED})
    w.made["checkouts"] = w.movements
    return {"request": request.id, "holder": request.reader}


async def end_reading(w: Writing) -> Detail:
    """S3: back on the shelf."""
    await w.conn.run(END_READING, the_ids=w.movements, the_at=w.at, the_to=w.by.id)
    w.made["checkouts"] = w.movements
    return {}


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
    await _open_cases(w, [m for m in w.moves if m.action is A.RETURN_MISSING])
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


async def report_missing(w: Writing) -> Detail:
    """F14, S11: a case is opened; an open reservation is cancelled, an open checkout stays and is marked by the case."""
    unused = [m.movement for m in w.moves if m.movement and m.movement.out_at is None]
    await w.conn.run(CLOSE_UNUSED, the_ids=[m.id for m in unused], the_at=w.at)
    requests = [m.request for m in unused if m.request]
    await w.conn.run(SETTLE, the_ids=requests, the_state=RequestState.CANCELLED.value, the_at=w.at)
    await _open_cases(w, list(w.moves))
    return {}


async def _open_cases(w: Writing, moves: list[Move]) -> None:
    deadline = w.working_days(CASE_DAYS)
    cases = []
    for move in moves:
        findings = (move.inspection.findings if move.inspection else None) or w.ask.reason or ""
        row = {"org_id": move.record.org, "record_id": move.record.id, "kind": DiscrepancyKind.MISSING, "findings": findings}
        row |= {"reported_by": w.by.id, "reported_at": w.at, "owner_id": w.by.id, "deadline_at": deadline}
        cases.append(await w.conn.insert(discrepancies, row, returning="id"))
    w.made["cases"] = cases


async def intake(w: Writing) -> Detail:
    """F2: the envelope goes into its slot."""
    for placement in w.ask.placements:
        await w.conn.update(sealed_envelopes, {"id": placement.envelope}, {"location_id": placement.location})
    return {}


async def submit_volume(w: Writing) -> Detail:
    """S1: the loan officer hands the volume in."""
    for record in w.records:
        await w.conn.update(archive_records, {"id": record}, {"submitted_by": w.by.id})
    return {}


async def accept_volume(w: Writing) -> Detail:
    """S2: the archivist takes it over, onto a shelf."""
    for record in w.records:
        await w.conn.update(archive_records, {"id": record}, {"custodian_id": w.by.id, "location_id": w.ask.location})
    return {}


async def place_hold(w: Writing) -> Detail:
    """A hold on a record, loan, collateral, customer or dealer; the placer's unit owns it."""
    ask = w.ask
    column, value = await subject_of(w)
    row = {"org_id": w.by.org, "kind": ask.hold_kind, "subject_kind": ask.subject_kind, column: value, "reason": ask.reason}
    made: UUID = await w.conn.insert(holds, row | {"placer_id": w.by.id, "placed_at": w.at}, returning="id")
    w.made["hold"] = made
    return {"hold": made, "hold_kind": ask.hold_kind, "on": ask.subject_kind}


SUBJECTS = {
    HoldSubject.RECORD: ("record_id", select(archive_records.c.id).where(archive_records.c.id == _given("id"))),
    HoldSubject.LOAN: ("loan_id", select(loans.c.id).where(loans.c.id == _given("id"))),
    HoldSubject.COLLATERAL: ("collateral_id", select(collateral.c.id).where(collateral.c.id == _given("id"))),
    HoldSubject.CUSTOMER: ("party_id", select(customers.c.party_id).where(customers.c.id == _given("id"))),
    HoldSubject.DEALER: ("dealer_id", select(dealers.c.id).where(dealers.c.id == _given("id"))),
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
    given = dict.fromkeys(("record", "loan", "asset", "party", "dealer")) | {
        {"record_id": "record", "loan_id": "loan", "collateral_id": "asset", "party_id": "party", "dealer_id": "dealer"}[column]: value
    }
    rows = await w.conn.rows(reading.SUBJECT_LOCKED, **given)
    return {r["loan_id"] for r in rows if r["loan_id"]} | ({value} if column == "loan_id" else set())


async def lift_hold(w: Writing) -> Detail:
    """The second person lifts it."""
    assert w.ask.hold is not None
    second = w.first.seats[Seat.SECOND].id
    await w.conn.update(holds, {"id": w.ask.hold}, {"lifted_at": w.at, "lifted_by": second, "lift_reason": w.ask.reason})
    w.made["hold"] = w.ask.hold
    return {"hold": w.ask.hold}


async def withdraw(w: Writing) -> Detail:
    """The operation will not be finished."""
    assert w.ask.operation is not None
    await operations.withdraw(w, w.ask.operation)
    w.made["operation"] = w.ask.operation
    return {"operation": w.ask.operation}


async def administer(w: Writing) -> Detail:
    """The trigger on the operation carries it out; the event tells what was changed, without names."""
    assert w.ask.change is not None and w.operation is not None
    told = {name: value for name, value in w.ask.change.items() if name not in ("name", "locations")}
    places = w.ask.change.get("locations")
    if places:
        w.made["locations"] = [p["id"] for p in places]
    elif w.ask.action is A.CREATE_ORG_UNIT:
        w.made["org"] = w.ask.change["id"]
    elif w.first.subject:
        w.made["staff"] = w.first.subject.id
    return {"change": told} | ({"places": [p["code"] for p in places]} if places else {})


CHANGES: dict[A, Callable[[Writing], Awaitable[Detail]]] = {
    A.INTAKE: intake,
    A.SUBMIT_VOLUME: submit_volume,
    A.ACCEPT_VOLUME: accept_volume,
    A.REQUEST_CHECKOUT: request_access,
    A.REQUEST_READING: request_access,
    A.REQUEST_EXTENSION: request_access,
    A.APPROVE: approve,
    A.RESERVE: reserve,
    A.EXTEND: extend,
    A.REJECT: reject,
    A.CANCEL: cancel,
    A.CHECK_OUT: check_out,
    A.WITHDRAW: withdraw,
    A.START_READING: start_reading,
    A.END_READING: end_reading,
    A.PRESENT_RETURN: present_return,
    A.ACCEPT_RETURN: accept_return,
    A.REJECT_RETURN: reject_return,
    A.RETURN_MISSING: reject_return,
    A.PLACE_HOLD: place_hold,
    A.LIFT_HOLD: lift_hold,
    A.REPORT_MISSING: report_missing,
    **dict.fromkeys(ADMINISTRATION, administer),
}
