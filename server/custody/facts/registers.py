"""Facts of what the desk has written: a ticket, an entry of the off-balance register, the review of an emergency."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.registers import Entry, Review, Ticket
from server.errors import NotFound
from storage.tables import archive_records, emergency_reviews, off_balance_entries, operation_seats, tickets
from storage.terms import Action as A
from storage.terms import OffBalanceState

Found = Mapping[UUID | None, Any]


def _id() -> Any:
    return bindparam("id_", type_=Uuid, required=True)


TICKET = select(tickets).where(tickets.c.id == _id())
ENTRY = (
    select(off_balance_entries, func.coalesce(archive_records.c.primary_loan_id, archive_records.c.custody_org_id).label("chain"))
    .join(archive_records, archive_records.c.id == off_balance_entries.c.record_id)
    .where(off_balance_entries.c.id == _id())
)
REVIEW = select(emergency_reviews).where(emergency_reviews.c.id == _id())
SEATED = select(operation_seats.c.staff_id).where(operation_seats.c.operation_id == bindparam("operation", type_=Uuid, required=True))


async def _ticket(g: Gathering) -> Found:
    row = await g.conn.row(TICKET, id_=g.ask.detail.ticket)
    if row is None:
        raise NotFound()
    return {None: Ticket(row["id"], row["org_id"], row["operation_id"], row["ticket_no"], row["is_void"])}


async def _entry(g: Gathering) -> Found:
    row = await g.conn.row(ENTRY, id_=g.ask.detail.entry)
    if row is None:
        raise NotFound()
    return {None: Entry(row["id"], row["record_id"], row["chain"], OffBalanceState(row["state"]))}


async def _review(g: Gathering) -> Found:
    row = await g.conn.row(REVIEW, id_=g.ask.detail.review)
    if row is None:
        raise NotFound()
    seated = frozenset(r["staff_id"] for r in await g.conn.rows(SEATED, operation=row["operation_id"]))
    return {None: Review(row["id"], row["operation_id"], row["reviewed_at"] is None, seated)}


SOURCES = (
    Source(Ticket, frozenset({A.VOID_TICKET}), _ticket),
    Source(Entry, frozenset({A.BOOK_OFF_BALANCE_ENTRY}), _entry),
    Source(Review, frozenset({A.REVIEW_EMERGENCY}), _review),
)
