"""Papers and envelopes at the vault: what is right, how each row is broken alone, how each twin is attacked."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Move
from server.custody.moves.envelopes import Contents, Opening, Sealing, Seals, Slot, Slots
from server.custody.moves.papers import Arrival, CertificateData, Checked, Checks, ExpectedPaper, NewPapers, Paper, Place, Refusal, Title
from storage.terms import Action as A
from storage.terms import CertificateKind, PaperKind, Seat, Tier
from tests.custody.attacking import CASE, FINISH, SEAT, STATE, Attack, Step, operation, twin, who
from tests.custody.breaking import Break, change_ask
from tests.custody.examples import NOW, OTHER, RID
from tests.harness.world import World

FIRST = Tier.FIRST
VAULT, ENVELOPE, SLOT, ASSET, LOAN = (UUID(int=i) for i in range(60, 65))
READ = CertificateData("110010", CertificateKind.VEHICLE_TITLE, "车管所", date(2026, 11, 2), vin="LSV1", owner_name="王小明")
PAPER = Paper("A1-1", "登记证书", PaperKind.CERTIFICATE, 4, 1, certificate=READ)
RIGHT = Checks((Checked(False, True, True, True),))
FREE = Slots(Slot(True, True, VAULT))


def known(m: Move, *facts: Any) -> Move:
    """The same Move with these facts."""
    return replace(m, known={**m.known, **{type(f): f for f in facts}})


def on(m: Move, **changes: Any) -> Move:
    return replace(m, on=replace(m.record, **changes))


def _stored(m: Move) -> Move:
    return on(m, vault=VAULT, envelope=ENVELOPE, kind=PaperKind.CERTIFICATE, pages=4, copies=1)


def _registered(m: Move) -> Move:
    m = replace(m, ask=replace(m.ask, records=(), detail=NewPapers(LOAN, ASSET, VAULT, (PAPER,))))
    return known(m, RIGHT, Place(LOAN, OTHER, ASSET, VAULT, OTHER))


def _expected(m: Move) -> Move:
    detail = ExpectedPaper(LOAN, ASSET, VAULT, "A1-1", "登记证书", PaperKind.CERTIFICATE, NOW.date(), "车管所")
    return known(replace(m, ask=replace(m.ask, records=(), detail=detail)), Place(LOAN, OTHER, ASSET, VAULT, OTHER))


def _arrived(m: Move) -> Move:
    return known(on(replace(m, ask=replace(m.ask, detail=Arrival(4, 1, True, READ))), kind=PaperKind.CERTIFICATE), RIGHT, Title(True))


def _sealed(m: Move) -> Move:
    m = replace(on(_stored(m), envelope=None), ask=replace(m.ask, detail=Sealing("S1")))
    return known(m, Seals(True), Contents(frozenset({ASSET}), frozenset({LOAN})), Title(True))


def _opened(m: Move) -> Move:
    m = replace(
        _stored(m), ask=replace(m.ask, reason="抽查", detail=Opening(ENVELOPE, "S2", (RID,), "S3", SLOT)), together=frozenset({RID, OTHER})
    )
    return known(m, Seals(True), FREE)


ADJUST = {
    A.EXPECT_PAPER: _expected,
    A.REGISTER_FIRST_TIER: _registered,
    A.RECORD_ARRIVAL: _arrived,
    A.REFUSE_INTAKE: lambda m: replace(_stored(m), ask=replace(m.ask, detail=Refusal(NOW.date()))),
    A.SEAL_ENVELOPE: _sealed,
    A.INTAKE: lambda m: known(_stored(m), Title(True), FREE),
    A.OPEN_ENVELOPE: _opened,
    A.MOVE_LOCATION: lambda m: known(_stored(m), FREE),
    A.REPORT_BROKEN_SEAL: _stored,
}
DUPLICATE, DATA = "no live certificate of the bank has this number", "a certificate comes with its data, and nothing else does"
VEHICLE, OWNER = "the certificate shows the vehicle of the collateral", "the certificate names the owner of the collateral"
AMOUNT, ITEMISED = "the amount on the certificate is the one that is secured", "number, copies and pages of each paper are itemised"
NEW_SEAL, SEALED = (
    "the seal has a number that was never used before",
    "a paper enters in a sealed envelope, an electronic certificate by its reference, a settlement notice as it is",
)
VOID_NUMBER = "the number of what was lost is void for ever"
IN_SLOT = "each envelope goes into an empty slot of the vault that keeps its papers"
FOUNDED = "an envelope is opened for a reason, by two, and not all of it is taken out"


def fact(*facts: Any) -> Any:
    return lambda m: {"known": {**m.known, **{type(f): f for f in facts}}}


def _paper(**changes: Any) -> Any:
    return lambda m: {"ask": replace(m.ask, detail=replace(m.ask.detail, papers=(replace(PAPER, **changes),)))}


def _record(**changes: Any) -> Any:
    return lambda m: {"on": replace(m.record, **changes)}


BREAKS: tuple[Break, ...] = (
    *(
        Break(sentence, action, FIRST, fact(Checks((replace(RIGHT.certificates[0], **{name: value}),))))
        for action in (A.REGISTER_FIRST_TIER, A.RECORD_ARRIVAL)
        for sentence, name, value in (
            (DUPLICATE, "number_taken", True), (VEHICLE, "vin_matches", False), (OWNER, "owner_matches", False),
            (AMOUNT, "amount_matches", False), ("an electronic certificate has its reference in the registry", "reference_missing", True),
            (VOID_NUMBER, "number_void", True),
        )
    ),
    Break(DATA, A.REGISTER_FIRST_TIER, FIRST, _paper(kind=PaperKind.RECEIPT)),
    Break(DATA, A.REGISTER_FIRST_TIER, FIRST, _paper(certificate=None)),
    Break(DATA, A.RECORD_ARRIVAL, FIRST, _record(kind=PaperKind.RECEIPT)),
    Break(ITEMISED, A.REGISTER_FIRST_TIER, FIRST, _paper(pages=0)),
    Break(ITEMISED, A.REGISTER_FIRST_TIER, FIRST, _paper(archive_no=" ")),
    Break(ITEMISED, A.RECORD_ARRIVAL, FIRST, lambda m: {"ask": replace(m.ask, detail=replace(m.ask.detail, copies=0))}),
    Break(ITEMISED, A.INTAKE, FIRST, _record(pages=0)),
    Break(NEW_SEAL, A.SEAL_ENVELOPE, FIRST, fact(Seals(False))),
    Break(NEW_SEAL, A.OPEN_ENVELOPE, FIRST, fact(Seals(False))),
    Break(SEALED, A.INTAKE, FIRST, _record(envelope=None)),
    *(
        Break("an envelope is refused, opened, moved and reported with all its papers", action, FIRST, lambda m: {"mates": frozenset({SLOT})})
        for action in (A.REFUSE_INTAKE, A.OPEN_ENVELOPE, A.MOVE_LOCATION, A.REPORT_BROKEN_SEAL)
    ),
    Break("what lies in a sealed envelope is not sealed into another", A.SEAL_ENVELOPE, FIRST, _record(envelope=ENVELOPE)),
    Break("the papers of an envelope belong to one collateral or one loan", A.SEAL_ENVELOPE, FIRST,
          fact(Contents(frozenset({ASSET, None}), frozenset({LOAN, OTHER})))),
    *(
        Break(IN_SLOT, action, FIRST, fact(Slots(slot)))
        for action in (A.INTAKE, A.MOVE_LOCATION)
        for slot in (None, Slot(False, True, VAULT), Slot(True, False, VAULT), Slot(True, True, OTHER))
    ),
    Break("what is taken out of an envelope goes into an empty slot of its own", A.OPEN_ENVELOPE, FIRST, fact(Slots(None))),
    Break(FOUNDED, A.OPEN_ENVELOPE, FIRST, change_ask(reason=" ")),
    Break(FOUNDED, A.OPEN_ENVELOPE, FIRST, lambda m: {"together": frozenset({RID})}),
    Break("no case of this broken seal is open already", A.REPORT_BROKEN_SEAL, FIRST, lambda m: {"frozen": frozenset({"SEAL_BROKEN"})}),
    Break("what is frozen stays in its slot", A.MOVE_LOCATION, FIRST, lambda m: {"frozen": frozenset({"SEAL_BROKEN"})}),
    Break("what is frozen is not opened, unless its seal is broken", A.OPEN_ENVELOPE, FIRST, lambda m: {"frozen": frozenset({"WRONG_SLOT"})}),
    Break("an electronic certificate lies in no envelope", A.SEAL_ENVELOPE, FIRST, fact(Title(True, True, True))),
)  # fmt: skip


# Attacks -----------------------------------------------------------------------------------------------------------------
CERTIFICATE = (
    "insert into collateral_certificates (id, org_id, collateral_id, number, kind, issuer, issued_on, vin, is_electronic, registry_reference)"
    " values ($1, $2, $3, $4, 'VEHICLE_TITLE', '车管所', current_date - 20, $5, $6, $7)"
)
BE_IT = "update archive_records set certificate_id = $2 where id = $1"


def certificate(bank: World, asset: UUID, number: str, *, vin: str | None = None, reference: str | None = None) -> tuple[UUID, Step]:
    id_ = uuid4()
    return id_, (CERTIFICATE, id_, bank.branches["A"].id, asset, number, vin, reference is not None, reference)


async def _envelope(bank: World, record: UUID) -> UUID:
    return UUID(str(await bank.sql("select envelope_id from archive_records where id = $1", record)))


async def taking_in(bank: World, papers: list[UUID]) -> list[Step]:
    """An intake of these papers by SQL, with its seats."""
    op, opened = operation(bank, A.INTAKE, FIRST, papers, ["KEY", "CODE", "CLERK"])
    seats = [(SEAT, op, seat, who(bank, name)) for seat, name in ((Seat.KEY, "kay"), (Seat.CODE, "cody"), (Seat.CLERK, "clerk"))]
    entry = "insert into off_balance_entries (org_id, record_id, operation_id, direction, queued_at) values ($1, $2, $3, 'IN', clock_timestamp())"
    return [
        opened,
        *seats,
        *((entry, bank.branches["A"].id, p, op) for p in papers),
        *((STATE, p, "IN_VAULT") for p in papers),
        (FINISH, op),
    ]


@twin("pk_seals")
async def _(bank: World) -> Attack:
    _, envelope = await bank.registered()
    again = "insert into seals (seal_no, envelope_id, applied_at) select seal_no, id, clock_timestamp() from sealed_envelopes where id = $1"
    return Attack("kay", ((again, envelope),))


@twin("ct_archive_records_c7_sealed")
async def _(bank: World) -> Attack:
    papers = await bank.unsealed()
    return Attack("kay", tuple(await taking_in(bank, papers)))


@twin("ct_archive_records_c8_in_slot")
async def _(bank: World) -> Attack:
    papers, _ = await bank.registered()
    return Attack("kay", tuple(await taking_in(bank, papers)))


@twin("uq_sealed_envelopes_one_per_slot")
async def _(bank: World) -> Attack:
    there, (_, envelope) = await bank.papers(), await bank.registered()
    slot = await bank.sql("select location_id from sealed_envelopes where id = $1", await _envelope(bank, there[0]))
    return Attack("kay", (("update sealed_envelopes set location_id = $2 where id = $1", envelope, slot),))


@twin("ct_archive_records_c8_one_collateral")
async def _(bank: World) -> Attack:
    loose, (_, envelope) = await bank.unsealed(), await bank.registered()
    return Attack("kay", (("update archive_records set envelope_id = $2 where id = $1", loose[0], envelope),))


@twin("ct_archive_records_c9_by_opening")
async def _(bank: World) -> Attack:
    papers = await bank.papers(2)
    return Attack("kay", (("update archive_records set envelope_id = null where id = $1", papers[0]),))


@twin("ct_sealed_envelopes_c9_by_opening")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    return Attack("kay", (("update sealed_envelopes set seal_no = 'X' || seal_no where id = $1", await _envelope(bank, papers[0])),))


@twin("tg_sealed_envelopes_c17_not_frozen")
async def _(bank: World) -> Attack:
    papers, slot = await bank.papers(), await bank.slot()
    case = (CASE, bank.branches["A"].id, papers[0], "SEAL_BROKEN", who(bank, "kay"))
    move = ("update sealed_envelopes set location_id = $2 where id = $1", await _envelope(bank, papers[0]), slot)
    return Attack("kay", (case, move))


@twin("uq_collateral_certificates_c12_number")
async def _(bank: World) -> Attack:
    asset = await bank.collateral()
    return Attack("officer", tuple(certificate(bank, asset, f"N{bank.tag}")[1] for _ in range(2)))


@twin("tg_collateral_certificates_c12_data")
async def _(bank: World) -> Attack:
    return Attack("officer", (certificate(bank, await bank.collateral(), f"N{bank.tag}", vin="LSV-OF-ANOTHER")[1],))


@twin("ck_archive_records_certificate_kind")
async def _(bank: World) -> Attack:
    asset = await bank.collateral()
    papers, _ = await bank.registered(collateral=asset)
    id_, made = certificate(bank, asset, f"N{bank.tag}")
    return Attack("officer", (made, (BE_IT, papers[0], id_)))  # it was registered as another title


@twin("ck_archive_records_c30_itemised")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    return Attack("officer", (("update archive_records set pages = 0 where id = $1", papers[0]),))


@twin("ck_collateral_certificates_c55_reference")
async def _(bank: World) -> Attack:
    id_, made = certificate(bank, await bank.collateral(), f"N{bank.tag}", reference="E-1")
    return Attack("officer", (made, ("update collateral_certificates set registry_reference = null where id = $1", id_)))


@twin("ct_archive_records_c55_no_envelope")
async def _(bank: World) -> Attack:
    asset = await bank.collateral()
    papers, _ = await bank.registered(collateral=asset, kind=PaperKind.CERTIFICATE)
    id_, made = certificate(bank, asset, f"N{bank.tag}", reference="E-1")
    return Attack("officer", (made, (BE_IT, papers[0], id_)))


@twin("tg_registry_checks_c55_electronic")
async def _(bank: World) -> Attack:
    asset = await bank.collateral()
    papers, _ = await bank.registered(collateral=asset, kind=PaperKind.CERTIFICATE)
    id_, made = certificate(bank, asset, f"N{bank.tag}")
    check = (
        "insert into registry_checks (certificate_id, record_id, checked_by, checked_at, reference, is_valid)"
        " values ($1, $2, $3, clock_timestamp(), 'E-1', true)"
    )
    return Attack("clerk", (made, (BE_IT, papers[0], id_), (check, id_, papers[0], who(bank, "clerk"))))
