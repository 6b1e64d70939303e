"""Scans: a megabyte brought, verified, locked and shown, against plain PUTs of the same bytes; and custody while the object store hangs.

Both on the whole production path, with one durable PostgreSQL and one SeaweedFS. A plain PUT stores the bytes once; a scan is stored in
staging, read, verified, and stored under its lock, which is read back, with its row and events.
"""

import asyncio
import hashlib
import http.client
import json
import os
import queue
import secrets
import shutil
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from io import BytesIO
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
from PIL import Image
from rich.console import Console
from rich.progress import Progress

from bench.data import CACHE
from bench.desk import ACTS, CLIENTS, Side
from bench.load import Load
from server.scans.validation import Announced, check
from storage import migration
from storage.database import Database
from storage.embedded import Embedded
from storage.objects import ObjectStore, StoreAddress
from storage.terms import MediaType
from tests.harness.web import site
from tests.harness.world import World

BRINGERS, ROUNDS, SCANS = 8, 7, 24
BUDGET, HUNG_BUDGET, FAIL_SECONDS_MAX = 0.2, 2.0, 6.0
PIXELS = (1024, 1240)  # of noise, as a JPEG: a megabyte
STEPS = ("register", "put", "confirm")
REGISTER = """mutation ($i: RegisterScanInput!) { registerScan(input: $i) { __typename
  ... on RegisterScanPayload { scan { id } uploadUrl uploadHeaders } } }"""
CONFIRM = """mutation ($i: ConfirmScanInput!) { confirmScan(input: $i) { __typename ... on ConfirmScanPayload { scan { status } } } }"""


@dataclass
class House:
    """One server on servers of its own."""

    side: Side
    embedded: Embedded
    store: StoreAddress
    papers: list[UUID]

    def weed(self, sign: signal.Signals) -> None:
        """Stops the object store, or lets it go on."""
        os.kill(next(c.process.pid for c in self.embedded.children.running if c.name == "weed"), sign)


@dataclass
class Figures:
    """Of all rounds."""

    bytes: list[int] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    scans_per_second: list[float] = field(default_factory=list)
    puts_per_second: list[float] = field(default_factory=list)
    split_ms: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in (*STEPS, "plain put", "validation", "lock and read back")}
    )
    hung: list[float] = field(default_factory=list)
    base_p99_ms: list[float] = field(default_factory=list)
    hung_p99_ms: list[float] = field(default_factory=list)
    failed_seconds: list[float] = field(default_factory=list)


def page() -> bytes:
    """A scanned page of about a megabyte: a PDF of one picture, like no other."""
    made = BytesIO()
    Image.frombytes("L", PIXELS, secrets.token_bytes(PIXELS[0] * PIXELS[1])).save(made, "PDF", quality=90)
    return made.getvalue()


@contextmanager
def _house() -> Iterator[House]:
    home = CACHE / "scans"
    shutil.rmtree(home, ignore_errors=True)
    embedded = Embedded(home / "home", durable=True)
    with embedded as parts, asyncio.Runner() as runner:
        migration.upgrade(parts.owner_url)
        told = {"sockets": str(embedded.sockets), "secrets": parts.secrets, "s3_endpoint": parts.store.endpoint}
        with site(told, embedded.database, home / "site", cost_bucket="1000000000", worker="true") as served:
            opened = Database(parts.app_url)
            runner.run(opened.open())
            url = f"postgresql://postgres:{parts.secrets['super']}@/{embedded.database}?host={embedded.sockets}"
            root = runner.run(asyncpg.connect(url))
            side = Side(served, opened, root, runner.run(World.make(opened, root)), runner.run)
            yield House(side, embedded, parts.store, runner.run(side.bank.papers(SCANS)))
            runner.run(root.close())
            runner.run(opened.close())


async def _asked(client: httpx.AsyncClient, text: str, **given: Any) -> dict[str, Any]:
    body = {"query": text, "variables": {"i": {"idempotencyKey": uuid4().hex, **given}}}
    answer = await client.post("/graphql", json=body)
    made: dict[str, Any] = answer.json()
    return made


def _announced(paper: UUID, body: bytes) -> dict[str, Any]:
    told = {"subjectKind": "RECORD", "subjectId": f"record_{paper}", "title": "登记证书", "mediaType": "application/pdf", "pages": 1}
    return told | {"sha256": hashlib.sha256(body).hexdigest(), "sizeBytes": str(len(body))}


