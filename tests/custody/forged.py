"""Rows that look right one by one and are forged together: another tier, another vault, another time, another rank, another line."""

from uuid import UUID, uuid4

from server.custody.moves import Ask
from server.custody.moves.stocktakes import CompareCounts
from storage.terms import Action as A
from storage.terms import Purpose, Role, Tier
from tests.custody.attacking import (
    APPROVE,
    FINISH,
    MOVE,
    OPERATION,
    SEAT,
    STATE,
    Attack,
    Step,
    held,
    operation,
    pending,
    twin,
    volume_out,
    who,
)
from tests.custody.chapters import stocktakes, volumes
from tests.harness.world import World

LINE = "insert into request_lines (request_id, record_id) values ($1, $2)"
ENTRY = "insert into off_balance_entries (org_id, record_id, operation_id, direction, queued_at) values ($1, $2, $3, $4, clock_timestamp())"
LATE_SEAT = "insert into operation_seats (operation_id, seat, staff_id, taken_at) values ($1, $2, $3, $4::timestamptz)"


# C0, C1: who sits, where, when ---------------------------------------------------------------------------------------------
@twin("tg_operation_seats_c0_role")
async def _(bank: World) -> Attack:
    return Attack("legal", ((SEAT, (await pending(bank))[2], "CLERK", who(bank, "legal")),))


@twin("tg_operations_c1_vault")
async def _(bank: World) -> Attack:
    """Keepers of another vault of the same unit let the paper out."""
    papers = await bank.papers()
    request = await bank.approved(papers)
    branch = bank.branches["A"]
    elsewhere = await bank.sql(
        "insert into storage_locations (org_id, kind, code) values ($1, 'VAULT', $2) returning id", branch.id, f"V2{bank.tag}"
    )
    seats = ["KEY", "CODE", "CLERK", "RECEIVER"]
    return Attack("kay", ((OPERATION, uuid4(), branch.id, "CHECK_OUT", "FIRST", elsewhere, request, papers, seats, who(bank, "kay")),))


@twin("tg_archive_records_c1_vault")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    moved = "update archive_records set vault_id = $2 where id = $1"
    return Attack("kay", ((moved, papers[0], bank.branches["A"].cabinet),))


@twin("tg_operations_c1_window")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    request = await bank.approved(papers)
    for_ever = OPERATION.replace("interval '10 minutes'", "interval '100 years'")
    branch, seats = bank.branches["A"], ["KEY", "CODE", "CLERK", "RECEIVER"]
    return Attack("kay", ((for_ever, uuid4(), branch.id, "CHECK_OUT", "FIRST", branch.vault, request, papers, seats, who(bank, "kay")),))


async def seats_of_the_other_tier(bank: World) -> Attack:
    """A volume's archivist alone would let a first-tier paper out."""
    papers = await bank.papers()
    request = await bank.approved(papers)
    op, opened = operation(bank, A.CHECK_OUT, Tier.SECOND, papers, ["ARCHIVIST"], request)
    return Attack("archivist", (opened, (SEAT, op, "ARCHIVIST", who(bank, "archivist"))))


async def intake_by_nobody(bank: World) -> Attack:
    """In the other tier the act has no seats at all."""
    papers, _ = await bank.registered()
    op, opened = operation(bank, A.INTAKE, Tier.SECOND, papers, [])
    return Attack("officer", (opened, (FINISH, op), (STATE, papers[0], "IN_VAULT")))


async def destroyed_by_nobody(bank: World) -> Attack:
    volume, _ = await volumes.proposed(bank)
    op, opened = operation(bank, A.EXECUTE_DISPOSAL, Tier.FIRST, [volume], [])
    return Attack("archivist", (opened, (FINISH, op), (STATE, volume, "DESTROYED")))


