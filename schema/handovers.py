"""Handovers under a transfer register: the list, its lines and what went on its way together."""

from typing import Any

import strawberry
from sqlalchemy import and_, func, select

from schema.custody import Operation
from schema.organisation import OrgUnit, StaffMember
from schema.paging import (
    BooleanFilter,
    Connection,
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
from schema.reading.declare import Many, One, Page, Sql, reads
from schema.records import ArchiveRecord, ArchiveRecordWhere
from schema.scalars import DateTime
from schema.visibility import shared
from storage import tables
from storage.terms import HandoverKind, HandoverLineState, HandoverState, RecordState, Tier


def _late(shipment: Any, me: Any) -> Any:
    lines = tables.handover_lines.alias()
    under_way = select(lines.c.id).where(lines.c.shipment_id == shipment.id, lines.c.state == "SENT").correlate_except(lines)
    return and_(shipment.due_at < func.now(), under_way.exists())


LINE_FIELDS = ("archive_no", "updated_at")
HandoverLineWhere = where_of(
    __name__, "HandoverLineWhere", id=IDFilter, state=enum_filter(HandoverLineState), tier=enum_filter(Tier),
    stood_as=enum_filter(RecordState), archive_no=StringFilter, barcode=StringFilter, record=ArchiveRecordWhere,
)  # fmt: skip
HandoverLineListFilter = list_filter(__name__, "HandoverLine")
HandoverLineSort = sort_of(__name__, "HandoverLineSort", *LINE_FIELDS)
LINE_KEYS = sort_keys(*LINE_FIELDS)
ShipmentWhere = where_of(
    __name__, "ShipmentWhere", id=IDFilter, tier=enum_filter(Tier), seal_no=StringFilter, sent_at=DateTimeFilter, due_at=DateTimeFilter,
    is_overdue=BooleanFilter,
)  # fmt: skip
ShipmentListFilter = list_filter(__name__, "Shipment")
HANDOVER_FIELDS = ("created_at", "updated_at")
HandoverWhere = where_of(
    __name__, "HandoverWhere", id=IDFilter, state=enum_filter(HandoverState), kind=enum_filter(HandoverKind), org_id=IDFilter,
    to_org_id=IDFilter, created_at=DateTimeFilter, lines=HandoverLineListFilter, shipments=ShipmentListFilter,
)  # fmt: skip
HandoverSort = sort_of(__name__, "HandoverSort", *HANDOVER_FIELDS)
HANDOVER_KEYS = sort_keys(*HANDOVER_FIELDS)


@reads(tables.shipments, "shipment", visible=shared)
@strawberry.type(description="What went on its way together, under a seal of its own (移交批次).")
class Shipment(Node, Versioned):
    """Up to 500 lines of one vault or shelf."""

    tier: Tier = col("Tier of its records.")
    seal_no: str = col("Seal of the box or bag.")
    lines: int = col("How many lines it carries.")
    sent_at: DateTime = col("When it left.")
    due_at: DateTime = col("When it must have arrived.")
    is_overdue: bool = Sql(_late, description="True when it is past due and something of it has not arrived.")
    updated_at: DateTime = col("Last change.")
    operation: Operation | None = One("operation_id", description="The operation that sent it, with its ticket.")


@reads(tables.handover_lines, "line", visible=shared)
@strawberry.type(description="A line of a handover's list (移交清单), made from the register.")
class HandoverLine(Node, Versioned):
    """One paper or volume."""

    tier: Tier = col("Tier.")
    archive_no: str = col("Number.")
    barcode: str = col("Label.")
    copies: int = col("How many papers: one, or those in the volume.")
    pages: int = col("Pages of all of them.")
    is_original: bool = col("Whether all are originals.")
    seal_no: str | None = col(
        "Seal of the envelope; first tier, but for what lies in none: settlement notices and electronic certificates."
    )
    stood_as: RecordState = col("State of the record when it was listed.")
    state: HandoverLineState = col("Life cycle.")
    decided_at: DateTime | None = col("When it was taken, rejected or recalled.")
    reasons: str | None = col("Why it was rejected.")
    updated_at: DateTime = col("Last change.")
    record: ArchiveRecord | None = One("record_id", description="The record; null for a side that does not see it now.")
    shipment: Shipment | None = One("shipment_id", description="With what it was sent; null for what does not move.")


@reads(tables.handovers, "handover", visible=shared)
@strawberry.type(description="A handover under a transfer register (移交登记).")
class Handover(Node, Versioned):
    """Custody passes when both sides have acknowledged."""

    kind: HandoverKind = col("What passes.")
    state: HandoverState = col("Life cycle; follows from its lines.")
    in_town: bool = col("Whether both sides are in one town: the limit of a transit depends on it.")
    reason: str | None = col("In words.")
    created_at: DateTime = col("When it was opened.")
    updated_at: DateTime = col("Last change.")
    from_unit: OrgUnit | None = One("org_id", description="The unit that gives.")
    to_unit: OrgUnit | None = One("to_org_id", description="The unit that takes.")
    giver: StaffMember | None = One("giver_id", description="The custodian who leaves; change of custodian only.")
    taker: StaffMember | None = One("taker_id", description="The custodian who follows; change of custodian only.")
    created_by: StaffMember | None = One("created_by", description="Who opened it.")
    lines: Connection[HandoverLine] = Page(
        "handover_id", where=HandoverLineWhere, sort=HandoverLineSort, keys=LINE_KEYS, description="The list, in the order of listing."
    )
    shipments: list[Shipment] = Many("handover_id", order=lambda row: row.sent_at, description="What was sent, oldest first.")
