"""An Ask as JSON and back: what is hashed for the key, and stored while an operation waits for its seats."""

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import date
from typing import Any
from uuid import UUID

from server.custody.moves import Ask, Inspection, Placement
from server.custody.transitions import ADMINISTRATION
from server.errors import InputProblem, InvalidInput
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


NEEDS: dict[Action, tuple[str, ...]] = {  # what an act cannot be judged without; everything else is a rule's to miss
    **dict.fromkeys((Action.REQUEST_CHECKOUT, Action.REQUEST_READING), ("records", "purpose")),
    **dict.fromkeys(
        (Action.APPROVE, Action.RESERVE, Action.EXTEND, Action.REJECT, Action.CANCEL, Action.CHECK_OUT, Action.START_READING), ("request",)
    ),
    **dict.fromkeys((Action.CONFIRM, Action.WITHDRAW), ("operation",)),
    Action.PLACE_HOLD: ("hold_kind", "subject_kind", "subject"),
    Action.LIFT_HOLD: ("hold",),
}
ON_THE_WIRE = {"records": "recordIds", "request": "requestId", "operation": "operationId", "hold": "holdId", "subject_kind": "holdOn",
               "subject": "holdOn", "hold_kind": "holdKind"}  # fmt: skip
BY_THE_DESK = frozenset({Action.REGISTER, Action.LAPSE})


def check_whole(ask: Ask) -> None:
    """Raises InvalidInput for an ask that names too little, or an act that nobody asks for."""
    if ask.action in BY_THE_DESK:
        raise InvalidInput([InputProblem(("action",), "NOT_TO_BE_ASKED")])
    if ask.operation is not None and ask.action not in (Action.CONFIRM, Action.WITHDRAW):
        raise InvalidInput([InputProblem(("operationId",), "NOT_ALLOWED")])
    default = ("change",) if ask.action in ADMINISTRATION else ("records",)
    needed = ("operation",) if ask.operation else NEEDS.get(ask.action, default)
    missing = dict.fromkeys(ON_THE_WIRE.get(name, name) for name in needed if getattr(ask, name) in (None, ()))
    if missing:
        raise InvalidInput([InputProblem((name,), "REQUIRED") for name in missing])


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
