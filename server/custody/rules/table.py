"""What a rule is, and the judge. Pure: stdlib and storage.terms only; the clock is `Move.at`.

A row says what must hold. Rows with one number are one rule of the specification that can fail in two ways. `twin` names
the PostgreSQL constraint that keeps the same rule; where none can, the reason stands there in brackets.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from server.custody.moves import Move
from storage.terms import Action, Role


def nobody(_: Move) -> frozenset[Role]:
    """No role could make it pass."""
    return frozenset()


def never(_: Move) -> datetime | None:
    """No instant at which it passes by itself."""
    return None


def not_at_all(_: Move) -> bool:
    """No override exists."""
    return False


def as_asked(_: Move) -> bool:
    """Whoever has the permission may override it."""
    return True


def count_ends(move: Move) -> datetime | None:
    """Of what is frozen by a count alone: a discrepancy ends when somebody resolves it."""
    return move.counted_until if move.frozen == {"COUNT"} else None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    number: str
    code: str
    actions: frozenset[Action]
    sentence: str
    holds: Callable[[Move], bool]
    twin: str
    facts: tuple[str, ...] = ()  # attributes of Move that explain shows
    roles: Callable[[Move], frozenset[Role]] = nobody
    earliest: Callable[[Move], datetime | None] = never
    overridable: Callable[[Move], bool] = not_at_all  # whether an override lets this break of it pass (C50)

    @property
    def twins(self) -> tuple[str, ...]:
        """Names of the constraints, the reason in brackets left out."""
        return tuple(self.twin.partition("[")[0].replace(",", " ").split())


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the bank, by name."""

    id: UUID
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that said no to a record."""

    rule: str
    code: str
    record: UUID | None
    roles: frozenset[Role] = frozenset()
    earliest: datetime | None = None
    overridable: bool = False
    overriders: frozenset[Role] = frozenset()  # who may take the OVERRIDE seat for it
    held_by: Unit | None = None  # C14: of whoever has the record

    def says(self, language: str) -> tuple[str, str]:
        """Message and remedy, in `en` or `zh`."""
        words = WORDS[self.code]
        return words[language], words[f"{language}_remedy"]


WORDS: dict[str, dict[str, str]] = {
    code: words
    for path in sorted((Path(__file__).parents[1] / "words").glob("*.toml"))
    for code, words in tomllib.loads(path.read_text("utf-8")).items()
}


def by_construction(_: Move) -> bool:
    """The desk itself does it; there is nothing to ask of the caller."""
    return True


def excused(rule: Rule, move: Move) -> bool:
    """Whether the ask names an override for this break of the rule; who may give it is judged by C50's own rows."""
    return any(o.rule == rule.number for o in move.ask.overrides) and rule.overridable(move)


def violation(rule: Rule, move: Move) -> Violation:
    """What is said of a rule that a move breaks."""
    may = rule.overridable(move)
    who = move.overriders.get(rule.number, frozenset()) if may else frozenset()
    return Violation(rule.number, rule.code, move.on.id if move.on else None, rule.roles(move), rule.earliest(move), may and bool(who), who)


def violated(rules: Iterable[Rule], moves: Iterable[Move]) -> tuple[Violation, ...]:
    """Every violation of every move, in rule order; empty when all may go on."""
    return tuple(violation(rule, move) for rule, move in _broken(rules, moves) if not excused(rule, move))


def overridden(rules: Iterable[Rule], moves: Iterable[Move]) -> tuple[tuple[Rule, Move], ...]:
    """What is broken and goes on all the same, because a second person lets it."""
    return tuple((rule, move) for rule, move in _broken(rules, moves) if excused(rule, move))


def _broken(rules: Iterable[Rule], moves: Iterable[Move]) -> Iterator[tuple[Rule, Move]]:
    moves = tuple(moves)
    for rule in rules:
        for move in moves:
            if move.action in rule.actions and not rule.holds(move):
                yield rule, move