async def former_keeper(bank: World) -> Attack:
    """Was on duty once; says that this is then."""
    papers, branch = await bank.papers(), bank.branches["A"]
    once = await bank.hire("once", {Role.VAULT_KEEPER_KEY}, branch.id, (branch.id,))
    duty = "insert into keeper_duties (vault_id, staff_id, seat, during) values ($1, $2, 'KEY', '[2000-01-01,2001-01-01)')"
    await bank.sql(duty, branch.vault, once.staff_id)
    await bank.past_the_triggers(
        f"update chains set last_at = '2000-01-02' where id = (select primary_loan_id from archive_records where id = '{papers[0]}')"
    )
    op = uuid4()
    then = OPERATION.replace("clock_timestamp()", "timestamptz '2000-06-01'")
    opened = (then, op, branch.id, "MOVE_LOCATION", "FIRST", branch.vault, None, papers, ["KEY", "CODE", "CLERK"], once.staff_id)
    return Attack("once", (opened, (LATE_SEAT.replace("$4::timestamptz", "timestamptz '2000-06-01'"), op, "KEY", once.staff_id)))


async def seat_before_the_operation(bank: World) -> Attack:
    _, _, op = await pending(bank)
    early = LATE_SEAT.replace("$4::timestamptz", "timestamptz '2020-01-01'")
    return Attack("cody", ((early, op, "CODE", who(bank, "cody")),))


async def done_before_it_was_opened(bank: World) -> Attack:
    papers = await bank.papers()
    op, opened = operation(bank, A.OPEN_ENVELOPE, Tier.FIRST, papers, ["KEY", "CODE"])
    seats = [(SEAT, op, seat, who(bank, name)) for seat, name in (("KEY", "kay"), ("CODE", "cody"))]
    backdated = "update operations set state = 'DONE', done_at = '2020-01-01' where id = $1"
    return Attack("kay", (opened, *seats, (backdated, op)))


# C3, C5, C13: what was asked for, and who said yes ---------------------------------------------------------------------------
@twin("tg_approvals_c5_rank_held")
async def _(bank: World) -> Attack:
    request = await bank.requests(await bank.volumes(), tier=Tier.SECOND)
    return Attack("clerk", ((APPROVE, request, "CREDIT_DEPT_HEAD", who(bank, "clerk"), who(bank, "officer")),))


@twin("tg_disposal_approvals_c46_rank_held")
async def _(bank: World) -> Attack:
    _, batch = await volumes.proposed(bank)
    return Attack("clerk", (await volumes.approval(bank, batch, "RISK_HEAD", "clerk"),))


@twin("tg_request_lines_c5_before_approval")
async def _(bank: World) -> Attack:
    """One volume is approved, another one leaves with it."""
    request = await bank.approved(await bank.volumes(), tier=Tier.SECOND)
    return Attack("officer", ((LINE, request, (await bank.volumes())[0]),))


@twin("tg_request_lines_c13_tier")
async def _(bank: World) -> Attack:
    """A first-tier paper asked for by the purposes, and approved by the ranks, of the second."""
    request = await bank.requests(await bank.volumes(), tier=Tier.SECOND)
    return Attack("officer", ((LINE, request, (await bank.papers())[0]),))


@twin("tg_archive_records_c3_submitter")
async def _(bank: World) -> Attack:
    volume = (await bank.volumes())[0]
    return Attack("archivist", (("update archive_records set submitted_by = $2 where id = $1", volume, who(bank, "legal")),))


@twin("ct_archive_records_c32_custodian")
async def _(bank: World) -> Attack:
    volume = (await bank.volumes())[0]
    return Attack("archivist", (("update archive_records set custodian_id = $2 where id = $1", volume, who(bank, "legal")),))


