"""The questions that are compiled: the fields of Query that are one SQL statement."""

from typing import Any

import strawberry

from schema.collateral import (
    CERTIFICATE_KEYS,
    ENVELOPE_KEYS,
    CollateralCertificate,
    CollateralCertificateSort,
    CollateralCertificateWhere,
    SealedEnvelope,
    SealedEnvelopeSort,
    SealedEnvelopeWhere,
)
from schema.corrections import CORRECTION_KEYS, Correction, CorrectionSort, CorrectionWhere
from schema.custody import (
    CHECKOUT_KEYS,
    EVENT_KEYS,
    HOLD_KEYS,
    OPERATION_KEYS,
    REQUEST_KEYS,
    AccessRequest,
    AccessRequestSort,
    AccessRequestWhere,
    Checkout,
    CheckoutSort,
    CheckoutWhere,
    CustodyEvent,
    CustodyEventSort,
    CustodyEventWhere,
    Hold,
    HoldSort,
    HoldWhere,
    Operation,
    OperationSort,
    OperationWhere,
    Ticket,
)
from schema.expiring import Expiring, expiring
from schema.exports import EXPORT_KEYS, Export, ExportSort, ExportWhere
from schema.handovers import HANDOVER_KEYS, Handover, HandoverSort, HandoverWhere
from schema.lending import (
    CONTRACT_KEYS,
    CUSTOMER_KEYS,
    LOAN_KEYS,
    Contract,
    ContractSort,
    ContractWhere,
    Customer,
    CustomerSort,
    CustomerWhere,
    Loan,
    LoanSort,
    LoanWhere,
)
from schema.losses import (
    DISCREPANCY_KEYS,
    LOSS_KEYS,
    Discrepancy,
    DiscrepancySort,
    DiscrepancyWhere,
    LossCase,
    LossCaseSort,
    LossCaseWhere,
)
from schema.notices import NOTICE_KEYS, Notice, NoticeSort, NoticeWhere
from schema.paging import Connection, Node
from schema.papers import REPORT_KEYS, SCAN_KEYS, InspectionReport, InspectionReportSort, InspectionReportWhere, Scan, ScanSort, ScanWhere
from schema.policy import OVERRIDE_REPORT, PARAMETERS_LIST, PolicyParameter, RuleOverride
from schema.reading.declare import Counts, NodeById, One, Page
from schema.records import GROUP_KEYS, RECORD_KEYS, ArchiveRecord, ArchiveRecordSort, ArchiveRecordWhere, RecordCount, RecordGroup
from schema.release import SETTLEMENT_KEYS, SettlementNotice, SettlementNoticeSort, SettlementNoticeWhere
from schema.search import LOOK_UP, SEARCH, CodeHit, SearchHit
from schema.stocktakes import STOCKTAKE_KEYS, Stocktake, StocktakeSort, StocktakeWhere
from schema.vault import (
    ENTRY_KEYS,
    REVIEW_KEYS,
    TICKET_KEYS,
    EmergencyReview,
    EmergencyReviewSort,
    EmergencyReviewWhere,
    OffBalanceEntry,
    OffBalanceEntrySort,
    OffBalanceEntryWhere,
    TicketSort,
    TicketWhere,
)
from schema.viewer import Viewer
from schema.volumes import (
    BATCH_KEYS,
    CHECK_KEYS,
    ContractElementCheck,
    ContractElementCheckSort,
    ContractElementCheckWhere,
    DisposalBatch,
    DisposalBatchSort,
    DisposalBatchWhere,
)


def _by(name: str, what: str, **keys: str) -> Any:
    """A one-of input: exactly one way to name a thing."""
    fields = {"id": ("Opaque global id.", strawberry.ID), **{k: (d, str) for k, d in keys.items()}}
    cls = type(name, (), {"__annotations__": {k: t | None for k, (_, t) in fields.items()}})
    for key, (told, _) in fields.items():
        setattr(cls, key, strawberry.field(default=strawberry.UNSET, description=told))
    cls.__module__ = __name__
    return strawberry.input(cls, one_of=True, description=f"Exactly one way to name {what}.")


