"""Why an act may or may not be done: each rule with pass or fail, the facts it used, and what would make it pass."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from server.custody.moves import Move
from server.custody.rules import RULES, Rule, Violation, violation
from server.custody.rules.table import excused

HIDDEN = frozenset({"holds", "overdue", "inactive", "on_duty", "mates"})
UNTOLD = frozenset({"chain"})  # of a record: its loan, which may be another branch's


@dataclass(frozen=True, slots=True)
class Check:
    """One rule, judged for one record."""

    rule: Rule
    record: UUID | None
    passed: bool
    facts: dict[str, Any]
    violation: Violation | None  # what the mutation would answer
    overridden: bool  # broken, and an override that the act names lets it pass (C50)


@dataclass(frozen=True, slots=True)
class Explanation:
    """`allowed` is what the mutation would answer now."""

    allowed: bool
    checks: tuple[Check, ...]


def explained(moves: Iterable[Move]) -> Explanation:
    """Runs the same table as the judge and keeps what it saw."""
    checks = tuple(_check(rule, move) for rule in RULES for move in moves if move.action in rule.actions)
    return Explanation(all(check.passed for check in checks), checks)


def _check(rule: Rule, move: Move) -> Check:
    holds = rule.holds(move)
    passed = holds or excused(rule, move)
    return Check(
        rule,
        move.on.id if move.on else None,
        passed,
        {name: _plain(move.on if name == "record" else getattr(move, name)) for name in rule.facts if not hidden(rule, name)},
        None if passed else violation(rule, move),
        passed and not holds,
    )


def hidden(rule: Rule, name: str) -> bool:
    """Holds, duties and overdue people may belong to other branches: that there is one is told, whose it is never."""
    return name in HIDDEN


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if is_dataclass(value):
        return {
            f.name: _plain(getattr(value, f.name)) for f in fields(value) if getattr(value, f.name) is not None and f.name not in UNTOLD
        }
    if isinstance(value, dict):
        return {str(_plain(name)): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return sorted((_plain(inner) for inner in value), key=str)
    return str(value)
