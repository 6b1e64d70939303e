"""C4, C16: a paper secures each loan on its collateral, so a hold on any of them keeps it, and who has an interest in any of them decides not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from server.custody.desk import Refused
from server.custody.moves import Ask
from server.custody.moves.release import ReplacementOffered
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject, Purpose
from tests.asof.test_as_of import SHORT
from tests.asof.test_as_of import told as was
from tests.custody.attacking import APPROVE, MOVE, OPERATION, SEAT, Attack, who
from tests.custody.releasing import Substitution, secures
from tests.custody.test_crossings import crossed
from tests.custody.test_psql import typed_in
from tests.harness import servers
from tests.harness.losses import in_vault, lost, paid_off
from tests.harness.world import World
from tests.reading.test_loan_file import ask as ask

ON_HOLD, INTEREST = ("C16", "RECORD_ON_HOLD"), ("C4", "CONFLICT_OF_INTEREST")
DEALER = "insert into dealers (code, name, unified_credit_code) values ($1, '甲车行', $1) returning id"
ON = (HoldSubject.LOAN, HoldSubject.CUSTOMER, HoldSubject.DEALER)


@dataclass
class Two:
    """A car that secures two loans, each with its own borrower; its paper was registered under the first."""

    bank: World
    letter: str
    paper: UUID
    first: UUID
    second: UUID
    customer: UUID
    party: UUID
    dealer: UUID

    @classmethod
    async def make(cls, bank: World, letter: str = "A", manager: str | None = None) -> "Two":
        """`letter` is the branch of the second loan."""
        customer, party = await bank.customer(letter)
        first, second = await bank.loan(), await bank.loan(letter, customer=customer, manager=manager)
        car = await bank.collateral()
        dealer = await bank.sql(DEALER, f"D{bank.tag}{bank.number}")
        await bank.sql("update loans set dealer_id = $2 where id = $1", second, dealer)
        for loan in (first, second):
            await secures(bank, loan, car)
        (paper,) = await bank.papers(loan=first, collateral=car)
        return cls(bank, letter, paper, first, second, customer, party, dealer)

    def holding(self, on: HoldSubject) -> Ask:
        subject = {HoldSubject.LOAN: self.second, HoldSubject.CUSTOMER: self.customer, HoldSubject.DEALER: self.dealer}[on]
        return Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=on, subject=subject, reason="乙行查封")

    async def held(self, on: HoldSubject = HoldSubject.LOAN) -> UUID:
        """Placed by the branch of the second loan."""
        return UUID((await self.bank.done(self.bank.of("legal", self.letter), self.holding(on)))["hold"])

    async def relate(self, name: str) -> None:
        relate = "insert into staff_relations (staff_id, party_id, kind) values ($1, $2, 'SIBLING')"
        await self.bank.sql(relate, who(self.bank, name), self.party)

    async def last_seat(self) -> Ask:
        """All others are taken."""
        request = await self.bank.approved([self.paper])
        ask = Ask(A.CHECK_OUT, request=request, due_on=self.bank.due())
        outcome = await self.bank.seated(ask, ["kay", "cody", "clerk"])
        return Ask(A.CONFIRM, operation=UUID(outcome["operation"]))


async def stopped(bank: World, twin: str, attack: Attack) -> None:
    """By PostgreSQL, past the judge."""
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as told:
        await typed_in(bank, attack)
    assert told.value.constraint_name == twin


@pytest.mark.parametrize("on", ON)
async def test_a_hold_on_the_second_loan_keeps_the_paper(bank: World, on: HoldSubject) -> None:
    two = await Two.make(bank)
    request = await bank.approved([two.paper])
    await two.held(on)
    out = Ask(A.CHECK_OUT, request=request, due_on=bank.due())
    explained = await bank.desk.explain(bank.people["kay"], out)
    assert ON_HOLD in [(c.rule.number, c.rule.code) for c in explained.checks if not c.passed]
    assert await bank.refused("kay", out) == [ON_HOLD]
    more = Ask(A.REQUEST_CHECKOUT, records=(two.paper,), purpose=Purpose.CERTIFICATE_CHANGE)
    assert ON_HOLD in await bank.refused("officer", more)
    assert await bank.sql("select is_on_hold($1)", two.paper)


async def test_postgresql_says_so_past_the_judge(bank: World) -> None:
    two = await Two.make(bank)
    request = await bank.requests([two.paper])
    await two.held()
    move = (MOVE, bank.branches["A"].id, two.paper, "CHECKOUT", request, who(bank, "officer"))
    await stopped(bank, "tg_movements_c16_no_hold", Attack("officer", (move,)))


async def test_a_hold_of_another_branch_is_told_as_that_there_is_one(bank: World) -> None:
    two = await Two.make(bank, "B")
    request = await bank.approved([two.paper])
    hold = await two.held()
    out = Ask(A.CHECK_OUT, request=request, due_on=bank.due())
    answer = await bank.does("kay", out)
    assert isinstance(answer, Refused) and [v.code for v in answer.violations] == ["RECORD_ON_HOLD"]
    explanation = await bank.desk.explain(bank.people["kay"], out)
    told = repr(answer) + repr([(c.rule, c.facts, c.passed) for c in explanation.checks])
    for secret in (hold, two.second, two.customer, two.party, bank.branches["B"].id, who(bank, "legal_b"), "乙行"):
        assert str(secret) not in told, secret


async def test_a_hold_that_was_lifted_and_one_on_a_stranger_keep_nothing(bank: World) -> None:
    two, stranger = await Two.make(bank), await Two.make(bank)
    await stranger.held()
    hold = await two.held()
    opened = await bank.done("legal_two", Ask(A.LIFT_HOLD, hold=hold, reason="已撤诉"))
    await bank.done("risk", Ask(A.CONFIRM, operation=UUID(opened["operation"])))
    await bank.out([two.paper])


async def test_a_volume_is_held_with_its_own_loan_alone(bank: World) -> None:
    two = await Two.make(bank)
    first, second = [(await bank.volumes(loan=loan))[0] for loan in (two.first, two.second)]
    await two.held()
    assert [await bank.sql("select is_on_hold($1)", volume) for volume in (first, second)] == [False, True]


async def test_whoever_manages_the_second_loan_or_knows_its_borrower_approves_not(bank: World) -> None:
    two = await Two.make(bank, "B", manager="manager")
    request = await bank.requests([two.paper])
    assert await bank.refused("manager", Ask(A.APPROVE, request=request)) == [INTEREST]
    await two.relate("head")
    assert await bank.refused("head", Ask(A.APPROVE, request=request)) == [INTEREST]
    for name in ("manager", "head"):
        approval = (APPROVE, request, "CREDIT_DEPT_HEAD", who(bank, name), who(bank, "officer"))
        await stopped(bank, "tg_approvals_c4_no_interest", Attack(name, (approval,)))


async def test_a_relative_of_the_second_borrower_sits_not(bank: World) -> None:
    two = await Two.make(bank)
    request = await bank.approved([two.paper])
    await two.relate("kay")
    assert await bank.refused("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due())) == [INTEREST]
    operation, here = await bank.sql("select uuidv7()"), bank.branches["A"]
    seats = ["KEY", "CODE", "CLERK", "RECEIVER"]
    opened = (OPERATION, operation, here.id, "CHECK_OUT", "FIRST", here.vault, request, [two.paper], seats, who(bank, "kay"))
    await stopped(bank, "tg_operation_seats_c4_no_interest", Attack("kay", (opened, (SEAT, operation, "KEY", who(bank, "kay")))))


async def test_a_relative_of_the_second_borrower_counts_not(bank: World) -> None:
    two = await Two.make(bank)
    await two.relate("officer")
    team = "select is_interested from stocktake_team($1, array[$2::uuid]) t"
    assert await bank.sql(team, bank.branches["A"].vault, who(bank, "officer"))
    assert not await bank.sql(team, bank.branches["A"].vault, who(bank, "legal"))


@pytest_asyncio.fixture
async def raw(told: dict[str, Any], database_name: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    made = await asyncpg.connect(servers.url(told, "super", database_name))
    yield made
    await made.close()


@pytest.mark.parametrize("on", ON)
async def test_a_hold_on_the_second_loan_waits_for_the_act_on_the_paper(
    bank: World, raw: "asyncpg.Connection[Any]", on: HoldSubject
) -> None:
    two = await Two.make(bank)
    acting = raw.transaction()
    await acting.start()
    await raw.execute("select from archive_records where id = $1 for update", two.paper)
    holding = asyncio.create_task(two.held(on))
    await asyncio.sleep(0.5)
    assert not holding.done()
    acted = await raw.fetchval("select clock_timestamp()")
    await acting.commit()
    assert await bank.sql("select placed_at from holds where id = $1", await holding) > acted


async def test_the_act_on_the_paper_waits_for_a_hold_on_the_second_loan(bank: World, raw: "asyncpg.Connection[Any]") -> None:
    two = await Two.make(bank)
    last = await two.last_seat()
    holding = raw.transaction()
    await holding.start()
    assert two.paper in [r["record_id"] for r in await raw.fetch("select * from lock_subject(null, $1, null, null, null)", two.second)]
    await raw.execute(
        "insert into holds (org_id, kind, subject_kind, loan_id, reason, placer_id, placed_at)"
        " values ($1, 'LEGAL', 'LOAN', $2, '查封', $3, clock_timestamp())", bank.branches["A"].id, two.second, who(bank, "legal"),
    )  # fmt: skip
    leaving = asyncio.create_task(bank.refused("officer", last))
    await asyncio.sleep(0.5)
    assert not leaving.done()
    await holding.commit()
    assert await leaving == [ON_HOLD]


async def test_a_hold_on_the_second_loan_is_placed_while_the_paper_leaves(bank: World) -> None:
    for _ in range(3):
        two = await Two.make(bank)
        left, placed = await crossed(bank, ("officer", await two.last_seat()), ("legal", two.holding(HoldSubject.LOAN)))
        assert placed and await bank.state(two.paper) == ("CHECKED_OUT" if left else "RESERVED")


OF_RECORD = "query ($id: ID!) { node(id: $id) { ... on ArchiveRecord { onHold holds { id } } } }"


@pytest.mark.parametrize("on", ON)
async def test_the_record_tells_of_it_where_the_hold_is_seen(bank: World, ask: Any, on: HoldSubject) -> None:
    two = await Two.make(bank, "B")
    hold = await two.held(on)
    shown = {who: (await ask(who, OF_RECORD, id=f"record_{two.paper}"))["data"]["node"] for who in ("officer", "compliance")}
    assert shown["officer"] == {"onHold": True, "holds": []}
    assert shown["compliance"] == {"onHold": True, "holds": [{"id": f"hold_{hold}"}]}


async def test_the_file_as_it_was_tells_of_it_too(bank: World, ask: Any) -> None:
    two = await Two.make(bank, "B")
    times = [await bank.sql("select clock_timestamp()")]
    hold = await two.held()
    times.append(await bank.sql("select clock_timestamp()"))
    opened = await bank.done("legal_two_b", Ask(A.LIFT_HOLD, hold=hold, reason="已撤诉"))
    await bank.done("risk_b", Ask(A.CONFIRM, operation=UUID(opened["operation"])))
    times.append(await bank.sql("select clock_timestamp()"))
    query = SHORT % "holds { id } archiveRecords(first: 9) { edges { node { onHold } } }"
    told = [await was(ask, query, two.first, at, who="head") for at in times]
    assert [[e["node"]["onHold"] for e in t["archiveRecords"]["edges"]] for t in told] == [[False], [True], [False]]
    assert all(t["holds"] == [] for t in told)


@pytest.mark.parametrize("letter", ["A", "B"])
async def test_a_loss_is_closed_when_every_loan_on_the_car_is_paid_off_for_good(bank: World, letter: str) -> None:
    first, second, car = await bank.loan(), await bank.loan(letter), await bank.collateral()
    for loan in (first, second):
        await secures(bank, loan, car)
    paper = await in_vault(bank, first, car)
    await lost(bank, paper)
    await paid_off(bank, first)
    close = Ask(A.CLOSE_LOST, records=(paper,), reason="结清")
    assert await bank.refused("ops", close) == [("C34", "LOAN_NOT_SETTLED")]
    assert not (await bank.desk.explain(bank.people["ops"], close)).allowed
    await paid_off(bank, second, "CHEQUE")
    assert await bank.refused("ops", close) == [("C35", "PAYOFF_NOT_FINAL")]
    await paid_off(bank, second)
    await bank.seated(close, ["ops", "vice"])
    assert await bank.state(paper) == "CLOSED_LOST"


@pytest.mark.parametrize("letter", ["A", "B"])
async def test_what_takes_a_papers_place_secures_every_loan_that_is_owed_on_it(bank: World, letter: str) -> None:
    case = await Substitution.make(bank)
    other = await bank.loan(letter)
    await secures(bank, other, case.collateral)  # since the request was approved
    out = Ask(A.SUBSTITUTE, request=case.request)
    assert await bank.refused("kay", out) == [("C39", "REPLACEMENT_NOT_IN_VAULT")]
    await bank.done("officer", Ask(A.CANCEL, request=case.request, reason="另有贷款"))
    offered = Ask(
        A.REQUEST_SUBSTITUTION, records=tuple(case.papers), purpose=Purpose.SUBSTITUTION, detail=ReplacementOffered(case.replacement)
    )
    assert await bank.refused("officer", offered) == [("C39", "REPLACEMENT_NOT_IN_VAULT")]
    await paid_off(bank, other, "CHEQUE")
    assert await bank.refused("officer", offered) == [("C39", "REPLACEMENT_NOT_IN_VAULT")]  # which may bounce
    await paid_off(bank, other)
    await bank.done("officer", offered)


async def test_a_replacement_that_secures_them_all_takes_its_place(bank: World) -> None:
    case = await Substitution.make(bank)
    other = await bank.loan("B")
    await secures(bank, other, case.collateral)
    await secures(bank, other, await bank.sql("select collateral_id from archive_records where id = $1", case.replacement))
    await bank.seated(Ask(A.SUBSTITUTE, request=case.request), ["kay", "cody", "clerk"])
    assert await bank.state(case.papers[0]) == "SUBSTITUTED"
