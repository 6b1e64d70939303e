"""Documents that attack cost nothing, and nobody can ask for more than their share; in production only known documents are answered."""

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from schema.cost import Price
from schema.reading.answers import ReadingSchema
from schema.reading.documents import Documents
from schema.trusted import TrustedDocuments, read_manifest
from server.context import Context
from server.errors import Forbidden, Throttled
from server.settings import Settings, SettingsError
from server.throttle import Buckets
from storage.objects import ObjectStore
from tests.harness.web import Site, site
from tests.harness.world import World

ME = "{ viewer { staff { name } } }"
SCHEMA = "{ __schema { types { name } } }"
HOSTILE: dict[str, Any] = {
    "1,000 aliases": {"query": "{" + " ".join(f"a{n}: viewer {{ staff {{ name }} }}" for n in range(1000)) + "}"},
    "depth 50": {"query": "{ viewer { staff " + "{ orgUnit { parent " * 25 + "{ id }" + " } }" * 25 + " } }"},
    "exponential fragments": {
        "query": "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} a{n}: viewer {{ roles }} }}" for n in range(60))
        + " fragment F60 on Query { viewer { roles } }"
    },
    "400 repeated fields": {"query": "{ viewer {" + " roles" * 400 + "} }"},
    "400 repeats of a{n}": {"query": "{" + "viewer{roles} " * 400 + "}"},
    "circular fragments": {"query": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"},
    "deep lists": {"query": "{ nodes(ids: " + "[" * 500 + "]" * 500 + ") { id } }"},
    "deep variables": {"query": "query ($w: LoanWhere) { loans(first: 1, where: $w) { totalCount } }",
                       "variables": {"w": json.loads('{"not":' * 400 + "{}" + "}" * 400)}},
    "huge variables": {"query": "query ($i: [ID!]!) { nodes(ids: $i) { id } }", "variables": {"i": ["loan_x"] * 20_000}},
    "a directive flood": {"query": "{ viewer " + "@include(if: true) " * 400 + "{ roles } }"},
    "a wide filter": {"query": "query ($w: LoanWhere) { loans(first: 1, where: $w) { totalCount } }",
                      "variables": {"w": {"or": [{"number": {"eq": str(n)}} for n in range(2000)]}}},
    "pages in pages": {"query": """{ loans(first: 100) { edges { node { archiveRecords(first: 100) { edges { node { custodyEvents(first: 100)
        { edges { node { id tag } } } } } } } } } }"""},
    "pages by variables": {"query": """query ($n: Int) { loans(first: $n) { edges { node { archiveRecords(first: $n) { edges { node {
        checkouts(first: $n) { edges { node { id } } } } } } } } } }""", "variables": {"n": 100}},
    "a batch": [{"query": ME}] * 100,
    "many mutations": {"query": "mutation {" + " ".join(f'm{n}: cancelRequest(input: {{ idempotencyKey: "x", requestId: "x", expectedVersion: "1",'
                                                     f' reason: "x" }}) {{ __typename }}' for n in range(11)) + "}"},
}  # fmt: skip


@pytest.fixture(scope="module")
def served(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(told, database_name, tmp_path_factory.mktemp("limits")) as made:
        yield made


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_document_is_refused_and_others_are_answered_meanwhile(served: Site, bank: World, name: str) -> None:
    async with served.client(bank.people["officer"].staff_no) as attacker, served.client(bank.people["head"].staff_no) as other:
        attacks = [attacker.post("/graphql", json=HOSTILE[name]) for _ in range(4)]
        answers = await asyncio.gather(*attacks, other.post("/graphql", json={"query": ME}))
    assert answers[-1].json()["data"] == {"viewer": {"staff": {"name": "head"}}}
    for answer in answers[:-1]:
        assert answer.status_code in (200, 400, 413), answer.text
        assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST" and "data" not in answer.json()


def price(schema: ReadingSchema, query: str) -> Price:
    document = Documents(schema._schema).read(query, None)
    assert not document.errors, document.errors
    return document.price


@pytest.mark.parametrize(
    ("query", "variables", "cost"),
    [
        ("{ viewer { staff { name } } }", {}, 3),
        ("{ loans(first: 10) { edges { node { id number } } } }", {}, 2 + 10 * 4),
        ("query ($n: Int) { loans(first: $n) { edges { node { id } } } }", {"n": 7}, 2 + 7 * 3),
        ("query ($n: Int) { loans(first: $n) { edges { node { records: archiveRecords(last: $n) { edges { cursor } } } } } }", {"n": 3},
         2 + 3 * (1 + 1 + 2 + 3 * 2)),
        ("{ ...F a: viewer { ...V } } fragment F on Query { b: viewer { ...V } } fragment V on Viewer { roles }", {}, 4),
        ("query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a", "b", "c"]}, 1 + 3),
        ("{ loans(first: 2) { edges { node { collateral { kind certificates { number } } } } } }", {}, 2 + 2 * (1 + 1 + 1 + 5 * (1 + 1 + 5))),
    ],
)  # fmt: skip
def test_the_cost_is_the_fields_times_the_sizes_of_their_lists(
    schema: ReadingSchema, query: str, variables: dict[str, Any], cost: int
) -> None:
    assert price(schema, query).of(variables) == cost


