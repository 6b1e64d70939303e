"""First-tier papers on their way into the vault: expected, arrived, registered, refused, taken in."""

from typing import Any

import strawberry

from schema.custody_mutations.acting import AT_THE_VAULT, EMERGENCY, UNSET, ActPayload, act, field
from schema.reading.declare import One
from schema.results import KeyedInput, given, id_of, ids_of, maybe_id
from schema.scalars import Date, Decimal
from schema.vault import IntakeReceipt
from server.custody import lookup
from server.custody.moves import Ask, Placement
from server.custody.moves.papers import Arrival, CertificateData, ExpectedPaper, NewPapers, Paper, Refusal
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import CertificateKind, PaperKind, Seat

PAPERS_MAX = 50


class IntakePayload(ActPayload):
    """Acts that take papers into a vault."""

    receipt: IntakeReceipt | None = One(given="receipt", description="The receipt of three parts, when all seats are taken.")


@strawberry.input(description="What stands on a certificate, read from it.")
class CertificateInput:
    """A certificate's data (C12)."""

    number: str = field("Number on the certificate.")
    kind: CertificateKind = field("Kind.")
    issuer: str = field("Registration authority.")
    issued_on: Date = field("Day of issue.")
    expires_on: Date | None = field("Last day of validity.", UNSET)
    right_amount: Decimal | None = field("Registered amount, in the currency of the collateral.", UNSET)
    registration_no: str | None = field("Number of the mortgage entry.", UNSET)
    vin: str | None = field("Vehicle identification number; of every vehicle.", UNSET)
    owner_name: str | None = field("Owner whom it names; required where the bank knows the owner.", UNSET)
    is_electronic: bool = strawberry.field(description="Whether it exists only in the registry.", default=False)
    registry_reference: str | None = field("Reference in the registry; of an electronic one.", UNSET)


@strawberry.input(description="One paper of a list.")
class PaperInput:
    """Itemised (C30)."""

    archive_no: str = field("Business number, unique.")
    title: str = field("What it is, in words.")
    kind: PaperKind = field("What the paper is.")
    pages: int = field("Pages counted.")
    copies: int = strawberry.field(description="How many of it there are.", default=1)
    is_original: bool = strawberry.field(description="Original or copy.", default=True)
    certificate: CertificateInput | None = field("Of a certificate, what stands on it.", UNSET)
    expires_on: Date | None = field("Of an insurance policy, the last day of cover.", UNSET)


@strawberry.input(description="Input of registerFirstTier.")
class RegisterFirstTierInput(KeyedInput):
    """Papers of one collateral that are here."""

    loan_id: strawberry.ID = field("The loan that they belong to.")
    collateral_id: strawberry.ID = field("The collateral whose papers they are.")
    vault_id: strawberry.ID = field("The vault that will keep them.")
    papers: list[PaperInput] = field("Each paper; at most 50.")


@strawberry.input(description="Input of expectPaper.")
class ExpectPaperInput(KeyedInput):
    """A paper that comes after disbursement."""

    loan_id: strawberry.ID = field("The loan.")
    collateral_id: strawberry.ID = field("The collateral.")
    vault_id: strawberry.ID = field("The vault that will keep it.")
    archive_no: str = field("Business number, unique.")
    title: str = field("What it is, in words.")
    kind: PaperKind = field("What the paper is.")
    expected_by: Date = field("Day by which it should come.")
    from_whom: str = field("From whom: a registry, a dealer, an insurer.")


@strawberry.input(description="Input of recordArrival.")
class RecordArrivalInput(KeyedInput):
    """The paper is here."""

    record_id: strawberry.ID = field("The awaited paper.")
    pages: int = field("Pages counted.")
    copies: int = strawberry.field(description="How many of it there are.", default=1)
    is_original: bool = strawberry.field(description="Original or copy.", default=True)
    certificate: CertificateInput | None = field("Of a certificate, what stands on it.", UNSET)
    expires_on: Date | None = field("Of an insurance policy, the last day of cover.", UNSET)


@strawberry.input(description="Input of refuseIntake.")
class RefuseIntakeInput(KeyedInput):
    """Back to whoever brought them."""

    record_ids: list[strawberry.ID] = field("The papers; all of a sealed envelope.")
    reasons: str = field("Why.")
    expected_by: Date = field("Day by which they should come again.")


@strawberry.input(description="Into which slot an envelope goes.")
class PlacementInput:
    """A slot for an envelope."""

    envelope_id: strawberry.ID = field("The envelope.")
    location_id: strawberry.ID = field("An empty slot of the vault.")


@strawberry.input(description="Input of intakeToVault.")
class IntakeToVaultInput(KeyedInput):
    """What is carried into the vault."""

    barcodes: list[str] = field("Barcodes scanned at the vault, of envelopes or papers.")
    placements: list[PlacementInput] = field("A slot for each envelope; none for electronic certificates.")
    delivered_by_id: strawberry.ID | None = field("The officer who brought them, for the second part of the receipt.", UNSET)
    seat: Seat | None = field("The caller's seat; the first that fits when left out.", UNSET)
    emergency: str | None = field(EMERGENCY, UNSET)


