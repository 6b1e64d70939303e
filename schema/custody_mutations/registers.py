"""Tickets, the off-balance register, reviews of emergencies."""

import strawberry

from schema.custody import Ticket
from schema.custody_mutations.acting import UNSET, ActPayload, act, field
from schema.custody_mutations.papers import in_words
from schema.reading.declare import One
from schema.results import KeyedInput, given, id_of
from schema.vault import EmergencyReview, OffBalanceEntry
from server.custody.moves import Ask
from server.custody.moves import registers as moves
from server.custody.transitions import WHO
from storage.terms import Action as A
from storage.terms import EmergencyFinding, OffBalanceState


class VoidPayload(ActPayload):
    """A void ticket."""

    voided: Ticket | None = One(given="void", description="The ticket that is void now.")
    ticket: Ticket | None = One(given="ticket", description="The ticket that its exit has instead.")


class EntryPayload(ActPayload):
    """An entry of the off-balance register."""

    entry: OffBalanceEntry | None = One(given="entry", description="The entry.")


class ReviewPayload(ActPayload):
    """The review of an emergency."""

    review: EmergencyReview | None = One(given="review", description="The review.")


@strawberry.input(description="Input of voidTicket.")
class VoidTicketInput(KeyedInput):
    """The number stays."""

    ticket_id: strawberry.ID = field("The ticket.")
    reason: str = field("Why it is void.")


@strawberry.input(description="Input of bookOffBalanceEntry.")
class BookOffBalanceEntryInput(KeyedInput):
    """Core banking's answer."""

    entry_id: strawberry.ID = field("The entry.")
    state: OffBalanceState = field("BOOKED or FAILED.")
    serial_no: str | None = field("Serial of core banking; of BOOKED.", UNSET)
    failure: str | None = field("Why it was not booked; of FAILED.", UNSET)


@strawberry.input(description="Input of reviewEmergency.")
class ReviewEmergencyInput(KeyedInput):
    """By somebody who did not sit in it."""

    review_id: strawberry.ID = field("The review that waits.")
    finding: EmergencyFinding = field("What was found.")
    comment: str = field("In words.")


async def _void(info: strawberry.Info, i: VoidTicketInput) -> Ask:
    return Ask(A.VOID_TICKET, reason=in_words(i.reason, "reason"), detail=moves.VoidTicket(id_of(i.ticket_id, "ticket")))


async def _book(info: strawberry.Info, i: BookOffBalanceEntryInput) -> Ask:
    return Ask(A.BOOK_OFF_BALANCE_ENTRY, detail=moves.Booking(id_of(i.entry_id, "entry"), i.state, given(i.serial_no), given(i.failure)))


async def _review(info: strawberry.Info, i: ReviewEmergencyInput) -> Ask:
    detail = moves.EmergencyReview(id_of(i.review_id, "review"), i.finding, in_words(i.comment, "comment"))
    return Ask(A.REVIEW_EMERGENCY, detail=detail)


@strawberry.type
class RegisterMutations:
    """Acts on what the desk has written."""

    void_ticket = act(
        "voidTicket", VoidTicketInput, VoidPayload, _void, requires=WHO[A.VOID_TICKET],
        description="Declare a ticket void (作废); it keeps its number, and its exit gets the next.",
    )  # fmt: skip
    book_off_balance_entry = act(
        "bookOffBalanceEntry", BookOffBalanceEntryInput, EntryPayload, _book, requires=WHO[A.BOOK_OFF_BALANCE_ENTRY],
        description="Core banking's answer to an entry of the off-balance register; for services.",
    )  # fmt: skip
    review_emergency = act(
        "reviewEmergency", ReviewEmergencyInput, ReviewPayload, _review, requires=WHO[A.REVIEW_EMERGENCY],
        description="Review what substitutes did in an emergency; by compliance or the head of the branch.",
    )  # fmt: skip
