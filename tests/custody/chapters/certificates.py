"""Letters, claims, changed certificates, registers and emergencies: what is right, what breaks a row, what a twin refuses."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask, Inspection, Move, Movement, Placement
from server.custody.moves.certificates import Change, ChangedReturn, RegistryCheck, Replacement
from server.custody.moves.claims import Bringer, Claim, Resolution
from server.custody.moves.envelopes import Seals
from server.custody.moves.letters import BaileeLetter, Letters
from server.custody.moves.papers import Checks, Title
from server.custody.moves.registers import Booking, EmergencyReview, Entry, Review, Ticket, VoidTicket
from server.custody.transitions.lending import RECEIVERS
from storage.terms import Action as A
from storage.terms import (
    BaileeKind,
    ClaimResolution,
    EmergencyFinding,
    MovementKind,
    OffBalanceState,
    PaperKind,
    RecordState,
    Role,
    Seat,
    Tier,
)
from tests.custody.attacking import STATE, Attack, movement, operation, twin, who
from tests.custody.breaking import Break, change_ask, change_found, change_movement
from tests.custody.chapters.papers import DUPLICATE, NEW_SEAL, RIGHT, SEALED, VOID_NUMBER, fact, known, on
from tests.custody.chapters.stocktakes import electronic_certificate
from tests.custody.examples import ANN, CODY, KAY, NOW, OTHER, REQ, RID, person
from tests.harness.world import World

FIRST, SECOND = Tier.FIRST, Tier.SECOND
NEW = UUID(int=70)
FOUND = Inspection(RID, True, True, True, True, True, 4, None, False, True)
LETTER = BaileeLetter("T1", BaileeKind.REGISTRY, "车管所", NOW.date(), NOW.date() + timedelta(days=10))


def _out(m: Move) -> Movement:
    return Movement(RID, MovementKind.CHECKOUT, REQ, ANN, NOW, NOW, NOW + timedelta(days=1))


def _changed(m: Move) -> Move:
    """The new paper of a change."""
    m = on(replace(m, movement=None), state=RecordState.PENDING_INTAKE, kind=PaperKind.CERTIFICATE)
    m = replace(m, ask=replace(m.ask, detail=ChangedReturn((Change(OTHER, RID),), "S9"), inspections=(FOUND,)))
    return known(m, Seals(True), Title(True), Replacement(True, into=OTHER), Checks())


def _replaced(m: Move) -> Move:
    return known(replace(m, ask=replace(m.ask, detail=ChangedReturn((Change(RID, NEW),), "S9"))), Replacement(True))


def _claimed(m: Move) -> Move:
    m = replace(m, movement=_out(m), ask=replace(m.ask, detail=Resolution(ClaimResolution.FOUND_IN_VAULT, "在库")))
    return known(m, Claim(OTHER, OTHER) if m.action is A.RESOLVE_CLAIM else Claim())


def _about(detail: Any, *facts: Any, **changes: Any) -> Any:
    return lambda m: known(replace(m, on=None, ask=replace(m.ask, records=(), detail=detail, **changes)), *facts)


def _received(m: Move) -> Move:
    return replace(m, by=person(ANN, min(RECEIVERS[m.record.tier])))


ADJUST = {
    A.ACCEPT_CHANGED_RETURN: _changed,
    A.REPLACE_RETURNED: _replaced,
    A.ACCEPT_RETURN: lambda m: known(replace(m, ask=replace(m.ask, inspections=(FOUND,))), Title(m.record.tier is FIRST), Seals(True)),
    A.CHECK_OUT: lambda m: known(replace(m, request=m.request and replace(m.request, outside_bank=True)), Letters(True)),
    A.EXTEND: lambda m: known(m, Letters(m.record.tier is FIRST)),
    A.OVERDUE_SEARCH: lambda m: known(m, Letters(False)),
    A.REGISTER_BAILEE_LETTER: lambda m: replace(m, ask=replace(m.ask, detail=LETTER)),
    A.RECORD_REGISTRY_CHECK: lambda m: known(replace(m, ask=replace(m.ask, detail=RegistryCheck(True, "E-1"))), Title(True, True, True)),
    A.CLAIM_RETURNED: _claimed,
    A.PRESENT_RETURN: lambda m: known(_received(replace(m, ask=replace(m.ask, brought_by=OTHER))), Bringer("DELEGATE")),
    A.RESOLVE_CLAIM: lambda m: _received(_claimed(m)),
    A.VOID_TICKET: _about(VoidTicket(OTHER), Ticket(OTHER, OTHER, OTHER, 7, False), reason="打印作废"),
    A.BOOK_OFF_BALANCE_ENTRY: _about(Booking(OTHER, OffBalanceState.BOOKED, "8801"), Entry(OTHER, RID, OTHER, OffBalanceState.PENDING)),
    A.REVIEW_EMERGENCY: _about(
        EmergencyReview(OTHER, EmergencyFinding.JUSTIFIED, "属实"), Review(OTHER, OTHER, True, frozenset({KAY, CODY}))
    ),
}
DUAL = "KEY and CODE are two different keepers on duty now, or their substitutes in an emergency"
LETTERED, MORTGAGE = (
    "what leaves the bank leaves under a signed letter with return duty",
    "a certificate that comes back still shows the bank's mortgage entry",
)
COVERED = "the papers are due no later than a letter promises their return"
SEEN, PAIR = "what goes into the vault after a change was inspected and found right", "old and new paper are certificates of one collateral"
ANSWERED, VOID = (
    "core banking answers with a serial, or says why it did not book",
    "a ticket is void once, for a reason, and keeps its number",
)


def _detail(**changes: Any) -> Any:
    return lambda m: {"ask": replace(m.ask, detail=replace(m.ask.detail, **changes))}


def _wrong_substitute(m: Move) -> dict[str, Any]:
    ask = replace(m.ask, emergency="钥匙保管员突发疾病")
    return {"ask": ask, "on_duty": {**m.on_duty, Seat.CODE: frozenset()}, "seats": {**m.seats, Seat.CODE: person(CODY, Role.OPS_HEAD)}}


BREAKS: tuple[Break, ...] = (
    Break(DUAL, A.ACCEPT_CHANGED_RETURN, FIRST, lambda m: {"on_duty": {**m.on_duty, Seat.KEY: frozenset({OTHER})}}),
    Break(DUAL, A.CHECK_OUT, FIRST, _wrong_substitute),
    Break("an emergency is reviewed once", A.REVIEW_EMERGENCY, FIRST, fact(Review(OTHER, OTHER, False, frozenset()))),
    Break("whoever sat in an emergency does not review it", A.REVIEW_EMERGENCY, FIRST, fact(Review(OTHER, OTHER, True, frozenset({ANN})))),
    Break(VOID, A.VOID_TICKET, FIRST, fact(Ticket(OTHER, OTHER, OTHER, 7, True))),
    Break(VOID, A.VOID_TICKET, FIRST, change_ask(reason=" ")),
    Break("the entry is not booked yet", A.BOOK_OFF_BALANCE_ENTRY, FIRST, fact(Entry(OTHER, RID, OTHER, OffBalanceState.BOOKED))),
    Break(ANSWERED, A.BOOK_OFF_BALANCE_ENTRY, FIRST, _detail(serial_no=" ")),
    Break(ANSWERED, A.BOOK_OFF_BALANCE_ENTRY, FIRST, _detail(state=OffBalanceState.FAILED)),
    Break(ANSWERED, A.BOOK_OFF_BALANCE_ENTRY, FIRST, _detail(state=OffBalanceState.PENDING)),
    Break("the recorded holder claims to have returned it", A.CLAIM_RETURNED, FIRST, change_movement(holder=OTHER)),
    Break("no claim of this checkout is open already", A.CLAIM_RETURNED, SECOND, fact(Claim(OTHER, ANN))),
    Break("a claim is resolved before the paper is taken back", A.PRESENT_RETURN, FIRST, change_movement(claimed=True)),
    Break("a claim is open", A.RESOLVE_CLAIM, FIRST, fact(Claim())),
    Break("whoever claims does not resolve it", A.RESOLVE_CLAIM, SECOND, fact(Claim(OTHER, ANN))),
    Break(SEEN, A.ACCEPT_CHANGED_RETURN, FIRST, change_ask(inspections=())),
    Break(SEEN, A.ACCEPT_CHANGED_RETURN, FIRST, change_found(no_damage=False)),
    Break(PAIR, A.ACCEPT_CHANGED_RETURN, FIRST, fact(Replacement(False, into=OTHER))),
    Break(PAIR, A.REPLACE_RETURNED, FIRST, fact(Replacement(False))),
    Break(NEW_SEAL, A.ACCEPT_CHANGED_RETURN, FIRST, fact(Seals(False))),
    Break(SEALED, A.ACCEPT_CHANGED_RETURN, FIRST, fact(Replacement(True))),
    Break(NEW_SEAL, A.ACCEPT_RETURN, FIRST, fact(Seals(False))),
    Break(DUPLICATE, A.ACCEPT_CHANGED_RETURN, FIRST, fact(Checks((replace(RIGHT.certificates[0], number_taken=True),)))),
    Break(VOID_NUMBER, A.ACCEPT_CHANGED_RETURN, FIRST, fact(Checks((replace(RIGHT.certificates[0], number_void=True),)))),
    Break(LETTERED, A.CHECK_OUT, FIRST, fact(Letters(False))),
    Break(COVERED, A.CHECK_OUT, FIRST, fact(Letters(True, NOW.date()))),
    Break(COVERED, A.EXTEND, FIRST, fact(Letters(True, NOW.date()))),
    Break("what a bailee keeps under a letter is confirmed in writing, not sought", A.OVERDUE_SEARCH, FIRST, fact(Letters(True))),
    Break(MORTGAGE, A.ACCEPT_RETURN, FIRST, change_found(shows_mortgage=None)),
    Break(MORTGAGE, A.ACCEPT_CHANGED_RETURN, FIRST, change_found(shows_mortgage=False)),
    Break("a registry is asked about an electronic certificate", A.RECORD_REGISTRY_CHECK, FIRST, fact(Title(True))),
)  # fmt: skip


# Attacks -----------------------------------------------------------------------------------------------------------------
@twin("ct_operations_c1_emergency_reviewed")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    _, (sql, *values) = operation(bank, A.MOVE_LOCATION, FIRST, papers, ["KEY", "CODE", "CLERK"])
    urgent = sql.replace("expires_at)", "expires_at, emergency_reason)").replace("interval '10 minutes')", "interval '10 minutes', '火灾')")
    return Attack("kay", ((urgent, *values),))


async def emergency(bank: World) -> tuple[UUID, UUID]:
    """An envelope that was moved by the head of operations and the vice president; the operation and its review."""
    papers = await bank.papers()
    envelope = await bank.sql("select envelope_id from archive_records where id = $1", papers[0])
    ask = Ask(A.MOVE_LOCATION, records=tuple(papers), placements=(Placement(envelope, await bank.slot()),), emergency="库房漏水")
    done = await bank.seated(ask, ["ops", "vice", "clerk"])
    review = await bank.sql("select id from emergency_reviews where operation_id = $1", UUID(done["operation"]))
    return UUID(done["operation"]), UUID(str(review))


REVIEW = "update emergency_reviews set reviewed_at = clock_timestamp(), reviewed_by = $2, finding = 'JUSTIFIED' where id = $1"


@twin("tg_emergency_reviews_c1_once")
async def _(bank: World) -> Attack:
    _, review = await emergency(bank)
    return Attack("chief", ((REVIEW, review, who(bank, "chief")), (REVIEW, review, who(bank, "chief"))))


@twin("tg_emergency_reviews_c3_another")
async def _(bank: World) -> Attack:
    _, review = await emergency(bank)
    return Attack("ops", ((REVIEW, review, who(bank, "ops")),))


async def _ticket(bank: World) -> UUID:
    papers = await bank.papers()
    await bank.out(papers)
    return UUID(
        str(
            await bank.sql("select t.id from tickets t join operations o on o.id = t.operation_id where $1 = any (o.record_ids)", papers[0])
        )
    )


VOIDED = "update tickets set is_void = true, void_reason = '作废' where id = $1"


@twin("ct_tickets_c10_replaced")
async def _(bank: World) -> Attack:
    return Attack("ops", ((VOIDED, await _ticket(bank)),))


@twin("tg_tickets_c10_kept")
async def _(bank: World) -> Attack:
    ticket = await _ticket(bank)
    again = "update tickets set is_void = false, void_reason = null where id = $1"
    return Attack("ops", ((VOIDED, ticket), (again, ticket)))


@twin("ck_tickets_c10_void_has_reason")
async def _(bank: World) -> Attack:
    return Attack("ops", (("update tickets set is_void = true where id = $1", await _ticket(bank)),))


BOOKED = "update off_balance_entries set state = 'BOOKED', serial_no = '88', booked_at = clock_timestamp() where record_id = $1"


@twin("tg_off_balance_entries_c11_step")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    undone = "update off_balance_entries set state = 'PENDING', serial_no = null, booked_at = null where record_id = $1"
    return Attack("core", ((BOOKED, papers[0]), (undone, papers[0])))


@twin("ck_off_balance_entries_c11_serial")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    return Attack("core", (("update off_balance_entries set state = 'BOOKED' where record_id = $1", papers[0]),))


@twin("ck_off_balance_entries_c11_failure")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    return Attack("core", (("update off_balance_entries set state = 'FAILED' where record_id = $1", papers[0]),))


# Claims
CLAIMED = "insert into return_claims (movement_id, claimed_by, claimed_at, statement) values ($1, $2, clock_timestamp(), '已还')"


async def lent(bank: World) -> tuple[UUID, UUID]:
    papers = await bank.papers()
    await bank.out(papers)
    return papers[0], await movement(bank, papers[0])


async def claimed(bank: World) -> tuple[UUID, UUID]:
    paper, moved = await lent(bank)
    await bank.done("officer", Ask(A.CLAIM_RETURNED, records=(paper,), reason="上周已交库房"))
    return paper, moved


@twin("tg_return_claims_c25_holder")
async def _(bank: World) -> Attack:
    return Attack("legal", ((CLAIMED, (await lent(bank))[1], who(bank, "legal")),))


@twin("uq_return_claims_c25_one_open")
async def _(bank: World) -> Attack:
    return Attack("officer", ((CLAIMED, (await claimed(bank))[1], who(bank, "officer")),))


@twin("tg_movements_c25_not_claimed")
async def _(bank: World) -> Attack:
    _, moved = await claimed(bank)
    back = "update movements set returned_at = clock_timestamp(), returned_by = holder_id, presented_to = $2 where id = $1"
    return Attack("kay", ((back, moved, who(bank, "kay")),))


@twin("ct_movements_c25_found_in_vault")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await bank.out(papers)
    here = "update movements set returned_at = clock_timestamp(), presented_to = $2 where id = $1"
    return Attack("kay", ((here, await movement(bank, papers[0]), who(bank, "kay")), (STATE, papers[0], "RETURN_PENDING")))


SOLVED = "update return_claims set resolved_at = clock_timestamp(), resolved_by = $2, resolution = 'FOUND_IN_VAULT' where movement_id = $1"


@twin("tg_return_claims_c25_once")
async def _(bank: World) -> Attack:
    _, moved = await claimed(bank)
    free = ("update movements set claimed_at = null where id = $1", moved)
    return Attack("ops", ((SOLVED, moved, who(bank, "ops")), free, (SOLVED, moved, who(bank, "ops"))))


@twin("ct_movements_c25_claimed")
async def _(bank: World) -> Attack:
    _, moved = await claimed(bank)
    return Attack("officer", (("update movements set claimed_at = null where id = $1", moved),))


@twin("ck_return_claims_c25_second_person")
async def _(bank: World) -> Attack:
    _, moved = await claimed(bank)
    return Attack("officer", ((SOLVED, moved, who(bank, "officer")),))


# Letters, changed certificates
@twin("tg_movements_c40_letter")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    request = await bank.requests(papers)
    for name in ("head", "risk"):
        await bank.done(name, Ask(A.APPROVE, request=request))
    op, opened = operation(bank, A.CHECK_OUT, FIRST, papers, ["KEY", "CODE", "CLERK", "RECEIVER"], request)
    out = (
        "update movements set out_at = clock_timestamp(), due_at = clock_timestamp() + interval '1 day', exit_operation_id = $2"
        " where record_id = $1 and closed_at is null"
    )
    return Attack("kay", (opened, (out, papers[0], op)))


@twin("tg_movements_c40_covered")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    request = await bank.requests(papers)
    for name in ("head", "risk"):
        await bank.done(name, Ask(A.APPROVE, request=request))
    await bank.trusted(request, days=0)
    op, opened = operation(bank, A.CHECK_OUT, FIRST, papers, ["KEY", "CODE", "CLERK", "RECEIVER"], request)
    out = (
        "update movements set out_at = clock_timestamp(), due_at = clock_timestamp() + interval '2 days', exit_operation_id = $2"
        " where record_id = $1 and closed_at is null"
    )
    return Attack("kay", (opened, (out, papers[0], op)))


@twin("tg_overdue_steps_c24_bailee")
async def _(bank: World) -> Attack:
    step = "insert into overdue_steps (movement_id, step, due_at, reached_at) values ($1, 'SEARCH', clock_timestamp(), clock_timestamp())"
    return Attack("ops", ((step, (await lent(bank))[1]),))


@twin("ck_bailee_letters_c40_return_duty")
async def _(bank: World) -> Attack:
    request = await bank.requests(await bank.papers())
    letter = (
        "insert into bailee_letters (org_id, request_id, letter_no, kind, bailee, signed_on, return_by, registered_by, registered_at)"
        " values ($1, $2, 'T0', 'COURT', '法院', current_date, current_date - 1, $3, clock_timestamp())"
    )
    return Attack("officer", ((letter, bank.branches["A"].id, request, who(bank, "officer")),))


@twin("tg_collateral_certificates_c12_replaces")
async def _(bank: World) -> Attack:
    made = []
    for number in ("1", "2"):
        asset = await bank.collateral()
        made.append(await bank.sql(
            "insert into collateral_certificates (org_id, collateral_id, number, kind, issuer, issued_on)"
            " values ($1, $2, $3, 'VEHICLE_TITLE', '车管所', current_date - 20) returning id", bank.branches["A"].id, asset, f"N{bank.tag}{number}",
        ))  # fmt: skip
    return Attack("officer", (("update collateral_certificates set replaces_id = $2 where id = $1", *made),))


async def _coming_back(bank: World, kind: PaperKind, shows: bool | None, passed: bool) -> tuple[UUID, tuple[Any, ...], tuple[Any, ...]]:
    """A paper that is presented; an inspection of it, and the end of its checkout by that."""
    papers = await bank.papers(kind=kind)
    await bank.out(papers)
    await bank.presented(papers)
    moved, seen = await movement(bank, papers[0]), uuid4()
    inspect = (
        "insert into return_inspections (id, movement_id, record_id, inspected_by, inspected_at, numbers_match, pages_match, seal_intact,"
        " no_alterations, no_damage, pages_counted, findings, passed, shows_mortgage)"
        " values ($1, $2, $3, $4, clock_timestamp(), $5, true, true, true, true, 1, '换证', $5, $6)"
    )
    return moved, (inspect, seen, moved, papers[0], who(bank, "kay"), passed, shows), (moved, seen)


CLOSE = (
    "update movements set closed_at = clock_timestamp(), inspection_id = $2, ended_as = $3,"
    " entry_operation_id = exit_operation_id where id = $1"
)


@twin("ct_movements_c54_mortgage")
async def _(bank: World) -> Attack:
    moved, inspect, (_, seen) = await _coming_back(bank, PaperKind.CERTIFICATE, None, True)
    return Attack("kay", (inspect, (CLOSE, moved, seen, None), (STATE, inspect[3], "IN_VAULT")))


@twin("ct_movements_c26_replacement_passed")
async def _(bank: World) -> Attack:
    moved, inspect, (_, seen) = await _coming_back(bank, PaperKind.OTHER_TITLE, None, False)
    return Attack("kay", (inspect, (CLOSE, moved, seen, "REPLACED"), (STATE, inspect[3], "IN_VAULT")))


@twin("ct_return_inspections_c43_case")
async def _(bank: World) -> Attack:
    _, inspect, _ = await _coming_back(bank, PaperKind.CERTIFICATE, False, False)
    still_out = "update movements set returned_at = null, returned_by = null, presented_to = null where id = $1"
    return Attack("kay", (inspect, (still_out, inspect[2]), (STATE, inspect[3], "CHECKED_OUT")))


@twin("ct_registry_checks_c43_case")
async def _(bank: World) -> Attack:
    record = await electronic_certificate(bank)
    denied = (
        "insert into registry_checks (certificate_id, record_id, checked_by, checked_at, reference, is_valid, findings)"
        " values ((select certificate_id from archive_records where id = $1), $1, $2, clock_timestamp(), 'REF-1', false, '抵押已注销')"
    )
    return Attack("clerk", ((denied, record, who(bank, "clerk")),))
