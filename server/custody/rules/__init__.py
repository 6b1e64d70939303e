"""THE TABLE. Adding a rule is adding a row in one of the chapters and its words in `words/`."""

from collections.abc import Iterable

from server.custody.moves import Move
from server.custody.rules import (
    administration,
    certificates,
    contracts,
    corrections,
    handovers,
    labels,
    lending,
    losses,
    overrides,
    papers,
    payoff,
    people,
    queue,
    registers,
    release,
    returns,
    stocktakes,
    volumes,
)
from server.custody.rules.people import BY_ROLE
from server.custody.rules.table import WORDS, Rule, Violation, violated, violation
from server.custody.rules.table import overridden as _overridden

CHAPTERS: tuple[tuple[Rule, ...], ...] = (
    people.RULES,
    lending.RULES,
    returns.RULES,
    queue.RULES,
    administration.RULES,
    papers.RULES,
    certificates.RULES,
    registers.RULES,
    losses.RULES,
    volumes.RULES,
    stocktakes.RULES,
    handovers.RULES,
    overrides.RULES,
    corrections.RULES,
    contracts.RULES,
    payoff.RULES,
    release.RULES,
    labels.RULES,
    people.VERSIONS,
)
RULES: tuple[Rule, ...] = tuple(
    sorted(
        (rule for chapter in CHAPTERS for rule in chapter),
        key=lambda rule: int(rule.number[1:]),
    )
)


def judge(moves: Iterable[Move]) -> tuple[Violation, ...]:
    """Every violation of every move, in rule order; empty when all may go on."""
    return violated(RULES, moves)


def overridden(moves: Iterable[Move]) -> tuple[tuple[Rule, Move], ...]:
    """What the moves break and an override lets pass (C50)."""
    return _overridden(RULES, moves)


def rule_of_twin(constraint: str | None) -> Rule | None:
    """The rule whose twin PostgreSQL has just enforced."""
    return next((rule for rule in RULES if constraint and constraint in rule.twins), None)


__all__ = ["BY_ROLE", "RULES", "WORDS", "Rule", "Violation", "judge", "overridden", "rule_of_twin", "violation"]
