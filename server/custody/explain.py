"""Why an act may or may not be done: each rule with pass or fail, the facts it used, and what would make it pass."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from types import FunctionType, MethodType
from typing import Any
from uuid import UUID

from server.custody.moves import Move
from server.custody.rules import RULES, Rule, Violation, violation
from server.custody.rules.table import excused
from server.custody.tellable import bare

HIDDEN = frozenset({"holds", "overdue", "inactive", "on_duty", "mates", "oldest", "final_at"})  # of whichever branch
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
    watched = _Watched(move)
    holds = rule.holds(watched)  # type: ignore[arg-type]  # stands for the move, and remembers what of its facts was looked at
    passed = holds or excused(rule, move)
    facts = {name: _plain(move.on if name == "record" else getattr(move, name)) for name in rule.facts if not hidden(rule, name)}
    return Check(
        rule,
        move.on.id if move.on else None,
        passed,
        facts | {kind.__name__: told for kind, seen in watched.seen.items() if (told := bare_of(seen))},
        None if passed else violation(rule, move),
        passed and not holds,
    )


def bare_of(seen: dict[str, Any]) -> dict[str, Any]:
    """Of what was looked at, what may be told."""
    return {name: told for name, value in seen.items() if name not in HIDDEN and (told := bare(value)) is not None}


class _Watched:
    """A move that remembers, by kind, which fields of a chapter's facts a rule looks at."""

    def __init__(self, move: Move) -> None:
        self._move = move
        self.seen: dict[type, dict[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._move, name)

    def of(self, kind: type) -> Any:
        return _WatchedFact(self._move.of(kind), self.seen.setdefault(kind, {}))


class _WatchedFact:
    """One fact; what its own properties and methods look at counts as looked at."""

    def __init__(self, fact: Any, seen: dict[str, Any]) -> None:
        self._fact, self._seen = fact, seen

    def __getattr__(self, name: str) -> Any:
        told = getattr(type(self._fact), name, None)
        if isinstance(told, property) and told.fget is not None:
            return told.fget(self)
        if isinstance(told, FunctionType):
            return MethodType(told, self)
        self._seen[name] = getattr(self._fact, name)
        return self._seen[name]


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
