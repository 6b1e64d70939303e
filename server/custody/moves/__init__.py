"""A Move: one record about to change, and all that a rule may look at. Pure and frozen.

What only one chapter asks or knows stands in a file of that chapter: what is asked as `Ask.detail`, a fact as `Move.of(Fact)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from storage.terms import (
    Action,
    HoldKind,
    HoldSubject,
    MovementKind,
    PaperKind,
    Purpose,
    RecordState,
    RequestKind,
    RequestState,
    Role,
    Seat,
    StaffKind,
    Tier,
)

Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who takes part; roles include those delegated to them now."""

    id: UUID
    org: UUID
    roles: frozenset[Role]
    active: bool = True
    service: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """The record as it counts now: a lapsed reservation is already gone."""

    id: UUID
    tier: Tier
    state: RecordState
    org: UUID
    custody_org: UUID
    chain: UUID
    vault: UUID | None = None
    envelope: UUID | None = None
    submitted_by: UUID | None = None
    version: int = 1
    kind: PaperKind | None = None
    collateral: UUID | None = None
    pages: int = 0
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """An access request with the approvals given so far."""

    id: UUID
    kind: RequestKind
    state: RequestState
    purpose: Purpose
    applicant: UUID
    reader: UUID
    version: int = 1
    approvals: Mapping[Role, UUID] = field(default_factory=dict)
    prolongs: UUID | None = None  # of an extension: the request on which the papers left
    until: datetime | None = None
    reason: str | None = None
    outside_bank: bool = False
    queue: bool = False  # waits when its records are taken
    ranks: frozenset[Role] | None = None  # C5: whose approvals it needs, by the matrix as it held when it was made
    court_paper: UUID | None = None  # of an extension for a court


@dataclass(frozen=True, slots=True)
class Movement:
    """The open movement: reserved, then out, then returned; or a pending act. Never two for a record."""

    id: UUID
    kind: MovementKind
    request: UUID | None
    holder: UUID | None
    lapses_at: datetime
    out_at: datetime | None = None
    due_at: datetime | None = None
    returned_at: datetime | None = None
    operation: UUID | None = None  # pending and not expired
    claimed: bool = False
    extensions: int = 0
    purpose: Purpose | None = None
    pending_until: datetime | None = None  # when the pending operation expires


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that covers the record, of whatever branch, or the one that is to be lifted."""

    kind: HoldKind
    placer: UUID
    version: int = 1
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found when a record came back; `missing` when it did not come with the others."""

    record: UUID
    numbers_match: bool
    pages_match: bool
    seal_intact: bool
    no_alterations: bool
    no_damage: bool
    pages_counted: int = 0
    findings: str | None = None
    missing: bool = False
    shows_mortgage: bool | None = None  # of a certificate: the bank's mortgage entry stands on it (C54)

    @property
    def passed(self) -> bool:
        """Whether everything was found right."""
        return not self.missing and all((self.numbers_match, self.pages_match, self.seal_intact, self.no_alterations, self.no_damage))


