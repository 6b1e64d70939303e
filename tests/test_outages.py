"""PostgreSQL and the object store go away and come back: coded answers with a time to retry, nothing lost, nothing doubled."""

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from server.demo.names import small_pdf
from storage import migration
from storage.database import Database
from storage.embedded import Embedded, Parts
from tests.harness.web import Site, site
from tests.harness.world import World

ME = {"query": "{ viewer { staff { name } } }"}
REQUEST = """mutation ($i: RequestCheckoutInput!) { requestCheckout(input: $i) { __typename
  ... on RequestCheckoutPayload { replayed request { id } } ... on Problem { code message } } }"""
UPLOAD = """mutation ($f: Upload!, $s: ID!) { uploadScan(input: { idempotencyKey: "u", subjectKind: RECORD, subjectId: $s, title: "x", pages: 1, file: $f,
  mediaType: "application/pdf", sha256: "%s" }) { __typename } }"""
PDF = small_pdf("x")
MAP = '{"0": ["variables.f"]}'
CLIENTS, SECONDS_MAX = 8, 240
WAITS = "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"


@dataclass
class House:
    """Servers of its own, so that they can be stopped without harm to other tests."""

    embedded: Embedded
    parts: Parts
    site: Site

    def child(self, name: str) -> "subprocess.Popen[bytes]":
        return next(c.process for c in self.embedded.children.running if name in c.name)

    def stop_postgres(self) -> None:
        postgres = self.embedded.postgres
        assert postgres is not None
        child = next(c for c in self.embedded.children.running if c.name == "postgres")
        child.process.send_signal(signal.SIGINT)
        child.process.wait(SECONDS_MAX)
        self.embedded.children.forget(child)

    def start_postgres(self) -> None:
        assert self.embedded.postgres is not None
        self.embedded.postgres.start(self.embedded.database)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    embedded = Embedded(tmp_path_factory.mktemp("outages"), durable=False)
    with embedded as parts:
        migration.upgrade(parts.owner_url)
        told = {"secrets": parts.secrets, "s3_endpoint": parts.store.endpoint, "sockets": str(embedded.sockets)}
        with site(told, embedded.database, tmp_path_factory.mktemp("site"), log_level="info") as made:
            yield House(embedded, parts, made)


@pytest_asyncio.fixture(scope="module")
async def people(house: House) -> World:
    """A small bank in the house's own database, with volumes to ask for."""
    database = Database(house.parts.app_url)
    await database.open()
    postgres = house.embedded.postgres
    assert postgres is not None
    root = await asyncpg.connect(f"postgresql://postgres:{house.parts.secrets['super']}@/{house.embedded.database}?host={postgres.sockets}")
    try:
        made = await World.make(database, root)
        made.volume = (await made.volumes())[0]  # type: ignore[attr-defined]  # a bank of this file's has one
    finally:
        await root.close()
        await database.close()
    return made


