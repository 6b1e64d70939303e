"""Handovers: listed, sent, acknowledged line by line, rejected, taken back."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import EMERGENCY, SUBSTITUTES_TOO, UNSET, HandoverPayload, act, field
from schema.custody_mutations.choosing import chosen_records
from schema.custody_mutations.papers import emergency_of
from schema.records import ArchiveRecordWhere
from schema.results import KeyedInput, OverridableInput, given, id_of, ids_of, maybe_id
from server.custody import handing, lookup
from server.custody.moves import Ask, Placement
from server.custody.moves.handovers import NewHandover, OnHandover
from server.custody.transitions import CUSTODY_ROLES, WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import HandoverKind, HandoverStanding, Role

SIDES = CUSTODY_ROLES | SUBSTITUTES_TOO | {Role.LOAN_OFFICER, Role.BRANCH_HEAD}


@strawberry.input(description="Input of createHandover.")
class CreateHandoverInput(KeyedInput):
    """A list that the caller's unit opens."""

    kind: HandoverKind = field("What passes.")
    to_org_unit_id: strawberry.ID = field("The unit that takes; the caller's own for a change of custodian.")
    in_town: bool = field("Whether both sides are in one town: it decides how long a shipment may take.")
    giver_id: strawberry.ID | None = field("The custodian who leaves; required for a change of custodian.", UNSET)
    taker_id: strawberry.ID | None = field("The custodian who follows; required for a change of custodian.", UNSET)
    reason: str | None = field("In words.", UNSET)


@strawberry.input(description="Input of addHandoverLines: records, labels, or a filter with the number that it finds.")
class AddHandoverLinesInput(KeyedInput):
    """The server makes the lines from the register; there is no free text."""

    handover_id: strawberry.ID = field("The handover, a draft.")
    record_ids: list[strawberry.ID] | None = field("The papers or volumes, at most 500.", UNSET)
    barcodes: list[str] | None = field("Their labels, or those of their envelopes, at most 500.", UNSET)
    where: ArchiveRecordWhere | None = field("All records that it finds, at most 3,000.", UNSET)
    expected_count: int | None = field("How many `where` finds; required with it.", UNSET)


@strawberry.input(description="Input of removeHandoverLines.")
class RemoveHandoverLinesInput(KeyedInput):
    """What was listed and has not been sent."""

    handover_id: strawberry.ID = field("The handover.")
    record_ids: list[strawberry.ID] = field("The papers or volumes.")


@strawberry.input(description="Input of sendHandover.")
class SendHandoverInput(OverridableInput):
    """A shipment of up to 500 lines of one vault or shelf."""

    handover_id: strawberry.ID = field("The handover.")
    standing: HandoverStanding = strawberry.field(
        description="Which lines: in their place, waiting for the vault, or out.", default=HandoverStanding.IN_PLACE
    )
    record_ids: list[strawberry.ID] | None = field("The papers or volumes; the next 500 of one vault when left out.", UNSET)
    seal_no: str | None = field("Seal of the shipment; required for what moves.", UNSET)
    emergency: str | None = field(EMERGENCY, UNSET)


@strawberry.input(description="A slot for an envelope.")
class HandoverPlacementInput:
    """Where an envelope goes."""

    envelope_id: strawberry.ID = field("The envelope.")
    location_id: strawberry.ID = field("A free slot of the vault that takes it.")


@strawberry.input(description="Input of acknowledgeHandoverLines.")
class AcknowledgeHandoverLinesInput(KeyedInput):
    """What the receiving side has in its hands."""

    handover_id: strawberry.ID = field("The handover.")
    record_ids: list[strawberry.ID] | None = field("The papers or volumes.", UNSET)
    barcodes: list[str] | None = field("Their labels, or those of their envelopes, as scanned.", UNSET)
    placements: list[HandoverPlacementInput] | None = field("A slot for each envelope; first tier.", UNSET)
    location_id: strawberry.ID | None = field("The shelf of the volumes; second tier.", UNSET)
    vault_id: strawberry.ID | None = field("The vault that takes papers that still wait for intake; the unit's first when left out.", UNSET)
    emergency: str | None = field(EMERGENCY, UNSET)


