"""What is asked and known of volumes: registered, filled, handed in, closed, disposed of; and whether contracts are whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from storage.terms import Action, DocumentType, Element, ElementResult, RecordState, RetentionClass, Role


@dataclass(frozen=True, slots=True)
class NewVolume:
    """REGISTER_SECOND_TIER: a volume of a loan; `rebuilds` names the lost one that it stands for."""

    loan: UUID
    title: str
    rebuilds: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewItem:
    """ADD_FILE_ITEM: a paper, itemised (C30)."""

    document_type: DocumentType
    title: str
    pages: int
    copies: int
    is_original: bool
    document_no: str | None = None
    contract: UUID | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A paper that the archivist has seen, and its pages as counted."""

    item: UUID
    pages: int


@dataclass(frozen=True, slots=True)
class Received:
    """ACCEPT_VOLUME: what was ticked, item by item."""

    items: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one element."""

    element: Element
    result: ElementResult
    reason: str | None = None
    deadline_on: date | None = None


@dataclass(frozen=True, slots=True)
class ElementsChecked:
    """RECORD_ELEMENT_CHECK: elements that are not named stay as they were, or are missing."""

    contract: UUID
    items: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Closing:
    """CLOSE_VOLUME: how long it is kept, when longer than the loan's term asks for."""

    retention: RetentionClass | None = None


@dataclass(frozen=True, slots=True)
class BatchNamed:
    """Acts on a list of volumes: which, and as which the caller has read it."""

    batch: UUID
    list_hash: str | None = None
    ticked: tuple[UUID, ...] = ()


DETAILS: Mapping[Action, type] = {
    Action.REGISTER_SECOND_TIER: NewVolume,
    Action.ADD_FILE_ITEM: NewItem,
    Action.ACCEPT_VOLUME: Received,
    Action.RECORD_ELEMENT_CHECK: ElementsChecked,
    Action.CLOSE_VOLUME: Closing,
    Action.APPROVE_DISPOSAL: BatchNamed,
    Action.REJECT_DISPOSAL: BatchNamed,
    Action.EXECUTE_DISPOSAL: BatchNamed,
}
NEEDS: Mapping[Action, tuple[str, ...]] = {
    Action.ADD_FILE_ITEM: ("records", "detail"),
    Action.ACCEPT_VOLUME: ("records", "detail"),
    Action.CLOSE_VOLUME: ("records",),
    **dict.fromkeys((Action.APPROVE_DISPOSAL, Action.REJECT_DISPOSAL, Action.EXECUTE_DISPOSAL), ("records", "detail")),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Fact: where a new volume belongs, and whether what it rebuilds is lost."""

    loan: UUID
    org: UUID
    rebuilds_lost: bool = True


@dataclass(frozen=True, slots=True)
class Contract:
    """Fact: the contract that is checked, its loans, and what is known of its elements."""

    id: UUID
    org: UUID
    loans: tuple[UUID, ...]
    before: Mapping[Element, Found]


@dataclass(frozen=True, slots=True)
class Contents:
    """Fact: what a volume holds, as its list says, and what its contracts lack."""

    items: Mapping[UUID, int]  # pages of each
    is_numbered: bool
    gaps: frozenset[Element] = frozenset()
    holds_copies_alone: bool = True
    rebuilt: bool = False

    @property
    def itemised(self) -> bool:
        """Whether the list is whole; a rebuilt volume holds copies alone."""
        return bool(self.items) and self.is_numbered and (not self.rebuilt or self.holds_copies_alone)


@dataclass(frozen=True, slots=True)
class Term:
    """Fact: whether the loan has ended, and for how long its volume is kept."""

    ended: bool
    ended_on: date | None
    least: RetentionClass
    cutoff_at: datetime | None = None
    keep_until: datetime | None = None  # none: for ever, or not known


@dataclass(frozen=True, slots=True)
class Batch:
    """Fact: the list that a volume stands on, and the heads who approved it as it is."""

    id: UUID
    list_hash: str  # as stored
    list_now: str  # as its lines say
    proposed_by: UUID
    records: frozenset[UUID]
    version: int
    approved: Mapping[Role, UUID]
    back: RecordState | None = None


HEADS = frozenset({Role.CREDIT_DEPT_HEAD, Role.RISK_HEAD, Role.PRESIDENT_OFFICE})  # business, risk, president's office
