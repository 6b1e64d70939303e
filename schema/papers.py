"""Scans of the papers, and inspection reports."""

from typing import Annotated, Any

import strawberry
from sqlalchemy import func, literal

from schema.lending import Loan
from schema.organisation import OrgUnit, StaffMember
from schema.paging import (
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
from schema.reading.declare import Many, One, Sql, reads
from schema.records import ArchiveRecord
from schema.scalars import ByteCount, Date, DateTime
from schema.visibility import not_counted, own_unit, shared
from storage import tables
from storage.terms import ReportKind, ReportState, ReportSubject, Role, ScanStatus, ScanSubject, SignOffKind

REPORT_FIELDS = ("number", "period_to", "updated_at")
InspectionReportWhere = where_of(
    __name__, "InspectionReportWhere", id=IDFilter, number=StringFilter, kind=enum_filter(ReportKind), subject=enum_filter(ReportSubject),
    state=enum_filter(ReportState), period_from=DateFilter, period_to=DateFilter, loan_id=IDFilter,
)  # fmt: skip
InspectionReportSort = sort_of(__name__, "InspectionReportSort", *REPORT_FIELDS)
InspectionReportListFilter = list_filter(__name__, "InspectionReport")
REPORT_KEYS = sort_keys(*REPORT_FIELDS)


SCAN_FIELDS = ("registered_at", "updated_at")
ScanWhere = where_of(
    __name__, "ScanWhere", id=IDFilter, status=enum_filter(ScanStatus), subject_kind=enum_filter(ScanSubject), title=StringFilter,
    media_type=StringFilter, registered_at=DateTimeFilter, record_id=IDFilter,
)  # fmt: skip
ScanSort = sort_of(__name__, "ScanSort", *SCAN_FIELDS)
SCAN_KEYS = sort_keys(*SCAN_FIELDS)


def _hex(scan: Any, me: Any) -> Any:
    return func.encode(scan.sha256, literal("hex"))


@reads(tables.scans, "scan", visible=shared, blind=not_counted("record_id"))
@strawberry.type(description="A scan of a paper (扫描件); a link to it is issued by issueScanLink.")
class Scan(Node, Versioned):
    """A scan."""

    subject_kind: ScanSubject = col("What it shows.")
    scan_version: int = col("1 first; a new scan supersedes, never replaces.")
    title: str = col("Title.")
    media_type: str = col("Media type of the bytes.")
    sha256: str = Sql(_hex, description="SHA-256 of the bytes, hex.")
    size_bytes: ByteCount = col("Size.")
    pages: int = col("Pages.")
    status: ScanStatus = col("Only STORED ones have bytes; PENDING ones wait to be verified, by themselves.")
    registered_at: DateTime = col("When it was registered.")
    stored_at: DateTime | None = col("When the bytes were verified and locked.")
    lock_until: DateTime | None = col("Until when the object store keeps it whatever anyone asks.")
    legal_hold: bool = col("Whether a legal hold lies on the object.")
    reject_code: str | None = col("Why the bytes were refused, e.g. DOCUMENT_ACTIVE.")
    locked_at: DateTime | None = col("Since when one person alone may upload new versions: on the version that was locked.")
    uploaded_by: StaffMember | None = One("uploaded_by", description="Who uploaded it.")
    locked_by: StaffMember | None = One("locked_by_id", description="That person.")
    supersedes: Annotated["Scan", strawberry.lazy("schema.papers")] | None = One("supersedes_id", description="The version before.")
    record: ArchiveRecord | None = One("record_id", description="The record it belongs to.")


@reads(tables.report_sign_offs, "signoff")
@strawberry.type(description="A signature under a report, or its return with reasons.")
class ReportSignOff(Node):
    """A sign-off."""

    round: int = col("Of which submission.")
    kind: SignOffKind = col("Signed or returned.")
    role: Role = col("In which role.")
    staff: StaffMember | None = One("staff_id", description="Who.")
    signed_at: DateTime = col("When.")
    reasons: str | None = col("Why it was returned.")


@reads(tables.inspection_reports, "report", visible=own_unit)
@strawberry.type(description="A written inspection report (检查报告) with analysis and proposal.")
class InspectionReport(Node, Versioned):
    """A report."""

    number: str = col("Business number.")
    kind: ReportKind = col("Kind.")
    subject: ReportSubject = col("What was inspected.")
    title: str = col("Title.")
    period_from: Date = col("First day of the period.")
    period_to: Date = col("Last day of the period.")
    analysis: str = col("What was found.")
    proposal: str = col("What should be done.")
    state: ReportState = col("Life cycle.")
    drafted_at: DateTime = col("When it was drafted.")
    submitted_at: DateTime | None = col("When it was submitted last.")
    updated_at: DateTime = col("Last change.")
    org_unit: OrgUnit | None = One("org_id", description="The unit that reports.")
    loan: Loan | None = One("loan_id", description="The loan, when it is about one.")
    drafted_by: StaffMember | None = One("drafted_by", description="Who wrote it.")
    sign_offs: list[ReportSignOff] = Many("report_id", order=lambda row: row.signed_at, description="Signatures and returns.")
