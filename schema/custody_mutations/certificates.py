"""Letters of those outside who keep papers, claims of an earlier return, changed and electronic certificates."""

from typing import Any

import strawberry

from schema.collateral import SealedEnvelope
from schema.custody_mutations.acting import AT_THE_VAULT, UNSET, ActPayload, CheckoutPayload, act, field
from schema.custody_mutations.desk import InspectionInput, inspection
from schema.custody_mutations.envelopes import KeptInput
from schema.custody_mutations.papers import CertificateInput, certificate_of, emergency_of, in_words
from schema.reading.declare import Many, One
from schema.results import KeyedInput, given, id_of, ids_of, maybe_id
from schema.scalars import Date
from schema.vault import BaileeLetter, RegistryCheck, ReturnClaim
from server.custody import lookup
from server.custody.moves import Ask
from server.custody.moves import certificates as moves
from server.custody.moves.claims import Resolution
from server.custody.moves.letters import BaileeLetter as Letter
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import BaileeKind, ClaimResolution


class LetterPayload(ActPayload):
    """Acts on bailee letters."""

    bailee_letter: BaileeLetter | None = One(given="letter", description="The letter.")


class ClaimPayload(ActPayload):
    """Acts on claims."""

    claims: list[ReturnClaim] = Many(given="claims", description="The claims.")


class CheckPayload(ActPayload):
    """Registry checks."""

    registry_check: RegistryCheck | None = One(given="check", description="The check.")


class ChangedPayload(CheckoutPayload):
    """A changed return."""

    envelope: SealedEnvelope | None = One(given="envelope", description="The envelope, under its new seal.")


@strawberry.input(description="Input of registerBaileeLetter.")
class RegisterBaileeLetterInput(KeyedInput):
    """Before the papers are handed out."""

    request_id: strawberry.ID = field("The request under which the papers leave the bank.")
    letter_no: str = field("Number on the letter, unique in the unit.")
    kind: BaileeKind = field("Who keeps the papers.")
    bailee: str = field("The office, court or firm, by name.")
    signed_on: Date = field("Day of the signature.")
    return_by: Date = field("Day by which it promises the return.")
    scan_id: strawberry.ID | None = field("A stored scan of the letter, registered for the request.", UNSET)


@strawberry.input(description="Input of claimReturned.")
class ClaimReturnedInput(KeyedInput):
    """By the holder."""

    checkout_id: strawberry.ID = field("The checkout.")
    statement: str = field("When and to whom it was returned, in words.")


@strawberry.input(description="Input of resolveClaim.")
class ResolveClaimInput(KeyedInput):
    """By somebody else."""

    checkout_id: strawberry.ID = field("The checkout.")
    resolution: ClaimResolution = field("How it ended.")
    findings: str = field("What was found, in words.")


@strawberry.input(description="Input of recordRegistryCheck.")
class RecordRegistryCheckInput(KeyedInput):
    """What the registry says now."""

    record_id: strawberry.ID = field("The record of the electronic certificate.")
    reference: str = field("Reference under which it was found.")
    is_valid: bool = field("Whether the registry still shows the bank's right.")
    findings: str | None = field("In words; required when it does not.", UNSET)


@strawberry.input(description="How one certificate came back.")
class ChangeInput:
    """By a new paper, or by new data under the same number."""

    record_id: strawberry.ID = field("The certificate that was lent.")
    new_record_id: strawberry.ID | None = field("The new paper, registered already by registerFirstTier.", UNSET)
    certificate: CertificateInput | None = field("The new data, when the number is the same.", UNSET)
    plate_no: str | None = field("The new number plate.", UNSET)


@strawberry.input(description="Input of acceptChangedReturn.")
class AcceptChangedReturnInput(KeptInput):
    """Everything that was lent with it comes back in the same operation."""

    changes: list[ChangeInput] = field("Each certificate that changed.")
    inspections: list[InspectionInput] = field("One for each paper that goes into the vault.")
    seal_no: str | None = field("Number on the seal that closes the envelope again; left out when nothing goes into an envelope.", UNSET)