async def ready(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/readyz")
    assert answer.status_code == (200 if answer.json()["ready"] else 503)
    return dict(answer.json())


async def eventually_ready(client: httpx.AsyncClient) -> None:
    end = time.monotonic() + SECONDS_MAX
    while not (await ready(client))["ready"]:
        assert time.monotonic() < end
        await asyncio.sleep(0.1)


async def test_the_server_is_alive_and_ready(house: House) -> None:
    async with house.site.client() as client:
        assert (await client.get("/livez")).text == "ok\n"
        assert await ready(client) == {"ready": True, "database": "ok", "object_store": "ok"}


async def test_without_postgresql_it_lives_is_not_ready_and_says_when_to_retry(house: House, people: World) -> None:
    async with house.site.client(people.people["officer"].staff_no) as client:
        house.stop_postgres()
        try:
            told = [await client.post("/graphql", json=ME) for _ in range(3)]
            assert (await client.get("/livez")).status_code == 200
            assert (await ready(client))["database"] == "down"
        finally:
            house.start_postgres()
        for answer in told:
            assert answer.status_code == 503 and answer.headers["retry-after"] == "2", answer.text
            error = answer.json()["errors"][0]["extensions"]
            assert (error["code"], error["retryable"], error["retryAfterSeconds"]) == ("UNAVAILABLE", True, 2)
        await eventually_ready(client)
        assert (await client.post("/graphql", json=ME)).status_code == 200


async def test_postgresql_restarted_under_load_loses_and_doubles_nothing(house: House, people: World) -> None:
    officer, stop, answers = people.people["officer"].staff_no, asyncio.Event(), list[tuple[int, str | None]]()
    made: dict[str, str] = {}

    async def ask(client: httpx.AsyncClient, key: str) -> None:
        given = {"recordIds": [f"record_{people.volume}"], "purpose": "AUDIT", "idempotencyKey": key}  # type: ignore[attr-defined]  # a bank of this file's has one
        end = time.monotonic() + SECONDS_MAX
        while key not in made:  # with the same key, until it is told how it went
            assert time.monotonic() < end, answers[-5:]
            answer = await client.post("/graphql", json={"query": REQUEST, "variables": {"i": given}})
            body = answer.json()
            code = body["errors"][0]["extensions"]["code"] if "errors" in body else None
            answers.append((answer.status_code, code))
            if code is None:
                made[key] = body["data"]["requestCheckout"]["request"]["id"]
            else:
                await asyncio.sleep(0.1)

    async def load(number: int) -> None:
        async with house.site.client(officer) as client:
            turn = 0
            while not stop.is_set():
                await ask(client, f"restart-{number}-{turn}")
                turn += 1

    clients = [asyncio.create_task(load(n)) for n in range(CLIENTS)]
    await asyncio.sleep(1)
    await asyncio.to_thread(house.stop_postgres)
    await asyncio.sleep(0.5)
    house.start_postgres()  # in the main thread: the death signal follows the thread that forked
    before = len(made)
    await asyncio.sleep(1)
    stop.set()
    await asyncio.gather(*clients)

    assert {status for status, code in answers if code} == {503} and {code for _, code in answers} == {None, "UNAVAILABLE"}
    assert len(made) > before and len(set(made.values())) == len(made)
    assert house.embedded.postgres is not None
    kept = house.embedded.postgres.sql(house.embedded.database, "select count(*) from access_requests")
    assert int(kept) == len(made)


async def test_a_deadlock_is_run_again_and_nobody_hears_of_it(house: House, people: World) -> None:
    async with house.site.client(people.people["officer"].staff_no) as officer:
        given = {"recordIds": [f"record_{people.volume}"], "purpose": "AUDIT", "idempotencyKey": "dead"}  # type: ignore[attr-defined]  # a bank of this file's has one
        made = (await officer.post("/graphql", json={"query": REQUEST, "variables": {"i": given}})).json()
    request = made["data"]["requestCheckout"]["request"]["id"].removeprefix("request_")
    text = """mutation ($i: CancelRequestInput!) { cancelRequest(input: $i) { __typename ... on Problem { code message } } }"""
    postgres = house.embedded.postgres
    assert postgres is not None
    root = await asyncpg.connect(f"postgresql://postgres:{house.parts.secrets['super']}@/{house.embedded.database}?host={postgres.sockets}")
    try:
        # The server is the one that gives way; it looks once, and by then we must wait for it, however busy the machine is.
        await root.execute("alter system set deadlock_timeout = '5s'")
        await root.execute("select pg_reload_conf()")
        while await root.fetchval("show deadlock_timeout") != "5s":  # noqa: ASYNC110  # another process brings it about
            await asyncio.sleep(0.02)
        await root.execute("set deadlock_timeout = '60s'")
        held = root.transaction()
        await held.start()
        await root.fetch("select id from chains for update")
        async with house.site.client(people.people["officer"].staff_no) as officer:
            i = {"requestId": f"request_{request}", "expectedVersion": "1", "idempotencyKey": "c", "reason": "x"}
            answer = asyncio.create_task(officer.post("/graphql", json={"query": text, "variables": {"i": i}}))
            end = time.monotonic() + SECONDS_MAX
            while not await root.fetchval(WAITS):
                assert time.monotonic() < end and not answer.done()
                await asyncio.sleep(0.02)
            await root.fetch("select id from access_requests where id = $1::text::uuid for update", request)
            await held.rollback()
            assert (await answer).json()["data"] == {"cancelRequest": {"__typename": "CancelRequestPayload"}}
    finally:
        await root.close()
    log = await asyncio.to_thread((house.embedded.home / "log" / "postgres.log").read_text)
    assert "deadlock detected" in log


async def test_without_the_object_store_it_says_so_and_all_else_goes_on(house: House, people: World) -> None:
    """Runs last but one: the store does not come back in this house."""
    house.child("weed").send_signal(signal.SIGKILL)
    house.child("weed").wait(SECONDS_MAX)
    async with house.site.client(people.people["officer"].staff_no) as client:
        told = await ready(client)
        assert told == {"ready": True, "database": "ok", "object_store": "down"}
        assert (await client.post("/graphql", json=ME)).status_code == 200
        for _ in range(2):  # a retry is told the same; the registered row waits for the bytes
            form = {
                "operations": json.dumps(
                    {"query": UPLOAD % sha256(PDF).hexdigest(), "variables": {"f": None, "s": f"record_{people.volume}"}}
                ),
                "map": MAP,
            }  # type: ignore[attr-defined]  # a bank of this file's has one
            files, head = {"0": ("a.pdf", PDF, "application/pdf")}, {"GraphQL-Require-Preflight": "1"}
            answer = await client.post("/graphql", data=form, files=files, headers=head)
            assert answer.status_code == 503 and answer.headers["retry-after"] == "2", answer.text
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert house.embedded.postgres is not None
    assert house.embedded.postgres.sql(house.embedded.database, "select string_agg(status, ',') from scans").strip() == "REGISTERED"


def test_no_outage_left_a_trace_or_a_secret_in_the_log(house: House) -> None:
    """Runs last: the log of the whole file."""
    log = house.site.logged()
    assert '"event": "part down"' in log and "Traceback" not in log and '"event": "bug"' not in log
    assert house.parts.secrets["app"] not in log and "eyJ" not in log
