"""Whether contracts are whole, and lists of volumes to be destroyed."""

from typing import Any

import strawberry
from sqlalchemy import and_, func, literal, select

from schema.lending import Contract
from schema.organisation import OrgUnit, StaffMember
from schema.paging import (
    BooleanFilter,
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
from schema.reading.declare import Many, One, Sql, reads
from schema.records import ArchiveRecord
from schema.scalars import DateTime
from schema.visibility import own_unit, shared, through
from storage import tables
from storage.terms import BatchState, Element, ElementGrade, ElementResult, Role

CHECK_FIELDS = ("checked_at",)
ContractElementCheckWhere = where_of(
    __name__, "ContractElementCheckWhere", id=IDFilter, contract_id=IDFilter, checked_at=DateTimeFilter, is_newest=BooleanFilter,
    is_whole=BooleanFilter,
)  # fmt: skip
ContractElementCheckSort = sort_of(__name__, "ContractElementCheckSort", *CHECK_FIELDS)
CHECK_KEYS = sort_keys(*CHECK_FIELDS)
BATCH_FIELDS = ("proposed_at", "updated_at")
DisposalBatchWhere = where_of(__name__, "DisposalBatchWhere", id=IDFilter, state=enum_filter(BatchState), proposed_at=DateTimeFilter)
DisposalBatchSort = sort_of(__name__, "DisposalBatchSort", *BATCH_FIELDS)
BATCH_KEYS = sort_keys(*BATCH_FIELDS)
GAPS = ("MISSING", "INCONSISTENT")


def _grade(item: Any, me: Any) -> Any:
    list_ = tables.contract_elements.alias()
    return select(list_.c.grade).where(list_.c.element == item.element).correlate_except(list_).scalar_subquery()


def _is_newest(check: Any, me: Any) -> Any:
    others = tables.contract_element_checks.alias()
    later = and_(others.c.contract_id == check.contract_id, others.c.checked_at > check.checked_at)
    return ~select(others.c.id).where(later).correlate_except(others).exists()


def _is_whole(check: Any, me: Any) -> Any:
    items, list_ = tables.contract_element_items.alias(), tables.contract_elements.alias()
    gap = and_(items.c.check_id == check.id, items.c.result.in_(GAPS), list_.c.element == items.c.element, list_.c.grade == "BLOCKING")
    return ~select(items.c.id).where(gap).correlate_except(items, list_).exists()


@reads(tables.contract_element_items, "element")
@strawberry.type(description="What a check found of one element (合同要素).")
class ContractElementItem(Node):
    """An element."""

    element: Element = col("Which element.")
    grade: ElementGrade = Sql(_grade, description="Whether a gap blocks the file.")
    result: ElementResult = col("What was found.")
    reason: str | None = col("In words.")
    deadline_at: DateTime | None = col("Until when a correctable gap must be put right.")
    is_late: bool = Sql(lambda item, me: func.coalesce(item.deadline_at < func.now(), False), description="True when that day has passed.")


@reads(tables.contract_element_checks, "elementcheck", visible=own_unit)
@strawberry.type(description="A check of a contract for omissions (漏项); never changed, the newest counts.")
class ContractElementCheck(Node):
    """A check."""

    checked_at: DateTime = col("When.")
    is_newest: bool = Sql(_is_newest, description="Whether it counts.")
    is_whole: bool = Sql(_is_whole, description="False while a blocking element is missing or inconsistent.")
    checked_by: StaffMember | None = One("checked_by", description="Who checked.")
    contract: Contract | None = One("contract_id", description="The contract.")
    items: list[ContractElementItem] = Many("check_id", order=lambda row: row.element, description="What was found, element by element.")
    gaps: list[ContractElementItem] = Many(
        on=lambda item, check, me: and_(item.check_id == check.id, item.result.in_(GAPS)),
        order=lambda row: row.element,
        description="What is missing or inconsistent, the correctable included.",
    )


@reads(tables.disposal_approvals, "disposalapproval")
@strawberry.type(description="A head's approval of a list as it was; never changed.")
class DisposalApproval(Node):
    """An approval."""

    role: Role = col("In which rank.")
    approved_at: DateTime = col("When.")
    staff: StaffMember | None = One("staff_id", description="Who.")


@reads(tables.disposal_batches, "batch", visible=shared)
@strawberry.type(description="A list of volumes to be destroyed (销毁清册).")
class DisposalBatch(Node, Versioned):
    """A list."""

    state: BatchState = col("Life cycle.")
    list_hash: str = Sql(
        lambda batch, me: func.encode(batch.list_hash, literal("hex")), description="SHA-256 of the list, hex: what the heads approve."
    )
    appraisal: str = col("Why nothing of it need be kept.")
    proposed_at: DateTime = col("When.")
    decided_at: DateTime | None = col("When it was approved by all, or rejected.")
    decision_reason: str | None = col("Why it was rejected.")
    updated_at: DateTime = col("Last change.")
    org_unit: OrgUnit | None = One("org_id", description="The unit that proposes it.")
    proposed_by: StaffMember | None = One("proposed_by", description="Who drew it up.")
    records: list[ArchiveRecord] = Many(on=through(tables.disposal_lines, "batch_id", "record_id"), description="The volumes.")
    approvals: list[DisposalApproval] = Many("batch_id", order=lambda row: row.approved_at, description="Approvals so far.")
