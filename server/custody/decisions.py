"""Why an act was let through: what was judged, and the versions of the parameters that were read, in one row for each act.

Kept for ever and read by compliance and audit beside the event. It carries references and facts, no free text, no personal data, and
nothing of other branches that explainCustody would not tell.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from server.custody.explain import HIDDEN
from server.custody.moves import Move
from server.custody.tellable import bare, names, plain
from server.custody.writing import Writing
from storage.tables import decisions

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
    shared = {name: told for name in OF_ALL if (told := plain(getattr(first, name))) not in (None, [], {})}
    return {**shared, "moves": [_move(move) for move in moves]}


def _move(move: Move) -> dict[str, Any]:
    told = {name: said for name in names(Move) if name not in NEVER and (said := plain(getattr(move, name))) not in (None, [], {})}
    known = {kind.__name__: bare(fact) for kind, fact in move.known.items()}
    return told | ({"known": known} if known else {})


def read(w: Writing) -> list[dict[str, Any]]:
    """Each parameter that was read, with its value and the row that holds it; without one it is the default."""
    lines = []
    for (name, _), (value, held) in sorted(w.policy.used.items(), key=lambda item: (item[0][0], str(item[0][1]))):
        line = {"name": name, "value": plain(value)}
        lines.append(line | ({"id": str(held.id), "since": plain(held.since)} if held else {}))
    return lines
