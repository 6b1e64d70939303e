"""What acts on handovers ask, and what their rules look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.custody.moves import Elsewhere
from server.custody.transitions.handovers import LISTABLE, ON_LINES
from storage.terms import Action, HandoverKind, HandoverLineState, HandoverState, RecordState


@dataclass(frozen=True, slots=True)
class NewHandover:
    """A list that is opened by the unit that gives."""

    kind: HandoverKind
    to_org: UUID
    in_town: bool = True
    giver: UUID | None = None
    taker: UUID | None = None


@dataclass(frozen=True, slots=True)
class OnHandover:
    """Lines of a handover: the act says what becomes of them."""

    handover: UUID
    seal_no: str | None = None  # of the shipment
    vault: UUID | None = None  # that takes what is not placed in a slot


@dataclass(frozen=True, slots=True)
class Sides:
    """Whether a handover may be opened between the two sides."""

    from_open: bool
    to_open: bool


@dataclass(frozen=True, slots=True)
class Clearance:
    """Of a unit that closes: whether nothing and nobody is left in it."""

    clear: bool


@dataclass(frozen=True, slots=True)
class Line(Elsewhere):
    """A record as the list has it, with what both sides must have done; the acting side's vault and keepers."""

    kind: HandoverKind = HandoverKind.BETWEEN_UNITS
    state: HandoverState = HandoverState.DRAFT
    from_org: UUID | None = None
    to_org: UUID | None = None
    to_has_vault: bool = True
    giver: UUID | None = None
    taker: UUID | None = None
    line: HandoverLineState | None = None
    stood_as: RecordState | None = None
    back: RecordState | None = None  # where the act leads: as it stood, or into the archive
    shipped: bool = False  # it went with a shipment, and has not come back
    by_giver: bool = False  # the giving side acts
    complete: bool = True  # the row says all that a line needs
    current: bool = True  # the line says what the row says now
    elsewhere: bool = False  # on another open list
    kept_by_giver: bool = True
    fit_for_archive: bool = True
    payoff_final_at: datetime | None = None  # asked of what goes to the archive department
    late: bool = False  # a shipment of this handover is overdue
    seal_used: bool = False
    places_fit: bool = True
    uncounted: int = 0  # what the leaving custodian keeps and the list does not name
    seal_given: bool = True


DETAILS: Mapping[Action, type] = {Action.CREATE_HANDOVER: NewHandover, **dict.fromkeys((*LISTABLE, *sorted(ON_LINES)), OnHandover)}
NEEDS: Mapping[Action, tuple[str, ...]] = dict.fromkeys(DETAILS.keys() - {Action.CREATE_HANDOVER}, ("detail", "records"))