async def _letter(info: strawberry.Info, i: RegisterBaileeLetterInput) -> Ask:
    if i.return_by < i.signed_on:
        raise InvalidInput([InputProblem(("returnBy",), "OUT_OF_RANGE")])
    number, bailee = in_words(i.letter_no, "letterNo").strip(), in_words(i.bailee, "bailee").strip()
    detail = Letter(number, i.kind, bailee, i.signed_on, i.return_by, maybe_id(i.scan_id, "scan"))
    return Ask(A.REGISTER_BAILEE_LETTER, request=id_of(i.request_id, "request"), detail=detail)


async def _claim(info: strawberry.Info, i: ClaimReturnedInput) -> Ask:
    context: Any = info.context
    record = await lookup.record_of_checkout(context.database, context.principal, id_of(i.checkout_id, "checkout"))
    return Ask(A.CLAIM_RETURNED, records=(record,), reason=in_words(i.statement, "statement"))


async def _resolve(info: strawberry.Info, i: ResolveClaimInput) -> Ask:
    context: Any = info.context
    record = await lookup.record_of_checkout(context.database, context.principal, id_of(i.checkout_id, "checkout"))
    return Ask(A.RESOLVE_CLAIM, records=(record,), detail=Resolution(i.resolution, in_words(i.findings, "findings")))


async def _check(info: strawberry.Info, i: RecordRegistryCheckInput) -> Ask:
    findings: str | None = given(i.findings)
    if not i.is_valid and not (findings or "").strip():
        raise InvalidInput([InputProblem(("findings",), "REQUIRED")])
    detail = moves.RegistryCheck(i.is_valid, in_words(i.reference, "reference").strip(), findings)
    return Ask(A.RECORD_REGISTRY_CHECK, records=(id_of(i.record_id, "record"),), detail=detail)


async def _changed(info: strawberry.Info, i: AcceptChangedReturnInput) -> Ask:
    changes = tuple(_change(c, n) for n, c in enumerate(i.changes))
    if not changes:
        raise InvalidInput([InputProblem(("changes",), "EMPTY")])
    seen = ids_of([one.record_id for one in i.inspections], "record", "inspections")
    records = tuple(dict.fromkeys((*seen, *(c.old for c in changes))))
    return Ask(
        A.ACCEPT_CHANGED_RETURN, records=records, inspections=tuple(inspection(one) for one in i.inspections),
        detail=moves.ChangedReturn(changes, (given(i.seal_no) or "").strip() or None), seat=given(i.seat), emergency=emergency_of(i),
    )  # fmt: skip


def _change(i: ChangeInput, n: int) -> moves.Change:
    new, data = maybe_id(i.new_record_id, "record"), certificate_of(given(i.certificate))
    if (new is None) == (data is None):
        raise InvalidInput([InputProblem(("changes", str(n)), "ONE_OF")])
    return moves.Change(id_of(i.record_id, "record"), new, data, given(i.plate_no))


@strawberry.type
class CertificateMutations:
    """Acts on certificates, and on what accompanies them."""

    register_bailee_letter = act(
        "registerBaileeLetter", RegisterBaileeLetterInput, LetterPayload, _letter, requires=WHO[A.REGISTER_BAILEE_LETTER],
        description="Register the signed letter of a registry, court or counsel that keeps the papers and must return them (受托保管函);"
        " one signed after the due day is the written confirmation of what is overdue.",
    )  # fmt: skip
    claim_returned = act(
        "claimReturned", ClaimReturnedInput, ClaimPayload, _claim, description="Say that a paper was returned already (已归还异议)."
    )
    resolve_claim = act(
        "resolveClaim", ResolveClaimInput, ClaimPayload, _resolve, requires=WHO[A.RESOLVE_CLAIM],
        description="Tell how a claim of an earlier return ended; by somebody else than the holder.",
    )  # fmt: skip
    record_registry_check = act(
        "recordRegistryCheck", RecordRegistryCheckInput, CheckPayload, _check, requires=WHO[A.RECORD_REGISTRY_CHECK],
        description="What the registry says of an electronic certificate (电子权证核对).",
    )  # fmt: skip
    accept_changed_return = act(
        "acceptChangedReturn", AcceptChangedReturnInput, ChangedPayload, _changed, requires=AT_THE_VAULT,
        description="Take back a certificate that was changed while it was lent (换证归还), as a new paper or with new data.",
    )  # fmt: skip
