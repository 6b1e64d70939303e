"""What explainCustody says of a later instant is what holds then: facts of PostgreSQL are gathered as of it, not as of now."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from server.custody.moves import Ask
from server.custody.moves.release import NoticeAsked, ReplacementOffered
from server.custody.moves.stocktakes import OpenStocktake
from storage.terms import Action as A
from storage.terms import Purpose, RecipientCapacity
from tests.custody.releasing import Case, Substitution, ago, scan
from tests.harness.world import World


async def says(bank: World, who: str, ask: Ask, rule: str, **ahead: float) -> bool:
    """Whether the rule lets the act through, so far ahead."""
    told = await bank.desk.explain(bank.people[who], ask, datetime.now(UTC) + bank.desk.shift + timedelta(**ahead) if ahead else None)
    found = [check.passed for check in told.checks if check.rule.number == rule]
    assert found, rule
    return all(found)


async def earliest(bank: World, who: str, ask: Ask, rule: str) -> set[datetime | None]:
    """What the violations of the rule tell of when it can pass."""
    told = await bank.desk.explain(bank.people[who], ask)
    return {check.violation.earliest for check in told.checks if check.violation is not None and check.rule.number == rule}


async def parameter(bank: World, key: str, value: int, **since: float) -> UUID:
    """Of branch A, from so far ahead on."""
    made: UUID = await bank.sql(
        "insert into policy_parameters (key, value, org_id, effective_from) values ($1, $2, $3, now() + $4) returning id",
        key, str(value), bank.branches["A"].id, timedelta(**since),
    )  # fmt: skip
    bank.desk._policy_read_at = None
    return made


async def used(bank: World, outcome: dict[str, Any]) -> dict[str, Any]:
    """The parameters that are kept with the act's decision."""
    kept = await bank.sql("select parameters from decisions where event_ids && $1", [UUID(e) for e in outcome["events"]])
    return {p["name"]: p for p in orjson.loads(kept)}


async def test_a_power_of_attorney_that_ends_today_verifies_nobody_in_three_days(bank: World) -> None:
    case = await Case.make(bank)
    await case.paid()
    await case.notice()
    await case.asked()
    paper = await scan(bank, "REQUEST", case.request)
    shown = case.shown(capacity=RecipientCapacity.ATTORNEY, authority=paper, authority_until=bank.day(1))
    assert await says(bank, "clerk", shown, "C37")
    assert not await says(bank, "clerk", shown, "C37", days=3)
    await bank.done("clerk", shown)
    case.receipt = await scan(bank, "REQUEST", case.request)
    assert await says(bank, "kay", case.release, "C37")
    assert not await says(bank, "kay", case.release, "C37", days=3)
    bank.later(days=3)
    assert ("C37", "RECIPIENT_NOT_VERIFIED") in await bank.refused("clerk", shown)
    assert ("C37", "RECIPIENT_NOT_VERIFIED") in await bank.refused("kay", case.release)


async def test_a_payoff_counts_by_the_days_that_will_hold_then(bank: World) -> None:
    case = await Case.make(bank)
    await case.paid(settled_at=ago(days=3), payoff_kind="TRANSFER")
    notice = Ask(A.ISSUE_NOTICE, detail=NoticeAsked(case.loan))
    row = await parameter(bank, "payoff_days", 0, days=1)
    assert not await says(bank, "officer", notice, "C35")
    assert await says(bank, "officer", notice, "C35", days=2)
    await bank.past_the_triggers(
        f"update policy_parameters set effective_from = now() - interval '1 hour' where id = '{row}'"
    )  # a day has passed
    bank.desk._policy_read_at = None
    await bank.done("officer", notice)


async def test_what_stays_covers_by_the_share_that_will_hold_then(bank: World) -> None:
    case = await Substitution.make(bank)
    asset = await bank.collateral()
    await bank.sql("update collateral set value_amount = 500 where id = $1", asset)
    await bank.sql("insert into loan_collateral (org_id, loan_id, collateral_id, amount) values ($1, $2, $3, 1)",
                   bank.branches["A"].id, case.loan, asset)  # fmt: skip
    (small,) = await bank.papers(loan=case.loan, collateral=asset)
    await case.says(principal=450)
    (old,) = await bank.papers(loan=case.loan, collateral=case.collateral)
    ask = Ask(A.REQUEST_SUBSTITUTION, records=(old,), purpose=Purpose.SUBSTITUTION, detail=ReplacementOffered(small))
    row = await parameter(bank, "cover_percent", 110, days=1)
    assert not await says(bank, "officer", ask, "C39")
    assert await says(bank, "officer", ask, "C39", days=2)
    await bank.past_the_triggers(f"update policy_parameters set effective_from = now() - interval '1 hour' where id = '{row}'")
    bank.desk._policy_read_at = None
    assert (await used(bank, await bank.done("officer", ask)))["cover_percent"]["id"] == str(row)