@dataclass(frozen=True, slots=True)
class Placement:
    """Into which slot an envelope goes at intake."""

    envelope: UUID
    location: UUID


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A fact of an act that opens another vault than the record's; chapters derive theirs from it."""

    vault: UUID | None = None
    unit: UUID | None = None  # whose vault it is
    on_duty: Mapping[Seat, frozenset[UUID]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """The member of staff whom an act of administration is about."""

    id: UUID
    org: UUID
    kind: StaffKind
    active: bool
    has_custody: bool  # holds papers, keeps a vault or a shelf, or owns an open case, anywhere
    has_duty_then: bool  # at the vault and in the time that is asked for
    has_other_seat: bool = False  # the other of KEY and CODE, at the vault on one of the days that are asked for


@dataclass(frozen=True, slots=True)
class Override:
    """A rule that the act may break, and why (C50)."""

    rule: str
    comment: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What the caller wants, already parsed: one shape for every act, so that it can be hashed, stored and asked again."""

    action: Action
    records: tuple[UUID, ...] = ()
    request: UUID | None = None
    operation: UUID | None = None
    hold: UUID | None = None
    seat: Seat | None = None
    purpose: Purpose | None = None
    reader: UUID | None = None
    reason: str | None = None
    due_on: date | None = None
    brought_by: UUID | None = None
    inspections: tuple[Inspection, ...] = ()
    placements: tuple[Placement, ...] = ()
    location: UUID | None = None
    hold_kind: HoldKind | None = None
    subject_kind: HoldSubject | None = None
    subject: UUID | None = None
    expected_version: int | None = None
    queue: bool | None = None  # of a request: wait for what is taken
    change: Mapping[str, Any] | None = None  # of administration, as plain JSON
    emergency: str | None = None  # why substitutes may take the seats of the keepers (C1)
    outside_bank: bool | None = None  # of a request: whether the papers leave the bank, where its purpose does not say
    overrides: tuple[Override, ...] = ()
    detail: Any = None  # what else the act's chapter asks: the frozen dataclass that `server.custody.asks.DETAILS` names


@dataclass(frozen=True, slots=True)
class Move:
    """One record, one act, and every fact that a rule may look at."""

    ask: Ask
    action: Action
    at: datetime  # the clock, read after the locks
    by: Person
    on: Record | None = None  # None only for holds, which may cover no record yet
    request: Request | None = None
    movement: Movement | None = None
    lapsed: Movement | None = None  # what the desk must close before it moves the record
    seats: Mapping[Seat, Person] = field(default_factory=dict)  # the caller's included
    required: tuple[Seat, ...] = ()
    open_seats: frozenset[Seat] = frozenset()  # before the caller sits down
    opened_by: UUID | None = None  # of the operation that is named
    on_duty: Mapping[Seat, frozenset[UUID]] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()  # of every branch
    hold: Hold | None = None  # the one being lifted, while it is active
    interested: frozenset[UUID] = frozenset()  # manage the loan or are related to the party
    overdue: frozenset[UUID] = frozenset()  # applicant or reader who is blocked, or whose unit is, for what is overdue anywhere (C24)
    inactive: frozenset[UUID] = frozenset()  # applicant or reader who has left
    for_a_service: bool = False  # whether the reader who is named is no person
    frozen: frozenset[str] = frozenset()  # kinds of open discrepancies
    counted_until: datetime | None = None  # when the count of its place lets it go, at the latest (C17)
    mates: frozenset[UUID] = frozenset()  # other papers of the envelope that stand where this one stands
    together: frozenset[UUID] = frozenset()  # all records of the ask
    subject: Subject | None = None  # of administration
    due_at: datetime | None = None
    extensions_max: int = 1  # C22
    due_at_max: datetime | None = None  # C21: the longest due instant for this purpose
    overriders: Mapping[str, frozenset[Role]] = field(default_factory=dict)  # C50: who may override which rule
    sitter: Person | None = None  # who takes the OVERRIDE seat of an act that is somebody else's
    version_now: int | None = None  # of what a decision on a screen is about
    vault: UUID | None = None  # the one that the act opens: the record's, or where the act takes it
    unit: UUID | None = None  # whose vault or shelf that is
    queued: Mapping[UUID, UUID] = field(default_factory=dict)  # records of requests that wait, locked too, and their histories
    known: Mapping[type, Any] = field(default_factory=dict)  # facts of the act's chapter, by their type

    @property
    def record(self) -> Record:
        """The record; rules of acts that always have one use this."""
        assert self.on is not None, "this act has no record"
        return self.on

    def of(self, kind: type[Fact]) -> Fact:
        """The fact of that kind; a KeyError when no source of `server.custody.facts` gives it for this act."""
        found: Fact = self.known[kind]
        return found

    @property
    def back(self) -> RecordState | None:
        """Where an act that undoes something leads, when a fact of its chapter remembers that."""
        return next((fact.back for fact in self.known.values() if getattr(fact, "back", None) is not None), None)

    @property
    def purpose(self) -> Purpose | None:
        """Of the request, asked for, or of the checkout that an extension prolongs."""
        if self.request:
            return self.request.purpose
        return self.ask.purpose or (self.movement.purpose if self.movement else None)

    @property
    def touched(self) -> frozenset[UUID]:
        """Staff whom a change of administration is about."""
        change = self.ask.change or {}
        return frozenset(UUID(str(change[name])) for name in ("staff", "to", "from") if name in change)

    @property
    def asked_roles(self) -> frozenset[Role]:
        """Roles that a change of administration gives."""
        change = self.ask.change or {}
        return frozenset(Role(r) for r in (*change.get("roles", ()), *((change["role"],) if "role" in change else ())))

    @property
    def governed_by(self) -> UUID:
        """The unit whose parameters hold: the record's keeper, whoever acts; that of whoever acts where there is no record."""
        return self.on.custody_org if self.on else self.by.org

    @property
    def complete(self) -> bool:
        """Whether every seat is taken."""
        return set(self.required) <= set(self.seats)

    @property
    def inspection(self) -> Inspection | None:
        """The findings for this record."""
        return next((i for i in self.ask.inspections if self.on is not None and i.record == self.on.id), None)