LoanBy = _by("LoanBy", "a loan", number="Business number.")


@strawberry.input(one_of=True, description="Exactly one way to name a contract.")
class ContractBy:
    """By id or number."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Opaque global id.")
    number: str | None = strawberry.field(default=strawberry.UNSET, description="Business number.")


ArchiveRecordBy = _by("ArchiveRecordBy", "a record", barcode="Label on it.", archive_no="Business number.")
CertificateBy = _by("CertificateBy", "a certificate", number="Number on it.")


def _named(row: Any, _: Any, me: Any, by: dict[str, Any]) -> Any:
    ((name, value),) = by.items()
    return row[name] == value


@strawberry.type(description="Every question.")
class Reads:
    """Queries that are compiled to one SQL statement."""

    viewer: Viewer | None = One(on=lambda row, _, me: row.id == me.staff, description="Who is asking, and what waits for them.")
    node: Node | None = NodeById(description="Refetch by id; null when absent or not visible.")
    nodes: list[Node | None] = NodeById(many=True, description="Refetch at most 100 by id, in the order given.")
    loan: Loan | None = One(on=_named, by=(LoanBy, "Exactly one way to name it."), description="One loan.")
    loans: Connection[Loan] = Page(where=LoanWhere, sort=LoanSort, keys=LOAN_KEYS, updated_since=True, description="Loans.")
    contract: Contract | None = One(on=_named, by=(ContractBy, "Exactly one way to name it."), description="One contract.")
    contracts: Connection[Contract] = Page(
        where=ContractWhere, sort=ContractSort, keys=CONTRACT_KEYS, updated_since=True, description="Contracts."
    )
    archive_record: ArchiveRecord | None = One(
        on=_named, by=(ArchiveRecordBy, "Exactly one way to name it."), description="One paper or volume."
    )
    archive_records: Connection[ArchiveRecord] = Page(
        where=ArchiveRecordWhere, sort=ArchiveRecordSort, keys=RECORD_KEYS, updated_since=True, description="Papers and volumes."
    )
    search: list[SearchHit] = SEARCH
    policy_parameters: list[PolicyParameter] = PARAMETERS_LIST
    override_report: list[RuleOverride] = OVERRIDE_REPORT
    look_up: list[CodeHit] = LOOK_UP
    record_counts: list[RecordCount] = Counts(
        "ArchiveRecord", GROUP_KEYS, RecordGroup, ArchiveRecordWhere,
        description="Records counted by keys, the most frequent first; at most 1,000 lines.",
    )  # fmt: skip
    collateral_certificate: CollateralCertificate | None = One(
        on=lambda row, _, me, by: _named(row, _, me, by) & row.is_live.is_(True) if "number" in by else _named(row, _, me, by),
        by=(CertificateBy, "Exactly one way to name it."),
        description="One certificate; by number the live one.",
    )
    customers: Connection[Customer] = Page(
        where=CustomerWhere, sort=CustomerSort, keys=CUSTOMER_KEYS, updated_since=True, description="Customers of the caller's units."
    )
    collateral_certificates: Connection[CollateralCertificate] = Page(
        where=CollateralCertificateWhere,
        sort=CollateralCertificateSort,
        keys=CERTIFICATE_KEYS,
        updated_since=True,
        description="Certificates, replaced ones included.",
    )
    sealed_envelopes: Connection[SealedEnvelope] = Page(
        where=SealedEnvelopeWhere, sort=SealedEnvelopeSort, keys=ENVELOPE_KEYS, updated_since=True, description="Sealed envelopes."
    )
    scans: Connection[Scan] = Page(where=ScanWhere, sort=ScanSort, keys=SCAN_KEYS, updated_since=True, description="Scans in every state.")
    holds: Connection[Hold] = Page(
        where=HoldWhere, sort=HoldSort, keys=HOLD_KEYS, updated_since=True, description="Holds of the caller's units."
    )
    inspection_reports: Connection[InspectionReport] = Page(
        where=InspectionReportWhere, sort=InspectionReportSort, keys=REPORT_KEYS, updated_since=True, description="Inspection reports."
    )
    expiring: Connection[Expiring] = expiring()
    notices: Connection[Notice] = Page(
        on=lambda row, _, me: row.staff_id == me.staff,
        where=NoticeWhere,
        sort=NoticeSort,
        keys=NOTICE_KEYS,
        updated_since=True,
        description="What the caller was told.",
    )
    exports: Connection[Export] = Page(
        on=lambda row, _, me: row.staff_id == me.staff,
        where=ExportWhere,
        sort=ExportSort,
        keys=EXPORT_KEYS,
        updated_since=True,
        description="What the caller asked to be exported.",
    )
    checkouts: Connection[Checkout] = Page(
        on=lambda row, _, me: row.kind != "ACT",
        where=CheckoutWhere,
        sort=CheckoutSort,
        keys=CHECKOUT_KEYS,
        updated_since=True,
        description="Reservations, readings and checkouts.",
    )
    access_requests: Connection[AccessRequest] = Page(
        where=AccessRequestWhere, sort=AccessRequestSort, keys=REQUEST_KEYS, updated_since=True, description="Access requests."
    )
    custody_events: Connection[CustodyEvent] = Page(
        where=CustodyEventWhere, sort=CustodyEventSort, keys=EVENT_KEYS, description="What happened to the papers, oldest id first."
    )
    settlement_notices: Connection[SettlementNotice] = Page(
        where=SettlementNoticeWhere, sort=SettlementNoticeSort, keys=SETTLEMENT_KEYS, updated_since=True, description="Settlement notices."
    )
    handovers: Connection[Handover] = Page(
        where=HandoverWhere, sort=HandoverSort, keys=HANDOVER_KEYS, updated_since=True, description="Handovers, of both parties."
    )
    stocktakes: Connection[Stocktake] = Page(
        where=StocktakeWhere, sort=StocktakeSort, keys=STOCKTAKE_KEYS, updated_since=True, description="Stocktakes (盘库)."
    )
    corrections: Connection[Correction] = Page(
        where=CorrectionWhere, sort=CorrectionSort, keys=CORRECTION_KEYS, description="What was mistyped and put right."
    )
    operations: Connection[Operation] = Page(
        where=OperationWhere, sort=OperationSort, keys=OPERATION_KEYS, updated_since=True, description="Operations."
    )
    tickets: Connection[Ticket] = Page(
        where=TicketWhere, sort=TicketSort, keys=TICKET_KEYS, description="Vault-out tickets, void ones too."
    )
    off_balance_entries: Connection[OffBalanceEntry] = Page(
        where=OffBalanceEntryWhere,
        sort=OffBalanceEntrySort,
        keys=ENTRY_KEYS,
        updated_since=True,
        description="Entries for core banking's off-balance register; `isOpen` for what is not booked yet.",
    )
    emergency_reviews: Connection[EmergencyReview] = Page(
        where=EmergencyReviewWhere,
        sort=EmergencyReviewSort,
        keys=REVIEW_KEYS,
        updated_since=True,
        description="Emergencies; `isOpen` for those that wait for their review.",
    )
    discrepancies: Connection[Discrepancy] = Page(
        where=DiscrepancyWhere, sort=DiscrepancySort, keys=DISCREPANCY_KEYS, updated_since=True,
        description="Where the shelf differs from the list, resolved ones included.",
    )  # fmt: skip
    loss_cases: Connection[LossCase] = Page(
        where=LossCaseWhere, sort=LossCaseSort, keys=LOSS_KEYS, updated_since=True, description="Cases of records that are not there."
    )
    contract_element_checks: Connection[ContractElementCheck] = Page(
        where=ContractElementCheckWhere, sort=ContractElementCheckSort, keys=CHECK_KEYS,
        description="Checks of contracts for omissions; with `isNewest` and `isWhole` those that still lack something.",
    )  # fmt: skip
    disposal_batches: Connection[DisposalBatch] = Page(
        where=DisposalBatchWhere, sort=DisposalBatchSort, keys=BATCH_KEYS, updated_since=True,
        description="Lists of volumes to be destroyed.",
    )  # fmt: skip
