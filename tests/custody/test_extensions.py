"""Until the court's day: an extension for a court, its paper, and the ranks that it needs."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.moves import Ask, Override
from server.custody.moves.lending import CourtPaperShown
from server.custody.policy import MATRIX, TERM_DAYS, Policy
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import Purpose, Role, Tier
from tests.custody.chapters.lending import extended_past_the_desk, lent_to_the_court, prolonged
from tests.custody.releasing import scan
from tests.custody.test_policy import set_roles
from tests.harness.world import World


@pytest.fixture
def ask(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def ask(who: str, query: str, **variables: Any) -> Any:
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables=variables)
        result = await schema.execute(query, variables, context)
        return orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))

    return ask


def longer(bank: World, volume: UUID, days: int, paper: UUID | None = None) -> Ask:
    return Ask(
        A.REQUEST_EXTENSION, records=(volume,), due_on=bank.due(days), reason="延期开庭", detail=CourtPaperShown(paper) if paper else None
    )


async def extended(bank: World, ask: Ask) -> UUID:
    request = UUID((await bank.done("officer", ask))["request"])
    for who in ("head", "vice"):
        await bank.done(who, Ask(A.APPROVE, request=request))
    return request


async def test_a_court_has_one_extension_without_its_paper_and_any_day_with_it(bank: World) -> None:
    volume, moved = await lent_to_the_court(bank)
    assert await bank.refused("officer", longer(bank, volume, 200)) == [("C21", "LOAN_TERM_EXCEEDED")]
    await extended(bank, longer(bank, volume, 4))
    assert await bank.refused("officer", longer(bank, volume, 8)) == [("C22", "COURT_PAPER_REQUIRED")]
    told = await bank.desk.explain(bank.people["officer"], longer(bank, volume, 8))
    assert not told.allowed and [c.violation.code for c in told.checks if c.violation] == ["COURT_PAPER_REQUIRED"]
    paper = await scan(bank, "RECORD", volume, record=volume)
    request = await extended(bank, longer(bank, volume, 200, paper))
    due = await bank.root.fetchrow("select due_at::date as day, extensions from movements where id = $1", moved)
    assert due and due["day"] == bank.due(200) and due["extensions"] == 2
    kept = await bank.root.fetchrow("select court_paper_scan_id, reason from access_requests where id = $1", request)
    assert kept and tuple(kept) == (paper, "延期开庭")
    letter = await scan(bank, "REQUEST", await bank.sql("select request_id from movements where id = $1", moved))
    await extended(bank, longer(bank, volume, 260, letter))


async def test_the_courts_paper_is_on_file_with_the_record_or_with_its_request(bank: World) -> None:
    volume, _ = await lent_to_the_court(bank)
    (other,) = await bank.volumes()
    for paper in (
        await scan(bank, "RECORD", other, record=other),
        await scan(bank, "RECORD", volume, record=volume, status="REJECTED"),
    ):
        for days in (4, 200):
            refused = await bank.refused("officer", longer(bank, volume, days, paper))
            assert ("C22", "COURT_PAPER_REQUIRED") in refused and len(refused) == 1 + (days == 200)


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.COMPLIANCE, Role.RISK_HEAD])
async def test_whoever_reads_a_volume_asks_for_more_time_and_nobody_else(bank: World, ask: Any, role: Role) -> None:
    here = bank.branches["A"].id
    reader = await bank.hire("reader", {role}, here, (here,))
    volumes = await bank.volumes()
    lent = Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT, reader=reader.staff_id)
    request = UUID((await bank.done("officer", lent))["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    await bank.done("archivist", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    moved = await bank.sql("select id from movements where request_id = $1", request)
    text = "mutation ($i: RequestExtensionInput!) { requestExtension(input: $i) { __typename ... on RequestExtensionPayload { request { id } }" \
           " ... on CustodyViolation { violations { rule code } } } }"  # fmt: skip
    given = {"checkoutId": f"checkout_{moved}", "dueOn": str(bank.due(4)), "reason": "尚未审完"}
    told = await ask("officer", text, i={**given, "idempotencyKey": "officer"})
    assert told["data"]["requestExtension"]["violations"] == [{"rule": "C19", "code": "HOLDER_MISMATCH"}]
    told = await ask("reader", text, i={**given, "idempotencyKey": "reader"})
    asked = UUID(told["data"]["requestExtension"]["request"]["id"].removeprefix("request_"))
    await bank.done("head", Ask(A.APPROVE, request=asked))
    assert await bank.sql("select extensions from movements where id = $1", moved) == 1


OLDER = "update scans set stored_at = (select out_at - interval '1 minute' from movements where id = '{}') where id = '{}'"


async def test_a_paper_from_before_the_lending_is_no_word_of_the_court(bank: World) -> None:
    """As the scan of the volume itself, of the day when it came."""
    volume, moved = await lent_to_the_court(bank)
    for paper in (
        await scan(bank, "RECORD", volume, record=volume),
        await scan(bank, "REQUEST", await bank.sql("select request_id from movements where id = $1", moved)),
    ):
        await bank.past_the_triggers(OLDER.format(moved, paper))
        assert await bank.refused("officer", longer(bank, volume, 4, paper)) == [("C22", "COURT_PAPER_REQUIRED")]
        await refused_by_postgresql(bank, moved, paper)


async def test_a_courts_paper_serves_one_extension(bank: World) -> None:
    volume, moved = await lent_to_the_court(bank)
    paper = await scan(bank, "RECORD", volume, record=volume)
    asked = UUID((await bank.done("officer", longer(bank, volume, 60, paper)))["request"])
    again = longer(bank, volume, 90, paper)
    assert await bank.refused("officer", again) == [("C21", "LOAN_TERM_EXCEEDED"), ("C22", "COURT_PAPER_REQUIRED")]
    await bank.done("officer", Ask(A.CANCEL, request=asked, reason="期日有误"))  # what nobody decides has used nothing up
    await extended(bank, longer(bank, volume, 70, paper))
    assert await bank.refused("officer", again) == [("C22", "COURT_PAPER_REQUIRED")]  # the term counts from the court's day now
    await refused_by_postgresql(bank, moved, paper)


async def refused_by_postgresql(
    bank: World, moved: UUID, paper: UUID | None = None, days: int = 1, says: str = "tg_movements_c22_court_paper"
) -> None:
    async def tried() -> None:
        async with bank.root.transaction():
            for sql, *values in (await extended_past_the_desk(bank, moved, paper, days)).steps:
                await bank.root.execute(sql, *values)

    with pytest.raises(asyncpg.PostgresError) as told:
        await tried()
    found: Any = told.value
    assert found.constraint_name == says, found


async def test_postgresql_knows_the_terms_and_how_often_they_are_prolonged(bank: World) -> None:
    """Whoever writes around the desk neither lends for longer, nor prolongs more, nor calls a loan the court's that is none."""
    _, moved = await lent_to_the_court(bank)
    await refused_by_postgresql(bank, moved, days=90, says="tg_movements_c21_term")
    (volume,) = await bank.volumes()
    await bank.out([volume], tier=Tier.SECOND)
    moved = await bank.sql("select id from movements where record_id = $1 and closed_at is null", volume)
    paper = await scan(bank, "RECORD", volume, record=volume)
    for days in (21, 90):  # the term of an audit, not of a suit
        await refused_by_postgresql(bank, moved, paper, days, "tg_movements_c21_term")
    await prolonged(bank, volume, 4)
    await refused_by_postgresql(bank, moved, paper, says="tg_movements_c22_extension")


