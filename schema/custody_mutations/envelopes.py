"""Envelopes: sealed, opened, moved, found with a broken seal."""

from typing import Any

import strawberry

from schema.collateral import SealedEnvelope
from schema.custody_mutations.acting import AT_THE_VAULT, EMERGENCY, UNSET, ActPayload, CasePayload, act, field
from schema.custody_mutations.papers import emergency_of, in_words
from schema.reading.declare import One
from schema.results import KeyedInput, given, id_of, ids_of, maybe_id
from server.custody import lookup
from server.custody.moves import Ask, Placement
from server.custody.moves.envelopes import Opening, Sealing
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import Seat


class EnvelopePayload(ActPayload):
    """Acts on envelopes."""

    envelope: SealedEnvelope | None = One(
        given="envelope", description="The envelope; of an opening the new one, when something was taken out."
    )


@strawberry.input(description="What each act before the keepers may say.")
class KeptInput(KeyedInput):
    """Seat and emergency."""

    seat: Seat | None = field("The caller's seat; the first that fits when left out.", UNSET)
    emergency: str | None = field(EMERGENCY, UNSET)


@strawberry.input(description="Input of sealEnvelope.")
class SealEnvelopeInput(KeptInput):
    """Papers of one collateral, or of one loan."""

    record_ids: list[strawberry.ID] = field("The papers.")
    seal_no: str = field("Number on the seal, never used before.")


@strawberry.input(description="What is taken out of an envelope, into one of its own.")
class TakenOutInput:
    """Its own seal and slot."""

    record_ids: list[strawberry.ID] = field("The papers; not all of the envelope.")
    seal_no: str = field("Number on the seal of the new envelope.")
    location_id: strawberry.ID = field("An empty slot for the new envelope.")


@strawberry.input(description="Input of openEnvelope.")
class OpenEnvelopeInput(KeptInput):
    """Opened and sealed anew in one operation."""

    envelope_id: strawberry.ID = field("The envelope.")
    reason: str = field("Why it is opened.")
    seal_no: str = field("Number on the new seal.")
    taken_out: TakenOutInput | None = field("What is taken out; nothing when left out.", UNSET)


@strawberry.input(description="Input of moveLocation.")
class MoveLocationInput(KeptInput):
    """To another slot of the same vault."""

    envelope_id: strawberry.ID = field("The envelope.")
    location_id: strawberry.ID = field("An empty slot.")


@strawberry.input(description="Input of reportBrokenSeal.")
class ReportBrokenSealInput(KeyedInput):
    """A case for each paper of the envelope."""

    envelope_id: strawberry.ID = field("The envelope.")
    findings: str = field("What was found.")


async def _seal(info: strawberry.Info, i: SealEnvelopeInput) -> Ask:
    records = ids_of(i.record_ids, "record", "recordIds")
    detail = Sealing(i.seal_no.strip())
    return Ask(A.SEAL_ENVELOPE, records=records, detail=detail, seat=given(i.seat), emergency=emergency_of(i))


async def _open(info: strawberry.Info, i: OpenEnvelopeInput) -> Ask:
    context: Any = info.context
    envelope, taken = id_of(i.envelope_id, "envelope"), given(i.taken_out)
    out = ids_of(taken.record_ids, "record", "takenOut") if taken else ()
    records = await lookup.records_of_envelope(context.database, context.principal, envelope)
    if not set(out) <= set(records):
        raise InvalidInput([InputProblem(("takenOut", "recordIds"), "NOT_IN_ENVELOPE")])
    detail = Opening(
        envelope,
        i.seal_no.strip(),
        out,
        taken.seal_no.strip() if taken else None,
        maybe_id(taken.location_id, "location") if taken else None,
    )
    reason = in_words(i.reason, "reason")
    return Ask(A.OPEN_ENVELOPE, records=records, detail=detail, reason=reason, seat=given(i.seat), emergency=emergency_of(i))


async def _move(info: strawberry.Info, i: MoveLocationInput) -> Ask:
    context: Any = info.context
    envelope = id_of(i.envelope_id, "envelope")
    records = await lookup.records_of_envelope(context.database, context.principal, envelope)
    placements = (Placement(envelope, id_of(i.location_id, "location")),)
    return Ask(A.MOVE_LOCATION, records=records, placements=placements, seat=given(i.seat), emergency=emergency_of(i))


async def _broken(info: strawberry.Info, i: ReportBrokenSealInput) -> Ask:
    context: Any = info.context
    records = await lookup.records_of_envelope(context.database, context.principal, id_of(i.envelope_id, "envelope"))
    return Ask(A.REPORT_BROKEN_SEAL, records=records, reason=in_words(i.findings, "findings"))


@strawberry.type
class EnvelopeMutations:
    """Acts on envelopes."""

    seal_envelope = act(
        "sealEnvelope", SealEnvelopeInput, EnvelopePayload, _seal, requires=AT_THE_VAULT,
        description="Put papers into an envelope under a numbered seal (封包), before two keepers.",
    )  # fmt: skip
    open_envelope = act(
        "openEnvelope", OpenEnvelopeInput, EnvelopePayload, _open, requires=AT_THE_VAULT,
        description="Open an envelope before two keepers and seal it anew (拆封重封); what is taken out gets its own envelope and slot.",
    )  # fmt: skip
    move_location = act(
        "moveLocation", MoveLocationInput, EnvelopePayload, _move, requires=AT_THE_VAULT,
        description="Move an envelope to another slot of its vault (移库位), an operation of three seats.",
    )  # fmt: skip
    report_broken_seal = act(
        "reportBrokenSeal", ReportBrokenSealInput, CasePayload, _broken, requires=WHO[A.REPORT_BROKEN_SEAL],
        description="A seal was found broken (封签破损): a case is opened, and nothing of the envelope leaves the vault until it is solved.",
    )  # fmt: skip
