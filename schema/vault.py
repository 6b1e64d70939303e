"""What accompanies first-tier papers: letters, claims, registry checks, receipts, the off-balance register, emergencies."""

from typing import Annotated, Any

import strawberry
from sqlalchemy import and_, func

from schema.collateral import CollateralCertificate
from schema.lending import Customer
from schema.organisation import OrgUnit, StaffMember
from schema.paging import (
    BooleanFilter,
    DateTimeFilter,
    IDFilter,
    IntFilter,
    Node,
    StringFilter,
    Versioned,
    col,
    enum_filter,
    sort_keys,
    sort_of,
    where_of,
)
from schema.reading.declare import One, Sql, reads
from schema.records import ArchiveRecord
from schema.scalars import Date, DateTime
from schema.visibility import own_unit
from storage import tables
from storage.terms import BaileeKind, ClaimResolution, EmergencyFinding, OffBalanceDirection, OffBalanceState

Operations = Annotated["Operation", strawberry.lazy("schema.custody")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Requests = Annotated["AccessRequest", strawberry.lazy("schema.custody")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Checkouts = Annotated["Checkout", strawberry.lazy("schema.custody")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Scans = Annotated["Scan", strawberry.lazy("schema.papers")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily

ENTRY_FIELDS = ("queued_at", "updated_at")
OffBalanceEntryWhere = where_of(
    __name__, "OffBalanceEntryWhere", id=IDFilter, state=enum_filter(OffBalanceState), direction=enum_filter(OffBalanceDirection),
    queued_at=DateTimeFilter, is_open=BooleanFilter, serial_no=StringFilter, record_id=IDFilter,
)  # fmt: skip
OffBalanceEntrySort = sort_of(__name__, "OffBalanceEntrySort", *ENTRY_FIELDS)
ENTRY_KEYS = sort_keys(*ENTRY_FIELDS)
REVIEW_FIELDS = ("due_at", "opened_at", "updated_at")
EmergencyReviewWhere = where_of(
    __name__, "EmergencyReviewWhere", id=IDFilter, is_open=BooleanFilter, is_overdue=BooleanFilter, opened_at=DateTimeFilter,
    due_at=DateTimeFilter, finding=enum_filter(EmergencyFinding), operation_id=IDFilter,
)  # fmt: skip
EmergencyReviewSort = sort_of(__name__, "EmergencyReviewSort", *REVIEW_FIELDS)
REVIEW_KEYS = sort_keys(*REVIEW_FIELDS)
TICKET_FIELDS = ("ticket_no", "issued_at")
TicketWhere = where_of(
    __name__, "TicketWhere", id=IDFilter, ticket_no=IntFilter, is_void=BooleanFilter, issued_at=DateTimeFilter, operation_id=IDFilter
)
TicketSort = sort_of(__name__, "TicketSort", *TICKET_FIELDS)
TICKET_KEYS = sort_keys(*TICKET_FIELDS)


def _late(review: Any, me: Any) -> Any:
    return and_(review.reviewed_at.is_(None), review.due_at < func.now())


@reads(tables.bailee_letters, "letter")
@strawberry.type(description="A signed letter (受托保管函) of whoever keeps papers outside the bank and must return them.")
class BaileeLetter(Node):
    """A bailee letter."""

    letter_no: str = col("Number on the letter.")
    kind: BaileeKind = col("Who keeps the papers.")
    bailee: str = col("The office, court or firm.")
    signed_on: Date = col("Day of the signature.")
    return_by: Date = col("Day by which it promises the return.")
    registered_at: DateTime = col("When it was registered.")
    registered_by: StaffMember | None = One("registered_by", description="Who registered it.")
    request: Requests | None = One("request_id", description="The request under which the papers leave.")
    scan: Scans | None = One("scan_id", description="Scan of the letter.")


@reads(tables.return_claims, "claim")
@strawberry.type(description="A holder says that it was returned already; until that is resolved nothing is done with the checkout.")
class ReturnClaim(Node, Versioned):
    """A claim."""

    statement: str = col("In the holder's words.")
    claimed_at: DateTime = col("When.")
    resolved_at: DateTime | None = col("When it was resolved.")
    resolution: ClaimResolution | None = col("How it ended.")
    findings: str | None = col("What was found.")
    claimed_by: StaffMember | None = One("claimed_by", description="The holder.")
    resolved_by: StaffMember | None = One("resolved_by", description="Who resolved it.")
    checkout: Checkouts | None = One("movement_id", description="The checkout.")


@reads(tables.registry_checks, "check")
@strawberry.type(description="What the registry said of an electronic certificate; never changed.")
class RegistryCheck(Node):
    """A check."""

    checked_at: DateTime = col("When.")
    reference: str = col("Reference under which it was found.")
    is_valid: bool = col("Whether the registry still shows the bank's right.")
    findings: str | None = col("In words.")
    checked_by: StaffMember | None = One("checked_by", description="Who asked.")
    certificate: CollateralCertificate | None = One("certificate_id", description="The certificate.")
    record: ArchiveRecord | None = One("record_id", description="Its record.")


@reads(tables.intake_receipts, "receipt")
@strawberry.type(description="A receipt of three parts (三联回单): for the keeper, the business officer and the borrower; never changed.")
class IntakeReceipt(Node):
    """A receipt."""

    receipt_no: int = col("Number on all three parts.")
    issued_at: DateTime = col("When.")
    keeper: StaffMember | None = One("keeper_id", description="Who keeps the first part.")
    officer: StaffMember | None = One("officer_id", description="Who gets the second part: who delivered the papers.")
    borrower: Customer | None = One("customer_id", description="Who gets the third part.")
    operation: Operations | None = One("operation_id", description="The intake.")


@reads(tables.off_balance_entries, "entry", visible=own_unit)
@strawberry.type(description="An entry for core banking's off-balance register (表外登记); open until it is booked.")
class OffBalanceEntry(Node, Versioned):
    """An entry."""

    direction: OffBalanceDirection = col("Into the vault or out of it.")
    state: OffBalanceState = col("What core banking has said.")
    is_open: bool = Sql(lambda row, me: row.state != "BOOKED", description="Whether core banking still has to book it.")
    serial_no: str | None = col("Serial of core banking.")
    failure: str | None = col("Why it was not booked.")
    queued_at: DateTime = col("When it was queued.")
    booked_at: DateTime | None = col("When it was booked.")
    updated_at: DateTime = col("Last change.")
    org_unit: OrgUnit | None = One("org_id", description="The unit whose vault it is.")
    record: ArchiveRecord | None = One("record_id", description="The paper.")
    operation: Operations | None = One("operation_id", description="The entry or exit.")


@reads(tables.emergency_reviews, "review", visible=own_unit)
@strawberry.type(description="The review of an emergency in which substitutes could take the seats of keepers.")
class EmergencyReview(Node, Versioned):
    """A review."""

    reason: str = col("Why it was an emergency.")
    opened_at: DateTime = col("When.")
    due_at: DateTime = col("Until when it must be reviewed.")
    is_open: bool = Sql(lambda row, me: row.reviewed_at.is_(None), description="Whether it waits for its review.")
    is_overdue: bool = Sql(_late, description="True when it waits past its time.")
    reviewed_at: DateTime | None = col("When it was reviewed.")
    finding: EmergencyFinding | None = col("What the review found.")
    comment: str | None = col("In words.")
    updated_at: DateTime = col("Last change.")
    org_unit: OrgUnit | None = One("org_id", description="The unit.")
    reviewed_by: StaffMember | None = One("reviewed_by", description="Who reviewed it.")
    operation: Operations | None = One("operation_id", description="What was done.")
