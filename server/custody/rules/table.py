"""What a rule is, and the judge. Pure: stdlib and storage.terms only; the clock is `Move.at`.

A row says what must hold. Rows with one number are one rule of the specification that can fail in two ways. `twin` names
the PostgreSQL constraint that keeps the same rule; where none can, the reason stands there in brackets.
"""

import tomllib
from collections.abc import Callable, Iterable
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

    @property
    def twins(self) -> tuple[str, ...]:
        """Names of the constraints, the reason in brackets left out."""
        return tuple(self.twin.partition("[")[0].replace(",", " ").split())


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that said no to a record."""

    rule: str
    code: str
    record: UUID | None
    roles: frozenset[Role] = frozenset()
    earliest: datetime | None = None

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


def violated(rules: Iterable[Rule], moves: Iterable[Move]) -> tuple[Violation, ...]:
    """Every violation of every move, in rule order; empty when all may go on."""
    moves = tuple(moves)
    return tuple(
        Violation(rule.number, rule.code, move.on.id if move.on else None, rule.roles(move), rule.earliest(move))
        for rule in rules
        for move in moves
        if move.action in rule.actions and not rule.holds(move)
    )