async def test_the_papers_of_an_envelope_are_prolonged_together(bank: World) -> None:
    papers = await bank.papers(2)
    request = await bank.out(papers)
    await bank.trusted(request, days=20)  # the letter covers the later day too (C40)
    asked = UUID((await bank.done("officer", Ask(A.REQUEST_EXTENSION, records=tuple(papers), due_on=bank.due(4))))["request"])
    for who in ("head", "risk"):
        await bank.done(who, Ask(A.APPROVE, request=asked))
    rows = await bank.root.fetch("select extensions, due_at::date from movements where request_id = $1", request)
    assert [tuple(r) for r in rows] == [(1, bank.due(4))] * 2


async def test_an_override_of_the_term_prolongs_beyond_it(bank: World) -> None:
    here = bank.branches["A"].id
    await bank.hire("boss", {Role.BRANCH_HEAD}, here, (here,))
    (volume,) = await bank.volumes()
    await bank.out([volume], tier=Tier.SECOND)
    waiting = await bank.done("officer", replace(longer(bank, volume, 90), overrides=(Override("C21", "外部审计延期"),)))
    request = UUID((await bank.done("boss", Ask(A.CONFIRM, operation=UUID(waiting["operation"]))))["request"])
    assert await bank.refused("head", Ask(A.APPROVE, request=request)) == [("C21", "LOAN_TERM_EXCEEDED")]
    waiting = await bank.done("head", Ask(A.APPROVE, request=request, overrides=(Override("C21", "外部审计延期"),)))
    assert (await bank.done("boss", Ask(A.CONFIRM, operation=UUID(waiting["operation"]))))["state"] == "DONE"


