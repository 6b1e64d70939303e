"""What may follow what: the F and S rows of the specification, who may ask, and who must sit; a chapter for each part of the desk.

Data only. PostgreSQL reads the same rows (tables `transitions`, `acts`, `act_seats`), so the rule and its twin cannot differ.
"""

from server.custody.transitions import (
    administration,
    certificates,
    contracts,
    corrections,
    everywhere,
    handovers,
    labels,
    lending,
    losses,
    overdue,
    papers,
    queue,
    registers,
    release,
    stocktakes,
    volumes,
)
from server.custody.transitions.administration import ADMINISTRATION, CUSTODY_ROLES
from server.custody.transitions.chapter import Chapter, Transition
from server.custody.transitions.everywhere import ENDED, LIVE
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Seat, Tier

CHAPTERS: tuple[Chapter, ...] = (
    papers.CHAPTER,
    volumes.CHAPTER,
    lending.CHAPTER,
    losses.CHAPTER,
    handovers.CHAPTER,
    queue.CHAPTER,
    overdue.CHAPTER,
    release.CHAPTER,
    everywhere.CHAPTER,
    administration.CHAPTER,
    certificates.CHAPTER,
    registers.CHAPTER,
    stocktakes.CHAPTER,
    corrections.CHAPTER,
    contracts.CHAPTER,
    labels.CHAPTER,
)
TRANSITIONS: tuple[Transition, ...] = tuple(t for chapter in CHAPTERS for t in chapter.transitions)
SEATS: dict[tuple[A, Tier], tuple[Seat, ...]] = {key: seats for chapter in CHAPTERS for key, seats in chapter.seats.items()}
WHO: dict[A, frozenset[R]] = {action: roles for chapter in CHAPTERS for action, roles in chapter.who.items()}
EXITS, ENTRIES, AT_THE_DESK, FULFILLING, DECISIONS, PARTS, RECORDLESS, QUIET = (
    frozenset(action for chapter in CHAPTERS for action in getattr(chapter, name))
    for name in ("exits", "entries", "at_desk", "takes", "decides", "parts", "recordless", "quiet")
)
PART_OF: dict[A, A] = {part: whole for chapter in CHAPTERS for part, whole in chapter.part_of.items()}
SUBSTITUTES: dict[Seat, R] = {Seat.KEY: R.OPS_HEAD, Seat.CODE: R.VICE_PRESIDENT}  # in an emergency (C1)
SEAT_ROLES: dict[Seat, frozenset[R]] = {
    Seat.KEY: frozenset({R.VAULT_KEEPER_KEY}),
    Seat.CODE: frozenset({R.VAULT_KEEPER_CODE}),
    Seat.CLERK: frozenset({R.REGISTER_CLERK}),
    Seat.ARCHIVIST: frozenset({R.ARCHIVIST}),
    Seat.RECEIVER: frozenset(R) - {R.SYSTEM, R.EXAMINER},  # whoever the request names (C19)
    Seat.OFFICER: frozenset({R.LOAN_OFFICER}),
    Seat.SUPERVISOR: frozenset({R.OPS_HEAD, R.BRANCH_HEAD}),
}
_OF_ACTS = {key: roles for chapter in CHAPTERS for key, roles in chapter.seat_roles.items()}
_NEXT = {(t.tier, t.start, t.action): t for t in reversed(TRANSITIONS)}  # of several the first, unless `Move.back` says which


def after(tier: Tier, state: S, action: A) -> S | None:
    """The state that follows, or None where the table has no row."""
    row = _NEXT.get((tier, state, action))
    return row and row.finish


def seats_of(action: A, tier: Tier, *, overriding: bool) -> tuple[Seat, ...]:
    """Who must sit; with an override one more person, and whoever asks for an act that has no seats of its own (C50)."""
    own = SEATS.get((action, tier), ())
    return (*(own or (Seat.PROPOSER,)), Seat.OVERRIDE) if overriding else own


def seat_roles(action: A, seat: Seat, *, emergency: bool = False) -> frozenset[R]:
    """Who may take the seat in that act, nobody where the act has no such seat; in an emergency the keepers have substitutes."""
    roles = _OF_ACTS.get((action, seat)) or SEAT_ROLES.get(seat, frozenset())
    return roles | {SUBSTITUTES[seat]} if emergency and seat in SUBSTITUTES else roles


__all__ = [
    "ADMINISTRATION",
    "AT_THE_DESK",
    "CHAPTERS",
    "CUSTODY_ROLES",
    "DECISIONS",
    "ENDED",
    "ENTRIES",
    "EXITS",
    "FULFILLING",
    "LIVE",
    "PARTS",
    "PART_OF",
    "QUIET",
    "RECORDLESS",
    "SEATS",
    "SEAT_ROLES",
    "SUBSTITUTES",
    "TRANSITIONS",
    "WHO",
    "Chapter",
    "Transition",
    "after",
    "seat_roles",
    "seats_of",
]  # fmt: skip