def certificate_of(i: CertificateInput | None) -> CertificateData | None:
    """The data as the desk takes them, without blanks at the ends."""
    i = given(i)
    if i is None:
        return None

    def text(value: Any) -> str | None:
        value = given(value)
        return value.strip() or None if value is not None else None

    return CertificateData(
        i.number.strip(), i.kind, i.issuer.strip(), i.issued_on, given(i.expires_on), given(i.right_amount), text(i.registration_no),
        text(i.vin), text(i.owner_name), i.is_electronic, text(i.registry_reference),
    )  # fmt: skip


def emergency_of(i: Any) -> str | None:
    """The reason, which must be in words; None where the act admits none."""
    reason: str | None = given(getattr(i, "emergency", None))
    if reason is not None and not reason.strip():
        raise InvalidInput([InputProblem(("emergency",), "EMPTY")])
    return reason


def in_words(text: str, *path: str) -> str:
    """A text that must not be empty."""
    if not text.strip():
        raise InvalidInput([InputProblem(path, "EMPTY")])
    return text


async def _register(info: strawberry.Info, i: RegisterFirstTierInput) -> Ask:
    if not i.papers:
        raise InvalidInput([InputProblem(("papers",), "EMPTY")])
    if len(i.papers) > PAPERS_MAX:
        raise InvalidInput([InputProblem(("papers",), "TOO_MANY")])
    for n, p in enumerate(i.papers):
        if given(p.expires_on) and p.kind is not PaperKind.INSURANCE_POLICY:
            raise InvalidInput([InputProblem(("papers", str(n), "expiresOn"), "NOT_ALLOWED")])
    papers = tuple(
        Paper(p.archive_no.strip(), p.title, p.kind, p.pages, p.copies, p.is_original, certificate_of(p.certificate), given(p.expires_on))
        for p in i.papers
    )
    detail = NewPapers(id_of(i.loan_id, "loan"), id_of(i.collateral_id, "collateral"), id_of(i.vault_id, "location"), papers)
    return Ask(A.REGISTER_FIRST_TIER, detail=detail)


async def _expect(info: strawberry.Info, i: ExpectPaperInput) -> Ask:
    detail = ExpectedPaper(
        id_of(i.loan_id, "loan"), id_of(i.collateral_id, "collateral"), id_of(i.vault_id, "location"), in_words(i.archive_no, "archiveNo").strip(),
        in_words(i.title, "title"), i.kind, i.expected_by, in_words(i.from_whom, "fromWhom"),
    )  # fmt: skip
    return Ask(A.EXPECT_PAPER, detail=detail)


async def _arrival(info: strawberry.Info, i: RecordArrivalInput) -> Ask:
    detail = Arrival(i.pages, i.copies, i.is_original, certificate_of(i.certificate), given(i.expires_on))
    return Ask(A.RECORD_ARRIVAL, records=(id_of(i.record_id, "record"),), detail=detail)


async def _refuse(info: strawberry.Info, i: RefuseIntakeInput) -> Ask:
    records = ids_of(i.record_ids, "record", "recordIds")
    return Ask(A.REFUSE_INTAKE, records=records, reason=in_words(i.reasons, "reasons"), detail=Refusal(i.expected_by))


async def _intake(info: strawberry.Info, i: IntakeToVaultInput) -> Ask:
    context: Any = info.context
    placements = tuple(Placement(id_of(p.envelope_id, "envelope"), id_of(p.location_id, "location")) for p in i.placements)
    records = await lookup.records_by_barcode(context.database, context.principal, i.barcodes)
    return Ask(
        A.INTAKE, records=records, placements=placements, brought_by=maybe_id(i.delivered_by_id, "staff"), seat=given(i.seat),
        emergency=emergency_of(i),
    )  # fmt: skip


@strawberry.type
class IntakeMutations:
    """Acts on papers that are not in the vault yet."""

    expect_paper = act(
        "expectPaper", ExpectPaperInput, ActPayload, _expect, requires=WHO[A.EXPECT_PAPER],
        description="Await a paper that comes after disbursement (待收); its label is printed at once.",
    )  # fmt: skip
    record_arrival = act(
        "recordArrival", RecordArrivalInput, ActPayload, _arrival, requires=WHO[A.RECORD_ARRIVAL],
        description="An awaited paper is here; what stands on a certificate is compared with collateral and contract.",
    )  # fmt: skip
    register_first_tier = act(
        "registerFirstTier", RegisterFirstTierInput, ActPayload, _register, requires=WHO[A.REGISTER_FIRST_TIER],
        description="Register papers of one collateral that are here (一级档案登记), one by one.",
    )  # fmt: skip
    refuse_intake = act(
        "refuseIntake", RefuseIntakeInput, ActPayload, _refuse, requires=WHO[A.REFUSE_INTAKE],
        description="Send papers back before they enter the vault (退回), with reasons.",
    )  # fmt: skip
    intake_to_vault = act(
        "intakeToVault", IntakeToVaultInput, IntakePayload, _intake, requires=AT_THE_VAULT,
        description="Take sealed papers into the vault (入库), an operation of three seats; each envelope into an empty slot.",
    )  # fmt: skip
