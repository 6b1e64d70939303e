"""What a line of a contract's history is part of: the components that domain section 6 lists; the fourteenth is the verification."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from server.compliance.tags import Tag


class Component(StrEnum):
    """In the order of the list."""

    CONTRACT = "CONTRACT"
    ELEMENTS = "ELEMENTS"
    APPROVAL = "APPROVAL"
    SCAN = "SCAN"
    CUSTODY = "CUSTODY"
    REQUEST = "REQUEST"
    READ = "READ"
    HANDOVER = "HANDOVER"
    HOLD = "HOLD"
    INSPECTION = "INSPECTION"
    COLLECTION = "COLLECTION"
    RELEASE = "RELEASE"
    POLICY = "POLICY"


C = Component
BY_SUBJECT = {
    "contract": C.CONTRACT, "loan": C.CONTRACT, "customer": C.CONTRACT, "collateral": C.CONTRACT, "certificate": C.CONTRACT,
    "correction": C.CONTRACT, "scan": C.SCAN, "request": C.REQUEST, "record": C.CUSTODY, "envelope": C.CUSTODY, "operation": C.CUSTODY,
    "ticket": C.CUSTODY, "off_balance_entry": C.CUSTODY, "handover": C.HANDOVER, "hold": C.HOLD, "case": C.INSPECTION,
    "stocktake": C.INSPECTION, "report": C.INSPECTION, "release": C.RELEASE, "notice": C.RELEASE, "staff": C.APPROVAL,
    "org_unit": C.POLICY, "policy": C.POLICY,
}  # fmt: skip
BY_TAG = {  # the last approval is told as the reservation that it makes
    Tag.CONTRACT_CHECKED: C.ELEMENTS, Tag.RECORD_RESERVED: C.APPROVAL, Tag.REQUEST_APPROVED: C.APPROVAL, Tag.REQUEST_REJECTED: C.APPROVAL,
    Tag.POSITION_POSTED: C.COLLECTION, Tag.LOAN_CLASSIFIED: C.COLLECTION, Tag.PAYOFF_REVERSED: C.COLLECTION, Tag.LOANS_TRANSFERRED: C.HANDOVER,
    **dict.fromkeys((
        Tag.RECORD_SENT, Tag.RECORD_SENT_PENDING, Tag.RESPONSIBILITY_OFFERED, Tag.RECORD_RECEIVED, Tag.RECORD_RECEIVED_PENDING,
        Tag.RESPONSIBILITY_TAKEN, Tag.CUSTODY_TAKEN, Tag.RECORD_REJECTED, Tag.RECORD_TAKEN_BACK, Tag.RECORD_TAKEN_BACK_PENDING,
        Tag.RESPONSIBILITY_RECALLED,
    ), C.HANDOVER),
    **dict.fromkeys((
        Tag.RECORD_RELEASED, Tag.RECORD_SUBSTITUTED, Tag.RECORD_SURRENDERED, Tag.DISPOSAL_PROPOSED, Tag.DISPOSAL_APPROVED,
        Tag.DISPOSAL_REJECTED, Tag.DISPOSAL_STOPPED, Tag.RECORD_DESTROYED,
    ), C.RELEASE),
    **dict.fromkeys((
        Tag.RECORD_MISSING, Tag.ITEM_MISSING, Tag.RECORD_SEARCHED, Tag.COMPLIANCE_NOTIFIED, Tag.RECORD_FOUND, Tag.RECORD_LOST,
        Tag.RECORD_REISSUED, Tag.ORIGINAL_FOUND, Tag.LOSS_CLOSED, Tag.COUNT_MISSING, Tag.RECORD_DIFFERS,
    ), C.INSPECTION),
    **dict.fromkeys((
        Tag.RESERVATION_CANCELLED, Tag.RESERVATION_LAPSED, Tag.CHECKOUT_EXTENDED, Tag.CHECKOUT_RECALLED,
        Tag.CHECKOUT_OVERDUE, Tag.DUE_RECOMPUTED,
    ), C.REQUEST),
}  # fmt: skip
OF_COLLECTION = frozenset({"status", "classification"})  # settled, written off, graded by an import
EVIDENCE = ("evidence", "authority")  # members of a detail that name a scan; the receipt of a release does too


def component_of(tag: str, result: str | None, detail: Mapping[str, Any] | None = None) -> Component:
    """Of an event by its tag; of a line of the access log by what came of it; of a changed loan by what changed."""
    if result is not None:
        return C.REQUEST if result == "REFUSED" else C.READ
    if tag == Tag.LOAN_CHANGED and detail and OF_COLLECTION & {*detail, *(detail.get("changed") or ())}:
        return C.COLLECTION
    return BY_TAG.get(Tag(tag)) or BY_SUBJECT[tag.partition(":")[0]]


def evidence_of(subject_kind: str, subject: UUID | None, detail: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the scans that a line rests on."""
    named = [str(subject)] if subject_kind == "scan" and subject else []
    names = (*EVIDENCE, "receipt") if "release" in detail else EVIDENCE
    return (*named, *(value for name in names if isinstance(value := detail.get(name), str)))
