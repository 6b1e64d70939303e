"""An Ask as JSON and back: what is hashed for the key, and stored while an operation waits for its seats."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from server.custody.moves import (
    Ask,
    certificates,
    claims,
    contracts,
    corrections,
    envelopes,
    handovers,
    lending,
    letters,
    losses,
    papers,
    registers,
    release,
    stocktakes,
    volumes,
)
from server.custody.transitions import ADMINISTRATION, PARTS
from server.errors import InputProblem, InvalidInput
from storage.terms import Action

LINES_MAX = 500  # records of one act
DETAILS: dict[Action, type] = {  # the dataclass in `server.custody.moves` that an act's `detail` is; required for the act
    Action.REQUEST_EXTENSION: lending.CourtPaperShown,
    Action.EXPECT_PAPER: papers.ExpectedPaper,
    Action.REGISTER_FIRST_TIER: papers.NewPapers,
    Action.RECORD_ARRIVAL: papers.Arrival,
    Action.REFUSE_INTAKE: papers.Refusal,
    Action.SEAL_ENVELOPE: envelopes.Sealing,
    Action.OPEN_ENVELOPE: envelopes.Opening,
    Action.ACCEPT_RETURN: envelopes.Resealing,
    Action.ACCEPT_CHANGED_RETURN: certificates.ChangedReturn,
    Action.RECORD_REGISTRY_CHECK: certificates.RegistryCheck,
    Action.REGISTER_BAILEE_LETTER: letters.BaileeLetter,
    Action.RESOLVE_CLAIM: claims.Resolution,
    Action.VOID_TICKET: registers.VoidTicket,
    Action.BOOK_OFF_BALANCE_ENTRY: registers.Booking,
    Action.REVIEW_EMERGENCY: registers.EmergencyReview,
    **losses.DETAILS,
    **volumes.DETAILS,
    **release.DETAILS,
    **stocktakes.DETAILS,
    **handovers.DETAILS,
    Action.CORRECT: corrections.Correcting,
    Action.AMEND_CONTRACT: contracts.Amending,
}
NEEDS: dict[Action, tuple[str, ...]] = {  # what an act cannot be judged without; everything else is a rule's to miss
    **dict.fromkeys((Action.REQUEST_CHECKOUT, Action.REQUEST_READING), ("records", "purpose")),
    **dict.fromkeys(
        (Action.APPROVE, Action.RESERVE, Action.EXTEND, Action.REJECT, Action.CANCEL, Action.CHECK_OUT, Action.START_READING), ("request",)
    ),
    Action.REQUEST_EXTENSION: ("records",),
    **dict.fromkeys((Action.ENQUEUE, Action.SERVE), ("request",)),
    **dict.fromkeys((Action.CONFIRM, Action.WITHDRAW), ("operation",)),
    Action.REQUEST_RELEASE: ("records", "purpose"),
    Action.REQUEST_SUBSTITUTION: ("records", "detail"),
    **dict.fromkeys((Action.VERIFY_RECIPIENT, Action.RELEASE), ("request", "detail")),
    Action.SUBSTITUTE: ("request",),
    Action.SURRENDER: ("records", "request", "detail"),
    Action.PLACE_HOLD: ("hold_kind", "subject_kind", "subject"),
    Action.LIFT_HOLD: ("hold",),
    **dict.fromkeys(
        (Action.RECORD_ARRIVAL, Action.REFUSE_INTAKE, Action.SEAL_ENVELOPE, Action.OPEN_ENVELOPE, Action.ACCEPT_CHANGED_RETURN,
         Action.RECORD_REGISTRY_CHECK, Action.RESOLVE_CLAIM), ("records", "detail")
    ),
    Action.REGISTER_BAILEE_LETTER: ("request", "detail"),
    Action.ACCEPT_RETURN: ("records",),
    **losses.NEEDS,
    **volumes.NEEDS,
    **handovers.NEEDS,
}  # fmt: skip
ON_THE_WIRE = {"records": "recordIds", "request": "requestId", "operation": "operationId", "hold": "holdId", "subject_kind": "holdOn",
               "subject": "holdOn", "hold_kind": "holdKind"}  # fmt: skip
BY_THE_DESK = frozenset({Action.REGISTER}) | PARTS


def check_whole(ask: Ask) -> None:
    """Raises InvalidInput for an ask that names too little, or an act that nobody asks for."""
    if ask.action in BY_THE_DESK:
        raise InvalidInput([InputProblem(("action",), "NOT_TO_BE_ASKED")])
    if ask.operation is not None and ask.action not in (Action.CONFIRM, Action.WITHDRAW):
        raise InvalidInput([InputProblem(("operationId",), "NOT_ALLOWED")])
    default = ("change",) if ask.action in ADMINISTRATION else ("detail",) if ask.action in DETAILS else ("records",)
    needed = ("operation",) if ask.operation else NEEDS.get(ask.action, default)
    missing = dict.fromkeys(ON_THE_WIRE.get(name, name) for name in needed if getattr(ask, name) in (None, ()))
    if missing:
        raise InvalidInput([InputProblem((name,), "REQUIRED") for name in missing])


def ask_to_json(ask: Ask) -> dict[str, Any]:
    """Plain JSON values; what is not given is left out."""
    made: dict[str, Any] = _written(ask)
    return made


def ask_from_json(stored: Mapping[str, Any]) -> Ask:
    """The ask that `ask_to_json` wrote."""
    made: Ask = _read(Ask, {**stored, "detail": None})
    kind = DETAILS.get(made.action)
    if kind is None or stored.get("detail") is None:
        return made
    given = {f.name: getattr(made, f.name) for f in fields(made)}
    return Ask(**{**given, "detail": _read(kind, stored["detail"])})


def _written(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _written(inner) for f in fields(value) if (inner := getattr(value, f.name)) not in (None, ())}
    if isinstance(value, list | tuple):
        return [_written(inner) for inner in value]
    if isinstance(value, Mapping):
        return {str(name): _written(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, bool | int) else str(value)


def _read(kind: Any, stored: Any) -> Any:
    """A value of that type from its JSON; the types are those that dataclasses of this package use."""
    if stored is None or kind is Any:
        return stored
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: _read(of, stored[name]) for name, of in _hints(kind).items() if name in stored})
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _read(next(k for k in inner if k is not types.NoneType), stored)
    if origin is tuple:
        return tuple(_read(inner[0], one) for one in stored)
    if origin is not None:
        return stored  # a mapping of plain JSON
    if kind in (date, datetime):
        return kind.fromisoformat(stored)
    return kind(stored) if kind in (UUID, Decimal) or issubclass(kind, Enum) else stored


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
