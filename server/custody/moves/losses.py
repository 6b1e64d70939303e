"""What is asked and known of what is not there: its discrepancy, its case, and how it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from storage.terms import Action, DiscrepancyKind, LossState, RecordState


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """OPEN_CASE: who must solve a discrepancy, and by when."""

    discrepancy: UUID
    owner: UUID
    deadline_on: date


@dataclass(frozen=True, slots=True)
class CaseResolved:
    """RESOLVE_DISCREPANCY: which; how, is the reason."""

    discrepancy: UUID


@dataclass(frozen=True, slots=True)
class ItemMissing:
    """REPORT_ITEM_MISSING: which paper of the volume."""

    item: UUID


@dataclass(frozen=True, slots=True)
class Search:
    """RECORD_SEARCH: where it was sought, and who answers for it; what is not said stays as it is."""

    log: str
    responsibility: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """RESOLVE_FOUND: where it was, and who found it."""

    where: str
    found_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reissue:
    """RECORD_REISSUE: what was lost, and the paper in its place, both records of the act."""

    lost: UUID
    reissued: UUID


@dataclass(frozen=True, slots=True)
class OriginalFound:
    """RECORD_VOIDED_ORIGINAL: where it turned up, and what became of it."""

    note: str


DETAILS: Mapping[Action, type] = {
    Action.OPEN_CASE: CaseOpened,
    Action.RESOLVE_DISCREPANCY: CaseResolved,
    Action.REPORT_ITEM_MISSING: ItemMissing,
    Action.RECORD_SEARCH: Search,
    Action.RESOLVE_FOUND: Finding,
    Action.RECORD_REISSUE: Reissue,
    Action.RECORD_VOIDED_ORIGINAL: OriginalFound,
}
NEEDS: Mapping[Action, tuple[str, ...]] = {
    **dict.fromkeys((Action.REPORT_ITEM_MISSING, Action.RECORD_SEARCH, Action.RECORD_VOIDED_ORIGINAL), ("records", "detail")),
    **dict.fromkeys((Action.RESOLVE_FOUND, Action.RECORD_REISSUE), ("records", "detail")),
}


@dataclass(frozen=True, slots=True)
class Case:
    """Fact: the discrepancy that an act is about, and the owner that it would have."""

    id: UUID
    kind: DiscrepancyKind
    is_resolved: bool
    of_item: bool
    reported_by: UUID
    version: int
    owner_active: bool = True
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """Fact: the paper of a volume, and whether it is missed already."""

    is_missing: bool


@dataclass(frozen=True, slots=True)
class Loss:
    """Fact: the newest case of a record that is not there."""

    id: UUID | None = None
    discrepancy: UUID | None = None
    state: LossState | None = None
    owner: UUID | None = None
    is_searched: bool = False
    is_answered_for: bool = False
    compliance_knows: bool = False
    original_found: bool = False
    version: int = 0
    back: RecordState | None = None  # where it goes when it is found


@dataclass(frozen=True, slots=True)
class Reissued:
    """Fact: whether the new paper may take the place of the lost one."""

    fits: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """Fact: how the loan of a lost record stands."""

    is_settled: bool
    final_at: datetime | None = None
