"""Requests, operations, checkouts, holds and what happened."""

from typing import Annotated, Any

import strawberry
from sqlalchemy import Integer, Text, and_, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, array

from schema.collateral import Collateral, CollateralWhere
from schema.corrections import Correction
from schema.lending import Customer, CustomerListFilter, Dealer, DealerWhere, Loan, LoanWhere
from schema.organisation import OrgUnit, StaffMember
from schema.paging import (
    BooleanFilter,
    DateTimeFilter,
    IDFilter,
    Node,
    StringFilter,
    Versioned,
    col,
    enum_filter,
    list_filter,
    sort_keys,
    sort_of,
    where_of,
)
from schema.papers import Scan
from schema.policy import Decision, RuleOverride
from schema.reading.declare import Many, Masked, MaskedOne, One, Sql, reads
from schema.receipts import EventReceipt
from schema.records import ArchiveRecord, ArchiveRecordListFilter, ArchiveRecordWhere
from schema.scalars import DateTime
from schema.vault import BaileeLetter, EmergencyReview, IntakeReceipt, ReturnClaim
from schema.visibility import HOLD_DETAIL, not_counted, own_unit, shared, through
from storage import tables
from storage.terms import (
    Action,
    HoldKind,
    HoldSubject,
    MovementKind,
    MovementPhase,
    OperationState,
    Purpose,
    RecordState,
    RequestKind,
    RequestState,
    Role,
    Seat,
    Tier,
)

