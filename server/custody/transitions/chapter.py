"""What a chapter of the desk declares: its rows of domain section 3, who may ask, who must sit, and what goes in or out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from storage.terms import Action, RecordState, Role, Seat, Tier


class Transition(NamedTuple):
    """One row of domain section 3: `code` is its number there, or a dash where the state stays."""

    code: str
    tier: Tier
    start: RecordState
    action: Action
    finish: RecordState


Seats = Mapping[tuple[Action, Tier], tuple[Seat, ...]]


@dataclass(frozen=True, slots=True)
class Chapter:
    """Acts that belong together. PostgreSQL reads the same data (tables `transitions`, `acts`, `act_seats`)."""

    transitions: tuple[Transition, ...] = ()
    seats: Seats = field(default_factory=dict)
    seat_roles: Mapping[tuple[Action, Seat], frozenset[Role]] = field(default_factory=dict)  # where a seat is not for whom it mostly is
    who: Mapping[Action, frozenset[Role]] = field(default_factory=dict)  # of acts without seats
    exits: frozenset[Action] = frozenset()  # leave a vault: a ticket, an off-balance entry, no hold, nothing frozen
    entries: frozenset[Action] = frozenset()  # enter a vault: an off-balance entry
    at_desk: frozenset[Action] = frozenset()  # seats within working days, not minutes; occupies no record, needs no keeper
    takes: frozenset[Action] = frozenset()  # fulfil an approved request
    decides: frozenset[Action] = frozenset()  # made on a screen: the version that was read is compared
    parts: frozenset[Action] = frozenset()  # never asked by a client: what an act becomes for one of its records
    part_of: Mapping[Action, Action] = field(default_factory=dict)  # parts that only an operation of that act may carry
    recordless: frozenset[Action] = frozenset()  # may name no record at all
    quiet: frozenset[Action] = frozenset()  # change none of their records: told once, in the history of the caller's unit


KEEPERS = (Seat.KEY, Seat.CODE, Seat.CLERK)
PAIR = (Seat.PROPOSER, Seat.SECOND)
EVERYONE = frozenset(Role) - {Role.SYSTEM, Role.EXAMINER}


def stays(tier: Tier, states: frozenset[RecordState] | tuple[RecordState, ...], *actions: Action) -> tuple[Transition, ...]:
    """Acts that leave the state as it is."""
    return tuple(Transition("–", tier, state, action, state) for state in states for action in actions)
