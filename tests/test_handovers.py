"""Handovers through the schema: every way to be wrong is told by path and code, a repetition is the same, a late shipment shows."""

from typing import Any

import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Tier
from tests.custody.handing import opened, sent
from tests.harness.world import World


@pytest.fixture
def ask(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def ask(who: str, query: str, **variables: Any) -> Any:
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables=variables)
        result = await schema.execute(query, variables, context)
        assert not result.errors, result.errors
        return orjson.loads(orjson.dumps(result.data))

    return ask


@pytest.fixture
def does(ask: Any) -> Any:
    async def does(who: str, name: str, /, **given: Any) -> Any:
        head = name[0].upper() + name[1:]
        query = f"""mutation M($i: {head}Input!) {{ {name}(input: $i) {{ __typename ... on {head}Payload {{ replayed handover {{ id state }} records {{ id }} }}
          ... on Problem {{ code }} ... on InvalidInput {{ problems {{ path code }} }} ... on CustodyViolation {{ violations {{ rule code }} }} }} }}"""
        return (await ask(who, query, i={"idempotencyKey": "k", **given}))[name]

    return does


def wrong(told: Any) -> list[tuple[str, str]]:
    assert told["__typename"] == "InvalidInput", told
    return [(".".join(p["path"]), p["code"]) for p in told["problems"]]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind": "CUSTODIAN", "to": "A"}, ("giverId", "REQUIRED")),
        ({"kind": "CUSTODIAN", "to": "A", "giver": "archivist"}, ("takerId", "REQUIRED")),
        ({"kind": "CUSTODIAN", "to": "A", "giver": "archivist", "taker": "archivist"}, ("takerId", "NOT_ALLOWED")),
        ({"kind": "CUSTODIAN", "to": "B", "giver": "archivist", "taker": "clerk"}, ("toOrgUnitId", "NOT_ALLOWED")),
        ({"kind": "BETWEEN_UNITS", "to": "A"}, ("toOrgUnitId", "NOT_ALLOWED")),
        ({"kind": "TO_ARCHIVE", "to": "B", "giver": "archivist"}, ("giverId", "NOT_ALLOWED")),
    ],
)
async def test_a_handover_has_two_sides(bank: World, does: Any, change: dict[str, str], problem: tuple[str, str]) -> None:
    people = {f"{name}Id": f"staff_{bank.people[change[name]].staff_id}" for name in ("giver", "taker") if name in change}
    given = {"kind": change["kind"], "toOrgUnitId": f"org_{bank.branches[change['to']].id}", "inTown": True, **people}
    assert wrong(await does("archivist", "createHandover", **given)) == [problem]


async def test_a_list_is_filled_in_one_of_three_ways(bank: World, does: Any) -> None:
    volumes = await bank.volumes(2)
    handover = {"handoverId": f"handover_{await opened(bank, volumes[:1], by='archivist')}"}
    ids, where = [f"record_{volumes[1]}"], {"id": {"eq": f"record_{volumes[1]}"}}
    nothing = {"archiveNo": {"eq": "nothing"}}
    assert wrong(await does("archivist", "addHandoverLines", **handover)) == [("where", "REQUIRED")]
    assert wrong(await does("archivist", "addHandoverLines", **handover, recordIds=ids, where=where)) == [("where", "NOT_ALLOWED")]
    assert wrong(await does("archivist", "addHandoverLines", **handover, recordIds=ids, barcodes=["x"])) == [("barcodes", "NOT_ALLOWED")]
    assert wrong(await does("archivist", "addHandoverLines", **handover, recordIds=[])) == [("recordIds", "EMPTY")]
    assert wrong(await does("archivist", "addHandoverLines", **handover, where=where)) == [("expectedCount", "REQUIRED")]
    assert wrong(await does("archivist", "addHandoverLines", **handover, where=where, expectedCount=2)) == [
        ("expectedCount", "COUNT_CHANGED")
    ]
    assert wrong(await does("archivist", "addHandoverLines", **handover, where=nothing, expectedCount=0)) == [("where", "EMPTY")]
    done = await does("archivist", "addHandoverLines", **handover, where=where, expectedCount=1)
    assert done["__typename"] == "AddHandoverLinesPayload"
    struck = await does("archivist", "removeHandoverLines", **handover, recordIds=ids)
    assert struck["__typename"] == "RemoveHandoverLinesPayload"
    assert await bank.sql("select count(*) from handover_lines where handover_id::text = $1", handover["handoverId"][9:]) == 1


