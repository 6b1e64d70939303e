"""Stocktakes: what they find, what they freeze, and what they hide from who counts."""

from typing import Any
from uuid import UUID

import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.desk import Done
from server.custody.labels import label
from server.custody.moves import Ask
from server.custody.moves.certificates import RegistryCheck
from server.custody.moves.stocktakes import CompareCounts, OpenStocktake, SignStocktake
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import LabelKind
from tests.custody.chapters.stocktakes import compared, count, counted, electronic_certificate, heads, opened, shelf
from tests.harness.world import World


@pytest.fixture
def run(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def run(who: str, query: str, language: str = "en", **variables: Any) -> Any:
        context = Context(
            bank.people[who], bank.database, bank.desk, objects, Settings(), language=language, query=query, variables=variables
        )
        result = await schema.execute(query, variables, context)
        return orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))

    return run


async def compare(bank: World, take: UUID) -> dict[str, Any]:
    return await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))


async def results(bank: World, take: UUID) -> list[str]:
    rows = await bank.root.fetch("select result from stocktake_lines where stocktake_id = $1 order by 1", take)
    return [r[0] for r in rows]


async def test_what_lies_as_listed_makes_no_discrepancy_and_is_signed(bank: World) -> None:
    take, papers, lies = await opened(bank, papers=3)
    await counted(bank, take, lies)
    made = await compare(bank, take)
    assert await results(bank, take) == ["MATCHED"] * 3 and made["cases"] == []
    await bank.done("ops", Ask(A.SIGN_STOCKTAKE, detail=SignStocktake(take)))
    await bank.approved(papers[:1])


async def test_each_way_to_differ_is_told_apart(bank: World) -> None:
    out = await bank.papers()
    await bank.out(out)
    take, papers, lies = await opened(bank, papers=5)
    away = await bank.sql("select location_id from stocktake_lines where stocktake_id = $1 and expectation = 'OUT'", take)
    code = await bank.sql("select code from storage_locations where id = $1", away)
    lies = [(c, "", "") if c == code else (c, b, s) for c, b, s in lies]
    full = [n for n, (c, _, _) in enumerate(lies) if c != code]
    a, b, c, d, e = full
    unknown = label(LabelKind.ENVELOPE, 87_654_321)
    seen = list(lies)
    seen[a] = (lies[a][0], "", "")  # missing
    seen[b], seen[c] = (lies[b][0], *lies[c][1:]), (lies[c][0], *lies[b][1:])  # two in each other's slots
    seen[d] = (lies[d][0], lies[d][1], "")  # its seal is broken
    seen = [(code, unknown, "S0") if place[0] == code else place for place in seen]
    assert seen[e] == lies[e]
    await counted(bank, take, seen)
    made = await compare(bank, take)
    assert await results(bank, take) == sorted(
        ["MISSING", "WRONG_SLOT", "WRONG_SLOT", "SEAL_BROKEN", "EXTRA", "MATCHED", "OUT_WITH_TICKET"]
    )
    kinds = [r[0] for r in await bank.root.fetch("select kind from discrepancies where id = any($1::uuid[]) order by 1", made["cases"])]
    assert kinds == ["EXTRA", "MISSING", "SEAL_BROKEN", "WRONG_SLOT", "WRONG_SLOT"]
    assert await bank.sql("select count(*) from discrepancies d join stocktake_lines l on l.id = d.stocktake_line_id"
                          " where l.stocktake_id = $1 and d.record_id is null and d.kind = 'EXTRA' and l.barcode = $2", take, unknown) == 1  # fmt: skip
    states = [await bank.state(p) for p in papers]
    assert sorted(states) == ["IN_VAULT"] * 4 + ["MISSING"]
    for paper, state in zip(papers, states, strict=True):
        kept = await bank.sql("select frozen_kinds($1)", paper)
        assert (kept == []) is (state == "IN_VAULT" and await _label(bank, paper) == lies[e][1])
    wrong = await bank.sql(
        "select d.record_id from discrepancies d join stocktake_lines l on l.id = d.stocktake_line_id"
        " where l.stocktake_id = $1 and d.kind = 'WRONG_SLOT' limit 1", take,
    )  # fmt: skip
    request = await bank.requests([wrong])
    assert await bank.refused("head", Ask(A.APPROVE, request=request)) == [("C17", "RECORD_FROZEN")]
    assert await bank.refused("ops", Ask(A.SIGN_STOCKTAKE, detail=SignStocktake(take))) == [("C42", "STOCKTAKE_OPEN_DISCREPANCY")]


