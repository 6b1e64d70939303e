"""Batches from an offline scanner: every line its own act; cut anywhere and sent again in any order, nothing is done twice."""

from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from server.custody.moves import Ask
from server.custody.moves.stocktakes import CompareCounts
from storage.terms import Action as A
from storage.terms import Tier
from tests.custody.chapters.stocktakes import opened
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

COUNT = """mutation ($i: SubmitCountBatchInput!) { submitCountBatch(input: $i) { __typename ... on SubmitCountBatchPayload { done refused lines {
  lineId result { __typename ... on SubmitCountBatchLinePayload { replayed stocktake { id placesLeft } } ... on Problem { code }
    ... on CustodyViolation { violations { rule code } } ... on InvalidInput { problems { path code } } } } }
  ... on Problem { code } ... on InvalidInput { problems { path code } } } }"""


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
                    except (httpx.RemoteProtocolError, httpx.ReadError):
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


def counting(take: UUID, lies: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    """A line for each place."""
    return [
        {
            "lineId": f"p{n}",
            "stocktakeId": f"stocktake_{take}",
            "counts": [{"place": code, "items": [{"barcode": barcode, "sealNo": seal}] if barcode else []}],
        }
        for n, (code, barcode, seal) in enumerate(lies)
    ]


LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "checkOutBatch": (OUT, {"barcodes": ["V0000000000"]}),
    "presentReturnBatch": (BACK.replace("(input: $i) {", "(input: $i) { ... on InvalidInput { problems { path code } }"), {"barcodes": [], "broughtById": "x"}),
    "submitCountBatch": (COUNT, {"stocktakeId": "x", "counts": []}),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
async def test_five_hundred_lines_are_tried_and_one_more_is_refused_as_a_whole(served: Site, bank: World, name: str) -> None:
    text, line = LINES[name]
    async with served.client(bank.people["archivist"].staff_no) as client:
        answer = await send(client, text, uuid4().hex, [{"lineId": str(n), **line} for n in range(501)])
        assert answer["problems"] == [{"path": ["lines"], "code": "TOO_MANY"}]
        answer = await send(client, text, uuid4().hex, [{"lineId": str(n), **line} for n in range(500)])
    assert (answer["done"], answer["refused"], [x["lineId"] for x in answer["lines"]]) == (0, 500, [str(n) for n in range(500)])


async def test_each_line_of_a_count_has_its_own_result_and_none_spoils_another(served: Site, bank: World) -> None:
    take, _, lies = await opened(bank, papers=3)
    lines, key = counting(take, lies), uuid4().hex
    (code, barcode, seal), stranger = lies[0], bank.people["ops"].staff_no
    wrong = [
        {"lineId": "unknown", "stocktakeId": f"stocktake_{uuid4()}", "counts": lines[0]["counts"]},
        {**lines[0], "lineId": "misread", "counts": [{"place": code, "items": [{"barcode": "E0000000000"}]}]},
        {**lines[0], "lineId": "nothing", "counts": []},
        {**lines[0], "lineId": "otherwise", "counts": [{"place": code, "items": []}]},
        {**lines[0], "lineId": "same", "counts": [{"place": code, "items": [{"barcode": barcode, "sealNo": seal}]}]},
    ]
    async with served.client(bank.people["ann"].staff_no) as client:
        answer = await send(client, COUNT, key, [lines[0], *wrong, *lines[1:]])
        told = {x["lineId"]: x["result"] for x in answer["lines"]}
        assert {x for x, r in told.items() if r["__typename"].endswith("LinePayload")} >= {"p0", "p1", "p2"}
        assert told["unknown"]["code"] == "NOT_FOUND"
        assert told["misread"]["problems"] == [{"path": ["counts", "0", "items", "0", "barcode"], "code": "BARCODE_MISREAD"}]
        assert told["nothing"]["problems"] == [{"path": ["counts"], "code": "EMPTY"}]
        assert told["otherwise"]["violations"] == [{"rule": "C41", "code": "COUNT_CONTRADICTED"}]
        again = await send(client, COUNT, key, [{**lines[1], "lineId": "p0"}, lines[2]])
        assert [x["result"].get("code") for x in again["lines"]] == ["IDEMPOTENCY_CONFLICT", None] and again["lines"][1]["result"][
            "replayed"
        ]
    async with served.client(stranger) as client:
        answer = await send(client, COUNT, uuid4().hex, lines[:1])
    assert answer["lines"][0]["result"]["violations"] == [{"rule": "C41", "code": "STOCKTAKE_TEAM_INVALID"}]
    assert await bank.sql("select count(*) from stocktake_counts where stocktake_id = $1 and barcode is not null", take) == 3


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_count_that_is_cut_and_sent_again_shuffled_says_each_thing_once(
    bank: World, told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Each counter's scanner loses the answer behind a commit, again and again, and sends what it has in another order and other cuts."""
    r = Random(seed)
    take, _, lies = await opened(bank, papers=6)
    lines, cuts, replayed = counting(take, lies), 0, 0
    with site(told, database_name, tmp_path_factory.mktemp("counted"), failpoint="after_commit:0.5") as shaky:
        for counter in ("ann", "bob"):
            key, answered = uuid4().hex, set[str]()
            async with shaky.client(bank.people[counter].staff_no) as client:
                while len(answered) < len(lines):
                    try:
                        answer = await send(client, COUNT, key, r.sample(lines, r.randint(1, len(lines))))
                    except (httpx.RemoteProtocolError, httpx.ReadError):
                        cuts += 1
                        continue
                    for line in answer["lines"]:
                        assert line["result"]["__typename"] == "SubmitCountBatchLinePayload", line
                        answered.add(line["lineId"])
                        replayed += line["result"]["replayed"]
    assert cuts and replayed
    said = """select counter_id, count(*), count(distinct barcode) from stocktake_counts
      where stocktake_id = $1 and barcode is not null group by counter_id"""
    labels = sum(bool(barcode) for _, barcode, _ in lies)
    assert {tuple(row)[1:] for row in await bank.root.fetch(said, take)} == {(labels, labels)}
    made = await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
    assert made["cases"] == []