@strawberry.input(description="Input of rejectHandoverLines.")
class RejectHandoverLinesInput(KeyedInput):
    """What the receiving side does not take."""

    handover_id: strawberry.ID = field("The handover.")
    record_ids: list[strawberry.ID] | None = field("The papers or volumes.", UNSET)
    barcodes: list[str] | None = field("Their labels, or those of their envelopes, as scanned.", UNSET)
    reasons: str = field("Why.")


@strawberry.input(description="Input of recallHandover.")
class RecallHandoverInput(KeyedInput):
    """Back to where it stood: what was rejected, or is recalled before it was acknowledged."""

    handover_id: strawberry.ID = field("The handover.")
    record_ids: list[strawberry.ID] | None = field("The papers or volumes; all that are under way when left out.", UNSET)
    barcodes: list[str] | None = field("Their labels, or those of their envelopes, as scanned.", UNSET)
    placements: list[HandoverPlacementInput] | None = field("A slot for each envelope; first tier.", UNSET)
    location_id: strawberry.ID | None = field("The shelf of the volumes; second tier.", UNSET)
    emergency: str | None = field(EMERGENCY, UNSET)


def _wrong(name: str, code: str) -> InvalidInput:
    return InvalidInput([InputProblem((name,), code)])


async def _named(info: strawberry.Info, i: Any) -> tuple[Any, ...] | None:
    """The records that are named by id or by label; None when neither is given."""
    context: Any = info.context
    records, codes = given(i.record_ids), given(getattr(i, "barcodes", None))
    if records is not None and codes is not None:
        raise _wrong("barcodes", "NOT_ALLOWED")
    if records is not None:
        return ids_of(records, "record", "recordIds")
    return None if codes is None else await lookup.records_by_barcode(context.database, context.principal, codes)


async def _must_name(info: strawberry.Info, i: Any) -> tuple[Any, ...]:
    records = await _named(info, i)
    if records is None:
        raise _wrong("recordIds", "REQUIRED")
    return records


def _placements(i: Any) -> tuple[Placement, ...]:
    return tuple(Placement(id_of(p.envelope_id, "envelope"), id_of(p.location_id, "location")) for p in given(i.placements) or ())


async def _create(_: strawberry.Info, i: CreateHandoverInput) -> Ask:
    giver, taker = maybe_id(i.giver_id, "staff"), maybe_id(i.taker_id, "staff")
    custodians = i.kind is HandoverKind.CUSTODIAN
    for name, who in (("giverId", giver), ("takerId", taker)):
        if (who is None) is custodians:
            raise _wrong(name, "REQUIRED" if custodians else "NOT_ALLOWED")
    if giver is not None and giver == taker:
        raise _wrong("takerId", "NOT_ALLOWED")
    detail = NewHandover(i.kind, id_of(i.to_org_unit_id, "org"), i.in_town, giver, taker)
    if (detail.to_org == _.context.principal.org_id) is not custodians:
        raise _wrong("toOrgUnitId", "NOT_ALLOWED")
    return Ask(A.CREATE_HANDOVER, detail=detail, reason=given(i.reason))


async def _add(info: strawberry.Info, i: AddHandoverLinesInput) -> Ask:
    handover, records = id_of(i.handover_id, "handover"), await _named(info, i)
    if (records is None) is (given(i.where) is None):
        raise _wrong("where", "REQUIRED" if records is None else "NOT_ALLOWED")
    if records is None:
        expected = given(i.expected_count)
        if expected is None:
            raise _wrong("expectedCount", "REQUIRED")
        records = await chosen_records(info, "addHandoverLines", expected)
    return Ask(A.ADD_HANDOVER_LINES, records=records, detail=OnHandover(handover))


