"""The stored vocabularies as GraphQL enums, each member described; open: new members may be added."""

from enum import Enum
from typing import Any

import strawberry

from storage import terms

CHINESE = {
    "AWAITED": "待收", "PENDING_INTAKE": "待入库", "IN_VAULT": "在库", "RESERVED": "待出库", "CHECKED_OUT": "借出",
    "RETURN_PENDING": "归还待验", "IN_TRANSIT": "移交在途", "MISSING": "下落不明", "LOST": "已报失", "REPLACED": "已补办/换新",
    "RELEASED": "结清退还", "SUBSTITUTED": "置换出库", "SURRENDERED": "移送司法", "CLOSED_LOST": "失件结案", "COLLECTING": "收集",
    "SUBMITTED": "待核收", "FILED": "在架", "READING": "室内查阅", "CLOSED_VOLUME": "结清立卷", "ARCHIVED": "档案部门",
    "DESTROYED": "已销毁", "FIRST": "一级档案", "SECOND": "二级档案", "SETTLED": "结清", "WRITTEN_OFF": "核销",
    "RESIDENT_ID": "居民身份证", "UNIFIED_CREDIT_CODE": "统一社会信用代码", "EVIDENCE": "证据包", "LEGAL": "诉讼保全", "KEY": "钥匙", "CODE": "密码", "CLERK": "登记", "RECEIVER": "领取", "ARCHIVIST": "档案员",
}  # fmt: skip
EXPOSED = (
    "OrgLevel", "StaffKind", "Role", "Seat", "Tier", "PaperKind", "RecordState", "Action", "Purpose", "RequestKind", "RequestState",
    "OperationState", "MovementKind", "MovementPhase", "HoldKind", "HoldSubject", "DiscrepancyKind", "DiscrepancyState", "LoanStatus",
    "LossState", "LossOutcome", "ItemState", "Element", "ElementGrade", "ElementResult", "BatchState",
    "Classification", "PayoffKind", "ContractKind", "CollateralKind", "CertificateKind", "LocationKind", "DocumentType",
    "RetentionClass", "ScanSubject", "ScanStatus", "PreviewStatus", "ReportKind", "ReportSubject", "ReportState", "SignOffKind",
    "HandoverKind", "HandoverState", "HandoverLineState", "HandoverStanding", "BaileeKind", "ClaimResolution", "EmergencyFinding", "OffBalanceState", "OffBalanceDirection", "NoticeState", "ReleaseState", "RecipientCapacity",
    "StocktakeState", "Expectation", "CountResult", "CorrectionSubject", "NoticeKind", "AlarmKind", "ExportKind",
    "ExportState", "ExportFailure",
)  # fmt: skip


def expose(vocabulary: type[Enum]) -> Any:
    """Makes the enum and describes each member in words."""
    told = (vocabulary.__doc__ or "").strip()
    made = strawberry.enum(vocabulary, description=f"{told} Open: new members may be added.")
    for value in made.__strawberry_definition__.values:  # type: ignore[attr-defined]  # strawberry keeps its definition there
        words = value.name.replace("_", " ").capitalize()
        value.description = f"{words} ({CHINESE[value.name]})." if value.name in CHINESE else f"{words}."
    return made


for _name in EXPOSED:
    expose(getattr(terms, _name))
