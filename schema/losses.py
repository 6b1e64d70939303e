"""Where the shelf differs from the list, and what was done about it."""

from typing import Annotated, Any

import strawberry

from schema.custody import Operation, ReturnInspection
from schema.organisation import OrgUnit, StaffMember
from schema.paging import (
    DateTimeFilter,
    IDFilter,
    Node,
    Versioned,
    col,
    enum_filter,
    sort_keys,
    sort_of,
    where_of,
)
from schema.reading.declare import Many, One, reads
from schema.records import ArchiveRecord, ArchiveRecordWhere, FileItem
from schema.scalars import DateTime
from schema.visibility import not_counted, shared
from storage import tables
from storage.terms import DiscrepancyKind, DiscrepancyState, LossOutcome, LossState, RecordState

DISCREPANCY_FIELDS = ("reported_at", "deadline_at", "updated_at")
DiscrepancyWhere = where_of(
    __name__, "DiscrepancyWhere", id=IDFilter, kind=enum_filter(DiscrepancyKind), state=enum_filter(DiscrepancyState),
    reported_at=DateTimeFilter, deadline_at=DateTimeFilter, owner_id=IDFilter, record=ArchiveRecordWhere,
)  # fmt: skip
DiscrepancySort = sort_of(__name__, "DiscrepancySort", *DISCREPANCY_FIELDS)
DISCREPANCY_KEYS = sort_keys(*DISCREPANCY_FIELDS)
LOSS_FIELDS = ("opened_at", "updated_at")
LossCaseWhere = where_of(
    __name__, "LossCaseWhere", id=IDFilter, state=enum_filter(LossState), outcome=enum_filter(LossOutcome), opened_at=DateTimeFilter,
    notified_at=DateTimeFilter, record=ArchiveRecordWhere,
)  # fmt: skip
LossCaseSort = sort_of(__name__, "LossCaseSort", *LOSS_FIELDS)
LOSS_KEYS = sort_keys(*LOSS_FIELDS)


def _of_case(loss: Any, case: Any, me: Any) -> Any:
    return loss.discrepancy_id == case.id


@reads(tables.discrepancies, "case", visible=shared, blind=not_counted("record_id"))
@strawberry.type(description="A discrepancy between shelf and list; while open it freezes the record.")
class Discrepancy(Node, Versioned):
    """A discrepancy."""

    kind: DiscrepancyKind = col("How it differs.")
    state: DiscrepancyState = col("Life cycle; a CASE has an owner and a deadline.")
    findings: str = col("In words.")
    reported_at: DateTime = col("When it was reported.")
    deadline_at: DateTime = col("Until when it must be solved.")
    signed_at: DateTime | None = col("When the head of operations signed owner and deadline.")
    resolved_at: DateTime | None = col("When it was resolved.")
    resolution: str | None = col("How.")
    updated_at: DateTime = col("Last change.")
    org_unit: OrgUnit | None = One("org_id", description="Branch of the record.")
    owner: StaffMember | None = One("owner_id", description="Who must solve it.")
    reported_by: StaffMember | None = One("reported_by", description="Who reported it.")
    signed_by: StaffMember | None = One("signed_by", description="The head of operations who signed owner and deadline.")
    resolved_by: StaffMember | None = One("resolved_by", description="Who resolved it.")
    record: ArchiveRecord | None = One("record_id", description="The record.")
    item: FileItem | None = One("item_id", description="The paper of the volume that it is about; null for the record itself.")
    loss_case: Annotated["LossCase", strawberry.lazy("schema.losses")] | None = One(
        on=_of_case, description="What was done about a record that is not there."
    )
    inspections: list[ReturnInspection] = Many(
        "discrepancy_id", order=lambda row: row.inspected_at, description="What was found when it turned up."
    )


@reads(tables.loss_cases, "loss", visible=shared, blind=not_counted("record_id"))
@strawberry.type(description="The case of a record that is not there, from its search to its end (挂失补办).")
class LossCase(Node, Versioned):
    """A loss case."""

    state: LossState = col("Life cycle.")
    outcome: LossOutcome | None = col("How it ended.")
    back_to: RecordState = col("Where the record goes back to when it is found.")
    opened_at: DateTime = col("When it was opened.")
    search_log: str | None = col("Where it was sought, when and by whom.")
    responsibility: str | None = col("Statement of who answers for it.")
    searched_at: DateTime | None = col("When the search was recorded.")
    notified_at: DateTime | None = col("When COMPLIANCE was told.")
    lost_at: DateTime | None = col("When it was declared lost.")
    statement: str | None = col("Why it counts as lost, as the two heads declared it.")
    closed_at: DateTime | None = col("When it ended.")
    original_found_at: DateTime | None = col("When the lost original, void by then, turned up.")
    original_note: str | None = col("Where it turned up, and what became of it.")
    updated_at: DateTime = col("Last change.")
    org_unit: OrgUnit | None = One("org_id", description="Branch of the record.")
    discrepancy: Discrepancy | None = One("discrepancy_id", description="The discrepancy, with owner and deadline.")
    record: ArchiveRecord | None = One("record_id", description="The record.")
    reissued_as: ArchiveRecord | None = One("reissued_as_id", description="The paper that was issued in its place.")
    lost_operation: Operation | None = One("lost_operation_id", description="The operation of the two heads who declared it lost.")
    searched_by: StaffMember | None = One("searched_by", description="Who recorded the search.")
    notified_by: StaffMember | None = One("notified_by", description="Who told COMPLIANCE.")
    original_found_by: StaffMember | None = One("original_found_by", description="Who recorded that the original turned up.")