async def test_postgresql_knows_the_same_terms(root: Any) -> None:
    begin = datetime.now(UTC)
    for purpose, days in TERM_DAYS.items():
        end = await root.fetchval("select term_ends($1, null, $2, $2)", purpose.value, begin)
        assert end == Policy().working_days_after(begin, days), purpose


async def test_a_courts_paper_moves_no_other_term(bank: World) -> None:
    (volume,) = await bank.volumes()
    await bank.out([volume], tier=Tier.SECOND)
    paper = await scan(bank, "RECORD", volume, record=volume)
    assert await bank.refused("officer", longer(bank, volume, 200, paper)) == [("C21", "LOAN_TERM_EXCEEDED")]
    await prolonged(bank, volume, 4)
    assert await bank.refused("officer", longer(bank, volume, 8, paper)) == [("C22", "EXTENSION_LIMIT")]


async def test_an_extension_needs_every_rank_that_the_loan_needed(bank: World) -> None:
    name = MATRIX[Tier.SECOND, Purpose.AUDIT]
    await set_roles(bank, name, Role.CREDIT_DEPT_HEAD, Role.BRANCH_HEAD)
    (volume,) = await bank.volumes()
    request = await bank.requests([volume], tier=Tier.SECOND)
    for who in ("head", "chief"):
        await bank.done(who, Ask(A.APPROVE, request=request))
    await bank.done("archivist", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    await bank.sql("delete from policy_parameters where key = $1", name)
    bank.desk._policy_read_at = None
    asked = UUID((await bank.done("officer", longer(bank, volume, 4)))["request"])
    assert await bank.sql("select ranks from access_requests where id = $1", asked) == ["BRANCH_HEAD", "CREDIT_DEPT_HEAD"]
    await bank.done("head", Ask(A.APPROVE, request=asked))
    state = "select state from access_requests where id = $1"
    assert await bank.sql(state, asked) == "SUBMITTED"
    await bank.done("chief", Ask(A.APPROVE, request=asked))
    assert await bank.sql(state, asked) == "FULFILLED"


async def test_why_is_said_of_an_extension_and_of_what_is_taken_back(bank: World, ask: Any) -> None:
    _, moved = await lent_to_the_court(bank)
    (free,) = await bank.volumes()
    request = await bank.requests([free], tier=Tier.SECOND)
    extension = {"checkoutId": f"checkout_{moved}", "dueOn": str(bank.due(4))}
    cancel = {"requestId": f"request_{request}", "expectedVersion": "1"}
    for name, given in (("requestExtension", extension), ("cancelRequest", cancel)):
        kind = f"{name[0].upper()}{name[1:]}"
        text = f"mutation ($i: {kind}Input!) {{ {name}(input: $i) {{ __typename ... on Problem {{ code }} }} }}"
        for reason, said in (("  ", "InvalidInput"), ("开庭延期", f"{kind}Payload")):
            told = await ask("officer", text, i={**given, "reason": reason, "idempotencyKey": f"{name}-{reason}"})
            assert told["data"][name]["__typename"] == said, told
    kept = await bank.sql("select array_agg(coalesce(reason, decision_reason) order by kind desc) from access_requests where id = $1 or extends_id = $2",
                          request, moved)  # fmt: skip
    assert kept == ["开庭延期", "开庭延期"]


async def test_an_extension_of_an_earlier_checkout_prolongs_no_later_one(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    request = UUID((await bank.done("officer", Ask(A.REQUEST_EXTENSION, records=tuple(volumes), due_on=bank.due(5))))["request"])
    await bank.presented(volumes, tier=Tier.SECOND)
    await bank.accepted(volumes, tier=Tier.SECOND)
    await bank.out(volumes, tier=Tier.SECOND)
    approve = Ask(A.APPROVE, request=request)
    assert not (await bank.desk.explain(bank.people["head"], approve)).allowed
    assert await bank.refused("head", approve) == [("C15", "INVALID_TRANSITION")]
    assert await bank.sql("select extensions from movements where record_id = $1 and closed_at is null", volumes[0]) == 0
    await bank.done("head", Ask(A.REJECT, request=request, reason="档案已归还"))
