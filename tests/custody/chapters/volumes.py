"""Volumes: handed in whole, taken over item by item, closed with their loan, destroyed by list."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask, Hold, Move
from server.custody.moves.volumes import (
    Batch,
    BatchNamed,
    Closing,
    Contents,
    Contract,
    ElementsChecked,
    Found,
    NewItem,
    NewVolume,
    Origin,
    Received,
    Term,
    Tick,
)
from server.custody.registration import NewRecord, register_records
from storage.terms import Action as A
from storage.terms import DocumentType, Element, ElementResult, HoldKind, HoldSubject, RetentionClass, Role, Seat, Tier
from tests.custody.attacking import CASE, STATE, Attack, relate, twin, who
from tests.custody.breaking import Break, change_ask, change_seat
from tests.custody.examples import HEAD, LEA, NOW, OTHER, RID, RISK, person
from tests.harness.losses import paid_off
from tests.harness.world import World

SECOND = Tier.SECOND
ITEM, LOAN = uuid4(), uuid4()
WHOLE = Contents({ITEM: 3}, True)
TERM = Term(True, date(2019, 5, 6), RetentionClass.FIVE_YEARS, NOW - timedelta(days=2000), NOW - timedelta(days=1))
LIST = Batch(uuid4(), "ab" * 32, "ab" * 32, LEA, frozenset({RID}), 1, {})
ALL = {Role.CREDIT_DEPT_HEAD: HEAD, Role.RISK_HEAD: RISK, Role.PRESIDENT_OFFICE: OTHER}
DETAILS: dict[A, Any] = {
    A.REGISTER_SECOND_TIER: NewVolume(LOAN, "信贷档案"), A.ADD_FILE_ITEM: NewItem(DocumentType.CONTRACT, "合同", 3, 1, True),
    A.ACCEPT_VOLUME: Received((Tick(ITEM, 3),)), A.CLOSE_VOLUME: Closing(), A.REJECT_DISPOSAL: BatchNamed(LIST.id),
    A.RECORD_ELEMENT_CHECK: ElementsChecked(LOAN, (Found(Element.TERM, ElementResult.PRESENT),)),
    A.APPROVE_DISPOSAL: BatchNamed(LIST.id, LIST.list_hash), A.EXECUTE_DISPOSAL: BatchNamed(LIST.id, LIST.list_hash, (RID,)),
}  # fmt: skip


def _known(m: Move) -> Move:
    batch = replace(LIST, approved=ALL) if m.action is A.EXECUTE_DISPOSAL else LIST
    facts = {Contents: WHOLE, Term: TERM, Batch: batch, Origin: Origin(LOAN, OTHER), Contract: Contract(LOAN, OTHER, (), {})}
    return replace(m, known={**m.known, **facts}, ask=replace(m.ask, detail=DETAILS.get(m.action)))


ADJUST = dict.fromkeys((*DETAILS, A.SUBMIT_VOLUME, A.PROPOSE_DISPOSAL), _known)


def fact(made: object) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"known": {**m.known, type(made): made}}


HELD, CLASS = "nothing that is held is closed or disposed of", "a volume is kept at least as long as the term of its loan asks for"
RUN_OUT, EXACT = "the time for which it must be kept has run out", "the list is the one that was read and approved"
BREAKS = (
    Break("whoever submitted a volume does not take it over", A.ACCEPT_VOLUME, SECOND, lambda m: {"on": replace(m.record, submitted_by=m.by.id)}),
    Break(
        "a head who approves a disposal neither proposed it nor approved it in another rank", A.APPROVE_DISPOSAL, SECOND,
        lambda m: {"known": {**m.known, Batch: replace(LIST, proposed_by=m.by.id)}},
    ),
    Break(HELD, A.CLOSE_VOLUME, SECOND, lambda m: {"holds": (Hold(HoldKind.LEGAL, OTHER),)}),
    Break(HELD, A.PROPOSE_DISPOSAL, SECOND, lambda m: {"holds": (Hold(HoldKind.RECOVERY, OTHER),)}),
    Break("nothing with an open discrepancy is closed or disposed of", A.CLOSE_VOLUME, SECOND, lambda m: {"frozen": frozenset({"ITEM"})}),
    Break("no contract of the volume lacks a blocking element", A.SUBMIT_VOLUME, SECOND, fact(replace(WHOLE, gaps=frozenset({Element.RATE})))),
    Break(
        "the list of the volume names every paper with its place, pages and copies; a rebuilt one holds copies alone", A.SUBMIT_VOLUME, SECOND,
        fact(Contents({}, False)),
    ),
    Break(
        "the archivist has ticked every paper of the volume, with its pages as listed", A.ACCEPT_VOLUME, SECOND,
        change_ask(detail=Received((Tick(ITEM, 2),))),
    ),
    Break("the loan of a volume that is closed is settled or written off", A.CLOSE_VOLUME, SECOND, fact(replace(TERM, ended=False))),
    Break("a volume is rebuilt only for a lost one of the same loan", A.REGISTER_SECOND_TIER, Tier.FIRST, fact(Origin(LOAN, OTHER, False))),
    Break(
        CLASS, A.CLOSE_VOLUME, SECOND,
        lambda m: {"ask": replace(m.ask, detail=Closing(RetentionClass.FIVE_YEARS)),
                   "known": {**m.known, Term: replace(TERM, least=RetentionClass.TWENTY_YEARS)}},
    ),
    Break(RUN_OUT, A.PROPOSE_DISPOSAL, SECOND, fact(replace(TERM, keep_until=NOW + timedelta(days=1)))),
    Break(RUN_OUT, A.EXECUTE_DISPOSAL, SECOND, fact(replace(TERM, keep_until=None))),
    Break(
        "the head approves for business, risk or the president's office, whichever is still missing", A.APPROVE_DISPOSAL, SECOND,
        lambda m: {"known": {**m.known, Batch: replace(LIST, approved=dict.fromkeys(m.by.roles, OTHER))}},
    ),
    Break(
        "three different heads have approved the list", A.EXECUTE_DISPOSAL, SECOND,
        fact(replace(LIST, approved={Role.RISK_HEAD: RISK})),
    ),
    Break(EXACT, A.APPROVE_DISPOSAL, SECOND, change_ask(detail=BatchNamed(LIST.id, "cd" * 32))),
    Break(EXACT, A.EXECUTE_DISPOSAL, SECOND, fact(replace(LIST, approved=ALL, list_now="cd" * 32))),
    Break(
        "two witnesses have ticked every volume of the list", A.EXECUTE_DISPOSAL, SECOND,
        change_seat(Seat.SECOND, person(LEA, Role.AUDITOR)),
    ),
)  # fmt: skip


# By SQL ------------------------------------------------------------------------------------------------------------------
async def collecting(bank: World, loan: UUID | None = None) -> UUID:
    """An empty volume."""
    bank.number += 1
    officer, here, of = bank.people["officer"], bank.branches["A"].id, loan or await bank.loan()
    async with bank.database.transaction(officer) as conn:
        new = NewRecord(f"A2{bank.tag}{bank.number:06}", None, "信贷档案", of, here, here)
        (made,) = await register_records(conn, officer, [new], NOW.replace(year=2024))
    return made


async def ended(bank: World, years: int = 0) -> UUID:
    """A volume on the shelf whose loan was paid off, so many years ago."""
    loan = await bank.loan()
    (volume,) = await bank.volumes(loan=loan)
    await paid_off(bank, loan, days=1 + 366 * years)
    return volume


async def expired(bank: World) -> UUID:
    """A closed volume whose time has run out."""
    volume = await ended(bank, 25)
    await bank.done("archivist", Ask(A.CLOSE_VOLUME, records=(volume,)))
    return volume


async def proposed(bank: World) -> tuple[UUID, UUID]:
    volume = await expired(bank)
    made = await bank.done("archivist", Ask(A.PROPOSE_DISPOSAL, records=(volume,), reason="保管期满"))
    return volume, UUID(made["batch"])


async def approve(bank: World, volume: UUID, batch: UUID) -> Ask:
    """The ask of a head who has read the list."""
    read = await bank.sql("select encode(list_hash, 'hex') from disposal_batches where id = $1", batch)
    return Ask(A.APPROVE_DISPOSAL, records=(volume,), detail=BatchNamed(batch, read))


async def approved(bank: World) -> tuple[UUID, UUID]:
    """A volume that three heads want destroyed."""
    here = bank.branches["A"].id
    await bank.hire("office", {Role.PRESIDENT_OFFICE}, here, (here,))
    volume, batch = await proposed(bank)
    for name in ("head", "risk", "office"):
        await bank.done(name, await approve(bank, volume, batch))
    return volume, batch


ITEM_OF = "insert into file_items (org_id, record_id, position, document_type, title, pages, contract_id) values ($1, $2, $3, 'CONTRACT', '合同', 3, $4)"
CLOSE = "update archive_records set state = 'CLOSED_VOLUME', cutoff_at = '2001-01-01', retention_class = $2 where id = $1"
HEADED = "insert into disposal_approvals (batch_id, list_hash, role, staff_id, approved_at) values ($1, $2, $3, $4, clock_timestamp())"


@twin("tg_archive_records_c29_elements")
async def _(bank: World) -> Attack:
    loan, here = await bank.loan(), bank.branches["A"].id
    contract = await bank.sql(
        "insert into contracts (org_id, number, kind, signed_on, amount) values ($1, $2, 'LOAN', '2024-01-01', 1) returning id",
        here,
        f"K{bank.tag}",
    )
    await bank.sql("insert into loan_contracts (org_id, loan_id, contract_id) values ($1, $2, $3)", here, loan, contract)
    volume = await collecting(bank, loan)
    return Attack("officer", ((ITEM_OF, here, volume, 1, contract), (STATE, volume, "SUBMITTED")))


@twin("tg_archive_records_c30_volume")
async def _(bank: World) -> Attack:
    volume = await collecting(bank)
    return Attack("officer", ((ITEM_OF, bank.branches["A"].id, volume, 2, None), (STATE, volume, "SUBMITTED")))


async def submitted(bank: World) -> UUID:
    volume = await collecting(bank)
    await bank.root.execute(ITEM_OF, bank.branches["A"].id, volume, 1, None)
    await bank.done("officer", Ask(A.SUBMIT_VOLUME, records=(volume,)))
    return volume


TAKEN = "update archive_records set state = 'FILED', custodian_id = $2 where id = $1"


@twin("ct_archive_records_c31_item_by_item")
async def _(bank: World) -> Attack:
    return Attack("archivist", ((TAKEN, await submitted(bank), who(bank, "archivist")),))


@twin("ct_archive_records_c3_archivist_is_another")
async def _(bank: World) -> Attack:
    return Attack("officer", ((TAKEN, await submitted(bank), who(bank, "officer")),))


@twin("tg_archive_records_c34_closing")
async def _(bank: World) -> Attack:
    (volume,) = await bank.volumes()
    return Attack("archivist", ((CLOSE, volume, "TWENTY_YEARS"),))


@twin("tg_archive_records_c16_closing")
async def _(bank: World) -> Attack:
    volume = await ended(bank)
    hold = Ask(A.PLACE_HOLD, hold_kind=HoldKind.AUDIT, subject_kind=HoldSubject.RECORD, subject=volume, reason="专项审计")
    await bank.done("legal", hold)
    return Attack("archivist", ((CLOSE, volume, "TWENTY_YEARS"),))


@twin("tg_archive_records_c17_closing")
async def _(bank: World) -> Attack:
    volume = await ended(bank)
    await bank.root.execute(CASE, bank.branches["A"].id, volume, "DAMAGED", who(bank, "archivist"))
    return Attack("archivist", ((CLOSE, volume, "TWENTY_YEARS"),))


@twin("tg_archive_records_c45_class")
async def _(bank: World) -> Attack:
    return Attack("archivist", ((CLOSE, await ended(bank), "FIVE_YEARS"),))


@twin("tg_archive_records_c45_expired")
async def _(bank: World) -> Attack:
    volume = await ended(bank)
    await bank.done("archivist", Ask(A.CLOSE_VOLUME, records=(volume,)))
    return Attack("archivist", ((STATE, volume, "DISPOSAL_PROPOSED"),))


@twin("tg_archive_records_c44_rebuilds_lost")
async def _(bank: World) -> Attack:
    (volume,) = await bank.volumes()
    again = (
        "insert into archive_records (org_id, custody_org_id, archive_no, barcode, tier, title, state, primary_loan_id, rebuilds_id)"
        " select org_id, custody_org_id, 'X' || archive_no, 'X' || barcode, 'SECOND', title, 'COLLECTING', primary_loan_id, id"
        " from archive_records where id = $1"
    )
    return Attack("officer", ((again, volume),))


async def approval(bank: World, batch: UUID, role: str, name: str, hash_: bytes | None = None) -> tuple[Any, ...]:
    read = await bank.sql("select list_hash from disposal_batches where id = $1", batch)
    return (HEADED, batch, hash_ or read, role, who(bank, name))


@twin("uq_disposal_approvals_c46_one_each")
async def _(bank: World) -> Attack:
    _, batch = await proposed(bank)
    here = bank.branches["A"].id
    await bank.hire("both", {Role.CREDIT_DEPT_HEAD, Role.RISK_HEAD}, here, (here,))
    return Attack("both", tuple([await approval(bank, batch, role, "both") for role in ("CREDIT_DEPT_HEAD", "RISK_HEAD")]))


@twin("uq_disposal_approvals_c46_one_per_rank")
async def _(bank: World) -> Attack:
    _, batch = await proposed(bank)
    here = bank.branches["A"].id
    await bank.hire("risk_two", {Role.RISK_HEAD}, here, (here,))
    return Attack("head", tuple([await approval(bank, batch, "RISK_HEAD", name) for name in ("risk_two", "risk")]))


@twin("tg_disposal_approvals_c3_not_proposer")
async def _(bank: World) -> Attack:
    _, batch = await proposed(bank)
    return Attack("archivist", (await approval(bank, batch, "RISK_HEAD", "archivist"),))


@twin("fk_disposal_approvals_c46_exact_list")
async def _(bank: World) -> Attack:
    _, batch = await proposed(bank)
    return Attack("head", (await approval(bank, batch, "RISK_HEAD", "head", b"\1" * 32),))


@twin("ct_disposal_lines_c46_list_hash")
async def _(bank: World) -> Attack:
    _, batch = await proposed(bank)
    line = "insert into disposal_lines (batch_id, record_id, back_to) values ($1, $2, 'CLOSED_VOLUME')"
    return Attack("archivist", ((line, batch, await expired(bank)),))


@twin("ct_archive_records_c46_approved")
async def _(bank: World) -> Attack:
    volume, _ = await proposed(bank)
    return Attack("archivist", ((STATE, volume, "DISPOSAL_APPROVED"),))


@twin("tg_disposal_approvals_c4_no_interest")
async def _(bank: World) -> Attack:
    volume, batch = await proposed(bank)
    await relate(bank, "head", volume)
    return Attack("head", (await approval(bank, batch, "CREDIT_DEPT_HEAD", "head"),))


@twin("tg_archive_records_c4_taken_over")
async def _(bank: World) -> Attack:
    volume = await submitted(bank)
    await relate(bank, "archivist", volume)
    seen = "update file_items set seen_by = $2, seen_at = clock_timestamp() where record_id = $1"
    return Attack("archivist", tuple((step, volume, who(bank, "archivist")) for step in (seen, TAKEN)))