async def _remove(_: strawberry.Info, i: RemoveHandoverLinesInput) -> Ask:
    return Ask(
        A.REMOVE_HANDOVER_LINES, records=ids_of(i.record_ids, "record", "recordIds"), detail=OnHandover(id_of(i.handover_id, "handover"))
    )


async def _send(info: strawberry.Info, i: SendHandoverInput) -> Ask:
    context: Any = info.context
    handover = id_of(i.handover_id, "handover")
    action, records = await handing.to_send(context.database, context.principal, handover, i.standing, await _named(info, i))
    return Ask(action, records=records, detail=OnHandover(handover, seal_no=given(i.seal_no)), emergency=emergency_of(i))


async def _acknowledge(info: strawberry.Info, i: AcknowledgeHandoverLinesInput) -> Ask:
    context: Any = info.context
    handover, records = id_of(i.handover_id, "handover"), await _must_name(info, i)
    action = await handing.to_take(context.database, context.principal, handover, records)
    place, detail = maybe_id(i.location_id, "location"), OnHandover(handover, vault=maybe_id(i.vault_id, "location"))
    return Ask(action, records=records, placements=_placements(i), location=place, detail=detail, emergency=emergency_of(i))


async def _reject(info: strawberry.Info, i: RejectHandoverLinesInput) -> Ask:
    handover, records = id_of(i.handover_id, "handover"), await _must_name(info, i)
    if not i.reasons.strip():
        raise _wrong("reasons", "EMPTY")
    return Ask(A.REJECT_HANDOVER, records=records, reason=i.reasons, detail=OnHandover(handover))


async def _recall(info: strawberry.Info, i: RecallHandoverInput) -> Ask:
    context: Any = info.context
    handover = id_of(i.handover_id, "handover")
    await handing.kind_of(context.database, context.principal, handover)
    action, records = await handing.to_take_back(context.database, context.principal, handover, await _named(info, i))
    place = maybe_id(i.location_id, "location")
    detail, emergency = OnHandover(handover), emergency_of(i)
    return Ask(action, records=records, placements=_placements(i), location=place, detail=detail, emergency=emergency)


@strawberry.type
class HandoverMutations:
    """Acts on handovers."""

    create_handover = act(
        "createHandover", CreateHandoverInput, HandoverPayload, _create, requires=WHO[A.CREATE_HANDOVER],
        description="Open the list of a handover (移交登记).",
    )  # fmt: skip
    add_handover_lines = act(
        "addHandoverLines", AddHandoverLinesInput, HandoverPayload, _add, requires=WHO[A.ADD_HANDOVER_LINES],
        description="List papers or volumes; the lines are made from the register (移交清单).",
    )  # fmt: skip
    remove_handover_lines = act(
        "removeHandoverLines", RemoveHandoverLinesInput, HandoverPayload, _remove, requires=WHO[A.REMOVE_HANDOVER_LINES],
        description="Strike lines off that have not been sent.",
    )  # fmt: skip
    send_handover = act(
        "sendHandover", SendHandoverInput, HandoverPayload, _send, requires=SIDES,
        description="Let lines go: a sealed shipment leaves, or the care of papers that are out is offered (移交发出).",
    )  # fmt: skip
    acknowledge_handover_lines = act(
        "acknowledgeHandoverLines", AcknowledgeHandoverLinesInput, HandoverPayload, _acknowledge, requires=SIDES,
        description="Take lines over; custody passes when the last seat of the receiving side is taken (移交签收).",
    )  # fmt: skip
    reject_handover_lines = act(
        "rejectHandoverLines", RejectHandoverLinesInput, HandoverPayload, _reject, requires=CUSTODY_ROLES,
        description="Do not take lines, with reasons; they go back (拒收).",
    )  # fmt: skip
    recall_handover = act(
        "recallHandover", RecallHandoverInput, HandoverPayload, _recall, requires=SIDES,
        description="Put back what was rejected, or what is recalled before it was acknowledged (撤回移交).",
    )  # fmt: skip