Releases = Annotated["Release", strawberry.lazy("schema.release")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
REQUEST_FIELDS = ("submitted_at", "updated_at")
AccessRequestWhere = where_of(
    __name__, "AccessRequestWhere", id=IDFilter, state=enum_filter(RequestState), kind=enum_filter(RequestKind),
    purpose=enum_filter(Purpose), tier=enum_filter(Tier), applicant_id=IDFilter, submitted_at=DateTimeFilter,
    queue=BooleanFilter, records=ArchiveRecordListFilter,
)  # fmt: skip
AccessRequestSort = sort_of(__name__, "AccessRequestSort", *REQUEST_FIELDS)
REQUEST_KEYS = sort_keys(*REQUEST_FIELDS)
OPERATION_FIELDS = ("opened_at", "expires_at", "updated_at")
OperationWhere = where_of(
    __name__, "OperationWhere", id=IDFilter, state=enum_filter(OperationState), action=enum_filter(Action), tier=enum_filter(Tier),
    opened_at=DateTimeFilter, expires_at=DateTimeFilter, records=ArchiveRecordListFilter,
)  # fmt: skip
OperationSort = sort_of(__name__, "OperationSort", *OPERATION_FIELDS)
OPERATION_KEYS = sort_keys(*OPERATION_FIELDS)
CHECKOUT_FIELDS = ("reserved_at", "updated_at")
CheckoutWhere = where_of(
    __name__, "CheckoutWhere", id=IDFilter, phase=enum_filter(MovementPhase), kind=enum_filter(MovementKind), holder_id=IDFilter,
    due_at=DateTimeFilter, is_overdue=BooleanFilter, is_claimed=BooleanFilter, record=ArchiveRecordWhere,
)  # fmt: skip
CheckoutListFilter = list_filter(__name__, "Checkout")
CheckoutSort = sort_of(__name__, "CheckoutSort", *CHECKOUT_FIELDS)
CHECKOUT_KEYS = sort_keys(*CHECKOUT_FIELDS)


HOLD_FIELDS = ("placed_at", "updated_at")
HoldWhere = where_of(  # by kind those find it who are told the kind
    __name__,
    "HoldWhere",
    id=IDFilter,
    org_id=IDFilter,
    kind=enum_filter(HoldKind),
    subject_kind=enum_filter(HoldSubject),
    placed_at=DateTimeFilter,
    is_active=BooleanFilter,
    record=ArchiveRecordWhere,
    loan=LoanWhere,
    collateral=CollateralWhere,
    customers=CustomerListFilter,
    dealer=DealerWhere,
)
HoldSort = sort_of(__name__, "HoldSort", *HOLD_FIELDS)
HOLD_KEYS = sort_keys(*HOLD_FIELDS)


EVENT_FIELDS = ("happened_at",)
CustodyEventWhere = where_of(
    __name__, "CustodyEventWhere", id=IDFilter, tag=StringFilter, happened_at=DateTimeFilter, actor_id=IDFilter, record_id=IDFilter
)
CustodyEventSort = sort_of(__name__, "CustodyEventSort", *EVENT_FIELDS)
EVENT_KEYS = sort_keys(*EVENT_FIELDS)


def _phase(move: Any, me: Any) -> Any:
    return case(
        (move.closed_at.is_not(None), "CLOSED"),
        (move.returned_at.is_not(None), "RETURNED"),
        (and_(move.out_at.is_not(None), move.kind == "READING"), "READING"),
        (move.out_at.is_not(None), "OUT"),
        else_="RESERVED",
    )


def _late(move: Any, me: Any) -> Any:
    return and_(move.closed_at.is_(None), move.returned_at.is_(None), func.coalesce(move.due_at < func.now(), False))


def _open_seats(operation: Any, me: Any) -> Any:
    seats = tables.operation_seats.alias()
    taken = select(seats.c.seat).where(seats.c.operation_id == operation.id).correlate_except(seats)
    wanted = func.unnest(operation.required_seats).table_valued("seat").render_derived(name="wanted")
    left = select(func.coalesce(func.json_agg(wanted.c.seat), func.json_build_array())).select_from(wanted)
    return left.where(wanted.c.seat.not_in(taken)).correlate_except(wanted).scalar_subquery()


def _operation_state(operation: Any, me: Any) -> Any:
    return case((and_(operation.state == "PENDING", operation.expires_at < func.now()), "EXPIRED"), else_=operation.state)


def _position(request: Any, me: Any) -> Any:
    return case((request.state == RequestState.WAITING.value, func.queue_position(request.id, type_=Integer)))


def _text(name: str) -> Any:
    """A member of the event's canonical detail, as text."""
    return lambda event, me: cast(func.convert_from(func.substr(event.canonical, literal(18)), literal("UTF8")), JSONB)["detail"][
        name
    ].as_string()


@reads(tables.approvals, "approval")
@strawberry.type(description="An approval of a request; never changed.")
class Approval(Node):
    """An approval."""

    rank: Role = col("The rank that approved.")
    approver: StaffMember | None = One("approver_id", description="Who approved.")
    approved_at: DateTime = col("When.")
    comment: str | None = col("In words.")


@reads(tables.access_requests, "request", visible=shared)
@strawberry.type(description="A request to take a record out or read it (调阅申请).")
class AccessRequest(Node, Versioned):
    """A request."""

    kind: RequestKind = col("What is asked for.")
    tier: Tier = col("Tier of all its records.")
    purpose: Purpose = col("Why.")
    reason: str | None = col("In words.")
    state: RequestState = col("Life cycle.")
    submitted_at: DateTime = col("When it was made.")
    decided_at: DateTime | None = col("When it was decided.")
    lapses_at: DateTime | None = col("End of the reservation.")
    decision_reason: str | None = col("Why it was rejected or cancelled.")
    outside_bank: bool = col(
        "Whether first-tier papers leave the bank, for a registry, court or counsel: the purpose says it, of OTHER the applicant. They are"
        " handed out only against a signed bailee letter (C40)."
    )
    queue: bool = col("Whether it waits for its records when they are taken.")
    queued_at: DateTime | None = col("Since when it waits.")
    queue_position: int | None = Sql(_position, description="Its place among those who wait for a record of it, from 1; while it waits.")
    updated_at: DateTime = col("Last change.")
    org_unit: OrgUnit | None = One("org_id", description="Unit of the applicant.")
    applicant: StaffMember | None = One("applicant_id", description="Who asks.")
    reader: StaffMember | None = One("reader_id", description="Who will hold or read the papers.")
    court_paper_scan: Scan | None = One("court_paper_scan_id", description="Scan of the court's paper of an EXTENSION for a court.")
    records: list[ArchiveRecord] = Many(on=through(tables.request_lines, "request_id", "record_id"), description="The records it names.")
    release: Releases | None = One(
        on=lambda release, request, me: and_(release.request_id == request.id, release.capacity != "COURT"),
        description="Who will receive the papers of a RELEASE, once they are verified.",
    )
    replacement: ArchiveRecord | None = One(
        on=through(tables.substitutions, "request_id", "replacement_id"),
        description="What takes the place of the papers of a SUBSTITUTION.",
    )
    approvals: list[Approval] = Many("request_id", order=lambda row: row.approved_at, description="Approvals so far.")
    bailee_letters: list[BaileeLetter] = Many("request_id", order=lambda row: row.registered_at, description="Letters registered for it.")


@reads(tables.operation_seats, "seat")
@strawberry.type(description="A seat that was taken.")
class OperationSeat(Node):
    """A seat."""

    seat: Seat = col("Which seat.")
    staff: StaffMember | None = One("staff_id", description="Who took it.")
    taken_at: DateTime = col("When.")


@reads(tables.tickets, "ticket", visible=own_unit)
@strawberry.type(description="A numbered vault-out ticket (出库单).")
class Ticket(Node):
    """A ticket."""

    ticket_no: int = col("Number in the unit's sequence, without gaps.")
    issued_at: DateTime = col("When.")
    is_void: bool = col("A void keeps its number.")
    void_reason: str | None = col("Why it is void.")
    org_unit: OrgUnit | None = One("org_id", description="Whose sequence.")


@reads(tables.operations, "operation", visible=shared)
@strawberry.type(description="An act that needs more than one person.")
class Operation(Node, Versioned):
    """An operation."""

    action: Action = col("Which act.")
    tier: Tier = col("Tier of its records.")
    state: OperationState = Sql(_operation_state, description="Pending until the last seat is taken.")
    required_seats: list[Seat] = Sql(lambda row, me: func.to_json(row.required_seats), description="Seats that must be taken.")
    open_seats: list[Seat] = Sql(_open_seats, description="Seats still empty.")
    change: str | None = Sql(
        lambda row, me: cast(func.jsonb_extract_path(row.ask, "change"), Text),
        description="The change that administration proposes, as JSON.",
    )
    proposed_overrides: str | None = Sql(
        lambda row, me: cast(func.jsonb_extract_path(row.ask, "overrides"), Text),
        description="Rules that its second person is asked to override, as JSON: rule and comment.",
    )
    opened_at: DateTime = col("When it was opened.")
    expires_at: DateTime = col("End of the confirmation window.")
    done_at: DateTime | None = col("When the last seat was taken.")
    updated_at: DateTime = col("Last change.")
    opened_by: StaffMember | None = One("opened_by", description="Who opened it.")
    request: AccessRequest | None = One("request_id", description="The request it fulfils.")
    seats: list[OperationSeat] = Many("operation_id", order=lambda row: row.taken_at, description="Seats taken.")
    records: list[ArchiveRecord] = Many(on=lambda record, op, me: record.id == func.any(op.record_ids), description="Its records.")
    overrides: list[RuleOverride] = Many("operation_id", description="Rules that were overridden in it.")
    ticket: Ticket | None = One(
        on=lambda ticket, op, me: and_(ticket.operation_id == op.id, ticket.is_void.is_(False)), description="The valid ticket of an exit."
    )
    emergency_reason: str | None = col("Why substitutes may take the seats of the keepers.")
    review: EmergencyReview | None = One(on=lambda review, op, me: review.operation_id == op.id, description="The review of an emergency.")
    receipt: IntakeReceipt | None = One(on=lambda receipt, op, me: receipt.operation_id == op.id, description="The receipt of an intake.")


@reads(tables.return_inspections, "inspection")
@strawberry.type(description="What was found when a record came back; never changed.")
class ReturnInspection(Node):
    """A return inspection."""

    inspected_at: DateTime = col("When.")
    inspected_by: StaffMember | None = One("inspected_by", description="Who inspected.")
    numbers_match: bool = col("Numbers on the paper match the register.")
    pages_match: bool = col("All pages are there.")
    seal_intact: bool = col("The seal is whole, or none was put on.")
    no_alterations: bool = col("Nothing was altered.")
    no_damage: bool = col("Nothing is damaged.")
    pages_counted: int = col("Pages counted.")
    shows_mortgage: bool | None = col("Of a certificate: the bank's mortgage entry stands on it.")
    findings: str | None = col("In words.")
    passed: bool = col("Whether it may go back.")


@reads(tables.movements, "checkout", visible=shared, blind=not_counted("record_id"))
@strawberry.type(description="A reservation, reading or checkout of one record, with its phases.")
class Checkout(Node, Versioned):
    """A movement as clients see it."""

    kind: MovementKind = col("Lending or reading in the room.")
    phase: MovementPhase = Sql(_phase, description="Where it stands.")
    on_site: bool = col("Read at the vault, due today.")
    reserved_at: DateTime = col("When it was reserved.")
    lapses_at: DateTime = col("When an unused reservation counts as gone.")
    out_at: DateTime | None = col("When it was handed out.")
    due_at: DateTime | None = col("When it must be back.")
    due_is_provisional: bool = col("The holidays up to then are not all known: it may yet move, later only.")
    extensions: int = col("How often the due instant was moved.")
    recalled_at: DateTime | None = col("When its holder was asked to bring it back early.")
    recall_reason: str | None = col("Why.")
    returned_at: DateTime | None = col("When it was presented.")
    closed_at: DateTime | None = col("When it ended.")
    is_overdue: bool = Sql(_late, description="True when past due and not presented.")
    is_claimed: bool = Sql(lambda row, me: row.claimed_at.is_not(None), description="True while a claim of an earlier return is open.")
    updated_at: DateTime = col("Last change.")
    record: ArchiveRecord | None = One("record_id", description="The record.")
    request: AccessRequest | None = One("request_id", description="The request.")
    holder: StaffMember | None = One("holder_id", description="Who has or will have the paper.")
    recalled_by: StaffMember | None = One("recalled_by", description="Who asked for it back.")
    exit_operation: Operation | None = One("exit_operation_id", description="The operation that handed it out.")
    claims: list[ReturnClaim] = Many("movement_id", order=lambda row: row.claimed_at, description="Claims of an earlier return.")
    inspections: list[ReturnInspection] = Many("movement_id", order=lambda row: row.inspected_at, description="Inspections at its return.")


@reads(tables.holds, "hold", visible=own_unit)
@strawberry.type(description="A hold (冻结).")
class Hold(Node, Versioned):
    """A hold; whose and why is for those who may know."""

    kind: HoldKind | None = Masked(
        "kind", HOLD_DETAIL, "placer_id", description="Why; legal, compliance, audit and whoever placed it only."
    )
    reason: str | None = Masked(
        "reason", HOLD_DETAIL, "placer_id", description="In words; legal, compliance, audit and whoever placed it only."
    )
    subject_kind: HoldSubject = col("What it is on: one of `record`, `loan`, `collateral`, `customers`, `dealer`.")
    record: ArchiveRecord | None = One("record_id", description="The record that it is on; null when that is not visible.")
    loan: Loan | None = One("loan_id", description="The loan that it is on; null when that is not visible.")
    collateral: Collateral | None = One("collateral_id", description="The collateral that it is on; null when that is not visible.")
    customers: list[Customer] = Many(
        on=lambda customer, hold, me: customer.party_id == hold.party_id,
        description="The person whom it is on, in each unit that is visible.",
    )
    dealer: Dealer | None = One("dealer_id", description="The dealer that it is on.")
    placed_at: DateTime = col("When it was placed.")
    placed_by: StaffMember | None = MaskedOne(
        "placer_id", HOLD_DETAIL, "placer_id", description="Who placed it; legal, compliance, audit and whoever placed it only."
    )
    is_active: bool = Sql(lambda row, me: row.lifted_at.is_(None), description="Whether it holds now.")
    lifted_at: DateTime | None = col("When it was lifted.")
    lifted_by: StaffMember | None = MaskedOne(
        "lifted_by", HOLD_DETAIL, "placer_id", description="Who lifted it; legal, compliance, audit and whoever placed it only."
    )
    lift_reason: str | None = Masked(
        "lift_reason", HOLD_DETAIL, "placer_id", description="Why it was lifted; legal, compliance, audit and whoever placed it only."
    )


@reads(tables.events, "event", blind=not_counted("record_id"))
@strawberry.type(description="Something that happened to a record; one link of a hash chain.")
class CustodyEvent(Node):
    """An event."""

    happened_at: DateTime = col("When.")
    tag: str = col("subject:action:outcome.")
    from_state: RecordState | None = Sql(_text("from"), description="State before, when it changed.")
    to_state: RecordState | None = Sql(_text("to"), description="State after, when it changed.")
    seq: int = col("Number in its chain.")
    hash: str = Sql(lambda event, me: func.encode(event.hash, literal("hex")), description="SHA-256 of the link, hex.")
    actor: StaffMember | None = One("actor_id", description="Who did it.")
    record: ArchiveRecord | None = One("record_id", description="The record.")
    receipt: EventReceipt | None = One(
        on=lambda receipt, event, me: receipt.id == event.id, description="Its proof; null until a checkpoint has sealed it, some seconds."
    )
    corrected_by: list[Correction] = Many("subject_id", description="What it told and was put right later, and why.")
    decision: Decision | None = One(
        on=lambda decision, event, me: decision.event_ids.op("@>")(array([event.id])),
        description="What was judged when it was let through; compliance and audit alone.",
    )