def test_a_field_that_is_skipped_does_not_pay_for_another(schema: ReadingSchema) -> None:
    skipped = "a: loans(first: -100) @skip(if: true) { edges { node { id number } } }"
    query = "{ %s b: loans(first: 100) { edges { node { id } } } }"
    assert price(schema, query % skipped).of({}) >= price(schema, query % "").of({}) > 300
    assert price(schema, f"query ($n: Int) {{ {skipped.replace('-100', '$n')} }}").of({"n": -(2**31)}) >= 0


def test_a_bucket_empties_says_when_to_come_back_and_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    buckets, who, other, now = Buckets(100, 50), uuid4(), uuid4(), time.monotonic()
    monkeypatch.setattr("server.throttle.time", SimpleNamespace(monotonic=lambda: now))
    buckets.spend(who, 80)
    with pytest.raises(Throttled) as told:
        buckets.spend(who, 80)
    assert told.value.retry_after_seconds == 2
    buckets.spend(other, 100)
    now += 2
    buckets.spend(who, 80)


async def test_who_asks_for_too_much_is_told_when_to_come_back(
    told: dict[str, Any], database_name: str, tmp_path: Path, bank: World
) -> None:
    given = {"cost_bucket": "100", "cost_per_second": "1"}
    with site(told, database_name, tmp_path, **given) as made:
        async with made.client(bank.people["officer"].staff_no) as officer, made.client(bank.people["head"].staff_no) as head:
            began, answered = time.monotonic(), 0
            while (answer := await officer.post("/graphql", json={"query": ME})).status_code == 200:
                answered += 1
            came_back = time.monotonic() - began
            assert (await head.post("/graphql", json={"query": ME})).status_code == 200
    assert 100 // 3 <= answered <= (100 + came_back) / 3 and answer.status_code == 429 and answer.headers["retry-after"]
    error = answer.json()["errors"][0]["extensions"]
    assert (error["code"], error["retryable"]) == ("THROTTLED", True) and error["retryAfterSeconds"] >= 1


KEYS = {name: "abcd"[n] * 64 for n, name in enumerate(("data_key", "blind_index_key", "cursor_secret", "receipt_key"))}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("manifest") / "documents.json"
    path.write_text(json.dumps({hashlib.sha256(ME.encode()).hexdigest(): ME}))
    return path


async def test_a_trusted_document_is_asked_for_by_its_digest_and_pages_of_named_origins_may_call(
    told: dict[str, Any], database_name: str, tmp_path: Path, bank: World, manifest: Path
) -> None:
    digest = hashlib.sha256(ME.encode()).hexdigest()
    given = {"trusted_documents": str(manifest), "adhoc_roles": '["COMPLIANCE"]', "cors_origins": '["https://desk.example"]'}
    with site(told, database_name, tmp_path, **given) as development:
        async with development.client(bank.people["officer"].staff_no) as officer:
            for body in ({"documentId": f"sha256:{digest}"}, {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}):
                assert (await officer.post("/graphql", json=body)).json()["data"]["viewer"]["staff"]["name"] == "officer"
            wrong: list[Any] = [{"documentId": "sha256:00"}, {"documentId": 1}, {"documentId": f"sha256:{digest}", "query": SCHEMA}, {}]
            for body in wrong:
                assert (await officer.post("/graphql", json=body)).status_code == 400
            origin = {"Origin": "https://desk.example", "Access-Control-Request-Method": "POST"}
            assert (await officer.options("/graphql", headers=origin)).headers["access-control-allow-origin"] == "https://desk.example"
            foreign = await officer.options("/graphql", headers={**origin, "Origin": "https://other.example"})
            assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize(
    ("who", "query", "answered"),
    [
        ("officer", ME, True),
        ("officer", "{ viewer { roles } }", False),
        ("compliance", "{ viewer { roles } }", True),
        ("compliance", SCHEMA, False),
    ],
)
async def test_in_production_only_trusted_documents_are_answered_except_to_named_roles(
    schema: ReadingSchema, bank: World, objects: ObjectStore, manifest: Path, who: str, query: str, answered: bool
) -> None:
    settings = Settings(env="production", oidc_issuer="https://issuer.example", worker=False, adhoc_roles={"COMPLIANCE"}, **KEYS)  # type: ignore[arg-type]  # pydantic reads the texts
    context = Context(bank.people[who], bank.database, bank.desk, objects, settings)
    try:
        text = TrustedDocuments(read_manifest(manifest)).text({"query": query}, context)
        result = await schema.execute(text, {}, context)
        assert answered is not bool(result.errors)
    except Forbidden:
        assert not answered


@pytest.mark.parametrize("text", ["{", "[]", '{"00": "{ __typename }"}'])
def test_a_wrong_manifest_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match="LOANFILE_TRUSTED_DOCUMENTS"):
        read_manifest(path)
