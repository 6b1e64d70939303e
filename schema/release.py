"""How papers leave for good: settlement notices and releases."""

from typing import Any

import strawberry
from sqlalchemy import case, func

from schema.custody import AccessRequest, Operation
from schema.lending import Loan
from schema.organisation import OrgUnit, StaffMember
from schema.paging import DateTimeFilter, IDFilter, Node, StringFilter, Versioned, col, enum_filter, sort_keys, sort_of, where_of
from schema.papers import Scan
from schema.reading.declare import Masked, One, Sql, reads
from schema.records import ArchiveRecord
from schema.scalars import Date, DateTime
from schema.visibility import MASKED_DATA, own_unit
from storage import tables
from storage.terms import NoticeState, RecipientCapacity, ReleaseState

SETTLEMENT_FIELDS = ("issued_at", "updated_at")
SettlementNoticeWhere = where_of(
    __name__, "SettlementNoticeWhere", id=IDFilter, number=StringFilter, state=enum_filter(NoticeState), issued_at=DateTimeFilter,
    loan_id=IDFilter,
)  # fmt: skip
SettlementNoticeSort = sort_of(__name__, "SettlementNoticeSort", *SETTLEMENT_FIELDS)
SETTLEMENT_KEYS = sort_keys(*SETTLEMENT_FIELDS)


def _state(notice: Any, me: Any) -> Any:
    return case(
        (notice.voided_at.is_not(None), NoticeState.VOID.value),
        (func.notice_is_filed(notice.loan_id), NoticeState.FILED.value),
        else_=NoticeState.ISSUED.value,
    )


@reads(tables.settlement_notices, "settlement", visible=own_unit)
@strawberry.type(description="A settlement notice (结清通知书): its paper is a first-tier record.")
class SettlementNotice(Node, Versioned):
    """A notice."""

    number: str = col("Business number.")
    state: NoticeState = Sql(_state, description="Filed once its paper lies in the vault and is scanned; void after a reversed payoff.")
    issued_at: DateTime = col("When it was issued.")
    voided_at: DateTime | None = col("When a reversed payoff made it void.")
    updated_at: DateTime = col("Last change.")
    loan: Loan | None = One("loan_id", description="The loan that is settled.")
    record: ArchiveRecord | None = One("record_id", description="The paper.")
    issued_by: StaffMember | None = One("issued_by", description="Who issued it.")
    org_unit: OrgUnit | None = One("org_id", description="Branch of the loan.")


@reads(tables.releases, "release")
@strawberry.type(description="Who receives papers that leave for good (退还), and the signed receipt.")
class Release(Node, Versioned):
    """A release."""

    capacity: RecipientCapacity = col("As what they receive.")
    recipient_name: str = col("Name.")
    identity_number_masked: str | None = Masked("identity_number_masked", MASKED_DATA, description="Identity number, masked.")
    authority_until: Date | None = col("Last day of the power of attorney.")
    state: ReleaseState = col("A draft until the papers are theirs.")
    verified_at: DateTime = col("When the recipient was verified.")
    released_at: DateTime | None = col("When the papers were handed over.")
    updated_at: DateTime = col("Last change.")
    verified_by: StaffMember | None = One("verified_by", description="Who verified the recipient.")
    request: AccessRequest | None = One("request_id", description="The request.")
    operation: Operation | None = One("operation_id", description="The operation that handed the papers over.")
    authority_scan: Scan | None = One("authority_scan_id", description="Scan of the power of attorney.")
    receipt_scan: Scan | None = One("receipt_scan_id", description="Scan of the signed receipt.")
