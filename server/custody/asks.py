"""An Ask as JSON and back: what is hashed for the key, and stored while an operation waits for its seats."""

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import date
from typing import Any
from uuid import UUID

from server.custody.moves import Ask, Inspection, Placement
from storage.terms import Action, HoldKind, HoldSubject, Purpose, Seat

READERS: dict[str, Callable[[Any], Any]] = {
    "action": Action,
    "records": lambda v: tuple(map(UUID, v)),
    "seat": Seat,
    "purpose": Purpose,
    "due_on": date.fromisoformat,
    "hold_kind": HoldKind,
    "subject_kind": HoldSubject,
    "inspections": lambda v: tuple(Inspection(**{**i, "record": UUID(i["record"])}) for i in v),
    "placements": lambda v: tuple(Placement(UUID(p["envelope"]), UUID(p["location"])) for p in v),
    **dict.fromkeys(("request", "operation", "hold", "reader", "brought_by", "location", "subject"), UUID),
}


def ask_to_json(ask: Ask) -> dict[str, Any]:
    """Plain JSON values; what is not given is left out."""
    return {name: _plain(value) for name, value in asdict(ask).items() if value not in (None, ())}


def ask_from_json(stored: dict[str, Any]) -> Ask:
    """The ask that `ask_to_json` wrote."""
    known = {f.name for f in fields(Ask)}
    return Ask(**{name: READERS.get(name, lambda v: v)(value) for name, value in stored.items() if name in known})


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    return value if isinstance(value, bool | int) else str(value)
