"""Handovers: their right Moves, each row broken alone, each twin attacked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from server.custody.moves import Ask, Move
from server.custody.moves.handovers import Clearance, Line, OnHandover, Sides
from server.custody.transitions.handovers import ARRIVING, BY_GIVER, COMING_BACK, LETTING_GO, LISTABLE, ON_LINES
from storage.terms import Action as A
from storage.terms import HandoverKind, HandoverLineState, HandoverState, RecordState, Role, Seat, Tier
from tests.custody.attacking import Attack, Step, operation, twin, who
from tests.custody.breaking import Break
from tests.custody.examples import ANN, ARCH, ORG, OTHER, person
from tests.custody.handing import opened, seal, sent
from tests.harness.losses import paid_off
from tests.harness.world import World

FIRST, SECOND = Tier.FIRST, Tier.SECOND
PENDING = (A.SEND_PENDING, A.RECEIVE_PENDING, A.TAKE_BACK_PENDING)


def _on_line(m: Move) -> Move:
    act = m.action
    stood = RecordState.PENDING_INTAKE if act in PENDING else RecordState.IN_VAULT if m.record.tier is FIRST else RecordState.FILED
    line = HandoverLineState.LISTED if act in LETTING_GO or act is A.REMOVE_HANDOVER_LINES else HandoverLineState.SENT
    fact = Line(
        on_duty=m.on_duty, from_org=ORG, to_org=ORG, line=None if act is A.ADD_HANDOVER_LINES else line, stood_as=stood,
        shipped=act in ARRIVING | COMING_BACK, by_giver=act in BY_GIVER,
    )  # fmt: skip
    if act is A.SEND_RESPONSIBILITY:
        m = replace(m, on=replace(m.record, state=RecordState.CHECKED_OUT))
    if act is A.RECEIVE_CUSTODY:
        fact = replace(fact, kind=HandoverKind.CUSTODIAN, giver=OTHER, taker=ANN)
    return replace(m, known={Line: fact})


ADJUST: dict[A, Callable[[Move], Move]] = {
    **dict.fromkeys((*LISTABLE, *ON_LINES), _on_line),
    A.CREATE_HANDOVER: lambda m: replace(m, known={Sides: Sides(True, True)}),
    A.CLOSE_ORG_UNIT: lambda m: replace(m, known={Clearance: Clearance(True)}),
}


def line_is(**changes: Any) -> Callable[[Move], dict[str, Any]]:
    return lambda m: {"known": {Line: replace(m.of(Line), **changes)}}


CUSTODIAN = {"kind": HandoverKind.CUSTODIAN, "giver": OTHER, "taker": ANN}
LETS_GO, STEP = "the giving side keeps the record", "the line is at the step before"
SIDE, CLEARED = "who sits belongs to the side that acts", "a custodian who leaves lists all that they keep"
HIMSELF = "a custodian hands over to their successor, under the eyes of a third"
BREAKS = (
    Break("the shipment bears a seal number that was never used", A.SEND_HANDOVER, FIRST, line_is(seal_used=True)),
    Break("the shipment bears a seal number that was never used", A.SEND_PENDING, FIRST, line_is(seal_given=False)),
    Break("the register knows number, copies, pages, originals and seal of what is listed", A.ADD_HANDOVER_LINES, FIRST, line_is(complete=False)),
    Break("the list still says what the register says", A.SEND_HANDOVER, SECOND, line_is(current=False)),
    Break("only a draft takes further lines, and each record once", A.ADD_HANDOVER_LINES, SECOND, line_is(state=HandoverState.SENT)),
    Break("only a draft takes further lines, and each record once", A.ADD_HANDOVER_LINES, FIRST, line_is(line=HandoverLineState.LISTED)),
    Break(LETS_GO, A.ADD_HANDOVER_LINES, FIRST, line_is(kept_by_giver=False)),
    Break(LETS_GO, A.SEND_RESPONSIBILITY, SECOND, line_is(kept_by_giver=False)),
    Break(STEP, A.SEND_HANDOVER, FIRST, line_is(line=None)),
    Break(STEP, A.REMOVE_HANDOVER_LINES, FIRST, line_is(line=HandoverLineState.SENT)),
    Break(STEP, A.RECEIVE_HANDOVER, FIRST, line_is(line=HandoverLineState.REJECTED)),
    Break(STEP, A.RECEIVE_RESPONSIBILITY, SECOND, line_is(shipped=True)),
    Break(STEP, A.TAKE_BACK, SECOND, line_is(shipped=False)),
    Break(STEP, A.REJECT_HANDOVER, SECOND, line_is(line=HandoverLineState.ACKNOWLEDGED)),
    Break(SIDE, A.SEND_HANDOVER, FIRST, line_is(from_org=OTHER)),
    Break(SIDE, A.RECEIVE_HANDOVER, SECOND, line_is(to_org=OTHER)),
    Break("the giving side writes the list", A.ADD_HANDOVER_LINES, FIRST, line_is(from_org=OTHER)),
    Break("the record is on no other list that is under way", A.SEND_RESPONSIBILITY, FIRST, line_is(elsewhere=True)),
    Break("the record arrives as it was sent", A.RECEIVE_PENDING, FIRST, line_is(stood_as=RecordState.IN_VAULT)),
    Break("the record arrives as it was sent", A.TAKE_BACK, FIRST, line_is(stood_as=RecordState.PENDING_INTAKE)),
    Break("only what is out passes without being moved", A.SEND_RESPONSIBILITY, SECOND, lambda m: {"on": replace(m.record, state=RecordState.FILED)}),
    Break("what is missing, archived or kept for disposal passes to the next custodian alone", A.ADD_HANDOVER_LINES, SECOND,
          lambda m: {"on": replace(m.record, state=RecordState.MISSING)}),
    Break("each envelope has a slot in the vault that takes it", A.RECEIVE_HANDOVER, FIRST, line_is(places_fit=False)),
    Break("both units are open", A.CREATE_HANDOVER, FIRST, lambda m: {"known": {Sides: Sides(True, False)}}),
    Break(CLEARED, A.SEND_RESPONSIBILITY, SECOND, lambda m: {**line_is(**CUSTODIAN | {"giver": ARCH}, uncounted=1)(m)}),
    Break(CLEARED, A.RECEIVE_CUSTODY, SECOND, line_is(uncounted=1)),
    Break(HIMSELF, A.SEND_RESPONSIBILITY, SECOND, line_is(**CUSTODIAN)),
    Break(HIMSELF, A.RECEIVE_CUSTODY, FIRST, line_is(taker=OTHER, giver=ANN)),
    Break(HIMSELF, A.RECEIVE_CUSTODY, SECOND, lambda m: {"seats": {**m.seats, Seat.SUPERVISOR: person(OTHER, Role.OPS_HEAD)}}),
    Break(HIMSELF, A.RECEIVE_RESPONSIBILITY, SECOND, line_is(**CUSTODIAN)),
    Break("a unit that closes has no paper, loan, handover, unit below it or active staff", A.CLOSE_ORG_UNIT, FIRST,
          lambda m: {"known": {Clearance: Clearance(False)}}),
    Break("no shipment of the handover is overdue", A.SEND_HANDOVER, FIRST, line_is(late=True)),
    Break("first-tier papers go to a unit with a vault", A.SEND_HANDOVER, FIRST, line_is(to_has_vault=False)),
    Break("the archive department takes volumes whose payoff is final", A.SEND_HANDOVER, SECOND,
          lambda m: line_is(payoff_final_at=m.at + timedelta(days=1))(m)),
    Break("the archive department takes closed volumes of the twenty-year and permanent classes", A.SEND_HANDOVER, SECOND,
          line_is(fit_for_archive=False)),
)  # fmt: skip


LINE = "insert into handover_lines (handover_id, record_id) values ($1, $2)"
GO = "update handover_lines set state = 'SENT', sent_operation_id = $2, shipment_id = $3 where record_id = $1"
SHIP = (
    "insert into shipments (id, org_id, handover_id, operation_id, tier, seal_no, lines, sent_at, due_at)"
    " values ($1, $2, $3, $4, $5, $6, 1, clock_timestamp(), clock_timestamp() + interval '1 day')"
)


async def shipped(bank: World, handover: UUID, record: UUID, tier: Tier = FIRST) -> Attack:
    """A line that goes with a shipment, as psql would write it."""
    op, opened_ = operation(bank, A.SEND_HANDOVER, tier, [record], ["KEY", "CODE", "CLERK"] if tier is FIRST else ["ARCHIVIST"])
    box = uuid4()
    ship: Step = (SHIP, box, bank.branches["A"].id, handover, op, tier.value, seal(bank))
    return Attack("clerk", (opened_, ship, (GO, record, op, box)))


async def unit(bank: World, *, closed: bool = False, vault: bool = False) -> UUID:
    """Another unit."""
    made: UUID = await bank.sql(
        "insert into org_units (code, name, level, parent_id, has_vault, closed_at) select $1, '支行', 'BRANCH', parent_id, $2, $3 from org_units"
        " where id = $4 returning id",
        f"U{bank.tag}{uuid4().hex[:4]}", vault, await bank.sql("select now()") if closed else None, bank.branches["A"].id,
    )  # fmt: skip
    return made


@twin("uq_shipments_c7_seal")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    handover = await sent(bank, papers)
    used = await bank.sql("select seal_no from shipments where handover_id = $1", handover)
    op, opened_ = operation(bank, A.SEND_HANDOVER, FIRST, papers, ["KEY", "CODE", "CLERK"])
    return Attack("clerk", (opened_, (SHIP, uuid4(), bank.branches["A"].id, handover, op, "FIRST", used)))


@twin("ck_handover_lines_c30_complete")
async def _(bank: World) -> Attack:
    papers, (volume,) = await bank.papers(), await bank.volumes()
    await bank.past_the_triggers(f"delete from file_items where record_id = '{volume}'")
    return Attack("clerk", ((LINE, await opened(bank, papers), volume),))


@twin("tg_handover_lines_c30_sealed")
async def _(bank: World) -> Attack:
    papers, more = await bank.papers(), await bank.registered()
    await bank.past_the_triggers(f"update archive_records set envelope_id = null where id = '{more[0][0]}'")
    return Attack("clerk", ((LINE, await opened(bank, papers), more[0][0]),))


@twin("tg_handover_lines_c30_list_is_true")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    handover = await opened(bank, papers)
    await bank.past_the_triggers(f"update archive_records set pages = 9 where id = '{papers[0]}'")
    return await shipped(bank, handover, papers[0])


@twin("tg_handover_lines_c31_draft")
async def _(bank: World) -> Attack:
    handover, more = await sent(bank, await bank.papers()), await bank.papers()
    return Attack("clerk", ((LINE, handover, more[0]),))


@twin("uq_handover_lines_handover_id_record_id")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    return Attack("clerk", ((LINE, await opened(bank, papers), papers[0]),))


@twin("tg_handover_lines_c31_keeper")
async def _(bank: World) -> Attack:
    foreign = await bank.papers(letter="B")
    return Attack("clerk", ((LINE, await opened(bank, await bank.papers()), foreign[0]),))


@twin("tg_handover_lines_c31_step")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await opened(bank, papers)
    take = (
        "update handover_lines set state = 'ACKNOWLEDGED', decided_operation_id = (select id from operations limit 1) where record_id = $1"
    )
    return Attack("clerk", ((take, papers[0]),))


@twin("ct_handover_lines_c31_both_sides")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await sent(bank, papers)
    take = "update handover_lines set state = 'ACKNOWLEDGED', decided_operation_id = sent_operation_id where record_id = $1"
    return Attack("clerk", ((take, papers[0]),))


@twin("ct_archive_records_c31_acknowledged")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    return Attack("kay", (("update archive_records set custody_org_id = $2 where id = $1", papers[0], bank.branches["B"].id),))


@twin("uq_handover_lines_c31_one_open")
async def _(bank: World) -> Attack:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=SECOND)
    first, second = await opened(bank, volumes), await opened(bank, volumes)
    await bank.done("archivist", Ask(A.SEND_RESPONSIBILITY, records=tuple(volumes), detail=OnHandover(first)))
    again = "update handover_lines set state = 'SENT', sent_operation_id = (select sent_operation_id from handover_lines where handover_id = $2) where handover_id = $1"
    return Attack("archivist", ((again, second, first),))


@twin("tg_handover_lines_c31_moves")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await opened(bank, papers)
    op, opened_ = operation(bank, A.SEND_RESPONSIBILITY, FIRST, papers, ["CLERK"])
    return Attack("clerk", (opened_, (GO, papers[0], op, None)))


@twin("tg_c32_unit_is_open")
async def _(bank: World) -> Attack:
    new = "insert into handovers (org_id, kind, to_org_id, in_town, created_by) values ($1, 'BETWEEN_UNITS', $2, true, $3)"
    return Attack("clerk", ((new, bank.branches["A"].id, await unit(bank, closed=True), who(bank, "clerk")),))


@twin("tg_handover_lines_c32_full_count")
async def _(bank: World) -> Attack:
    volumes, here = await bank.volumes(2), bank.branches["A"].id
    heir = await bank.hire("heir", {Role.ARCHIVIST}, here, (here,))
    parties = {"kind": HandoverKind.CUSTODIAN, "to_org": here, "giver": who(bank, "archivist"), "taker": heir.staff_id}
    await opened(bank, volumes[:1], by="archivist", **parties)
    op, opened_ = operation(bank, A.SEND_RESPONSIBILITY, SECOND, volumes[:1], ["ARCHIVIST"])
    return Attack("archivist", (opened_, (GO, volumes[0], op, None)))


@twin("tg_org_units_c32_clear")
async def _(bank: World) -> Attack:
    return Attack(None, (("update org_units set closed_at = now() where id = $1", bank.branches["A"].id),))


@twin("tg_handover_lines_c33_vault")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    handover = await opened(bank, papers, to_org=await unit(bank))
    return await shipped(bank, handover, papers[0])


@twin("tg_handover_lines_c45_for_archive")
async def _(bank: World) -> Attack:
    volumes = await bank.volumes()
    handover = await opened(bank, volumes, by="archivist", kind=HandoverKind.TO_ARCHIVE)
    return await shipped(bank, handover, volumes[0], SECOND)


@twin("tg_handover_lines_c35_for_archive")
async def _(bank: World) -> Attack:
    loan = await bank.loan()
    volumes = await bank.volumes(loan=loan)
    await paid_off(bank, loan, "CHEQUE")
    await bank.done("archivist", Ask(A.CLOSE_VOLUME, records=tuple(volumes)))
    handover = await opened(bank, volumes, by="archivist", kind=HandoverKind.TO_ARCHIVE)
    return await shipped(bank, handover, volumes[0], SECOND)
