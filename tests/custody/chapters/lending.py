"""The term and its extensions, the court's paper: what makes an extension right, its row broken, its twins attacked."""

from dataclasses import replace
from uuid import UUID

from server.custody.moves import Ask, Move
from server.custody.moves.lending import CourtPaper
from storage.terms import Action as A
from storage.terms import Purpose, Tier
from tests.custody.attacking import Attack, pending, twin, who
from tests.custody.breaking import Break
from tests.harness.world import World

SECOND = Tier.SECOND


def _without_paper(m: Move) -> Move:
    return replace(m, known={**m.known, CourtPaper: CourtPaper()})


ADJUST = {A.REQUEST_EXTENSION: _without_paper, A.EXTEND: _without_paper}
COURT = "a court's paper that is named came after the lending, for this extension alone, and without one the court has no further extension"
BREAKS = (
    *(
        Break(COURT, act, SECOND, lambda m: {"known": {**m.known, CourtPaper: CourtPaper(named=True)}})
        for act in (A.REQUEST_EXTENSION, A.EXTEND)
    ),
    Break(
        COURT,
        A.REQUEST_EXTENSION,
        SECOND,
        lambda m: {"ask": replace(m.ask, purpose=Purpose.LITIGATION), "movement": replace(m.movement, extensions=1)},  # type: ignore[type-var]  # these examples have one
    ),
)


async def lent_to_the_court(bank: World) -> tuple[UUID, UUID]:
    """A volume that is out for a suit, and its checkout."""
    (volume,) = await bank.volumes()
    request = await bank.requests([volume], tier=SECOND, purpose=Purpose.LITIGATION)
    for name in ("head", "vice"):
        await bank.done(name, Ask(A.APPROVE, request=request))
    await bank.done("archivist", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    return volume, await bank.sql("select id from movements where record_id = $1 and closed_at is null", volume)


async def prolonged(bank: World, volume: UUID, days: int) -> None:
    ask = Ask(A.REQUEST_EXTENSION, records=(volume,), due_on=bank.due(days))
    request = UUID((await bank.done("officer", ask))["request"])
    for rank in await bank.sql("select ranks from access_requests where id = $1", request):
        await bank.done({"CREDIT_DEPT_HEAD": "head", "VICE_PRESIDENT": "vice"}[rank], Ask(A.APPROVE, request=request))


async def extended_past_the_desk(bank: World, moved: UUID, paper: UUID | None = None, days: int = 1) -> Attack:
    """One extension more, as if for a court, by that paper."""
    asked = (
        "insert into access_requests (org_id, kind, tier, purpose, applicant_id, reader_id, submitted_at, extends_id, extends_until, id,"
        " court_paper_scan_id) select $3, 'EXTENSION', 'SECOND', 'LITIGATION', $2, $2, clock_timestamp(), id, due_at + $5 * interval '1 day', id,"
        " $4 from movements where id = $1"
    )
    given = (
        "insert into approvals (request_id, rank, approver_id, applicant_id, approved_at) select id, $3, $2, applicant_id,"
        " clock_timestamp() from access_requests where id = $1"
    )
    return Attack(
        None,
        (
            (asked, moved, who(bank, "officer"), bank.branches["A"].id, paper, days),
            (given, moved, who(bank, "head"), "CREDIT_DEPT_HEAD"),
            (given, moved, who(bank, "vice"), "VICE_PRESIDENT"),
            ("update access_requests set state = 'FULFILLED', decided_at = clock_timestamp() where id = $1", moved),
            ("update movements set due_at = due_at + $2 * interval '1 day', extensions = extensions + 1 where id = $1", moved, days),
        ),
    )


@twin("tg_movements_c21_term")
async def _(bank: World) -> Attack:
    papers, _, op = await pending(bank)
    out = "update movements set exit_operation_id = $2, out_at = clock_timestamp(), due_at = clock_timestamp() + interval '400 days'"
    return Attack("kay", ((f"{out} where record_id = $1 and closed_at is null", papers[0], op),))


@twin("tg_movements_c22_court_paper")
async def _(bank: World) -> Attack:
    volume, moved = await lent_to_the_court(bank)
    await prolonged(bank, volume, 4)
    return await extended_past_the_desk(bank, moved)
