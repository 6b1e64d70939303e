"""Requests, approvals, checkouts and reading in the room: what F3 to F6, S3 and S4 change."""

from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Boolean, update

from server.custody import notices, operations
from server.custody.acts.change import AT, CLOSE_UNUSED, THESE, Detail, given
from server.custody.moves.lending import CourtPaperShown
from server.custody.policy import ASKS, BANK_ZONE, RESERVATION_DAYS, ranks
from server.custody.writing import Writing
from server.errors import InputProblem, InvalidInput
from storage.tables import access_requests, approvals, movements, request_lines
from storage.terms import Action as A
from storage.terms import MovementKind, NoticeKind, Purpose, RequestKind, RequestState

MOVES = {
    RequestKind.CHECKOUT: MovementKind.CHECKOUT,
    RequestKind.READ_ON_SITE: MovementKind.READING,
    RequestKind.RELEASE: MovementKind.RELEASE,
    RequestKind.SUBSTITUTION: MovementKind.SUBSTITUTION,
}
HAND_OUT = (
    update(movements)
    .where(THESE)
    .values(
        operation_id=None,
        exit_operation_id=given("operation"),
        out_at=given("at", AT),
        due_at=given("due", AT),
        due_is_provisional=given("provisional", Boolean),
    )
)
READ = update(movements).where(THESE).values(out_at=given("at", AT), due_at=given("due", AT))
END_READING = (
    update(movements)
    .where(THESE)
    .values(returned_at=given("at", AT), closed_at=given("at", AT), returned_by=movements.c.holder_id, presented_to=given("to"))
)
EXTEND = (
    update(movements)
    .where(THESE)
    .values(due_at=given("due", AT), due_is_provisional=given("provisional", Boolean), extensions=movements.c.extensions + 1)
)


async def request_access(w: Writing) -> Detail:
    """F3 begins here: the request and its lines; nothing is reserved yet."""
    first, ask = w.first, w.ask
    kind = ASKS[ask.action]
    extension = kind is RequestKind.EXTENSION
    if extension and (first.movement is None or first.due_at is None):
        raise InvalidInput([InputProblem(("dueOn",), "REQUIRED")])
    paper = ask.detail.scan if isinstance(ask.detail, CourtPaperShown) else None
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
            "queue": bool(ask.queue),
            "submitted_at": w.at,
            "extends_id": first.movement.id if extension and first.movement else None,
            "extends_until": first.due_at if extension else None,
            "court_paper_scan_id": paper,
            "outside_bank": bool(ask.outside_bank),  # PostgreSQL overrules it where the purpose says (C40)
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
        **({"evidence": paper} if paper else {}),
    }


async def approve(w: Writing) -> Detail:
    """One rank of the matrix; a person gives one, however many roles they have."""
    request = w.first.request
    assert request is not None
    needed = request.ranks or ranks(w.first.record.tier, request.purpose)
    rank = min((needed - set(request.approvals)) & w.by.roles)
    row = {"request_id": request.id, "rank": rank, "approver_id": w.by.id, "applicant_id": request.applicant}
    await w.conn.insert(approvals, row | {"approved_at": w.at, "comment": w.ask.reason})
    w.made["request"] = request.id
    return {"request": request.id, "rank": rank}


async def reserve(w: Writing) -> Detail:
    """F3, S4: the last approval makes RESERVED for every line or for none."""
    return await approve(w) | await take(w)


async def take(w: Writing) -> Detail:
    """A reservation of every line, for as long as the unit's policy says (C20)."""
    request = w.first.request
    assert request is not None
    until = w.working_days(RESERVATION_DAYS)
    await w.conn.update(access_requests, {"id": request.id}, {"state": RequestState.APPROVED, "decided_at": w.at, "lapses_at": until})
    await w.conn.run(operations.CLOSE_ACTS, the_records=w.records, the_at=w.at)
    kind = MOVES[request.kind]
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
    w.made["request"] = request.id
    return {"request": request.id, "lapses": until}


async def extend(w: Writing) -> Detail:
    """F6: the new due instant counts from the old one."""
    request = w.first.request
    assert request is not None and request.until is not None
    detail = await approve(w)
    await w.conn.update(access_requests, {"id": request.id}, {"state": RequestState.FULFILLED, "decided_at": w.at})
    await w.conn.run(EXTEND, the_ids=w.movements, the_due=request.until, the_provisional=w.policy.is_provisional(request.until))
    return detail | {"due": request.until}


async def reject(w: Writing) -> Detail:
    """An approver says no, with a reason, and the applicant is told."""
    request = w.first.request
    assert request is not None
    await notices.tell(w.conn, {request.applicant}, NoticeKind.REQUEST_REJECTED, ("request", request.id), w.at)
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
    assert request is not None and due is not None  # C21
    provisional = w.policy.is_provisional(due)
    await w.conn.run(HAND_OUT, the_ids=w.movements, the_operation=w.operation, the_at=w.at, the_due=due, the_provisional=provisional)
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


CHANGES = {
    A.REQUEST_CHECKOUT: request_access,
    A.REQUEST_READING: request_access,
    A.REQUEST_EXTENSION: request_access,
    A.REQUEST_RELEASE: request_access,
    A.APPROVE: approve,
    A.RESERVE: reserve,
    A.EXTEND: extend,
    A.REJECT: reject,
    A.CANCEL: cancel,
    A.CHECK_OUT: check_out,
    A.START_READING: start_reading,
    A.END_READING: end_reading,
}
