"""Requests made of rubbish: every answer is coded, and nothing of our insides is in an answer or in the log."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest

from tests.harness.web import Site, site
from tests.harness.world import World

REQUESTS = [500, pytest.param(10_000, marks=pytest.mark.soak)]
INSIDES = re.compile(r'Traceback|File "|asyncpg|sqlalchemy|site-packages|strawberry\.|select .* from |X-Amz-Signature|eyJ[\w-]{20}', re.I)
GOOD = [
    '{ loans(first: 3, where: { number: { contains: "1" } }) { edges { node { id customer { name phoneMasked } } } } }',
    "query ($i: [ID!]!) { nodes(ids: $i) { id ... on Loan { number } } }",
    'mutation { cancelRequest(input: { idempotencyKey: "x", requestId: "request_x", expectedVersion: "1", reason: "y" }) { __typename } }',
    'query { contractHistory(by: { number: "x" }, purpose: AUDIT, first: 3) { edges { node { tag } } } }',
    '{ explainCustody(act: { checkOut: { idempotencyKey: "x", barcodes: ["x"] } }) { allowed } }',
    "mutation ($i: UploadScanInput!) { uploadScan(input: $i) { __typename } }",
]
PIECES = ["{", "}", "(", ")", "$", '"', "\\u0000", "\x00", "\ud7ff", "'; drop table loans --", "🚗", "first: -1", "null", "[[[", "#", "...", "@skip", "\n" * 50,
          "loans", "1e999", "../../etc/passwd", "%s%s%n", "{{7*7}}", "-0", "9" * 400, "a" * 3000, "on Loan", "fragment F on F { ...F }"]  # fmt: skip
VALUES: list[Any] = [None, True, 0, -1, 2**63, 1e308, "", "x" * 5000, "\x00", [], {}, [[]], {"a": {"b": []}}, "loan_", "\ud800", ["x"] * 200,
                     "Infinity", {"__proto__": 1}]  # fmt: skip


@pytest.fixture(scope="module")
def served(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(told, database_name, tmp_path_factory.mktemp("fuzz"), cost_bucket="100000000") as made:
        yield made


def rubbish(r: Random) -> tuple[bytes, dict[str, str]]:
    """A body that began as a right one, most of the time, and its headers."""
    text = r.choice(GOOD)
    for _ in range(r.randint(0, 4)):
        at = r.randrange(len(text) + 1)
        text = text[:at] + r.choice(PIECES) + text[at + r.choice((0, 0, 1, 5)) :]
    body: Any = {"query": text, "variables": {r.choice("ijk"): r.choice(VALUES) for _ in range(r.randint(0, 3))}}
    if r.random() < 0.2:
        body[r.choice(["query", "variables", "operationName", "extensions", "documentId", "x"])] = r.choice(VALUES)
    if r.random() < 0.05:
        body = r.choice(VALUES)
    raw = bytearray(json.dumps(body).encode())
    for _ in range(r.choice((0, 0, 0, 1, 3))):
        raw[r.randrange(len(raw))] = r.randrange(256)
    headers = {
        "Content-Type": r.choice(
            ["application/json"] * 8 + ["application/json; charset=utf-16", "multipart/form-data; boundary=x", "text/plain"]
        )
    }
    if r.random() < 0.1:
        headers[r.choice(["Accept", "Accept-Language", "X-Request-Id", "GraphQL-Require-Preflight"])] = r.choice(
            ["*/*", "zh", "a;b", "x" * 500, "1"]
        )
    return bytes(raw), headers


@pytest.mark.parametrize("requests", REQUESTS)
async def test_rubbish_is_answered_with_a_code_and_never_with_our_insides(served: Site, bank: World, requests: int) -> None:
    r, codes = Random(7), Counter[str]()
    async with served.client(bank.people["compliance"].staff_no) as client:
        for number in range(requests):
            raw, headers = rubbish(r)
            answer: httpx.Response = await client.post("/graphql", content=raw, headers=headers)
            assert answer.status_code in (200, 400, 403, 413, 415), (number, answer.status_code, raw[:500])
            assert not INSIDES.search(answer.text), (number, answer.text[:500])
            told = answer.json()
            assert "data" in told or told["errors"], number
            codes.update(e["extensions"]["code"] for e in told.get("errors", ()))
            assert "INTERNAL" not in codes, (number, raw[:1500], answer.text[:500])
    assert codes["BAD_REQUEST"] > requests / 3, codes
    log = served.logged()
    assert not INSIDES.search(log) and '"event": "bug"' not in log
