"""GraphQL over HTTP: every wrong request gets its status and a code, never a 5xx and never a stack trace."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from storage.database import Database
from tests.harness.web import Site, site
from tests.harness.world import World

RESPONSE_JSON = "application/graphql-response+json"
ME = {"query": "{ viewer { staff { name } } }"}
LEAKS = ("Traceback", 'File "', "asyncpg", "select ", "site-packages", "strawberry", "orjson")


@pytest.fixture(scope="module")
def served(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(told, database_name, tmp_path_factory.mktemp("http")) as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def staff_no(database: Database, root: Any) -> str:
    return (await World.make(database, root)).people["officer"].staff_no


@pytest_asyncio.fixture
async def officer(served: Site, staff_no: str) -> Any:
    async with served.client(staff_no) as client:
        yield client


def coded(answer: httpx.Response, status: int, code: str = "BAD_REQUEST") -> None:
    """A coded error without data, with its request id, and nothing of our insides."""
    assert answer.status_code == status, (answer.status_code, answer.text[:300])
    told = answer.json()
    assert told["errors"] and "data" not in told, told
    for error in told["errors"]:
        assert error["extensions"]["code"] == code, told
        assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert not [leak for leak in LEAKS if leak in answer.text]


async def test_a_right_query_is_answered_in_the_media_type_that_was_asked_for(officer: httpx.AsyncClient) -> None:
    plain = await officer.post("/graphql", json=ME)
    assert plain.json()["data"] == {"viewer": {"staff": {"name": "officer"}}}
    assert plain.json()["extensions"] == {"cost": {"requested": 3, "limit": 100_000}}
    assert plain.headers["content-type"].startswith("application/json")
    newer = await officer.post("/graphql", json=ME, headers={"Accept": RESPONSE_JSON})
    assert newer.headers["content-type"].startswith(RESPONSE_JSON) and newer.json() == plain.json()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'"x"', b"1", b"null", b"true", b"[]", b"{}", b"\xff\xfe", b'{"query": "\xc3\x28"}', b"[" * 100_000,
        b'{"query": null}', b'{"query": 1}', b'{"query": ""}', b'{"query": " "}', b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": 1}', b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "variables": []}', b'{"query": "{ __typename }", "operationName": 1}',
        b'{"query": "{ __typename }", "extensions": 0}', b'{"query": "{ __typename }", "extensions": "x"}',
        b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]', b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "\\ud800"}',
    ],
)  # fmt: skip
async def test_a_body_that_is_no_request_is_told_so(officer: httpx.AsyncClient, body: bytes) -> None:
    coded(await officer.post("/graphql", content=body, headers={"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{", None),
        ("\x00", None),
        ("{ nothing }", None),
        ("{ __typename } { __typename }", None),
        ("query A { __typename } query B { __typename }", None),
        ("subscription { x }", None),
        ("query ($n: Int!) { loans(first: $n) { totalCount } }", {}),
        ("query ($n: Int!) { loans(first: $n) { totalCount } }", {"n": "ten"}),
        ("query ($n: Int!) { loans(first: $n) { totalCount } }", {"n": 2**70}),
        ("{ loans(first: -1) { totalCount } }", None),
        ("{ loans { totalCount } }", None),
        ("{ loans(first: 1, last: 1) { totalCount } }", None),
        ('{ loans(first: 1, after: "forged") { totalCount } }', None),
        ('{ loan(by: { number: "a\\u0000b" }) { id } }', None),
        ("query ($i: ID!) { node(id: $i) { id } }", {"i": "\x00"}),
        ("query ($i: ID!) { node(id: $i) { id } }", {"i": {"a": 1}}),
        ("mutation ($i: CancelRequestInput!) { cancelRequest(input: $i) { __typename } }", {"i": {"requestId": "x"}}),
        ("mutation ($i: CancelRequestInput!) { cancelRequest(input: $i) { __typename } }", None),
        ('mutation { cancelRequest(input: { requestId: "x" }) { __typename } }', None),
        ("{ " + "viewer { " * 200 + "x" + " }" * 200 + " }", None),
        ("{" + "a" * 2 + "{n} " * 400 + "}", None),
        ("query { ...A } fragment A on Query { ...B } fragment B on Query { ...A }", None),
        (" ".join(f"a{n}: __typename" for n in range(2000)).join("{}"), None),
    ],
)
async def test_a_wrong_document_or_argument_is_the_callers_error(officer: httpx.AsyncClient, query: str, variables: Any) -> None:
    body = {"query": query, "variables": variables}
    coded(await officer.post("/graphql", json=body, headers={"Accept": RESPONSE_JSON}), 400)
    older = await officer.post("/graphql", json=body)
    assert older.status_code in (200, 400) and older.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_unknown_ids_and_ids_of_another_type_are_null(officer: httpx.AsyncClient) -> None:
    ids = ["loan_00000000-0000-7000-8000-000000000000", "nonsense_1", "", "loan_", "loan_x", "staff_" + "9" * 5000]
    answer = await officer.post("/graphql", json={"query": "query ($i: [ID!]!) { nodes(ids: $i) { id } }", "variables": {"i": ids}})
    assert answer.status_code == 200 and answer.json()["data"] == {"nodes": [None] * len(ids)}, answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_are_refused(officer: httpx.AsyncClient, method: str) -> None:
    answer = await officer.request(method, "/graphql", params={"query": "{ __typename }"})
    assert answer.status_code == 405 and answer.headers["allow"] == "GET, POST"


async def test_a_get_asks_and_changes_nothing(officer: httpx.AsyncClient) -> None:
    asked = {"query": "query Q($n: Int!) { loans(first: $n) { edges { node { number } } } }", "operationName": "Q", "variables": '{"n": 1}'}
    answer = await officer.get("/graphql", params=asked)
    assert answer.status_code == 200 and "loans" in answer.json()["data"] and answer.headers["cache-control"] == "no-store"
    act = 'mutation { requestCheckout(input: {recordIds: [], purpose: AUDIT, idempotencyKey: "k"}) { __typename } }'
    refused = await officer.get("/graphql", params={"query": act})
    assert refused.status_code == 405 and refused.headers["allow"] == "POST"
    anonymous = await officer.get("/graphql", params=asked, headers={"Authorization": ""})
    coded(anonymous, 401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "params",
    [{}, {"query": ""}, {"query": "{"}, {"query": "mutation {"}, {"query": "{ __typename }", "variables": "["}, {"query": "{ __typename }", "variables": "[]"},
     {"query": "{ __typename }", "extensions": "1"}, {"documentId": "sha256:00"}, {"query": "subscription { operationWaiting { operation { id } } }"}],
)  # fmt: skip
async def test_a_get_that_is_no_query_is_the_callers_error(officer: httpx.AsyncClient, params: dict[str, str]) -> None:
    coded(await officer.get("/graphql", params=params, headers={"Accept": RESPONSE_JSON}), 400)


async def test_a_browser_gets_the_page_at_the_endpoint(officer: httpx.AsyncClient) -> None:
    answer = await officer.get("/graphql", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("text/html") and "Loanfile" in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/graphql", "application/xml"])
async def test_other_media_types_are_refused(officer: httpx.AsyncClient, kind: str) -> None:
    coded(await officer.post("/graphql", content=json.dumps(ME), headers={"Content-Type": kind}), 415)


async def test_a_body_over_the_limit_is_refused_whether_it_tells_its_length_or_not(officer: httpx.AsyncClient) -> None:
    large = json.dumps({"query": "{ __typename }", "variables": {"s": "x" * 10_000_000}}).encode()
    json_type = {"Content-Type": "application/json"}
    coded(await officer.post("/graphql", content=large, headers=json_type), 413)

    async def streamed() -> Any:
        for start in range(0, 600_000, 10_000):
            yield large[start : start + 10_000]

    coded(await officer.post("/graphql", content=streamed(), headers=json_type), 413)
    assert (await officer.post("/graphql", json=ME)).status_code == 200


UPLOAD = {"operations": json.dumps({"query": "{ __typename }", "variables": {"f": None}}), "map": json.dumps({"0": ["variables.f"]})}
FILE = {"0": ("a.pdf", b"%PDF-1.4", "application/pdf")}
PREFLIGHT = {"GraphQL-Require-Preflight": "1"}


async def test_an_upload_needs_the_preflight_header(officer: httpx.AsyncClient) -> None:
    coded(await officer.post("/graphql", data=UPLOAD, files=FILE), 400)
    answer = await officer.post("/graphql", data=UPLOAD, files=FILE, headers=PREFLIGHT)
    assert answer.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    "changed",
    [
        {"operations": "{"}, {"operations": "[]"}, {"operations": "null"}, {"map": "1"}, {"map": "null"}, {"map": '{"9": ["variables.f"]}'},
        {"map": '{"0": "variables.f"}'}, {"map": '{"0": ["variables.g.h"]}'}, {"map": '{"0": [""]}'}, {"map": '{"0": ["query"]}'},
        {"map": '{"0": [1, null, {}]}'}, {"map": '{"operations": ["variables.f"]}'},
    ],
)  # fmt: skip
async def test_a_malformed_upload_is_told_so(officer: httpx.AsyncClient, changed: dict[str, str]) -> None:
    coded(await officer.post("/graphql", data={**UPLOAD, **changed}, files=FILE, headers=PREFLIGHT), 400)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"), ("multipart/form-data; boundary=", b"x"), ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\n\x00\xff"), ("multipart/form-data; boundary=\xff", b"--b--"),
    ],
)  # fmt: skip
async def test_a_broken_multipart_body_is_told_so(officer: httpx.AsyncClient, kind: str, body: bytes) -> None:
    headers = [(b"Content-Type", kind.encode("latin-1")), (b"GraphQL-Require-Preflight", b"1")]
    coded(await officer.post("/graphql", content=body, headers=headers), 400)


async def test_an_upload_over_the_limit_is_refused(officer: httpx.AsyncClient) -> None:
    files = {"0": ("a.pdf", b"x" * (17 * 1024 * 1024), "application/pdf")}
    coded(await officer.post("/graphql", data=UPLOAD, files=files, headers=PREFLIGHT), 413)


async def test_every_answer_has_a_request_id_and_security_headers(officer: httpx.AsyncClient) -> None:
    answer = await officer.post("/graphql", json=ME, headers={"X-Request-Id": "abc-12345678"})
    assert answer.headers["x-request-id"] == "abc-12345678"
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    odd = await officer.post("/graphql", json=ME, headers={"X-Request-Id": 'x" injected: {}'})
    assert odd.headers["x-request-id"] != 'x" injected: {}'


async def test_a_request_without_a_token_is_unauthenticated_before_its_body_is_read(served: Site) -> None:
    async with served.client() as nobody:
        answer = await nobody.post("/graphql", content=b"{", headers={"Content-Type": "application/json"})
    coded(answer, 401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_nothing_above_left_a_bug_or_a_trace_in_the_log(served: Site) -> None:
    """Runs last: the log of the whole file."""
    lines = served.logged().splitlines()
    assert lines and not [line for line in lines if "Traceback" in line or '"event": "bug"' in line]
