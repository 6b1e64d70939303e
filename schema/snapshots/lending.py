"""What secures the loan, on what terms, and what was asked about its papers, as it was."""

from typing import Any

import strawberry
from sqlalchemy import and_, case, func

from schema.collateral import Collateral, CollateralCertificate
from schema.custody import AccessRequest, Approval, Checkout, Hold
from schema.lending import Contract, LoanPosition, Money
from schema.paging import col
from schema.reading.declare import Many, Masked, One, Sql, reads
from schema.reading.declare import Money as money
from schema.scalars import Date, DateTime
from schema.snapshots import rows
from schema.snapshots.living import as_was
from schema.snapshots.parties import CustomerSnapshot, OrgUnitSnapshot, StaffSnapshot
from schema.visibility import HOLD_DETAIL, own_unit
from storage.terms import (
    CertificateKind,
    CollateralKind,
    ContractKind,
    HoldKind,
    HoldSubject,
    MovementKind,
    MovementPhase,
    PayoffKind,
    Purpose,
    RequestKind,
    RequestState,
    Role,
    Tier,
)


@reads(rows.loan_positions, "position")
@as_was(LoanPosition, description="Balances of a loan, by the instant for which core banking told them.")
class LoanPositionSnapshot:
    """A position that is known."""

    id: strawberry.ID = col("Of the position.")
    as_of: DateTime
    recorded_at: DateTime = col("When it arrived here.")
    principal: Money = money("principal_amount", description="Principal still owed.")
    interest: Money = money("interest_amount", description="Interest still owed.")
    fees: Money = money("fees_amount", description="Fees still owed.")
    overdue: Money = money("overdue_amount", description="Part of it that is past due.")
    days_overdue: int
    settled_at: DateTime | None
    payoff_kind: PayoffKind | None = col("How it was paid off.")


@reads(rows.contracts, "contract")
@as_was(Contract, description="A contract (合同), as it was.")
class ContractSnapshot:
    """A contract."""

    id: strawberry.ID = col("Of the contract.")
    number: str
    kind: ContractKind
    signed_on: Date
    amount: Money = money("amount", description="Amount.")
    is_maximum_amount: bool = col("Whether it secures several loans up to an amount (最高额).")


@reads(rows.collateral_certificates, "certificate")
@as_was(CollateralCertificate, description="A title or other-right certificate (权证, 他项权证), as it was.")
class CollateralCertificateSnapshot:
    """A certificate."""

    id: strawberry.ID = col("Of the certificate.")
    number: str
    kind: CertificateKind
    issuer: str
    issued_on: Date
    expires_on: Date | None
    right_amount: Money | None = money("right_amount", description="Registered amount.")
    registration_no: str | None
    is_electronic: bool
    registry_reference: str | None
    vin: str | None
    owner_name: str | None
    is_live: bool = col("False once void or replaced.")


@reads(rows.collateral, "collateral")
@as_was(Collateral, description="Collateral (抵押物), as it was.")
class CollateralSnapshot:
    """Collateral."""

    id: strawberry.ID = col("Of the collateral.")
    kind: CollateralKind
    description: str
    vin: str | None
    engine_no: str | None
    plate_no: str | None
    value: Money | None = money("value_amount", description="What it was worth on the day of `asOf`, as it is known.")
    valued_on: Date | None = col("Day from which that value holds.")
    org_unit: OrgUnitSnapshot | None = One("org_id", description="The branch that owned it.")
    owner: CustomerSnapshot | None = One("owner_id", description="Owner or mortgagor (抵押人).")
    certificates: list[CollateralCertificateSnapshot] = Many(
        "collateral_id", order=lambda row: row.issued_on, description="Certificates, oldest first."
    )


@reads(rows.holds, "hold", visible=own_unit)
@as_was(Hold, description="A hold (冻结) that had been placed.")
class HoldSnapshot:
    """A hold; kind and reason are for those who may know."""

    id: strawberry.ID = col("Of the hold.")
    kind: HoldKind | None = Masked("kind", HOLD_DETAIL, description="Why; legal, compliance and audit only.")
    reason: str | None = Masked("reason", HOLD_DETAIL, description="In words; legal, compliance and audit only.")
    subject_kind: HoldSubject = col("What it was on.")
    placed_at: DateTime
    lifted_at: DateTime | None = col("When it had been lifted.")
    is_active: bool = Sql(lambda row, me: row.lifted_at.is_(None), description="Whether it held.")


@reads(rows.approvals, "approval")
@as_was(Approval, description="An approval that had been given.")
class ApprovalSnapshot:
    """An approval."""

    id: strawberry.ID = col("Of the approval.")
    rank: Role
    approver: StaffSnapshot | None = One("approver_id", description="Who approved.")
    approved_at: DateTime
    comment: str | None = col("In words.")


@reads(rows.access_requests, "request")
@as_was(AccessRequest, description="A request about a paper of the file (调阅申请), as it stood.")
class AccessRequestSnapshot:
    """A request."""

    id: strawberry.ID = col("Of the request.")
    kind: RequestKind = col("What was asked for.")
    tier: Tier
    purpose: Purpose
    reason: str | None
    state: RequestState = col("Where it stood.")
    submitted_at: DateTime
    decided_at: DateTime | None = col("When it had been decided.")
    decision_reason: str | None
    lapses_at: DateTime | None
    outside_bank: bool = col("Whether the papers leave the bank.")
    org_unit: OrgUnitSnapshot | None = One("org_id", description="Unit of the applicant.")
    applicant: StaffSnapshot | None = One("applicant_id", description="Who asked.")
    reader: StaffSnapshot | None = One("reader_id", description="Who would hold or read the papers.")
    approvals: list[ApprovalSnapshot] = Many("request_id", order=lambda row: row.approved_at, description="Approvals by then.")


def _phase(move: Any, me: Any) -> Any:
    return case(
        (move.closed_at.is_not(None), "CLOSED"),
        (move.returned_at.is_not(None), "RETURNED"),
        (and_(move.out_at.is_not(None), move.kind == "READING"), "READING"),
        (move.out_at.is_not(None), "OUT"),
        else_="RESERVED",
    )


def _late(move: Any, me: Any) -> Any:
    return and_(move.closed_at.is_(None), move.returned_at.is_(None), func.coalesce(move.due_at < rows.AS_OF, False))


@reads(rows.movements, "checkout")
@as_was(Checkout, description="A reservation, reading or checkout, in the phase in which it was.")
class CheckoutSnapshot:
    """A movement."""

    id: strawberry.ID = col("Of the checkout.")
    kind: MovementKind
    phase: MovementPhase = Sql(_phase, description="Where it stood.")
    on_site: bool = col("Read at the vault, due the same day.")
    reserved_at: DateTime
    lapses_at: DateTime
    out_at: DateTime | None = col("When it had been handed out.")
    due_at: DateTime | None
    extensions: int = col("How often the due instant had been moved.")
    recalled_at: DateTime | None = col("When its holder had been asked to bring it back early.")
    returned_at: DateTime | None = col("When it had been presented.")
    closed_at: DateTime | None = col("When it had ended.")
    is_overdue: bool = Sql(_late, description="Whether it was past due and not presented.")
    holder: StaffSnapshot | None = One("holder_id", description="Who had or would have the paper.")
    request: AccessRequestSnapshot | None = One("request_id", description="The request.")
