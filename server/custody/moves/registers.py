"""Tickets, the off-balance register and emergencies: what is asked, and what their rules look at."""

from dataclasses import dataclass
from uuid import UUID

from storage.terms import EmergencyFinding, OffBalanceState


@dataclass(frozen=True, slots=True)
class VoidTicket:
    """VOID_TICKET: which one; the reason is the ask's."""

    ticket: UUID


@dataclass(frozen=True, slots=True)
class Ticket:
    """Fact: the ticket that is to be void."""

    id: UUID
    org: UUID
    operation: UUID | None
    number: int
    is_void: bool


@dataclass(frozen=True, slots=True)
class Booking:
    """BOOK_OFF_BALANCE_ENTRY: core banking's answer; a failure says why."""

    entry: UUID
    state: OffBalanceState
    serial_no: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Fact: the entry as it stands."""

    id: UUID
    record: UUID
    chain: UUID
    state: OffBalanceState


@dataclass(frozen=True, slots=True)
class EmergencyReview:
    """REVIEW_EMERGENCY: what was found."""

    review: UUID
    finding: EmergencyFinding
    comment: str


@dataclass(frozen=True, slots=True)
class Review:
    """Fact: the review as it stands, and who sat in the emergency."""

    id: UUID
    operation: UUID
    is_open: bool
    seated: frozenset[UUID]
