"""A ticket that is void, core banking's answer, the review of an emergency: what C1, C10 and C11 change."""

from uuid import UUID

from sqlalchemy import func, select

from server.compliance.events import Words
from server.custody import operations
from server.custody.acts.change import Detail
from server.custody.moves.registers import Booking, EmergencyReview, Entry, Review, Ticket
from server.custody.writing import Writing
from storage.statements import given
from storage.tables import archive_records, emergency_reviews, off_balance_entries, tickets
from storage.tables import operations as operations_table
from storage.terms import Action as A
from storage.terms import OffBalanceState

MOVED = (
    select(func.coalesce(archive_records.c.primary_loan_id, archive_records.c.custody_org_id).label("chain"))
    .join(operations_table, archive_records.c.id == func.any(operations_table.c.record_ids))
    .where(operations_table.c.id == given("operation"))
    .distinct()
)


async def void_ticket(w: Writing) -> Detail:
    """C10: the number stays, with the reason; the exit gets the next one, taken last."""
    ticket = w.first.of(Ticket)
    await w.conn.update(tickets, {"id": ticket.id}, {"is_void": True, "void_reason": w.ask.reason})
    w.subject, w.made["void"] = ("ticket", ticket.id), ticket.id
    number: int | None = None
    if ticket.operation is not None:
        w.made["ticket"], number = await operations.next_ticket(w, ticket.org, ticket.operation)
    return {"reason": Words(w.ask.reason or ""), "number": ticket.number, "instead": w.made.get("ticket"), "instead_no": number}


async def of_exit(w: Writing) -> set[UUID]:
    """A ticket stands in the history of the unit whose sequence it is of, and of the papers that left with it."""
    ticket = w.first.of(Ticket)
    return {ticket.org} | await _of_operation(w, ticket.operation)


async def of_emergency(w: Writing) -> set[UUID]:
    """A review stands in the history of the papers that were moved, and of the unit that looks at it."""
    return {w.by.org} | await _of_operation(w, w.first.of(Review).operation)


async def _of_operation(w: Writing, operation: UUID | None) -> set[UUID]:
    return {row["chain"] for row in await w.conn.rows(MOVED, operation=operation)}


async def book(w: Writing) -> Detail:
    """C11: booked with core banking's serial, or failed with its reason."""
    entry, answer = w.first.of(Entry), w.ask.detail
    assert isinstance(answer, Booking)
    booked = answer.state is OffBalanceState.BOOKED
    changes = {"state": answer.state, "serial_no": answer.serial_no if booked else None, "booked_at": w.at if booked else None}
    await w.conn.update(off_balance_entries, {"id": entry.id}, changes | {"failure": None if booked else answer.failure})
    w.subject, w.made["entry"] = ("off_balance_entry", entry.id), entry.id
    return {"of": entry.record, "state": answer.state, "serial_no": answer.serial_no}


async def of_record(w: Writing) -> set[UUID]:
    """An entry stands in the history of its record."""
    return {w.first.of(Entry).chain}


async def review_emergency(w: Writing) -> Detail:
    """C1: somebody else looks at what substitutes did, and says whether it had to be."""
    review, said = w.first.of(Review), w.ask.detail
    assert isinstance(said, EmergencyReview)
    changes = {"reviewed_at": w.at, "reviewed_by": w.by.id, "finding": said.finding, "comment": said.comment}
    await w.conn.update(emergency_reviews, {"id": review.id}, changes)
    w.subject, w.made["review"], w.made["operation"] = ("operation", review.operation), review.id, review.operation
    return {"review": review.id, "finding": said.finding}


CHANGES = {A.VOID_TICKET: void_ticket, A.BOOK_OFF_BALANCE_ENTRY: book, A.REVIEW_EMERGENCY: review_emergency}
CHAINS = {A.VOID_TICKET: of_exit, A.BOOK_OFF_BALANCE_ENTRY: of_record, A.REVIEW_EMERGENCY: of_emergency}