class Bringer:
    """One connection to the server and one to the store, as lean as what it is compared with."""

    def __init__(self, house: House) -> None:
        site = house.side.site
        self._server = http.client.HTTPConnection(urlsplit(site.address).netloc)
        self._store = http.client.HTTPConnection(urlsplit(house.store.endpoint).netloc)
        self._headers = {
            "Authorization": f"Bearer {site.token(house.side.bank.people['officer'].staff_no)}", "Content-Type": "application/json",
        }  # fmt: skip

    def bring(self, paper: UUID, body: bytes, figures: Figures) -> None:
        """One scan from its announcement to the moment when it is visible."""
        times = [time.perf_counter()]
        made = self._asked(REGISTER, **_announced(paper, body))["registerScan"]
        times.append(time.perf_counter())
        self._sent(self._store, "PUT", made["uploadUrl"], body, dict(h.split(": ", 1) for h in made["uploadHeaders"]))
        times.append(time.perf_counter())
        told = self._asked(CONFIRM, scanId=made["scan"]["id"])
        times.append(time.perf_counter())
        if told["confirmScan"].get("scan", {}).get("status") != "STORED":
            raise RuntimeError(f"a scan was not stored: {told}")
        for name, begin, end in zip(STEPS, times, times[1:], strict=False):
            figures.split_ms[name].append((end - begin) * 1000)

    def _asked(self, text: str, **given: Any) -> dict[str, Any]:
        body = {"query": text, "variables": {"i": {"idempotencyKey": uuid4().hex, **given}}}
        made: dict[str, Any] = json.loads(self._sent(self._server, "POST", "/graphql", json.dumps(body).encode(), self._headers))["data"]
        return made

    @staticmethod
    def _sent(connection: http.client.HTTPConnection, method: str, url: str, body: bytes, headers: dict[str, str]) -> bytes:
        connection.request(method, url, body, headers)
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{method} was answered with {answer.status}")
        return answer.read()


def _bring(house: House, bodies: Sequence[bytes], figures: Figures) -> float:
    """All of them, by eight people at once; scans a second."""
    free: queue.SimpleQueue[Bringer] = queue.SimpleQueue()
    for _ in range(BRINGERS):
        free.put(Bringer(house))

    def one(paper: UUID, body: bytes) -> None:
        bringer = free.get()
        bringer.bring(paper, body, figures)
        free.put(bringer)

    with ThreadPoolExecutor(BRINGERS) as threads:
        began = time.perf_counter()
        list(threads.map(one, house.papers, bodies))
        return len(bodies) / (time.perf_counter() - began)


def _plain(house: House, bodies: Sequence[bytes], figures: Figures) -> float:
    """The same bytes by boto3 alone, in as many threads; PUTs a second."""
    store = ObjectStore(house.store)

    def one(body: bytes) -> None:
        began = time.perf_counter()
        store.client.s3.put_object(Bucket=house.store.staging_bucket, Key=f"bench/{uuid4()}", Body=body)
        figures.split_ms["plain put"].append((time.perf_counter() - began) * 1000)

    with ThreadPoolExecutor(BRINGERS) as threads:
        began = time.perf_counter()
        list(threads.map(one, bodies))
        took = time.perf_counter() - began
    store.close()
    return len(bodies) / took


async def _locked(house: House, bodies: Sequence[bytes], figures: Figures) -> None:
    """What of it validation and the lock are, eight at once, with nothing else; the lock is stored under COMPLIANCE and read back."""
    store, turn, until = ObjectStore(house.store), asyncio.Semaphore(BRINGERS), datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)

    async def one(body: bytes) -> None:
        async with turn:
            digest, began = hashlib.sha256(body).digest(), time.perf_counter()
            with tempfile.TemporaryFile() as file:
                file.write(body)
                file.flush()
                await check(cast(BinaryIO, file), len(body), digest, Announced(digest, len(body), MediaType.PDF, 1), None)
            checked = time.perf_counter()
            await store.locked.put(f"bench/{uuid4()}", BytesIO(body), digest, "application/pdf", until)
            figures.split_ms["validation"].append((checked - began) * 1000)
            figures.split_ms["lock and read back"].append((time.perf_counter() - checked) * 1000)

    await asyncio.gather(*(one(body) for body in bodies))
    store.close()


