"""The papers and volumes of the file, where they lay and who had them."""

from typing import Any

import strawberry
from sqlalchemy import and_, func, literal, select

from schema.collateral import SealedEnvelope
from schema.paging import col
from schema.papers import Scan
from schema.reading.declare import Many, One, Sql, reads
from schema.records import FileItem, FirstTierRecord, SecondTierRecord
from schema.scalars import ByteCount, Date, DateTime
from schema.snapshots import rows
from schema.snapshots.lending import CheckoutSnapshot, CollateralCertificateSnapshot, CollateralSnapshot
from schema.snapshots.living import as_was
from schema.snapshots.parties import OrgUnitSnapshot, StaffSnapshot, StorageLocationSnapshot
from storage.terms import DocumentType, PaperKind, RecordState, RetentionClass, ScanStatus, Tier


def _holder(staff: Any, record: Any, me: Any) -> Any:
    held = rows.holdings.alias()
    with_whom = select(held.c.holder_id).where(held.c.record_id == record.id, held.c.kind != "ACT").order_by(held.c.out_at.desc()).limit(1)
    return staff.id == with_whom.correlate_except(held).scalar_subquery()


def _on_hold(record: Any, me: Any) -> Any:
    moment = func.least(rows.AS_OF, rows.KNOWN_AT)
    return func.was_on_hold(record.id, record.primary_loan_id, record.collateral_id, moment)


@reads(rows.sealed_envelopes, "envelope")
@as_was(SealedEnvelope, description="A sealed envelope (封包), as it was.")
class SealedEnvelopeSnapshot:
    """An envelope."""

    id: strawberry.ID = col("Of the envelope.")
    barcode: str
    seal_no: str = col("Its seal (封签号).")
    sealed_at: DateTime = col("When that seal was put on.")
    location: StorageLocationSnapshot | None = One("location_id", description="The slot it filled.")


@reads(rows.scans, "scan")
@as_was(Scan, description="A scan (扫描件) that was there; its bytes are fetched like those of any scan.")
class ScanSnapshot:
    """A scan."""

    id: strawberry.ID = col("Of the scan.")
    scan_version: int
    title: str
    media_type: str
    sha256: str = Sql(lambda row, me: func.encode(row.sha256, literal("hex")), description="SHA-256 of the bytes, hex.")
    size_bytes: ByteCount
    pages: int
    status: ScanStatus = col("Only STORED ones have bytes.")
    stored_at: DateTime | None
    lock_until: DateTime | None = col("Until when the object store kept it whatever anyone asked.")
    legal_hold: bool = col("Whether a legal hold lay on the object.")
    uploaded_by: StaffSnapshot | None = One("uploaded_by", description="Who uploaded it.")


@reads(rows.file_items, "item")
@as_was(FileItem, description="A paper in a volume (卷内文件), as it was.")
class FileItemSnapshot:
    """A paper in a volume."""

    id: strawberry.ID = col("Of the paper.")
    position: int
    document_type: DocumentType
    title: str
    is_original: bool
    pages: int
    copies: int = col("How many of it there were.")
    document_no: str | None
    seen_at: DateTime | None = col("When the archivist had ticked it.")


@reads(rows.archive_records, "record")
@as_was(
    FirstTierRecord,
    SecondTierRecord,
    description="A paper or volume (档案), as it was; `kind` and `envelope` are of the first tier, `items` of the second.",
)
class ArchiveRecordSnapshot:
    """Either tier."""

    id: strawberry.ID = col("Of the record.")
    archive_no: str
    barcode: str = col("Label on it.")
    tier: Tier
    kind: PaperKind | None = col("What the paper is; first tier.")
    title: str
    state: RecordState = col("Where it stood.")
    pages: int
    copies: int = col("How many of it there were.")
    is_original: bool
    expected_by: Date | None
    expires_on: Date | None = col("Last day of cover of an insurance policy.")
    retention_class: RetentionClass | None
    cutoff_at: DateTime | None = col("When retention starts to run.")
    custody_org: OrgUnitSnapshot | None = One("custody_org_id", description="The unit that kept it.")
    certificate: CollateralCertificateSnapshot | None = One("certificate_id", description="Set when the paper is a certificate.")
    collateral: CollateralSnapshot | None = One("collateral_id", description="Collateral it belonged to.")
    envelope: SealedEnvelopeSnapshot | None = One("envelope_id", description="The sealed envelope it lay in; first tier.")
    vault: StorageLocationSnapshot | None = One("vault_id", description="The vault that kept it; first tier.")
    location: StorageLocationSnapshot | None = One("location_id", description="Its shelf; second tier.")
    custodian: StaffSnapshot | None = One("custodian_id", description="The archivist who kept it; second tier.")
    holder: StaffSnapshot | None = One(on=_holder, description="Who had it at `asOf`, as it is known.")
    on_hold: bool = Sql(_on_hold, description="Whether a hold covered it; whose and why is not told.")
    checkouts: list[CheckoutSnapshot] = Many(
        on=lambda move, record, me: and_(move.record_id == record.id, move.kind != "ACT"),
        order=lambda row: row.reserved_at,
        description="Reservations, readings and checkouts by then, oldest first.",
    )
    items: list[FileItemSnapshot] = Many("record_id", order=lambda row: row.position, description="Papers in the volume.")
    scans: list[ScanSnapshot] = Many(
        on=lambda scan, record, me: and_(scan.record_id == record.id, scan.status == "STORED"),
        order=lambda row: row.stored_at,
        description="Scans of it that were stored by then.",
    )