async def test_what_is_sent_or_taken_is_named_and_stands_alike(bank: World, does: Any) -> None:
    papers, volumes = await bank.papers(), await bank.volumes()
    handover = {"handoverId": f"handover_{await opened(bank, [*papers, *volumes])}"}
    assert wrong(await does("clerk", "sendHandover", **handover, standing="OUT")) == [("handoverId", "EMPTY")]
    assert wrong(await does("clerk_b", "rejectHandoverLines", **handover, reasons="x")) == [("recordIds", "REQUIRED")]
    ids = [f"record_{papers[0]}"]
    assert wrong(await does("clerk_b", "acknowledgeHandoverLines", **handover)) == [("recordIds", "REQUIRED")]
    assert wrong(await does("clerk", "recallHandover", **handover)) == [("handoverId", "EMPTY")]
    unnamed = await does("kay", "sendHandover", **handover)
    assert {"rule": "C7", "code": "SEAL_NUMBER_INVALID"} in unnamed["violations"]
    going = await sent(bank, await bank.papers())
    record = await bank.sql("select record_id from handover_lines where handover_id = $1", going)
    ids = [f"record_{record}"]
    blank = await does("clerk_b", "rejectHandoverLines", handoverId=f"handover_{going}", recordIds=ids, reasons=" ")
    assert wrong(blank) == [("reasons", "EMPTY")]
    without = await does("kay_b", "acknowledgeHandoverLines", handoverId=f"handover_{going}", recordIds=ids)
    assert {"rule": "C31", "code": "HANDOVER_PLACE_INVALID"} in without["violations"]


async def test_a_repetition_of_what_has_moved_on_is_answered_the_same(bank: World, does: Any) -> None:
    volumes = await bank.volumes()
    given = {"handoverId": f"handover_{await opened(bank, volumes)}", "sealNo": f"Q{bank.tag}"}
    first, again = await does("archivist", "sendHandover", **given), await does("archivist", "sendHandover", **given)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["records"] == again["records"] == [{"id": f"record_{volumes[0]}"}]


async def test_a_shipment_that_has_not_arrived_in_time_shows_and_blocks_the_next(bank: World, ask: Any, does: Any) -> None:
    volumes = await bank.volumes(2)
    handover = await opened(bank, volumes, by="archivist")
    await does("archivist", "sendHandover", handoverId=f"handover_{handover}", recordIds=[f"record_{volumes[0]}"], sealNo=f"L{bank.tag}")
    await bank.sql(
        "update shipments set sent_at = sent_at - interval '9 days', due_at = due_at - interval '9 days' where handover_id = $1", handover
    )
    query = "query ($w: HandoverWhere!) { handovers(first: 5, where: $w) { edges { node { id shipments { isOverdue } } } } }"
    late = {"shipments": {"some": {"isOverdue": {"eq": True}}}}
    found = (await ask("archivist_b", query, w=late))["handovers"]["edges"]
    assert [e["node"] for e in found] == [{"id": f"handover_{handover}", "shipments": [{"isOverdue": True}]}]
    told = await does("archivist", "sendHandover", handoverId=f"handover_{handover}", sealNo=f"M{bank.tag}", idempotencyKey="other")
    assert {"rule": "C33", "code": "TRANSIT_OVERDUE"} in told["violations"]
    why = {"overrides": [{"rule": "C33", "comment": "车辆已在途"}], "idempotencyKey": "why"}
    waiting = await does("archivist", "sendHandover", handoverId=f"handover_{handover}", sealNo=f"M{bank.tag}", **why)
    assert waiting["__typename"] == "SendHandoverPayload" and await bank.state(volumes[1]) == "FILED"
    pending = "{ operations(first: 1, where: { state: { eq: PENDING } }) { edges { node { id openSeats } } } }"
    operation = (await ask("ops", pending))["operations"]["edges"][0]["node"]
    assert operation["openSeats"] == ["OVERRIDE"]
    done = await does("ops", "confirmOperation", operationId=operation["id"], idempotencyKey="second")
    assert done["records"] == [{"id": f"record_{volumes[1]}"}] and await bank.state(volumes[1]) == "IN_TRANSIT"
    day = await bank.sql("select bank_day(overridden_at) from overrides where record_id = $1", volumes[1])  # midnight may have come since
    report = await ask("ops", "query ($d: Date!) { overrideReport(day: $d) { rule comment } }", d=str(day))
    assert report["overrideReport"] == [{"rule": "C33", "comment": "车辆已在途"}]


async def test_both_parties_of_an_open_line_see_the_paper_and_nobody_else(bank: World, ask: Any) -> None:
    papers = await bank.papers()
    query = "query ($i: ID!) { node(id: $i) { ... on ArchiveRecord { state primaryLoan { id } } } }"
    assert (await ask("kay_b", query, i=f"record_{papers[0]}"))["node"] is None
    await sent(bank, papers)
    assert (await ask("kay_b", query, i=f"record_{papers[0]}"))["node"] == {"state": "IN_TRANSIT", "primaryLoan": None}


async def test_tier_and_standing_decide_which_act_it_is(bank: World, does: Any) -> None:
    volumes = await bank.volumes(2)
    await bank.out(volumes[:1], tier=Tier.SECOND)
    handover = await opened(bank, volumes, by="archivist")
    name = {"handoverId": f"handover_{handover}"}
    await does("archivist", "sendHandover", **name, sealNo=f"T{bank.tag}")
    await does("archivist", "sendHandover", **name, standing="OUT", idempotencyKey="out")
    ids = [f"record_{v}" for v in volumes]
    mixed = await does("archivist_b", "acknowledgeHandoverLines", **name, recordIds=ids)
    assert wrong(mixed) == [("recordIds", "NOT_TOGETHER")]
