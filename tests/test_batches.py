"""Batches from an offline scanner: every line its own act; cut anywhere and sent again in any order, nothing is done twice."""

from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from storage.terms import Tier
from tests.harness.web import Site, site
from tests.harness.world import World

OUT = """mutation ($i: CheckOutBatchInput!) { checkOutBatch(input: $i) { __typename
  ... on CheckOutBatchPayload { done refused lines { lineId
    result { __typename ... on CheckOutBatchLinePayload { replayed operation { ticket { ticketNo } } checkouts { id phase } records { state } }
      ... on Problem { code } ... on CustodyViolation { violations { rule code } } ... on InvalidInput { problems { path code } } }
    again: result { ... on CheckOutBatchLinePayload { checkouts { dueAt } } } } }
  ... on Problem { code } ... on InvalidInput { problems { path code } } } }"""
BACK = """mutation ($i: PresentReturnBatchInput!) { presentReturnBatch(input: $i) { ... on PresentReturnBatchPayload { done refused lines {
  lineId result { __typename ... on PresentReturnBatchLinePayload { replayed checkouts { phase } } ... on Problem { code } } } } } }"""


@pytest.fixture(scope="module")
def served(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(told, database_name, tmp_path_factory.mktemp("batch")) as made:
        yield made


async def ready(bank: World, count: int, letter: str = "A") -> list[dict[str, Any]]:
    """Lines of volumes that are reserved."""
    lines = []
    for n in range(count):
        (volume,) = await bank.volumes(letter=letter)
        await bank.approved([volume], tier=Tier.SECOND, by=bank.of("officer", letter), letter=letter)
        code = await bank.sql("select barcode from archive_records where id = $1", volume)
        lines.append({"lineId": f"{letter}{n}", "barcodes": [code], "dueOn": str(bank.due())})
    return lines


async def send(client: httpx.AsyncClient, text: str, key: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    answer = (await client.post("/graphql", json={"query": text, "variables": {"i": {"idempotencyKey": key, "lines": lines}}})).json()
    assert "errors" not in answer, answer
    return dict(next(iter(answer["data"].values())))


async def out_now(bank: World, lines: list[dict[str, Any]]) -> int:
    text = """select count(*) from movements m join archive_records r on r.id = m.record_id
      where r.barcode = any($1) and m.out_at is not null"""
    return int(await bank.sql(text, [code for line in lines for code in line["barcodes"]]))


async def test_each_line_has_its_own_result_and_none_spoils_another(served: Site, bank: World) -> None:
    lines, foreign = await ready(bank, 2), await ready(bank, 1, "B")
    (taken,) = await bank.volumes()
    code = await bank.sql("select barcode from archive_records where id = $1", taken)
    wrong = [
        {"lineId": "unknown", "barcodes": [code]}, {"lineId": "misread", "barcodes": ["V0000000000"]}, {**lines[1], "lineId": "again"},
        {**lines[0], "lineId": "late", "dueOn": None}, foreign[0],
    ]  # fmt: skip
    async with served.client(bank.people["archivist"].staff_no) as client:
        answer = await send(client, OUT, uuid4().hex, [lines[0], *wrong[:2], lines[1], *wrong[2:]])
    by_line = {line["lineId"]: line["result"] for line in answer["lines"]}
    assert (answer["done"], answer["refused"]) == (2, 5)
    assert [by_line[x]["__typename"] for x in ("A0", "A1")] == ["CheckOutBatchLinePayload"] * 2
    assert by_line["A0"]["records"] == [{"state": "CHECKED_OUT"}] and by_line["A0"]["operation"]["ticket"]["ticketNo"] >= 1
    assert answer["lines"][0]["again"]["checkouts"][0]["dueAt"]
    assert by_line["unknown"]["code"] == by_line["B0"]["code"] == "NOT_FOUND"
    assert by_line["misread"]["problems"] == [{"path": ["barcodes", "0"], "code": "BARCODE_MISREAD"}]
    assert {"rule": "C14", "code": "ALREADY_CHECKED_OUT"} in by_line["again"]["violations"]
    assert by_line["late"]["code"] == "CUSTODY_VIOLATION"
    assert await out_now(bank, [*lines, *foreign]) == 2


async def test_the_same_line_with_other_contents_is_a_conflict_of_that_line(served: Site, bank: World) -> None:
    lines, key = await ready(bank, 2), uuid4().hex
    async with served.client(bank.people["archivist"].staff_no) as client:
        await send(client, OUT, key, lines[:1])
        answer = await send(client, OUT, key, [{**lines[1], "lineId": "A0"}, lines[1]])
    assert [line["result"].get("code") for line in answer["lines"]] == ["IDEMPOTENCY_CONFLICT", None]


@pytest.mark.parametrize(
    ("lines", "path", "code"),
    [
        ([], ["lines"], "EMPTY"), ([{"lineId": "a", "barcodes": []}] * 2, ["lines", "1", "lineId"], "DUPLICATE"),
        ([{"lineId": " ", "barcodes": []}], ["lines", "0", "lineId"], "EMPTY"), ([{"lineId": "x" * 101, "barcodes": []}], ["lines", "0", "lineId"], "TOO_LONG"),
        ([{"lineId": str(n), "barcodes": []} for n in range(501)], ["lines"], "TOO_MANY"),
    ],
)  # fmt: skip
async def test_lines_that_cannot_be_told_apart_are_refused_together(
    served: Site, bank: World, lines: list[Any], path: list[str], code: str
) -> None:
    async with served.client(bank.people["archivist"].staff_no) as client:
        answer = await send(client, OUT, uuid4().hex, lines)
    assert answer["problems"] == [{"path": path, "code": code}]


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_batch_that_is_cut_and_sent_again_shuffled_has_one_effect_a_line(
    bank: World, told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """The connection is cut behind a commit, again and again; each time the scanner sends all it has, in another order and other cuts."""
    r, key, back_key = Random(seed), uuid4().hex, uuid4().hex
    lines = await ready(bank, 12)
    officer = f"staff_{bank.people['officer'].staff_id}"
    returns = [{"lineId": line["lineId"], "barcodes": line["barcodes"], "broughtById": officer} for line in lines]
    before = await bank.sql("select count(*) from tickets where org_id = $1", bank.branches["A"].id)
    cuts, replayed = 0, set[str]()
    with site(told, database_name, tmp_path_factory.mktemp("cut"), failpoint="after_commit:0.25") as shaky:
        async with shaky.client(bank.people["archivist"].staff_no) as client:
            for text, given_key, given in ((OUT, key, lines), (BACK, back_key, returns)):
                told_of: dict[str, Any] = {}
                while len(told_of) < len(given):
                    some = r.sample(given, r.randint(1, len(given)))
                    try:
                        answer = await send(client, text, given_key, some)
                    except httpx.RemoteProtocolError:
                        cuts += 1
                        continue
                    for line in answer["lines"]:
                        assert line["result"]["__typename"].endswith("LinePayload"), line
                        told_of[line["lineId"]] = line["result"]
                        replayed |= {line["lineId"]} if line["result"]["replayed"] else set()
                if text is OUT:
                    assert await out_now(bank, lines) == len(lines)
    assert cuts and replayed
    assert await bank.sql("select count(*) from tickets where org_id = $1", bank.branches["A"].id) == before + len(lines)
    codes = [line["barcodes"][0] for line in lines]
    tags = """select e.tag, count(*), count(distinct e.record_id) from events e join archive_records r on r.id = e.record_id
      where r.barcode = any($1) and e.tag in ('record:check_out:done', 'record:present_return:done') group by e.tag"""
    assert {tuple(row) for row in await bank.root.fetch(tags, codes)} == {
        ("record:check_out:done", 12, 12),
        ("record:present_return:done", 12, 12),
    }
    assert UUID(officer[6:])
