"""The object store hangs under load: custody goes on, uploads fail clearly, and go on when it is back."""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from server.demo.names import small_pdf
from storage.objects import ObjectStore
from tests.harness.jobs import jobs_of
from tests.harness.stores import OwnStore, own_store
from tests.harness.web import Site, site
from tests.harness.world import World
from tests.test_papers import put

REGISTER = """mutation ($i: RegisterScanInput!) { registerScan(input: $i) { __typename
  ... on RegisterScanPayload { scan { id } uploadUrl uploadHeaders } ... on Problem { message } } }"""
CONFIRM = """mutation ($i: ConfirmScanInput!) { confirmScan(input: $i) { __typename
  ... on ConfirmScanPayload { scan { status } } ... on Problem { message } } }"""
REQUEST = """mutation ($i: RequestCheckoutInput!) { requestCheckout(input: $i) { __typename
  ... on RequestCheckoutPayload { request { id } } ... on Problem { message } } }"""
UPLOADS, ACTS, BACK_SECONDS_MAX = 12, 20, 240


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    with own_store(tmp_path_factory.mktemp("store")) as made:
        yield made


@pytest.fixture
def served(told: dict[str, Any], database_name: str, store: OwnStore, tmp_path: Path) -> Iterator[Site]:
    with site(told, database_name, tmp_path, **store.settings) as made:
        yield made


async def asked(client: Any, text: str, **given: Any) -> dict[str, Any]:
    answer = await client.post("/graphql", json={"query": text, "variables": {"i": given}})
    return {"status": answer.status_code, **answer.json()}


async def waiting(client: Any, paper: Any, number: int) -> str:
    """A scan whose bytes are there and wait to be confirmed."""
    body = small_pdf(f"waits {number}")
    about = {"subjectKind": "RECORD", "subjectId": f"record_{paper}", "title": "x", "mediaType": "application/pdf", "pages": 1}
    sums = {"sha256": hashlib.sha256(body).hexdigest(), "sizeBytes": str(len(body)), "idempotencyKey": f"r{number}"}
    made = (await asked(client, REGISTER, **about, **sums))["data"]["registerScan"]
    assert await put(made, body) == 200
    return str(made["scan"]["id"])


async def finished_by_the_job(bank: World, store: OwnStore, scans: list[str]) -> set[str]:
    """What becomes of scans whose people do not come back, once the clock has come round."""
    ids = [UUID(scan.removeprefix("scan_")) for scan in scans]
    await bank.sql("update scans set confirmed_at = confirmed_at - interval '1 hour' where id = any($1)", ids)
    objects = ObjectStore(store.address)
    await (await jobs_of(bank, objects)).scans()
    objects.close()
    return {row[0] for row in await bank.root.fetch("select status from scans where id = any($1)", ids)}


async def test_custody_goes_on_uploads_fail_with_a_code_and_finish_when_it_is_back(bank: World, served: Site, store: OwnStore) -> None:
    (paper,), volumes = await bank.papers(), await bank.volumes(ACTS)
    async with served.client(bank.people["officer"].staff_no) as client:
        scans = [await waiting(client, paper, n) for n in range(UPLOADS)]
        with store.hung():
            uploads = [asyncio.create_task(asked(client, CONFIRM, scanId=scan, idempotencyKey=scan)) for scan in scans]
            acts = [await asked(client, REQUEST, recordIds=[f"record_{v}"], purpose="AUDIT", idempotencyKey=f"act {v}") for v in volumes]
            refused = await asyncio.gather(*uploads)
            assert {a["data"]["requestCheckout"]["__typename"] for a in acts} == {"RequestCheckoutPayload"}
            for answer in refused:
                told = answer["errors"][0]["extensions"]
                assert (answer["status"], told["code"], told["retryable"]) == (503, "UNAVAILABLE", True), answer
            assert (await client.get("/readyz")).json() == {"ready": True, "database": "ok", "object_store": "down"}
        retried, left_alone = scans[::2], scans[1::2]
        end, left = time.monotonic() + BACK_SECONDS_MAX, set(retried)
        while left and time.monotonic() < end:  # a retry with the same key, until the breaker has closed
            for scan in sorted(left):
                answer = await asked(client, CONFIRM, scanId=scan, idempotencyKey=scan)
                if answer.get("data"):
                    assert answer["data"]["confirmScan"]["scan"]["status"] == "STORED", answer
                    left.discard(scan)
            await asyncio.sleep(0.2)
        assert not left
        assert await finished_by_the_job(bank, store, left_alone) == {"STORED"}
        assert (await client.get("/readyz")).json()["object_store"] == "ok"
    log = served.logged()
    assert log.count('"event": "object store down"') >= 1 and '"event": "object store back"' in log and '"event": "bug"' not in log