async def _label(bank: World, paper: UUID) -> str:
    return str(
        await bank.sql("select e.barcode from sealed_envelopes e join archive_records r on r.envelope_id = e.id where r.id = $1", paper)
    )


async def test_a_missing_paper_that_was_reserved_is_missing_and_its_request_cancelled(bank: World) -> None:
    papers = await bank.papers(2)
    request = await bank.approved(papers)
    take, _, lies = await opened(bank, papers=0)
    await counted(bank, take, [(lies[0][0], "", "")])
    await compare(bank, take)
    assert [await bank.state(p) for p in papers] == ["MISSING", "MISSING"]
    assert await bank.sql("select state from access_requests where id = $1", request) == "CANCELLED"


async def test_an_empty_slot_finds_the_papers_missing_that_are_not_missing_already(bank: World) -> None:
    one, mate = await bank.papers(2)
    gone, lent = await bank.papers(2), await bank.papers()
    await bank.out(lent)
    for paper in (one, *gone, *lent):
        await bank.done("officer", Ask(A.REPORT_MISSING, records=(paper,), reason="清点未见"))
    take, _, lies = await opened(bank, papers=0)
    await counted(bank, take, [(code, "", "") for code, _, _ in lies])
    made = await compare(bank, take)
    assert [await bank.state(p) for p in (one, mate, *gone)] == ["MISSING"] * 4
    assert await results(bank, take) == ["MISSING", "MISSING", "OUT_WITH_TICKET"]  # all of the second is missing already, by no ticket
    assert await bank.sql("select array_agg(record_id) from discrepancies where id = any($1::uuid[])", made["cases"]) == [mate]
    assert await bank.sql("select count(*) from discrepancies where record_id = any($1)", [one, mate, *gone]) == 4


async def test_volumes_are_counted_on_their_shelf(bank: World) -> None:
    await heads(bank)
    volumes = await bank.volumes(3)
    detail = OpenStocktake(bank.branches["A"].cabinet, (bank.people["ann"].staff_id, bank.people["bob"].staff_id))
    take = UUID((await bank.done("ops", Ask(A.OPEN_STOCKTAKE, detail=detail)))["stocktake"])
    code = await bank.sql("select code from storage_locations where id = $1", bank.branches["A"].cabinet)
    labels = [await bank.sql("select barcode from archive_records where id = $1", v) for v in volumes]
    for name in ("ann", "bob"):
        for part, last in ((labels[:1], False), (labels[1:2], True)):
            ask = count(take, [(code, part[0], "")])
            counts = tuple(type(c)(c.place, c.items, last) for c in ask.detail.counts)
            await bank.done(name, Ask(A.SUBMIT_COUNT, detail=type(ask.detail)(take, counts)))
    await compare(bank, take)
    assert await results(bank, take) == ["MATCHED", "MATCHED", "MISSING"]
    assert await bank.state(volumes[2]) == "MISSING"


async def test_what_is_counted_moves_neither_out_nor_in_and_a_return_waits(bank: World) -> None:
    lent, kept = await bank.papers(), await bank.papers()
    await bank.out(lent)
    request = await bank.requests(kept)
    await bank.done("head", Ask(A.APPROVE, request=request))
    take, _, lies = await opened(bank, papers=0)
    assert await bank.refused("risk", Ask(A.APPROVE, request=request)) == [("C17", "RECORD_FROZEN")]
    await bank.presented(lent)
    back = Ask(A.ACCEPT_RETURN, records=tuple(lent), inspections=bank.inspected(lent))
    assert await bank.refused("kay", back) == [("C17", "RECORD_FROZEN")]
    assert await bank.state(lent[0]) == "RETURN_PENDING"
    out = await bank.sql("select code from storage_locations l join stocktake_lines s on s.location_id = l.id where s.expectation = 'OUT'"
                         " and s.stocktake_id = $1", take)  # fmt: skip
    await counted(bank, take, [(c, "", "") if c == out else (c, b, s) for c, b, s in lies])
    await bank.done("risk", Ask(A.APPROVE, request=request))  # both have counted: the cabinet is free before the comparison
    await compare(bank, take)
    assert await results(bank, take) == ["MATCHED", "OUT_WITH_TICKET"]
    await bank.accepted(lent)


async def test_the_freeze_ends_by_itself(bank: World) -> None:
    take, papers, lies = await opened(bank)
    await bank.sql("update stocktake_places set frozen_until = clock_timestamp() where stocktake_id = $1", take)
    await bank.out(papers)
    await counted(bank, take, [(lies[0][0], "", "")])
    await compare(bank, take)
    assert await results(bank, take) == ["OUT_WITH_TICKET"]