@twin("tg_movements_c32_holder")
async def _(bank: World) -> Attack:
    """Handed to somebody who has left meanwhile."""
    here = bank.branches["A"].id
    gone = await bank.hire("gone", {Role.LOAN_OFFICER}, here, (here,))
    some = await bank.volumes()
    asked = Ask(A.REQUEST_READING, records=tuple(some), purpose=Purpose.AUDIT)
    request = UUID((await bank.done("gone", asked))["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    await bank.sql("update staff set active = false where id = $1", gone.staff_id)
    read = "update movements set out_at = clock_timestamp(), due_at = clock_timestamp() + interval '1 hour' where record_id = $1 and closed_at is null"
    return Attack("archivist", ((read, some[0]),))


# C11, C16, C19, C43, C45 ------------------------------------------------------------------------------------------------------
@twin("ct_off_balance_entries_c11_of_act")
async def _(bank: World) -> Attack:
    """A paper that never moved goes off the balance under an operation that is long done."""
    out, still = await bank.papers(), await bank.papers()
    await bank.out(out)
    op = await bank.sql("select exit_operation_id from movements where record_id = $1 and out_at is not null", out[0])
    return Attack("kay", ((ENTRY, bank.branches["A"].id, still[0], op, "OUT"),))


async def on_the_balance_twice(bank: World) -> Attack:
    """What leaves is booked as if it entered."""
    papers = await bank.papers()
    request = await bank.approved(papers)
    op, opened = operation(bank, A.CHECK_OUT, Tier.FIRST, papers, ["KEY", "CODE", "CLERK", "RECEIVER"], request)
    people = (("KEY", "kay"), ("CODE", "cody"), ("CLERK", "clerk"), ("RECEIVER", "officer"))
    seats: list[Step] = [(SEAT, op, seat, who(bank, name)) for seat, name in people]
    here = bank.branches["A"].id
    ticket = ("insert into tickets (org_id, operation_id, issued_at) values ($1, $2, clock_timestamp())", here, op)
    return Attack("kay", (opened, *seats, (FINISH, op), ticket, (ENTRY, here, papers[0], op, "IN")))


@twin("ct_holds_c16_lifted_by_operation")
async def _(bank: World) -> Attack:
    record, _ = await held(bank)
    lift = "update holds set lifted_at = clock_timestamp(), lifted_by = $2, lift_reason = '解除' where record_id = $1"
    return Attack("legal_two", ((lift, record, who(bank, "legal_two")),))


@twin("ct_movements_c19_holder")
async def _(bank: World) -> Attack:
    volumes_ = await bank.volumes()
    request = await bank.requests(volumes_, tier=Tier.SECOND)
    reserved = (MOVE, bank.branches["A"].id, volumes_[0], "CHECKOUT", request, who(bank, "legal"))
    return Attack("archivist", (reserved, (STATE, volumes_[0], "RESERVED")))


@twin("tg_discrepancies_c43_of_line")
async def _(bank: World) -> Attack:
    """A finding of A's stocktake that would freeze a volume of B."""
    take, _, lies = await stocktakes.opened(bank)
    await stocktakes.counted(bank, take, [(lies[0][0], "", "")])
    await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
    line = await bank.sql("select id from stocktake_lines where stocktake_id = $1 limit 1", take)
    case = (
        "insert into discrepancies (org_id, record_id, kind, findings, reported_by, owner_id, reported_at, deadline_at, stocktake_line_id)"
        " values ($1, $2, 'WRONG_SLOT', '错柜', $3, $3, clock_timestamp(), clock_timestamp() + interval '1 day', $4)"
    )
    theirs = (await bank.volumes(letter="B"))[0]
    return Attack("ops", ((case, bank.branches["A"].id, theirs, who(bank, "ops"), line),))


@twin("tg_archive_records_c45_cutoff")
async def _(bank: World) -> Attack:
    volume = (await bank.volumes())[0]
    return Attack("archivist", (("update archive_records set cutoff_at = '1990-01-01' where id = $1", volume),))


async def longer_reservation(bank: World) -> Attack:
    _, moved = await volume_out(bank)
    return Attack("officer", (("update movements set lapses_at = lapses_at + interval '1 year' where id = $1", moved),))


FORGED = (
    ("tg_operations_c1_seats_of_act", seats_of_the_other_tier),
    ("tg_operations_c1_seats_of_act", intake_by_nobody),
    ("tg_operations_c1_seats_of_act", destroyed_by_nobody),
    ("tg_operation_seats_c1_on_duty", former_keeper),
    ("tg_operation_seats_c1_on_duty", seat_before_the_operation),
    ("tg_operations_c1_window", done_before_it_was_opened),
    ("ct_off_balance_entries_c11_of_act", on_the_balance_twice),
    ("privilege", longer_reservation),
)
