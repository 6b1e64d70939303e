"""How a custody act becomes a mutation, and what `explainCustody` may be asked about: parse, perform, read in the same transaction."""

import copy
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

import strawberry
from sqlalchemy import Boolean

from schema.contracts import ContractAmendment
from schema.corrections import Correction
from schema.custody import AccessRequest, Checkout, CustodyEvent, Hold, Operation
from schema.handovers import Handover, Shipment
from schema.losses import Discrepancy
from schema.organisation import OrgUnit, StaffMember, StorageLocation
from schema.reading.answers import payload
from schema.reading.declare import Given, Many, One
from schema.records import ArchiveRecord
from schema.release import Release
from schema.results import given, mutation
from server.custody.desk import Done, Reader, Refused
from server.custody.moves import Ask, Override
from server.custody.transitions import SUBSTITUTES
from server.errors import InputProblem, InvalidInput, NotFound
from storage.database import Connection
from storage.terms import Role

KEEPERS = frozenset({Role.VAULT_KEEPER_KEY, Role.VAULT_KEEPER_CODE, Role.ARCHIVIST})
RETURN_DESK = KEEPERS | {Role.REGISTER_CLERK}
SUBSTITUTES_TOO = frozenset(SUBSTITUTES.values())  # in an emergency
AT_THE_VAULT = RETURN_DESK | SUBSTITUTES_TOO
UNSET: Any = strawberry.UNSET
EMERGENCY = "Why substitutes may take the keepers' seats; it will be reviewed."


def field(description: str, default: Any = None) -> Any:
    """An input field; with a default it may be left out."""
    return strawberry.field(description=description) if default is None else strawberry.field(description=description, default=UNSET)


class ActPayload:
    """What every custody act answers with."""

    operation: Operation | None = One(given="operation", description="The operation, when the act has seats; PENDING until all are taken.")
    records: list[ArchiveRecord] = Many(given="records", description="The records, as they stand now.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


class RequestPayload(ActPayload):
    """Acts on requests."""

    request: AccessRequest | None = One(given="request", description="The request, as it stands now.")


class CheckoutPayload(ActPayload):
    """Acts on checkouts."""

    checkouts: list[Checkout] = Many(given="checkouts", description="The checkouts, as they stand now.")
    request: AccessRequest | None = One(given="request", description="The request.")


class HoldPayload(ActPayload):
    """Acts on holds."""

    hold: Hold | None = One(given="hold", description="The hold.")


class HandoverPayload(ActPayload):
    """Acts on handovers."""

    handover: Handover | None = One(given="handover", description="The handover, as it stands now.")
    shipment: Shipment | None = One(given="shipment", description="What was sent, when all seats are taken.")


class ConfirmPayload(CheckoutPayload, HoldPayload, HandoverPayload):
    """Whatever the operation was about."""

    correction: Correction | None = One(given="correction", description="The correction, once it is confirmed.")
    amendment: ContractAmendment | None = One(given="amendment", description="The amendment of a contract.")
    release: Release | None = One(given="release", description="The release.")
    staff: StaffMember | None = One(given="staff", description="The member of staff whom a change was about.")
    org_unit: OrgUnit | None = One(given="org", description="The unit that was made.")
    locations: list[StorageLocation] = Many(given="locations", description="The places that were made.")


class CasePayload(ActPayload):
    """Acts that open cases."""

    cases: list[Discrepancy] = Many(given="cases", description="The cases that were opened.")


def payload_of(base: type, name: str) -> Any:
    """The payload type of one mutation."""
    cls = type(name, (base,), {"__doc__": base.__doc__, "__annotations__": {}, "__module__": __name__})
    for parent in reversed(base.__mro__[:-1]):
        for key, type_ in parent.__annotations__.items():
            cls.__annotations__[key] = type_
            setattr(cls, key, copy.copy(parent.__dict__[key]))
    return strawberry.type(cls, description=f"What {name[0].lower()}{name.removesuffix('Payload')[1:]} did.")


async def perform(
    info: strawberry.Info, type_: type, name: str, input_: Any, ask_of: Callable[[strawberry.Info, Any], Awaitable[Ask]]
) -> Any:
    """Through the desk; the payload is read before the commit, in the same transaction."""

    async def read(conn: Connection, outcome: dict[str, Any], replayed: bool) -> Any:
        made = {n: uuids(v) for n, v in outcome.items() if n != "state"}
        return await payload(info, type_, conn, **made, replayed=replayed)

    return await carried(info, name, str(input_.idempotency_key), input_, ask_of, read)


async def carried(
    info: strawberry.Info, name: str, key: str, input_: Any, ask_of: Callable[[strawberry.Info, Any], Awaitable[Ask]], read: Reader[Any]
) -> Any:
    """What the reader makes of the act, done now or under the key before; or the refusal."""
    context, said = info.context, said_by(input_)
    try:
        ask = await ask_of(info, input_)
    except (NotFound, InvalidInput):  # what it names may have moved on since the first time
        if (before := await context.desk.replay(context.principal, key, name, said, read)) is not None:
            return before.answer
        raise
    answer = await context.desk.perform(context.principal, ask, key, name, read, said)
    if isinstance(answer, Refused):
        return answer
    assert isinstance(answer, Done)
    return answer.answer


def said_by(input_: Any) -> dict[str, Any]:
    """The input as plain values, without its key and what was left out: what a repetition must repeat."""
    told: dict[str, Any] = _plain(input_)
    told.pop("idempotency_key", None)
    return told


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        found = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        return {name: inner for name, inner in found.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return repr(value)
    return None if value is UNSET else value


def uuids(value: Any) -> Any:
    """Ids of an outcome."""
    return [UUID(v) for v in value] if isinstance(value, list) else UUID(value)


def overriding(ask: Ask, input_: Any) -> Ask:
    """The ask with the overrides that its input names; InvalidInput for a rule named twice."""
    named = given(getattr(input_, "overrides", None)) or []
    if len({o.rule for o in named}) < len(named):
        raise InvalidInput([InputProblem(("overrides",), "DUPLICATE")])
    return replace(ask, overrides=tuple(Override(o.rule, o.comment) for o in named)) if named else ask


class Askable(NamedTuple):
    """An act as a client asks for it."""

    input_type: Any
    ask_of: Callable[[strawberry.Info, Any], Awaitable[Ask]]
    description: str | None = None  # of what has no mutation of its own name
    requires: frozenset[Role] | None = None  # whom the mutation lets in at all


ASKABLE: dict[str, Askable] = {}  # by the name of the mutation: what explainCustody takes


def act(name: str, input_type: Any, base: type, ask_of: Any, *, description: str, requires: frozenset[Role] | None = None) -> Any:
    """The field of a custody act: `ask_of(info, input)` says what is asked of the desk."""
    type_ = payload_of(base, f"{name[0].upper()}{name[1:]}Payload")

    async def asked(info: strawberry.Info, input_: Any) -> Ask:
        return overriding(await ask_of(info, input_), input_)

    ASKABLE[name] = Askable(input_type, asked, requires=requires)

    async def resolve(info: strawberry.Info, input_: Any) -> Any:
        return await perform(info, type_, name, input_, asked)

    return mutation(name, input_type, type_, resolve, description=description, requires=requires)
