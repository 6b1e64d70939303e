"""Scans through the schema, on the real object store."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.settings import Settings
from storage.objects import ObjectStore
from tests.harness.web import ANSWER_SECONDS_MAX
from tests.harness.world import World

Run = Callable[..., Awaitable[Any]]


@pytest.fixture
def run(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Run:
    """`run(who, mutation, payload, **input)`: the payload, the problem, or the errors."""

    async def run(who: str, name: str, payload: str, *, clamd: str | None = None, store: ObjectStore | None = None, **given: Any) -> Any:
        head = name[0].upper() + name[1:]
        query = f"""mutation M($i: {head}Input!) {{ {name}(input: $i) {{ __typename ... on {head}Payload {{ {payload} }}
          ... on Problem {{ code message }} ... on InvalidInput {{ problems {{ path code message rule remedy }} }} }} }}"""
        given.setdefault("idempotencyKey", uuid4().hex)
        settings = Settings(clamd=clamd)
        context = Context(bank.people[who], bank.database, bank.desk, store or objects, settings, query=query, variables={"i": given})
        result = await schema.execute(query, {"i": given}, context)
        told = orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))
        return told["errors"] or told["data"][name]

    return run


def scan_of(record: Any, body: bytes, **changed: Any) -> dict[str, Any]:
    """The input of registerScan."""
    return {
        "subjectKind": "RECORD", "subjectId": f"record_{record}", "title": "登记证书", "mediaType": "application/pdf",
        "sha256": hashlib.sha256(body).hexdigest(), "sizeBytes": str(len(body)), "pages": 1, **changed,
    }  # fmt: skip


async def put(url: str, headers: list[str], body: bytes, *, without: tuple[str, ...] = (), **changed: str) -> int:
    """The status of a PUT with the headers that were told, but for some."""
    sent = {name: value for name, value in (h.split(": ", 1) for h in headers) if name not in without} | changed
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        return (await client.put(url, content=body, headers=sent)).status_code
