"""The papers and volumes under custody."""

from enum import Enum
from typing import Annotated, Any

import strawberry
from sqlalchemy import ARRAY, Uuid, and_, case, cast, func, or_, select
from sqlalchemy import Date as SqlDate
from sqlalchemy import DateTime as Instant

from schema.collateral import Collateral, CollateralCertificate, SealedEnvelope
from schema.lending import Contract, Loan, LoanWhere
from schema.organisation import OrgUnit, StaffMember, StorageLocation
from schema.paging import (
    BooleanFilter,
    Connection,
    DateFilter,
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
from schema.reading.compiler import STRUCTURAL_ENUMS
from schema.reading.declare import Many, One, Page, Sql, reads
from schema.scalars import Date, DateTime
from schema.visibility import asked_once, not_counted, shared
from server.custody.policy import BANK_ZONE
from storage import tables
from storage.terms import DocumentType, ItemState, PaperKind, RecordState, RetentionClass, Tier

Checkouts = Annotated["Checkout", strawberry.lazy("schema.custody")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Events = Annotated["CustodyEvent", strawberry.lazy("schema.custody")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
CheckoutFilter = Annotated["CheckoutWhere", strawberry.lazy("schema.custody")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Entries = Annotated["OffBalanceEntry", strawberry.lazy("schema.vault")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Holds = Annotated["Hold", strawberry.lazy("schema.custody")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Scans = Annotated["Scan", strawberry.lazy("schema.papers")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily


def _open(record: Any, me: Any) -> Any:
    moves = tables.movements.alias()
    return moves, and_(moves.c.record_id == record.id, moves.c.closed_at.is_(None), moves.c.kind != "ACT")


def _is_overdue(record: Any, me: Any) -> Any:
    moves, is_open = _open(record, me)
    late = select(moves.c.id).where(is_open, moves.c.returned_at.is_(None), moves.c.due_at < func.now())
    return late.correlate_except(moves).exists()


def _holder(staff: Any, record: Any, me: Any) -> Any:
    moves, is_open = _open(record, me)
    out = select(moves.c.holder_id).where(is_open, moves.c.out_at.is_not(None), moves.c.returned_at.is_(None))
    return staff.id == out.correlate_except(moves).scalar_subquery()


def _open_checkout(checkout: Any, record: Any, me: Any) -> Any:
    return and_(checkout.record_id == record.id, checkout.closed_at.is_(None), checkout.kind != "ACT")


def _stored(scan: Any, record: Any, me: Any) -> Any:
    return and_(scan.record_id == record.id, scan.status == "STORED")


def _item_state(item: Any, me: Any) -> Any:
    cases = tables.discrepancies.alias()
    gone = select(cases.c.id).where(cases.c.item_id == item.id, cases.c.resolved_at.is_(None), cases.c.kind == "MISSING")
    return case((gone.correlate_except(cases).exists(), "MISSING"), else_="PRESENT")


def _frozen(record: Any, me: Any) -> Any:
    return record.id == func.any(asked_once("frozen_records"))


def _awaited_late(record: Any, me: Any) -> Any:
    today = cast(func.timezone(BANK_ZONE.key, func.now()), SqlDate)
    return and_(record.state == "AWAITED", func.coalesce(record.expected_by < today, False))


def _place(place: Any, record: Any, me: Any) -> Any:
    lies = tables.sealed_envelopes.alias()
    slot = select(lies.c.location_id).where(lies.c.id == record.envelope_id).correlate_except(lies).scalar_subquery()
    return place.id == func.coalesce(slot, record.location_id)


def _secured(loan: Any, record: Any, me: Any) -> Any:
    link = tables.loan_collateral.alias()
    by_collateral = select(link.c.loan_id).where(link.c.collateral_id == record.collateral_id).correlate_except(link)
    return or_(loan.id == record.primary_loan_id, loan.id.in_(by_collateral))


RECORD_FIELDS = ("archive_no", "updated_at")
ArchiveRecordWhere = where_of(
    __name__, "ArchiveRecordWhere", id=IDFilter, archive_no=StringFilter, barcode=StringFilter, tier=enum_filter(Tier),
    state=enum_filter(RecordState), is_overdue=BooleanFilter, on_hold=BooleanFilter, is_frozen=BooleanFilter,
    release_ready_since=DateTimeFilter,
    org_id=IDFilter, custody_org_id=IDFilter, vault_id=IDFilter, location_id=IDFilter, envelope_id=IDFilter, primary_loan=LoanWhere,
    open_checkout=CheckoutFilter, expected_by=DateFilter, is_awaited_late=BooleanFilter,
)  # fmt: skip
ArchiveRecordListFilter = list_filter(__name__, "ArchiveRecord")
ArchiveRecordSort = sort_of(__name__, "ArchiveRecordSort", *RECORD_FIELDS)
RECORD_KEYS = sort_keys(*RECORD_FIELDS)


@reads(tables.archive_records, "record", visible=shared, blind=not_counted("id"))
@strawberry.interface(description="A paper or volume under custody (档案).")
class ArchiveRecord(Node, Versioned):
    """What both tiers have."""

    archive_no: str = col("Business number.")
    barcode: str = col("Label on it; may be replaced, never reused.")
    tier: Tier = col("First or second tier.")
    title: str = col("What it is, in words.")
    state: RecordState = col("Where it stands.")
    pages: int = col("Pages counted.")
    expected_by: Date | None = col("Day by which an awaited paper should come.")
    is_awaited_late: bool = Sql(_awaited_late, description="True when it is awaited and should have come before today.")
    primary_loan: Loan | None = One(
        "primary_loan_id", description="Loan that decides its branch and chain; null when another branch owns it."
    )
    loans: list[Loan] = Many(
        on=_secured,
        order=lambda row: row.number,
        description="Its primary loan, and the loans that its collateral secures; those that are visible.",
    )
    controller: OrgUnit | None = One("org_id", description="The unit that decides about it: that of its loan.")
    custody_org: OrgUnit | None = One("custody_org_id", description="The unit that keeps it.")
    custodian: StaffMember | None = One("custodian_id", description="Who keeps it in person: the archivist of a volume.")
    location: StorageLocation | None = One(on=_place, description="Its shelf, or the slot of its envelope; null while that is out.")
    retention_class: RetentionClass | None = col("How long it is kept; of volumes.")
    cutoff_at: DateTime | None = col("When retention starts to run; set when a volume is closed.")
    current_holder: StaffMember | None = One(on=_holder, description="Who holds it now, if anyone.")
    open_checkout: Checkouts | None = One(on=_open_checkout, description="Open reservation, reading or checkout.")
    checkouts: Connection[Checkouts] = Page(
        on=lambda checkout, record, me: and_(checkout.record_id == record.id, checkout.kind != "ACT"),
        description="All of them, oldest first.",
    )
    is_overdue: bool = Sql(_is_overdue, description="True when its checkout is past due.")
    on_hold: bool = Sql(lambda record, me: func.is_on_hold(record.id), description="Whether a hold covers it; whose and why is not told.")
    holds: list[Holds] = Many(
        on=lambda hold, record, me: hold.id == func.any(func.holds_that_cover(record.id, type_=ARRAY(Uuid))),
        order=lambda row: row.placed_at,
        description="Holds that cover it now, of the caller's units; `onHold` tells of all.",
    )
    is_frozen: bool = Sql(_frozen, description="Whether a discrepancy or a count freezes it.")
    release_ready_since: DateTime | None = Sql(
        lambda record, me: func.release_ready_since(record.id, type_=Instant(timezone=True)),
        description="Since when everything on it is paid off for good and nothing keeps it here: it waits for its owner.",
    )
    scans: list[Scans] = Many(on=_stored, description="Scans of it, all versions.")
    updated_at: DateTime = col("Last change.")
    custody_events: Connection[Events] = Page("record_id", description="What happened to it, oldest first.")


@reads(tables.archive_records, "record", visible=shared, blind=not_counted("id"), only=lambda record: record.tier == "FIRST")
@strawberry.type(description="First tier (一级档案): one paper, sealed, in the vault.")
class FirstTierRecord(ArchiveRecord):
    """A paper."""

    kind: PaperKind = col("What the paper is.")
    certificate: CollateralCertificate | None = One("certificate_id", description="Set when the paper is a certificate.")
    collateral: Collateral | None = One("collateral_id", description="Collateral it belongs to.")
    envelope: SealedEnvelope | None = One("envelope_id", description="The sealed envelope it lies in.")
    vault: StorageLocation | None = One("vault_id", description="The vault that keeps it.")
    copies: int = col("How many of it there are.")
    is_original: bool = col("Original or copy.")
    from_whom: str | None = col("From whom an awaited paper should come.")
    expires_on: Date | None = col("Last day of cover of an insurance policy; see `certificate` for a certificate's.")
    off_balance_entries: list[Entries] = Many(
        "record_id", order=lambda row: row.queued_at, description="Its entries in core banking's off-balance register, oldest first."
    )


@strawberry.enum(description="What to count records by.")
class RecordGroup(Enum):
    """Keys of recordCounts."""

    STATE = strawberry.enum_value("STATE", description="Where it stands.")
    TIER = strawberry.enum_value("TIER", description="First or second tier.")
    ORG_UNIT = strawberry.enum_value("ORG_UNIT", description="Branch of its loan.")
    CUSTODY_ORG = strawberry.enum_value("CUSTODY_ORG", description="The unit that keeps it.")
    LOCATION = strawberry.enum_value("LOCATION", description="Its vault, or the shelf of a volume.")


STRUCTURAL_ENUMS.add("RecordGroup")
GROUP_KEYS: dict[str, Any] = {
    "STATE": ("state", lambda row: row.state),
    "TIER": ("tier", lambda row: row.tier),
    "ORG_UNIT": ("org_id", lambda row: row.org_id),
    "CUSTODY_ORG": ("custody_org_id", lambda row: row.custody_org_id),
    "LOCATION": ("location_id", lambda row: func.coalesce(row.vault_id, row.location_id)),
}


@strawberry.type(description="How many records have the same keys; a key that was not asked for is null.")
class RecordCount:
    """A line of a dashboard."""

    state: RecordState | None = col("Where they stand.")
    tier: Tier | None = col("Their tier.")
    org_unit: OrgUnit | None = One("org_id", description="Branch of their loans.")
    custody_org: OrgUnit | None = One("custody_org_id", description="The unit that keeps them.")
    location: StorageLocation | None = One("location_id", description="Their vault or shelf; null also where they have none.")
    count: int = col("How many the caller sees.")


@reads(tables.file_items, "item", visible=shared, blind=not_counted("record_id"))
@strawberry.type(description="A paper in a second-tier volume (卷内文件).")
class FileItem(Node, Versioned):
    """A paper in a volume."""

    position: int = col("Place in the volume, 1 first.")
    document_type: DocumentType = col("What it is.")
    title: str = col("Title.")
    is_original: bool = col("Original or copy.")
    pages: int = col("Pages.")
    copies: int = col("How many of it there are.")
    document_no: str | None = col("Number on the document, where it has one.")
    seen_at: DateTime | None = col("When the archivist ticked it.")
    state: ItemState = Sql(_item_state, description="Whether it is in the volume.")
    contract: Contract | None = One("contract_id", description="The contract it is.")
    scans: list[Scans] = Many(
        on=lambda scan, item, me: and_(scan.subject_id == item.id, scan.status == "STORED"), description="Scans of it, all versions."
    )


@reads(tables.archive_records, "record", visible=shared, blind=not_counted("id"), only=lambda record: record.tier == "SECOND")
@strawberry.type(description="Second tier (二级档案): one volume, kept by the archivist.")
class SecondTierRecord(ArchiveRecord):
    """A volume."""

    items: list[FileItem] = Many("record_id", order=lambda row: row.position, description="Papers in the volume.")
    is_reconstructed: bool = Sql(lambda row, me: row.rebuilds_id.is_not(None), description="Whether it was rebuilt from certified copies.")
    rebuilds: Annotated["SecondTierRecord", strawberry.lazy("schema.records")] | None = One(
        "rebuilds_id", description="The lost volume that it was rebuilt for."
    )