class Uploading:
    """People who go on trying to confirm scans while the store hangs, in a thread; how long each try took to fail."""

    def __init__(self, house: House, scans: Sequence[str], figures: Figures) -> None:
        self._house, self._scans, self._figures, self._ended = house, scans, figures, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    async def _all(self) -> None:
        async with self._house.side.site.client(self._house.side.bank.people["officer"].staff_no) as client:
            await asyncio.gather(*(self._one(client, scan) for scan in self._scans))

    async def _one(self, client: httpx.AsyncClient, scan: str) -> None:
        while not self._ended.is_set():
            began = time.perf_counter()
            told = await _asked(client, CONFIRM, scanId=scan)
            self._figures.failed_seconds.append(time.perf_counter() - began)
            if not told.get("errors") or told["errors"][0]["extensions"]["code"] != "UNAVAILABLE":
                raise RuntimeError(f"the store hangs, and the answer is {told}")
            await asyncio.sleep(0.2)


def _custody(load: Load, side: Side, name: str) -> float:
    """The p99 of the slowest act of a round of the second-tier cycle, in milliseconds."""
    requests, slowest = side.run(side.prepared()), 0.0
    for act in ACTS:
        load.keep(f"{name}-{act}", int(side.site.address.rpartition(":")[2]), requests[act])
        slowest = max(slowest, load.run(f"{name}-{act}", seconds=None, clients=CLIENTS)["p99_ms"])
    return float(slowest)


async def _waiting(house: House) -> list[str]:
    """Scans whose bytes have come and which nobody has confirmed."""
    async with house.side.site.client(house.side.bank.people["officer"].staff_no) as client, httpx.AsyncClient(trust_env=False) as bare:
        scans = []
        for paper in house.papers[:BRINGERS]:
            body = page()
            made = (await _asked(client, REGISTER, **_announced(paper, body)))["data"]["registerScan"]
            headers = dict(h.split(": ", 1) for h in made["uploadHeaders"])
            (await bare.put(made["uploadUrl"], content=body, headers=headers)).raise_for_status()
            scans.append(str(made["scan"]["id"]))
        return scans


def measure(load: Load, console: Console) -> dict[str, Any]:
    """Rounds in turn."""
    figures = Figures()
    with _house() as house, Progress(console=console, transient=True) as progress:
        task = progress.add_task("scans", total=2 * ROUNDS)
        for _ in range(ROUNDS):
            bodies = [page() for _ in range(SCANS)]
            figures.bytes += map(len, bodies)
            figures.puts_per_second.append(_plain(house, bodies, figures))
            figures.scans_per_second.append(_bring(house, bodies, figures))
            figures.ratios.append(figures.scans_per_second[-1] / figures.puts_per_second[-1])
            house.side.run(_locked(house, bodies, figures))
            progress.advance(task)
        for number in range(ROUNDS):
            scans = house.side.run(_waiting(house))
            figures.base_p99_ms.append(_custody(load, house.side, f"base-{number}"))
            house.weed(signal.SIGSTOP)
            try:
                with Uploading(house, scans, figures):
                    figures.hung_p99_ms.append(_custody(load, house.side, f"hung-{number}"))
            finally:
                house.weed(signal.SIGCONT)
            figures.hung.append(figures.hung_p99_ms[-1] / figures.base_p99_ms[-1])
            progress.advance(task)
    return told(figures)


def told(f: Figures) -> dict[str, Any]:
    """Medians of the rounds, with their spread."""
    middle = statistics.median
    return {
        "megabytes": round(middle(f.bytes) / 1e6, 2), "vs_plain": round(middle(f.ratios), 3),
        "vs_plain_spread": f"{min(f.ratios):.2f} to {max(f.ratios):.2f}", "scans_per_second": round(middle(f.scans_per_second), 1),
        "puts_per_second": round(middle(f.puts_per_second), 1), "split_ms": {name: round(middle(ms), 1) for name, ms in f.split_ms.items()},
        "hung_vs_base": round(middle(f.hung), 2), "hung_vs_base_spread": f"{min(f.hung):.2f} to {max(f.hung):.2f}",
        "base_p99_ms": round(middle(f.base_p99_ms), 1), "hung_p99_ms": round(middle(f.hung_p99_ms), 1),
        "failed_seconds_max": round(max(f.failed_seconds), 2), "failed_seconds": round(middle(f.failed_seconds), 3),
    }  # fmt: skip
