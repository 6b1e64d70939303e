"""What is not there: discrepancies are owned and solved by another, losses take their whole procedure, void numbers stay void."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask, Inspection, Move, Movement
from server.custody.moves.envelopes import Slot, Slots
from server.custody.moves.losses import (
    Case,
    CaseOpened,
    CaseResolved,
    Finding,
    Item,
    ItemMissing,
    Loss,
    OriginalFound,
    Reissue,
    Reissued,
    Search,
    Settled,
)
from server.custody.moves.papers import Title
from storage.terms import Action as A
from storage.terms import DiscrepancyKind, LossState, MovementKind, PaperKind, Role, Seat, Tier
from storage.terms import RecordState as S
from tests.custody.attacking import CASE, FINISH, SEAT, STATE, Attack, Step, operation, relate, twin, who
from tests.custody.breaking import Break, change_ask, change_found, change_seat
from tests.custody.chapters.papers import ENVELOPE, FREE, IN_SLOT, SEALED, VAULT
from tests.custody.examples import ANN, LEA, NOW, OTHER, RID, person
from tests.harness.losses import certificate, found, in_vault, lost, missing, paid_off, reissued, searched
from tests.harness.world import FINE, World

FIRST, SECOND = Tier.FIRST, Tier.SECOND
OPEN = Case(uuid4(), DiscrepancyKind.SEAL_BROKEN, False, False, OTHER, 1, True, NOW + timedelta(days=1))
SOUGHT = Loss(uuid4(), OPEN.id, LossState.SEARCHED, ANN, True, True, True, version=1)
FACTS = {Case: OPEN, Item: Item(False), Loss: SOUGHT, Reissued: Reissued(True), Settled: Settled(True, NOW)}
DETAILS = {
    A.OPEN_CASE: CaseOpened(OPEN.id, ANN, date(2026, 11, 24)), A.RESOLVE_DISCREPANCY: CaseResolved(OPEN.id),
    A.REPORT_ITEM_MISSING: ItemMissing(OTHER), A.RECORD_SEARCH: Search("库内"), A.RESOLVE_FOUND: Finding("柜后"),
    A.RECORD_REISSUE: Reissue(OTHER, RID), A.RECORD_VOIDED_ORIGINAL: OriginalFound("柜后"),
}  # fmt: skip


def _known(m: Move) -> Move:
    return replace(m, known={**m.known, **FACTS}, ask=replace(m.ask, detail=DETAILS.get(m.action)))


def _into_the_vault(m: Move) -> Move:
    """A certificate, sealed, and a slot for it."""
    on = m.record if m.record.tier is SECOND else replace(m.record, vault=VAULT, envelope=ENVELOPE, kind=PaperKind.CERTIFICATE)
    return replace(m, on=on, known={**m.known, Title: Title(m.record.tier is FIRST), Slots: FREE})


def _reissued(m: Move) -> Move:
    """The new paper."""
    return _into_the_vault(replace(_known(m), on=replace(m.record, state=S.PENDING_INTAKE)))


def _found(m: Move) -> Move:
    made = _known(m)
    look = replace(m.ask.inspections[0], **FINE, findings=None) if m.ask.inspections else None
    made = _into_the_vault(made)
    return replace(made, ask=replace(made.ask, inspections=(look or Inspection(RID, **FINE, pages_counted=1),)))


ADJUST = dict.fromkeys((*DETAILS, A.NOTIFY_COMPLIANCE, A.DECLARE_LOST, A.CLOSE_LOST), _known) | {
    A.RESOLVE_FOUND: _found,
    A.RECORD_REISSUE: _reissued,
}


def fact(made: object) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"known": {**m.known, type(made): made}}


TWO_HEADS = "the two heads who end a loss are two people"
CASE_WHOLE = "a case has an owner who is active, and a deadline that lies ahead"
BREAKS = (
    Break("whoever reported a discrepancy does not resolve it", A.RESOLVE_DISCREPANCY, FIRST, fact(replace(OPEN, reported_by=ANN))),
    Break(TWO_HEADS, A.DECLARE_LOST, FIRST, change_seat(Seat.SECOND, person(LEA, Role.VICE_PRESIDENT))),
    Break(TWO_HEADS, A.CLOSE_LOST, SECOND, change_seat(Seat.SECOND, person(LEA, Role.VICE_PRESIDENT))),
    *(
        Break(IN_SLOT, A.RESOLVE_FOUND, FIRST, fact(Slots(slot)))
        for slot in (None, Slot(False, True, VAULT), Slot(True, False, VAULT), Slot(True, True, OTHER))
    ),
    Break(IN_SLOT, A.RECORD_REISSUE, FIRST, fact(Slots(Slot(True, True, OTHER)))),
    Break(SEALED, A.RECORD_REISSUE, FIRST, lambda m: {"on": replace(m.record, envelope=None)}),
    Break(SEALED, A.RESOLVE_FOUND, FIRST, lambda m: {"on": replace(m.record, envelope=None)}),
    Break("what is found goes back into the slot that its envelope has, and what waits for the vault into none", A.RESOLVE_FOUND, FIRST,
          fact(Slots(Slot(True, True, VAULT), own=OTHER, named=VAULT))),
    Break("the discrepancy is not resolved yet", A.OPEN_CASE, SECOND, fact(replace(OPEN, is_resolved=True))),
    Break(
        "a record that is missing is found or declared lost, not resolved in words", A.RESOLVE_DISCREPANCY, SECOND,
        fact(replace(OPEN, kind=DiscrepancyKind.MISSING)),
    ),
    Break("the lost original was not recorded as found before", A.RECORD_VOIDED_ORIGINAL, FIRST, fact(replace(SOUGHT, original_found=True))),
    Break("what was found was inspected and found right in every respect", A.RESOLVE_FOUND, FIRST, change_found(seal_intact=False)),
    Break("a certificate that comes back still shows the bank's mortgage entry", A.RESOLVE_FOUND, FIRST,
          lambda m: {"movement": Movement(RID, MovementKind.CHECKOUT, OTHER, ANN, NOW, NOW, NOW + timedelta(days=1))}),
    Break("what was found was inspected and found right in every respect", A.RESOLVE_FOUND, SECOND, change_ask(inspections=())),
    Break("every loan on what is lost is settled", A.CLOSE_LOST, FIRST, fact(Settled(False))),
    Break("no payoff of a loan on what is lost can bounce any more", A.CLOSE_LOST, SECOND, fact(Settled(True, NOW + timedelta(days=3)))),
    Break(CASE_WHOLE, A.OPEN_CASE, FIRST, fact(replace(OPEN, owner_active=False))),
    Break(CASE_WHOLE, A.OPEN_CASE, SECOND, fact(replace(OPEN, deadline=NOW))),
    Break("no case of that paper is open already", A.REPORT_ITEM_MISSING, SECOND, fact(Item(True))),
    Break("the owner of the case or the head of operations tells what was done", A.RECORD_SEARCH, FIRST, fact(replace(SOUGHT, owner=OTHER))),
    Break("the search for it is on record", A.DECLARE_LOST, FIRST, fact(replace(SOUGHT, is_searched=False))),
    Break("a statement says who answers for it", A.DECLARE_LOST, SECOND, fact(replace(SOUGHT, is_answered_for=False))),
    Break("compliance was told of it", A.DECLARE_LOST, FIRST, fact(replace(SOUGHT, compliance_knows=False))),
    Break(
        "one new paper of the same kind and collateral takes the place of one that was declared lost", A.RECORD_REISSUE, FIRST,
        fact(Reissued(False)),
    ),
    Break("the state permits the act", A.DECLARE_LOST, FIRST, lambda m: {"on": replace(m.record, state=S.IN_VAULT)}),
    *(
        Break("the version is the one that was read", action, tier, change_ask(expected_version=7))
        for action, tier in ((A.DECLARE_LOST, SECOND), (A.RELEASE, FIRST), (A.SUBSTITUTE, FIRST))
    ),
)  # fmt: skip


# By SQL ------------------------------------------------------------------------------------------------------------------
async def volume(bank: World) -> UUID:
    (made,) = await bank.volumes()
    return made


async def case_of(bank: World, record: UUID) -> UUID:
    return UUID(str(await bank.sql("select id from discrepancies where record_id = $1 order by reported_at desc limit 1", record)))


def seats(bank: World, op: UUID, tier: Tier, action: A) -> list[Step]:
    names = {"PROPOSER": "ops", "SECOND": "vice"} if action in (A.DECLARE_LOST, A.CLOSE_LOST) else {"ARCHIVIST": "archivist"}
    if tier is FIRST and action not in (A.DECLARE_LOST, A.CLOSE_LOST):
        names = {"KEY": "kay", "CODE": "cody", "CLERK": "clerk"}
    return [(SEAT, op, seat, who(bank, name)) for seat, name in names.items()]


def done(bank: World, action: A, tier: Tier, records: list[UUID]) -> tuple[UUID, list[Step]]:
    """An operation of the act with every seat, done."""
    places = {A.DECLARE_LOST: ["PROPOSER", "SECOND"], A.CLOSE_LOST: ["PROPOSER", "SECOND"]}
    wanted = places.get(action) or (["KEY", "CODE", "CLERK"] if tier is FIRST else ["ARCHIVIST"])
    op, opened = operation(bank, action, tier, records, wanted)
    return op, [opened, *seats(bank, op, tier, action), (FINISH, op)]


RESOLVED = "update discrepancies set state = 'RESOLVED', resolved_at = clock_timestamp(), resolved_by = $2 where record_id = $1"
CLOSED = "update loss_cases set state = 'CLOSED', outcome = $2, closed_at = clock_timestamp() where record_id = $1"
LOOKED = (
    "insert into return_inspections (discrepancy_id, record_id, operation_id, inspected_by, inspected_at, numbers_match, pages_match, seal_intact,"
    " no_alterations, no_damage, pages_counted, passed) values ($1, $2, $3, $4, clock_timestamp(), true, true, true, true, true, (select pages from archive_records where id = $2), true)"
)
BOOKED = (
    "insert into off_balance_entries (org_id, record_id, operation_id, direction, queued_at) values ($1, $2, $3, 'IN', clock_timestamp())"
)


@twin("ck_discrepancies_c3_second_person")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    me = who(bank, "archivist")
    await bank.root.execute(CASE, bank.branches["A"].id, record, "DAMAGED", me)
    return Attack("archivist", ((RESOLVED, record, me),))


@twin("ck_discrepancies_c43_case_is_owned")
async def _(bank: World) -> Attack:
    return Attack(
        "archivist", ((CASE.replace("$4, $4,", "$4, null,"), bank.branches["A"].id, await volume(bank), "DAMAGED", who(bank, "archivist")),)
    )


@twin("ck_discrepancies_c43_deadline_ahead")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await missing(bank, record)
    late = "update discrepancies set signed_by = $2, signed_at = deadline_at + interval '1 second' where record_id = $1"
    return Attack("ops", ((late, record, who(bank, "ops")),))


@twin("uq_discrepancies_c43_one_open_item")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    item = await bank.sql("select id from file_items where record_id = $1", record)
    again = CASE.replace("(org_id,", "(item_id, org_id,").replace("values ($1,", "values ($5, $1,")
    one = (again, bank.branches["A"].id, record, "MISSING", who(bank, "archivist"), item)
    return Attack("archivist", (one, one))


@twin("tg_discrepancies_c48_final")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await missing(bank, record)
    await bank.seated(found(bank, record), ["archivist"])
    return Attack("archivist", (("update discrepancies set resolution = '另述' where record_id = $1", record),))


@twin("ct_archive_records_c15_back")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await missing(bank, record)
    op, steps = done(bank, A.RESOLVE_FOUND, SECOND, [record])
    me = who(bank, "archivist")
    look = (LOOKED, await case_of(bank, record), record, op, me)
    return Attack("archivist", (*steps, look, (CLOSED, record, "FOUND"), (RESOLVED, record, me), (STATE, record, "ARCHIVED")))


@twin("ct_archive_records_c26_found_inspected")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await missing(bank, record)
    _, steps = done(bank, A.RESOLVE_FOUND, SECOND, [record])
    return Attack("archivist", (*steps, (CLOSED, record, "FOUND"), (RESOLVED, record, who(bank, "archivist")), (STATE, record, "FILED")))


@twin("ck_loss_cases_c44_searched")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await missing(bank, record)
    return Attack("ops", (("update loss_cases set state = 'SEARCHED' where record_id = $1", record),))


@twin("ck_loss_cases_c44_complete")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await missing(bank, record)
    await searched(bank, record)
    op, steps = done(bank, A.DECLARE_LOST, SECOND, [record])
    declare = (
        "update loss_cases set state = 'LOST', lost_at = clock_timestamp(), lost_operation_id = $2, notified_at = null where record_id = $1"
    )
    return Attack("ops", (*steps, (declare, record, op)))


@twin("tg_loss_cases_c44_step")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await lost(bank, record)
    return Attack("archivist", ((CLOSED, record, "FOUND"),))


@twin("tg_loss_cases_c48_final")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await lost(bank, record)
    return Attack("archivist", (("update loss_cases set search_log = '另述' where record_id = $1", record),))


async def closing(bank: World, record: UUID) -> Attack:
    _, steps = done(bank, A.CLOSE_LOST, SECOND, [record])
    end = ((CLOSED, record, "CLOSED_LOST"), (RESOLVED, record, who(bank, "vice")), (STATE, record, "CLOSED_LOST"))
    return Attack("ops", (*steps, *end))


@twin("ct_archive_records_c34_lost_settled")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await lost(bank, record)
    return await closing(bank, record)


@twin("ct_archive_records_c35_lost_final")
async def _(bank: World) -> Attack:
    loan = await bank.loan()
    (record,) = await bank.volumes(loan=loan)
    await lost(bank, record)
    await paid_off(bank, loan, "CHEQUE")
    return await closing(bank, record)


@twin("ct_archive_records_c44_reissue_linked")
async def _(bank: World) -> Attack:
    (record,) = await bank.papers()
    await lost(bank, record)
    (other,), _ = await bank.registered()
    op, steps = done(bank, A.RECORD_REISSUE, FIRST, [record, other])
    booked = (BOOKED, bank.branches["A"].id, other, op)
    end = "update loss_cases set state = 'CLOSED', outcome = 'REPLACED', closed_at = clock_timestamp(), reissued_as_id = $2 where record_id = $1"
    states = ((STATE, record, "REPLACED"), (STATE, other, "IN_VAULT"))
    return Attack("kay", (*steps, booked, (end, record, other), (RESOLVED, record, who(bank, "kay")), *states))


@twin("tg_collateral_certificates_c44_void_for_ever")
async def _(bank: World) -> Attack:
    loan, collateral = await bank.loan(), await bank.collateral()
    old = await in_vault(bank, loan, collateral)
    await lost(bank, old)
    new, envelope = await certificate(bank, loan, collateral)
    await bank.seated(await reissued(bank, old, new, envelope), ["kay", "cody", "clerk"])
    number = "select number from collateral_certificates where id = (select certificate_id from archive_records where id = $1)"
    again = (
        "insert into collateral_certificates (org_id, collateral_id, number, kind, issuer, issued_on)"
        " values ($1, $2, $3, 'VEHICLE_TITLE', '车管所', '2024-01-05')"
    )
    return Attack("officer", ((again, bank.branches["A"].id, collateral, await bank.sql(number, old)),))


@twin("tg_operation_seats_c4_deciding")
async def _(bank: World) -> Attack:
    record = await volume(bank)
    await missing(bank, record)
    await searched(bank, record)
    opened = await bank.done("ops", Ask(A.DECLARE_LOST, records=(record,), reason="经查找无着"))
    await relate(bank, "vice", record)
    return Attack("vice", ((SEAT, UUID(opened["operation"]), "SECOND", who(bank, "vice")),))
