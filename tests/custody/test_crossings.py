"""Two different acts on one thing at the same instant: whichever wins, nobody is told nonsense and the books agree."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from server.custody.desk import Done, Refused
from server.custody.moves import Ask, Placement
from server.custody.moves.handovers import OnHandover
from server.custody.moves.release import PositionSaid
from server.custody.moves.stocktakes import CompareCounts
from server.errors import ApiError
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject, Purpose, Role, Tier
from tests.custody.chapters import stocktakes
from tests.custody.handing import HERE, THERE, opened, placed, seal, sent
from tests.custody.releasing import SEATED, ZERO, Case
from tests.custody.test_queue import waits
from tests.harness import servers
from tests.harness.world import World

ROUNDS = [3, pytest.param(100, marks=pytest.mark.soak)]
SECOND = Tier.SECOND
pytestmark = pytest.mark.parametrize("rounds", ROUNDS)


async def crossed(bank: World, *acts: tuple[str, Ask]) -> list[bool]:
    """Whether each was done. A refusal and NotFound are answers; a deadlock or another error of PostgreSQL is none."""

    async def one(who: str, ask: Ask) -> bool:
        try:
            answer = await bank.does(who, ask)
        except ApiError:
            return False
        assert isinstance(answer, Done | Refused)
        return isinstance(answer, Done)

    return list(await asyncio.gather(*(one(*act) for act in acts)))


async def almost(bank: World, ask: Ask, people: tuple[str, ...] | list[str]) -> Ask:
    """All seats but the last are taken: what the last one asks."""
    outcome = await bank.seated(ask, people[:-1])
    return Ask(A.CONFIRM, operation=UUID(outcome["operation"]))


async def test_a_release_and_the_reversal_of_its_payoff(bank: World, rounds: int) -> None:
    for _ in range(rounds):
        bank = await World.make(bank.database, bank.root)
        case = await (await Case.make(bank)).ready()
        last = await almost(bank, case.release, SEATED)
        payoff = await bank.sql("select id from loan_positions where loan_id = $1 order by as_of desc limit 1", case.loan)
        now = await bank.sql("select clock_timestamp()")
        bounced = Ask(A.POST_POSITION, detail=PositionSaid(case.loan, as_of=now, **{**ZERO, "principal": 5}, reversal_of=payoff))
        released, taken_back = await crossed(bank, (SEATED[-1], last), ("core", bounced))
        assert taken_back
        assert await bank.state(case.papers[0]) == ("RELEASED" if released else "IN_VAULT")
        cases = "select count(*) from discrepancies where record_id = $1 and kind = 'PAYOFF_REVERSED'"
        assert await bank.sql(cases, case.papers[0]) == released
        assert await bank.sql("select state from access_requests where id = $1", case.request) == ("FULFILLED" if released else "LAPSED")


async def test_a_checkout_is_approved_while_the_paper_is_sent_away(bank: World, rounds: int) -> None:
    for _ in range(rounds):
        papers = await bank.papers()
        request = await bank.requests(papers)
        await bank.done("head", Ask(A.APPROVE, request=request))
        handover = await opened(bank, papers)
        last = await almost(bank, Ask(A.SEND_HANDOVER, records=tuple(papers), detail=OnHandover(handover, seal_no=seal(bank))), HERE)
        approved, went = await crossed(bank, ("risk", Ask(A.APPROVE, request=request)), (HERE[-1], last))
        assert not (approved and went) and await bank.state(papers[0]) in ("IN_TRANSIT" if went else "RESERVED", "IN_VAULT")


async def test_lines_are_taken_and_recalled_by_the_two_sides(bank: World, rounds: int) -> None:
    for _ in range(rounds):
        papers = await bank.papers(2)
        handover = await sent(bank, papers)
        here, there = [Ask(action, records=tuple(papers), placements=await placed(bank, papers, letter), detail=OnHandover(handover))
                       for action, letter in ((A.TAKE_BACK, "A"), (A.RECEIVE_HANDOVER, "B"))]  # fmt: skip
        both = await crossed(bank, (HERE[0], here), (THERE[0], there))
        assert sum(both) == 1
        state = await bank.sql("select count(*) from operations where record_ids && $1 and state = 'PENDING'", papers)
        assert state == 1


async def test_a_hold_is_placed_while_the_paper_leaves(bank: World, rounds: int) -> None:
    for _ in range(rounds):
        papers = await bank.papers()
        request = await bank.approved(papers)
        last = await almost(bank, Ask(A.CHECK_OUT, request=request, due_on=bank.due()), ["kay", "cody", "clerk", "officer"])
        hold = Ask(A.PLACE_HOLD, hold_kind=HoldKind.AUDIT, subject_kind=HoldSubject.RECORD, subject=papers[0], reason="专项审计")
        left, _ = await crossed(bank, ("officer", last), ("legal", hold))
        assert await bank.state(papers[0]) == ("CHECKED_OUT" if left else "RESERVED")


async def test_who_waits_takes_it_back_while_a_return_serves_them(bank: World, rounds: int) -> None:
    for _ in range(rounds):
        volumes = await bank.volumes()
        await bank.out(volumes, tier=SECOND)
        first, second = await waits(bank, volumes), await waits(bank, volumes, "legal_two")
        await bank.presented(volumes, tier=SECOND)
        back = Ask(A.ACCEPT_RETURN, records=tuple(volumes), inspections=bank.inspected(volumes))
        assert (await crossed(bank, ("archivist", back), ("legal", Ask(A.CANCEL, request=first))))[0]
        held = await bank.root.fetch("select request_id from movements where record_id = $1 and closed_at is null", volumes[0])
        served = [
            r["id"]
            for r in await bank.root.fetch("select id from access_requests where id = any($1) and state = 'APPROVED'", [first, second])
        ]
        assert [r["request_id"] for r in held] == served
        assert await bank.state(volumes[0]) == ("RESERVED" if served else "FILED")


async def test_a_count_is_compared_while_a_paper_comes_in(bank: World, rounds: int) -> None:
    for _ in range(rounds):
        take, _, lies = await stocktakes.opened(bank)
        await stocktakes.counted(bank, take, lies)
        papers, envelope = await bank.registered()
        slot = await bank.slot()
        last = await almost(bank, Ask(A.INTAKE, records=tuple(papers), placements=(Placement(envelope, slot),)), ["kay", "cody", "clerk"])
        compared, entered = await crossed(bank, ("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take))), ("clerk", last))
        assert compared and await bank.state(papers[0]) == ("IN_VAULT" if entered else "PENDING_INTAKE")


async def test_two_acts_open_at_once_on_lists_in_opposite_order(bank: World, rounds: int) -> None:
    for _ in range(rounds):
        loan = await bank.loan()
        some = [v for _ in range(6) for v in await bank.volumes(loan=loan)]
        asks = [Ask(A.REQUEST_CHECKOUT, records=tuple(order), purpose=Purpose.AUDIT) for order in (some, some[::-1], some[2:] + some[:2])]
        assert all(await crossed(bank, *(("officer", ask) for ask in asks)))
        missing = [Ask(A.REPORT_MISSING, records=tuple(order), reason="架上无此卷") for order in (some[:4], some[:1:-1])]
        assert sum(await crossed(bank, *(("archivist", ask) for ask in missing))) == 1


async def test_a_paper_leaves_with_somebody_who_is_leaving(bank: World, told: dict[str, Any], database_name: str, rounds: int) -> None:
    """C32: nobody leaves with custody open, however close together the two are."""
    raw = await asyncpg.connect(servers.url(told, "super", database_name))
    try:
        for n in range(rounds):
            here = bank.branches["A"].id
            leaver = await bank.hire(f"leaver{n}", {Role.LOAN_OFFICER}, here, (here,))
            volumes = await bank.volumes()
            request = await bank.approved(volumes, tier=SECOND, by=f"leaver{n}")
            leaving = raw.transaction()
            await leaving.start()
            await raw.execute("update staff set active = false where id = $1", leaver.staff_id)
            out = asyncio.create_task(bank.does("archivist", Ask(A.CHECK_OUT, request=request, due_on=bank.due())))
            await asyncio.sleep(0.5)
            await leaving.commit()
            answer = await out
            assert isinstance(answer, Refused), answer
            assert await bank.state(volumes[0]) == "RESERVED"
    finally:
        await raw.close()


async def test_a_loan_is_made_in_a_unit_that_is_closing(bank: World, told: dict[str, Any], database_name: str, rounds: int) -> None:
    """C32: the unit closes empty, or not at all."""
    raw = await asyncpg.connect(servers.url(told, "super", database_name))
    try:
        for n in range(rounds):
            unit = await bank.sql(
                "insert into org_units (code, name, level, parent_id) values ($1, '待撤', 'SUB_BRANCH', $2) returning id", f"C{bank.tag}{n}", bank.branches["A"].id
            )  # fmt: skip
            copied = (
                "insert into loans (org_id, number, customer_id, product_id, principal_amount, term_months, starts_on, matures_on)"
                " select $2, $3, customer_id, product_id, principal_amount, term_months, starts_on, matures_on from loans where id = $1"
            )
            loan = await bank.loan()
            making = raw.transaction()
            await making.start()
            await raw.execute(copied, loan, unit, f"Q{bank.tag}{n}")
            closing = asyncio.create_task(bank.root.execute("update org_units set closed_at = clock_timestamp() where id = $1", unit))
            await asyncio.sleep(0.5)
            await making.commit()
            with pytest.raises(asyncpg.CheckViolationError):
                await closing
    finally:
        await raw.close()