async def test_a_vault_is_frozen_cabinet_by_cabinet(bank: World) -> None:
    await heads(bank)
    here = bank.branches["A"]
    first = await bank.papers()
    other = await bank._place(here.id, "CABINET", here.vault, here.vault)
    slot = await bank._place(here.id, "SLOT", other, here.vault)
    second = await bank.papers()
    await bank.past_the_triggers(
        f"update sealed_envelopes set location_id = '{slot}' where id = (select envelope_id from archive_records where id = '{second[0]}')"
    )
    detail = OpenStocktake(here.vault, (bank.people["ann"].staff_id, bank.people["bob"].staff_id))
    take = UUID((await bank.done("ops", Ask(A.OPEN_STOCKTAKE, detail=detail)))["stocktake"])
    assert await bank.sql("select frozen_kinds($1) || frozen_kinds($2)", first[0], second[0]) == []
    lies = [line for line in await shelf(bank) if line[1]]
    await bank.done("ann", count(take, lies))
    assert await bank.sql("select frozen_kinds($1)", first[0]) == ["COUNT"] and await bank.sql("select frozen_kinds($1)", second[0]) == []


async def test_places_on_which_the_two_differ_are_counted_again(bank: World) -> None:
    take, _, lies = await opened(bank, papers=2)
    await bank.done("ann", count(take, lies))
    await bank.done("bob", count(take, [lies[0], (lies[1][0], "", "")]))
    assert await bank.refused("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take))) == [("C41", "COUNT_INCOMPLETE")]
    assert await bank.sql("select array_agg(round order by round) from stocktake_places where stocktake_id = $1", take) == [1, 2]
    await counted(bank, take, [lies[1]])
    await compare(bank, take)
    assert await results(bank, take) == ["MATCHED", "MATCHED"]


async def test_a_line_is_told_twice_without_effect_and_never_otherwise(bank: World) -> None:
    take, _, lies = await opened(bank, papers=2)
    for _ in range(2):
        assert isinstance(await bank.does("ann", count(take, lies)), Done)
    assert await bank.sql("select count(*) from stocktake_counts where stocktake_id = $1", take) == 4
    contradicted = [("C41", "COUNT_CONTRADICTED")]
    assert await bank.refused("ann", count(take, [(lies[0][0], "", "")])) == contradicted
    assert await bank.refused("ann", count(take, [(lies[0][0], lies[0][1], "OTHER")])) == contradicted
    assert await bank.refused("ann", count(take, [(lies[0][0], *lies[1][1:])])) == contradicted
    assert await bank.refused("officer", count(take, lies)) == [("C41", "STOCKTAKE_TEAM_INVALID")]


async def test_a_counter_with_an_interest_in_another_branchs_loan_is_refused_here(bank: World) -> None:
    await heads(bank)
    far = await bank.loan("B")
    await bank.sql("update loans set manager_id = $2 where id = $1", far, bank.people["bob"].staff_id)
    papers = await bank.papers()
    await bank.sql("update archive_records set primary_loan_id = $2 where id = $1", papers[0], far)
    detail = OpenStocktake(bank.branches["A"].cabinet, (bank.people["ann"].staff_id, bank.people["bob"].staff_id))
    assert await bank.refused("ops", Ask(A.OPEN_STOCKTAKE, detail=detail)) == [("C4", "CONFLICT_OF_INTEREST")]


@pytest.mark.parametrize("pair", [("ann", "kay"), ("ann", "kay_b"), ("ann", "officer_b")])
async def test_the_team_is_of_the_unit_and_keeps_nothing(bank: World, pair: tuple[str, str]) -> None:
    await heads(bank)
    await bank.papers()
    counters = (bank.people[pair[0]].staff_id, bank.people[pair[1]].staff_id)
    ask = Ask(A.OPEN_STOCKTAKE, detail=OpenStocktake(bank.branches["A"].cabinet, counters))
    assert await bank.refused("ops", ask) == [("C41", "STOCKTAKE_TEAM_INVALID")]


async def test_electronic_certificates_of_a_vault_are_looked_up_again(bank: World) -> None:
    await heads(bank)
    electronic = await electronic_certificate(bank)
    detail = OpenStocktake(bank.branches["A"].vault, (bank.people["ann"].staff_id, bank.people["bob"].staff_id))
    take = UUID((await bank.done("ops", Ask(A.OPEN_STOCKTAKE, detail=detail)))["stocktake"])
    await counted(bank, take, await shelf(bank))
    await compare(bank, take)
    assert "TO_RECHECK" in await results(bank, take)
    assert await bank.refused("ops", Ask(A.SIGN_STOCKTAKE, detail=SignStocktake(take))) == [("C55", "REGISTRY_REFERENCE_MISSING")]
    detail = RegistryCheck(is_valid=True, reference="REF-1")
    await bank.done("clerk", Ask(A.RECORD_REGISTRY_CHECK, records=(electronic,), detail=detail))
    await bank.done("ops", Ask(A.SIGN_STOCKTAKE, detail=SignStocktake(take)))


# What a counter may not see ---------------------------------------------------------------------------------------------------
SEES = """query ($node: ID!, $ids: [ID!]!, $label: String!, $record: ID!) {
  node(id: $node) { id } nodes(ids: $ids) { id }
  archiveRecords(first: 50) { totalCount edges { node { id } } }
  sealedEnvelopes(first: 50, where: { barcode: { eq: $label } }) { totalCount edges { node { id } } }
  lookUp(code: $label) { kind } search(text: $label) { kind }
  custodyEvents(first: 50, where: { recordId: { eq: $record } }) { edges { node { id } } }
  checkouts(first: 50, where: { record: { id: { eq: $record } } }) { edges { node { id } } }
  recordCounts(groupBy: [TIER]) { count } }"""
TABLES = ("archive_records", "sealed_envelopes", "seals", "movements", "events", "stocktake_lines", "file_items", "scans", "discrepancies")


def found(told: Any) -> int:
    """How many of the answers name something."""
    data = told["data"]
    pages = [data[p]["edges"] for p in ("archiveRecords", "sealedEnvelopes", "custodyEvents", "checkouts")]
    return sum(map(bool, (data["node"], any(data["nodes"]), data["lookUp"], data["search"], data["recordCounts"], *pages)))


async def test_what_should_lie_where_one_counts_is_hidden_in_every_read_until_both_have_counted(bank: World, run: Any) -> None:
    papers = await bank.papers()
    await bank.out(papers)
    await bank.presented(papers)
    await bank.accepted(papers)
    take, _, lies = await opened(bank, papers=0)
    envelope = await bank.sql("select envelope_id from archive_records where id = $1", papers[0])
    given = {"node": f"envelope_{envelope}", "ids": [f"record_{papers[0]}"], "label": lies[0][1], "record": f"record_{papers[0]}"}
    assert [found(await run(name, SEES, **given)) for name in ("ann", "bob", "ops", "officer")] == [0, 0, 9, 9]
    text = "{ stocktakes(first: 5) { edges { node { placesLeft lines(first: 9) { edges { node { id } } } } } } }"
    told = (await run("ann", text))["data"]["stocktakes"]["edges"][0]["node"]
    assert told == {"placesLeft": 1, "lines": {"edges": []}}
    await bank.done("ann", count(take, lies))
    assert found(await run("ann", SEES, **given)) == 0, "the other may yet ask"
    theirs = "{ stocktakes(first: 5) { edges { node { counts(first: 9) { totalCount } } } } }"
    seen = [(await run(n, theirs))["data"]["stocktakes"]["edges"][0]["node"]["counts"]["totalCount"] for n in ("ann", "bob", "ops")]
    assert seen == [2, 0, 0], "a count is its counter's alone"
    await bank.done("bob", count(take, lies))
    assert [found(await run(name, SEES, **given)) for name in ("ann", "bob")] == [9, 9]
    await compare(bank, take)
    assert (await run("ops", theirs))["data"]["stocktakes"]["edges"][0]["node"]["counts"]["totalCount"] == 4


@pytest.mark.parametrize("role", ["app", "reader"])
async def test_a_counter_with_psql_sees_nothing_either(bank: World, role: str, told: dict[str, Any], database_name: str) -> None:
    import asyncpg

    from tests.harness import servers

    papers = await bank.papers()
    await bank.out(papers)
    await bank.presented(papers)
    await bank.accepted(papers)
    _, _, lies = await opened(bank, papers=0)
    conn = await asyncpg.connect(servers.url(told, role, database_name))
    try:
        async with conn.transaction():
            for name, value in zip(("app.staff", "app.branches", "app.roles"), bank.people["ann"].settings, strict=True):
                await conn.fetchval("select set_config($1, $2, true)", name, value)
            seen = {t: await conn.fetchval(f"select count(*) from {t}") for t in TABLES}
            assert {t: n for t, n in seen.items() if n and t != "events"} == {}
            assert await conn.fetchval("select count(*) from events where record_id is not null") == 0
            assert await conn.fetchval("select count(*) from look_up($1)", lies[0][1]) == 0
            assert await conn.fetchval("select count(*) from search_hits($1, array['envelope', 'record'], 20)", lies[0][1]) == 0
            for wide in (True, False):
                assert (
                    await conn.fetchval("select count(*) from search_hits($1, array['envelope', 'record'], 20, $2)", lies[0][1], wide) == 0
                )
        for hidden in (
            "look_up_of_all($1)",
            "search_hits_of_all($1, array['envelope'], 20)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.fetchval(f"select count(*) from {hidden}", lies[0][1])
    finally:
        await conn.close()


async def test_what_is_hidden_takes_no_place_on_a_page_of_hits(bank: World, run: Any) -> None:
    papers = await bank.papers()
    await bank.out(papers)
    await bank.presented(papers)
    await bank.accepted(papers)
    await opened(bank, papers=0)
    (elsewhere,) = await bank.papers()
    text = """{ search(text: "P", kinds: [RECORD], first: 1) { node { ... on Node { id } } } }"""
    seen = [(await run(name, text))["data"]["search"] for name in ("ann", "ops")]
    assert seen == [[{"node": {"id": f"record_{paper}"}}] for paper in (elsewhere, papers[0])]


# Through the API -----------------------------------------------------------------------------------------------------------
COUNT = """mutation ($i: SubmitCountInput!) { submitCount(input: $i) { __typename
  ... on Problem { code } ... on InvalidInput { problems { path code } } } }"""


@pytest.mark.parametrize(
    ("counts", "path", "code"),
    [
        ([], ["counts"], "EMPTY"),
        ([{"place": "X", "items": []}], ["counts", "0", "place"], "NOT_OF_STOCKTAKE"),
        ([{"place": "X", "items": []}] * 2, ["counts", "1", "place"], "DUPLICATE"),
        ([{"place": "X", "items": [{"barcode": "E1"}, {"barcode": "E1"}]}], ["counts", "0", "items", "1", "barcode"], "DUPLICATE"),
        ([{"place": "X", "items": [{"barcode": " "}]}], ["counts", "0", "items", "0", "barcode"], "EMPTY"),
        ([{"place": "X", "items": [{"barcode": "E00000001X"}]}], ["counts", "0", "items", "0", "barcode"], "BARCODE_MISREAD"),
        ([{"place": f"X{n}", "items": [{"barcode": f"E{n}-{k}"} for k in range(251)]} for n in range(2)], ["counts"], "TOO_MANY"),
    ],
)
async def test_a_wrong_count_is_told_by_path(bank: World, run: Any, counts: list[Any], path: list[str], code: str) -> None:
    take, _, _ = await opened(bank)
    given = {"stocktakeId": f"stocktake_{take}", "counts": counts, "idempotencyKey": "k"}
    told = (await run("ann", COUNT, i=given))["data"]["submitCount"]
    assert [(p["path"], p["code"]) for p in told["problems"]] == [(path, code)]


async def test_a_place_of_another_unit_and_one_without_slots_are_refused(bank: World, run: Any) -> None:
    await heads(bank)
    text = """mutation ($i: OpenStocktakeInput!) { openStocktake(input: $i) { __typename ... on Problem { code }
      ... on InvalidInput { problems { path code } } } }"""
    pair = [f"staff_{bank.people[n].staff_id}" for n in ("ann", "bob")]
    given = {"counterIds": pair, "idempotencyKey": "k"}
    far = await run("ops", text, i={**given, "placeId": f"location_{bank.branches['B'].cabinet}"})
    assert far["data"]["openStocktake"]["code"] == "NOT_FOUND"
    room = await bank._place(bank.branches["A"].id, "ROOM", None, None)
    bare = await run("ops", text, i={**given, "placeId": f"location_{room}"})
    assert bare["data"]["openStocktake"]["problems"] == [{"path": ["placeId"], "code": "NOTHING_TO_COUNT"}]
    twice = await run("ops", text, i={**given, "placeId": f"location_{room}", "counterIds": pair[:1] * 2})
    assert twice["data"]["openStocktake"]["problems"] == [{"path": ["counterIds"], "code": "DUPLICATE"}]


async def test_a_signature_names_the_version_that_was_read(bank: World, run: Any) -> None:
    take, _ = await compared(bank)
    text = """mutation ($i: SignStocktakeInput!) { signStocktake(input: $i) { __typename ... on VersionConflict { currentVersion } } }"""
    told = await run("ops", text, i={"stocktakeId": f"stocktake_{take}", "expectedVersion": "1", "idempotencyKey": "k"})
    assert told["data"]["signStocktake"] == {"__typename": "VersionConflict", "currentVersion": "3"}
