"""Why an act was let through: what was judged, and the versions of the parameters that were read, in one row for each act.

Kept for ever and read by compliance and audit beside the event. It carries references and facts, no free text, no personal data, and
nothing of other branches that explainCustody would not tell.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from server.custody.explain import HIDDEN
from server.custody.moves import Move
from server.custody.writing import Writing
from storage import terms
from storage.tables import decisions

# Words of a vocabulary and references are kept; every other text may be somebody's.
VOCABULARIES = [kind for kind in vars(terms).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]
WORDS = frozenset(member.value for kind in VOCABULARIES for member in kind) | {"SLOT"}
REFERENCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
OF_ALL = ("ask", "at", "by", "sitter", "request", "seats", "required", "opened_by", "together", "hold", "subject")
NEVER = HIDDEN | {"known", "open_seats", "overriders", *OF_ALL}  # told once for all moves, or by nobody


async def keep(w: Writing, outcome: Mapping[str, Any]) -> None:
    """One row, in the transaction of the act."""
    row = {
        "org_id": w.actor.org,
        "action": w.first.action,
        "caller_id": w.actor.id,
        "operation_id": w.operation,
        "decided_at": w.at,
        "event_ids": [UUID(e) for e in outcome["events"]],
        "moves": judged(w.moves) | ({"served": [judged(moves) for moves in w.served]} if w.served else {}),
        "parameters": read(w),
    }
    await w.conn.insert(decisions, row)


def judged(moves: tuple[Move, ...]) -> dict[str, Any]:
    """The moves as plain JSON: what all of them share once, then each."""
    first = moves[0]
    shared = {name: told for name in OF_ALL if (told := _plain(getattr(first, name))) not in (None, [], {})}
    return {**shared, "moves": [_move(move) for move in moves]}


def _move(move: Move) -> dict[str, Any]:
    told = {name: plain for name in _names(Move) if name not in NEVER and (plain := _plain(getattr(move, name))) not in (None, [], {})}
    known = {kind.__name__: _bare(fact) for kind, fact in move.known.items()}
    return told | ({"known": known} if known else {})


def read(w: Writing) -> list[dict[str, Any]]:
    """Each parameter that was read, with its value and the row that holds it; without one it is the default."""
    lines = []
    for (name, _), (value, held) in sorted(w.policy.used.items(), key=lambda item: (item[0][0], str(item[0][1]))):
        line = {"name": name, "value": _plain(value)}
        lines.append(line | ({"id": str(held.id), "since": _plain(held.since)} if held else {}))
    return lines


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def _plain(value: Any) -> Any:
    """References, words of vocabularies, numbers, instants and yes or no; None for every other text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        text = str(value.value) if isinstance(value, Enum) else value
        return text if text in WORDS or REFERENCE.match(text) else None
    if isinstance(value, UUID | date | Decimal):
        return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value) and not isinstance(value, type):
        return {n: told for n in _names(type(value)) if (told := _plain(getattr(value, n))) not in (None, [], {})}
    if isinstance(value, Mapping):
        return {
            str(name.value if isinstance(name, Enum) else name): told
            for name, inner in value.items()
            if (told := _plain(inner)) is not None
        }
    if isinstance(value, list | tuple):
        return [told for inner in value if (told := _plain(inner)) is not None]
    if isinstance(value, set | frozenset):
        return sorted((told for inner in value if (told := _plain(inner)) is not None), key=str)
    return None


def _bare(fact: Any) -> Any:
    """A fact of a chapter without the ids that it names: they may be of other branches. How many there are is told."""
    if isinstance(fact, UUID):
        return None
    if is_dataclass(fact) and not isinstance(fact, type):
        return {n: told for n in _names(type(fact)) if (told := _bare(getattr(fact, n))) is not None}
    if isinstance(fact, Mapping | list | tuple | set | frozenset):
        return len(fact)
    return _plain(fact)
