"""What was mistyped and put right."""

import strawberry
from sqlalchemy import case

from schema.organisation import StaffMember
from schema.paging import DateTimeFilter, IDFilter, Node, col, enum_filter, sort_keys, sort_of, where_of
from schema.papers import Scan
from schema.reading.declare import One, Sql, reads
from schema.records import ArchiveRecord
from schema.scalars import DateTime
from schema.visibility import shared
from storage import tables
from storage.terms import CorrectionSubject

PREFIXES = {
    CorrectionSubject.EVENT: "event",
    CorrectionSubject.RECORD: "record",
    CorrectionSubject.FILE_ITEM: "item",
    CorrectionSubject.CERTIFICATE: "certificate",
    CorrectionSubject.CONTRACT: "contract",
}
CORRECTION_FIELDS = ("corrected_at",)
CorrectionWhere = where_of(
    __name__, "CorrectionWhere", id=IDFilter, subject_kind=enum_filter(CorrectionSubject), record_id=IDFilter, corrected_at=DateTimeFilter
)
CorrectionSort = sort_of(__name__, "CorrectionSort", *CORRECTION_FIELDS)
CORRECTION_KEYS = sort_keys(*CORRECTION_FIELDS)


@reads(tables.corrections, "correction", visible=shared)
@strawberry.type(description="A fact that was mistyped and put right by two people (更正); never changed.")
class Correction(Node):
    """A correction."""

    subject_kind: CorrectionSubject = col("What was corrected.")
    subject_id: str = Sql(
        lambda row, me: (
            case(*((row.subject_kind == kind.value, prefix) for kind, prefix in PREFIXES.items())).concat("_").concat(row.subject_id)
        ),
        description="Its global id.",
    )
    field: str = col("Which field, or which fact of an event.")
    old_value: str | None = col("What stood there.")
    new_value: str = col("What is right.")
    reason: str = col("Why, in words.")
    corrected_at: DateTime = col("When it was confirmed.")
    record: ArchiveRecord | None = One("record_id", description="The record that it belongs to.")
    evidence: Scan | None = One("evidence_id", description="The scan that shows what is right.")
    proposed_by: StaffMember | None = One("proposed_by", description="Who proposed it.")
    confirmed_by: StaffMember | None = One("confirmed_by", description="Who confirmed it.")