async def test_a_cabinet_that_is_counted_is_free_again_when_the_hours_are_over(bank: World) -> None:
    papers, here = await bank.papers(), bank.branches["A"]
    request = await bank.requests(papers)
    await bank.done("head", Ask(A.APPROVE, request=request))
    counters = (bank.people["chief"].staff_id, bank.people["legal"].staff_id)
    await bank.done("ops", Ask(A.OPEN_STOCKTAKE, detail=OpenStocktake(here.cabinet, counters)))
    approve = Ask(A.APPROVE, request=request)
    assert not await says(bank, "risk", approve, "C17")
    until = await bank.sql("select max(frozen_until) from stocktake_places where cabinet_id = $1 and closed_at is null", here.cabinet)
    assert until is not None and await earliest(bank, "risk", approve, "C17") == {until}
    assert await says(bank, "risk", approve, "C17", hours=5)
    await bank.past_the_triggers("update stocktake_places set frozen_until = now() - interval '1 second'")
    await bank.done("risk", approve)


async def test_who_keeps_the_key_today_may_count_and_leave_when_the_duty_is_over(bank: World) -> None:
    here, kay = bank.branches["A"], bank.people["kay"].staff_id
    await bank.sql("update keeper_duties set during = tstzrange(lower(during), now() + interval '1 day') where staff_id = $1", kay)
    await bank.papers(loan=await bank.loan())
    count = Ask(A.OPEN_STOCKTAKE, detail=OpenStocktake(here.vault, (kay, bank.people["legal"].staff_id)))
    leave = Ask(A.DEACTIVATE_STAFF, change={"staff": str(kay)}, reason="离职")
    for who, ask, rule in (("ops", count, "C41"), ("admin", leave, "C32")):
        assert not await says(bank, who, ask, rule), rule
        assert await says(bank, who, ask, rule, days=2), rule


async def test_a_decision_names_the_days_and_the_share_that_postgresql_counted_with(bank: World) -> None:
    days, share = await parameter(bank, "payoff_days", 1, days=-1), await parameter(bank, "cover_percent", 130, days=-1)
    case = await Case.make(bank)
    await case.paid(settled_at=ago(days=9), payoff_kind="TRANSFER")
    issued = await bank.done("officer", Ask(A.ISSUE_NOTICE, detail=NoticeAsked(case.loan)))
    assert (await used(bank, issued))["payoff_days"]["id"] == str(days)
    await scan(bank, "RECORD", UUID(issued["paper"]), record=UUID(issued["paper"]))
    await bank.seated(Ask(A.INTAKE, records=(UUID(issued["paper"]),)), ["kay", "cody", "clerk"])
    await case.asked()
    await case.received()
    kept = await used(bank, await bank.seated(case.release, ["kay", "cody", "clerk", "teller"]))
    assert kept["payoff_days"] == {"name": "payoff_days", "value": 1, "id": str(days), "since": kept["payoff_days"]["since"]}
    assert kept["cover_percent"]["id"] == str(share)


async def test_what_is_pending_on_a_record_tells_until_when_and_what_is_frozen_by_a_case_does_not(bank: World) -> None:
    papers = await bank.papers()
    request = await bank.approved(papers)
    hand_out = Ask(A.CHECK_OUT, request=request, due_on=bank.due())
    opened = await bank.done("kay", hand_out)
    until = await bank.sql("select expires_at from operations where id = $1", UUID(opened["operation"]))
    assert await earliest(bank, "kay", hand_out, "C14") == {until}
    (other,) = await bank.papers()
    approve = Ask(A.APPROVE, request=await bank.requests([other]))
    await bank.done("clerk", Ask(A.REPORT_MISSING, records=(other,), reason="未见"))
    assert await earliest(bank, "head", approve, "C17") == {None}
