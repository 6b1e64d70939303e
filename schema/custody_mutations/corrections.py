"""Corrections."""

from typing import Any

import strawberry

from schema.corrections import PREFIXES, Correction
from schema.custody_mutations.acting import UNSET, ActPayload, act, field
from schema.reading.declare import One
from schema.results import KeyedInput, given, id_of, version_of
from server.custody import lookup
from server.custody.moves import Ask
from server.custody.moves.corrections import CORRECTABLE, Correcting, Form, wrong_value
from server.custody.transitions.corrections import PROPOSERS
from server.errors import InputProblem, InvalidInput
from server.personal import redact
from storage.terms import Action as A
from storage.terms import CorrectionSubject


@strawberry.input(one_of=True, description="Exactly one thing to correct.")
class CorrectionOfInput:
    """The subject of a correction."""

    event_id: strawberry.ID | None = field(
        "What an event told: archive_no, barcode or seal_no. The event stays; another one refers to it.", UNSET
    )
    record_id: strawberry.ID | None = field("A paper or volume: title, pages; an insurance policy: expiresOn.", UNSET)
    file_item_id: strawberry.ID | None = field("A paper in a volume: title, pages.", UNSET)
    certificate_id: strawberry.ID | None = field("A certificate: number, registrationNo, issuedOn, expiresOn.", UNSET)
    contract_id: strawberry.ID | None = field("A contract: number, signedOn.", UNSET)


@strawberry.input(description="Input of proposeCorrection.")
class ProposeCorrectionInput(KeyedInput):
    """What was mistyped, what is right, and what shows it; a second person confirms it."""

    of: CorrectionOfInput = field("What it is about.")
    new_value: str = field("What is right; a day as 2026-11-25.")
    reason: str = field("Why.")
    evidence_scan_id: strawberry.ID = field("A stored scan of the same record; of a contract, one of a record of its loans.")
    expected_version: str | None = field("Version of what is corrected, as last seen.", UNSET)
    field: str = field("The field, as listed with its subject.")


class CorrectionPayload(ActPayload):
    """Acts on corrections."""

    correction: Correction | None = One(given="correction", description="The correction, once it is confirmed.")


NAMES = {
    "event_id": CorrectionSubject.EVENT,
    "record_id": CorrectionSubject.RECORD,
    "file_item_id": CorrectionSubject.FILE_ITEM,
    "certificate_id": CorrectionSubject.CERTIFICATE,
    "contract_id": CorrectionSubject.CONTRACT,
}


async def _correct(info: strawberry.Info, i: ProposeCorrectionInput) -> Ask:
    context: Any = info.context
    name = next(name for name in NAMES if given(getattr(i.of, name)) is not None)
    of = NAMES[name]
    subject, value = id_of(getattr(i.of, name), PREFIXES[of]), i.new_value.strip()
    if (code := wrong_value(of, i.field, value)) is not None:
        raise InvalidInput([InputProblem(("newValue",), code)])
    if CORRECTABLE[of].get(i.field) is Form.TITLE:
        value = redact(value)
    record = await lookup.record_of_corrected(context.database, context.principal, of, subject)
    asked = Correcting(of, subject, i.field, value, id_of(i.evidence_scan_id, "scan"))
    return Ask(
        A.CORRECT, records=(record,) if record else (), reason=i.reason, expected_version=version_of(i.expected_version), detail=asked
    )


@strawberry.type
class CorrectionMutations:
    """Acts on what was mistyped."""

    propose_correction = act(
        "proposeCorrection", ProposeCorrectionInput, CorrectionPayload, _correct, requires=PROPOSERS,
        description="Propose to put right what was mistyped (更正); confirmed by a second person with confirmOperation.",
    )  # fmt: skip
