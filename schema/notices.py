"""Notices: what somebody is told, as a list."""

from typing import Any

import strawberry
from sqlalchemy import Text, case, cast, exists

from schema.paging import BooleanFilter, DateTimeFilter, IDFilter, Node, Versioned, col, enum_filter, sort_keys, sort_of, where_of
from schema.reading.declare import One, PolymorphicOne, Sql, reads
from schema.records import ArchiveRecord
from schema.scalars import DateTime
from storage import tables
from storage.terms import AlarmKind
from storage.terms import NoticeKind as K

TITLES = {
    K.DUE_SOON: ("A paper you hold is due soon", "您借阅的档案即将到期"),
    K.OVERDUE: ("A checkout is overdue", "借阅已逾期"),
    K.BLOCKED: ("You are blocked: something you hold is overdue", "您因逾期未还已被暂停借阅"),
    K.RECALLED: ("A paper you hold is asked back", "请提前归还所借档案"),
    K.SEARCH_DUE: ("An overdue record must be sought", "逾期未还的档案须立即查找"),
    K.CONFIRMATION_DUE: ("A bailee's written confirmation is due", "须取得受托保管人的书面确认"),
    K.READY_TO_FETCH: ("It is your turn: what you waited for is reserved", "排队申请已轮到，请及时领取"),
    K.RESERVATION_LAPSED: ("A reservation lapsed unused", "预留已过期失效"),
    K.WAITING_LAPSED: ("A request has waited in vain", "申请空等，已失效"),
    K.DUE_PROVISIONAL: ("Due dates are provisional: the holidays are not known", "节假日安排未公布，到期日为暂定"),
    K.DUE_MOVED: ("A due date moved to a working day", "到期日已顺延至工作日"),
    K.CASE_LATE: ("A case is past its deadline", "差异处理已超期"),
    K.PAPER_LATE: ("An expected paper has not come", "待收权证逾期未到"),
    K.EXPIRING: ("A paper runs out", "权证即将到期"),
    K.TRANSIT_LATE: ("A shipment has not arrived in time", "移交在途超时"),
    K.STOCKTAKE_MISSED: ("A stocktake was missed", "盘库未按期进行"),
    K.EMERGENCY_UNREVIEWED: ("An emergency was not reviewed in time", "应急操作未按期复核"),
    K.LOSS_REPORTED: ("A record was declared lost", "档案已申报遗失"),
    K.SCAN_DAMAGED: ("The stored bytes of a scan are damaged", "扫描件存储数据已损坏"),
    K.SCAN_LOCK_DRIFTED: ("The lock of a stored scan is not as it was left", "扫描件的锁定状态被改动"),
    K.INTAKE_REFUSED: ("A paper you registered was not taken into the vault", "您登记的权证被拒绝入库"),
    K.REQUEST_REJECTED: ("Your request was rejected", "您的申请未获批准"),
    K.REQUEST_CANCELLED: ("Your reservation ended: the paper is missing", "您的预留已取消：档案下落不明"),
    K.ELEMENT_LATE: ("A gap in a contract is past its day", "合同要素漏项补正已逾期"),
    K.PAPER_OVERNIGHT: ("A paper stays overnight where there is no vault", "权证在无库房机构过夜"),
    K.ALARM: ("An alarm: something is wrong with the bank's data or store", "系统告警：数据或存储异常"),
    K.PAYOFF_REVERSED: ("A payoff was taken back after the papers were released", "权证退还后还款被冲正"),
}
SUBJECTS = (
    "checkout",
    "request",
    "case",
    "certificate",
    "org",
    "record",
    "operation",
    "loss",
    "shipment",
    "letter",
    "release",
    "scan",
    "alarm",
    "contract",
)
FIELDS = ("made_at", "updated_at")
NoticeWhere = where_of(
    __name__, "NoticeWhere", id=IDFilter, kind=enum_filter(K), made_at=DateTimeFilter, due_at=DateTimeFilter, is_read=BooleanFilter
)
NoticeSort = sort_of(__name__, "NoticeSort", *FIELDS)
NOTICE_KEYS = sort_keys(*FIELDS)


def _title(row: Any, me: Any) -> Any:
    chinese = me.language == "zh"
    return cast(case(*((row.kind == kind.value, case((chinese, zh), else_=en)) for kind, (en, zh) in TITLES.items())), Text)


def own(row: Any, me: Any) -> Any:
    """Nobody sees what somebody else is told."""
    return row.staff_id == me.staff


def _told(row: Any, me: Any) -> Any:
    """Seen by those who were told of it."""
    mine = tables.notices.alias()
    return exists().where(mine.c.staff_id == me.staff, mine.c.kind == K.ALARM.value, mine.c.subject_id == row.id)


@reads(tables.alarms, "alarm", blind=_told)
@strawberry.type(description="Something that is wrong with the bank as a whole, from when it was found until it was not found any more.")
class Alarm(Node):
    """An alarm; one of a kind is open at a time."""

    kind: AlarmKind = col("What is wrong.")
    told: str = col("What was found first.")
    findings: int = col("How many things were found when it was last looked at.")
    raised_at: DateTime = col("When it was found.")
    seen_at: DateTime = col("When it was last found.")
    cleared_at: DateTime | None = col("When it was not found any more; null while it lasts.")


@reads(tables.notices, "notice", blind=own)
@strawberry.type(description="What the caller is told (通知).")
class Notice(Node, Versioned):
    """A notice."""

    kind: K = col("Why.")
    title: str = Sql(_title, description="Translated one-liner.")
    made_at: DateTime = col("When it was made.")
    due_at: DateTime | None = col("Until when something should be done.")
    read_at: DateTime | None = col("When the caller marked it read.")
    is_read: bool = Sql(lambda row, me: row.read_at.is_not(None), description="Whether the caller marked it read.")
    updated_at: DateTime = col("Last change.")
    subject: Node | None = PolymorphicOne("subject_kind", "subject_id", {s: s for s in SUBJECTS}, description="What it is about.")
    record: ArchiveRecord | None = One("record_id", description="The record, where it is about one.")
