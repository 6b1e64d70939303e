"""What is asked and known of papers that leave for good: payoff, recipient, evidence, replacement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from storage.terms import Action, PayoffKind, RecipientCapacity


@dataclass(frozen=True, slots=True)
class PositionSaid:
    """What core banking says of a loan; amounts in the loan's currency."""

    loan: UUID
    as_of: datetime
    principal: Decimal
    interest: Decimal
    fees: Decimal
    overdue: Decimal
    days_overdue: int = 0
    settled_at: datetime | None = None
    payoff_kind: PayoffKind | None = None
    payoff_cleared_at: datetime | None = None
    reversal_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class NoticeAsked:
    """A settlement notice of a loan."""

    loan: UUID


@dataclass(frozen=True, slots=True)
class ReplacementOffered:
    """The paper that takes the place of those that leave."""

    replacement: UUID


@dataclass(frozen=True, slots=True)
class RecipientShown:
    """Who will receive the papers; the identity number is here as a blind index in hex and as masked text."""

    capacity: RecipientCapacity
    name: str
    identity: str
    masked: str
    authority: UUID | None = None  # scan of the power of attorney
    authority_until: date | None = None


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """The scan of the receipt that recipient, officer and keeper have signed."""

    receipt: UUID


@dataclass(frozen=True, slots=True)
class CourtReceiptShown:
    """The scan of the court's receipt."""

    receipt: UUID
    court: str


DETAILS: Mapping[Action, type] = {
    Action.POST_POSITION: PositionSaid,
    Action.ISSUE_NOTICE: NoticeAsked,
    Action.REQUEST_SUBSTITUTION: ReplacementOffered,
    Action.VERIFY_RECIPIENT: RecipientShown,
    Action.RELEASE: ReceiptShown,
    Action.SURRENDER: CourtReceiptShown,
}


@dataclass(frozen=True, slots=True)
class Payoff:
    """How the loans on a paper's collateral stand, in every branch; of an act on a loan: how that loan stands."""

    settled: bool  # the paper's own loan
    others_settled: bool
    oldest: datetime | None  # the oldest of the newest positions; none when a loan has none
    stale_before: datetime
    final_at: datetime | None  # when the last payoff cannot bounce any more; none while nothing is paid off
    covered: bool = False  # it is dealer inventory, and what stays covers the debt
    noticed: bool = False  # the settlement notice is issued, scanned and filed


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whether the recipient is the owner, or holds a valid power of attorney that is on file."""

    fits: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whether the signed receipt is on file."""

    on_file: bool


@dataclass(frozen=True, slots=True)
class Replacement:
    """How the paper stands that takes the place of another."""

    in_vault: bool
    approved: bool  # it secures every loan that is owed, and its value is what the approvers saw and covers what leaves
