"""The server as a process: it dies while it confirms a scan and its heir finishes it; files in a request; memory; what a listener hears."""

import asyncio
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from server.demo.names import small_pdf
from server.failpoints import DEAD
from storage.objects import ObjectStore
from tests.harness.jobs import jobs_of
from tests.harness.listener import Listener, listener
from tests.harness.web import Site, site
from tests.harness.world import World
from tests.scans.conftest import put, scan_of
from tests.scans.hostile import hostile
from tests.scans.test_documents import sheet
from tests.scans.test_uploads import in_parts, padded, send
from tests.scans.test_viruses import INFECTED, speaking

MIB = 1 << 20
MEMORY_MB_MAX = 350
SECONDS_MAX = 240
REGISTER = """mutation ($i: RegisterScanInput!) { registerScan(input: $i) { __typename
  ... on RegisterScanPayload { scan { id } uploadUrl uploadHeaders uploadParts { number offset sizeBytes url headers } } ... on Problem { code } } }"""
CONFIRM = """mutation ($i: ConfirmScanInput!) { confirmScan(input: $i) { __typename ... on ConfirmScanPayload { scan { status } }
  ... on InvalidInput { problems { code } } } }"""
UPLOAD = """mutation ($i: UploadScanInput!) { uploadScan(input: $i) { __typename ... on UploadScanPayload { scan { id status } }
  ... on InvalidInput { problems { code } } } }"""
LINK = "mutation ($i: IssueScanLinkInput!) { issueScanLink(input: $i) { __typename ... on IssueScanLinkPayload { url } } }"
FOLLOW = "subscription ($i: [ID!]!) { scanStatusChanged(scanIds: $i) { scan { id status rejectCode } } }"


@pytest.fixture(scope="module")
def served(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(told, database_name, tmp_path_factory.mktemp("scans")) as made:
        yield made


async def ask(client: httpx.AsyncClient, query: str, **given: Any) -> Any:
    answer = await client.post("/graphql", json={"query": query, "variables": {"i": {"idempotencyKey": uuid4().hex, **given}}})
    body = answer.json()
    return body.get("errors") or next(iter(body["data"].values()))


async def upload(client: httpx.AsyncClient, record: UUID, body: bytes, **changed: Any) -> Any:
    given = {"idempotencyKey": uuid4().hex, **scan_of(record, body), "file": None, **changed}
    del given["sizeBytes"]
    form = {"operations": json.dumps({"query": UPLOAD, "variables": {"i": given}}), "map": '{"0": ["variables.i.file"]}'}
    answer = await client.post(
        "/graphql", data=form, files={"0": ("x", body, "application/pdf")}, headers={"GraphQL-Require-Preflight": "1"}
    )
    told = answer.json()
    return told.get("errors") or told["data"]["uploadScan"]


async def test_whoever_may_not_read_by_their_role_is_told_so_and_is_on_record(served: Site, bank: World) -> None:
    scan = uuid4()
    async with served.client(bank.people["admin"].staff_no) as client:
        (told,) = await ask(client, LINK, scanId=f"scan_{scan}", version=1, purpose="核对")
    assert told["extensions"]["code"] == "FORBIDDEN" and "issueScanLink is for" in told["message"]
    assert await bank.sql("select result from access_log where action = 'issueScanLink' and $1 = any(subject_ids)", scan) == "DENIED"


async def test_a_file_comes_with_the_request_whole_or_too_large(served: Site, bank: World) -> None:
    (paper,) = await bank.papers()
    body = padded(15 * MIB)
    async with served.client(bank.people["officer"].staff_no) as client:
        made = await upload(client, paper, body)
        assert made["scan"]["status"] == "STORED"
        (told,) = await upload(client, paper, padded(17 * MIB))
        assert "bytes" in told["message"]
        wrong = await upload(client, paper, small_pdf("x"), sha256=hashlib.sha256(b"y").hexdigest())
    assert wrong["problems"] == [{"code": "HASH_MISMATCH"}]


@pytest.mark.parametrize(
    "point", [*(pytest.param(p, marks=pytest.mark.soak) for p in ("scan_confirmed", "scan_checked", "scan_stored")), "scan_promoted"]
)
async def test_a_server_that_dies_while_it_confirms_leaves_what_its_heir_finishes(
    told: dict[str, Any], database_name: str, bank: World, objects: ObjectStore, tmp_path: Path, point: str
) -> None:
    (paper,) = await bank.papers()
    body, officer = small_pdf(uuid4().hex), bank.people["officer"].staff_no
    with site(told, database_name, tmp_path, failpoint=f"{point}:die") as doomed:
        async with doomed.client(officer) as client:
            made = await ask(client, REGISTER, **scan_of(paper, body))
            scan = made["scan"]["id"]
            assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
            with pytest.raises(httpx.TransportError):
                await ask(client, CONFIRM, scanId=scan)
        assert await asyncio.to_thread(doomed.process.wait, SECONDS_MAX) == DEAD
    seen = await bank.sql("select status from scans where id = $1::text::uuid", scan[5:])
    assert seen == ("STORED" if point == "scan_stored" else "REGISTERED")
    assert await bank.sql("select confirmed_at from scans where id = $1::text::uuid", scan[5:])
    await bank.sql("update scans set confirmed_at = now() - interval '3 minutes' where id = $1::text::uuid", scan[5:])
    assert await (await jobs_of(bank, objects)).scans() == (seen == "REGISTERED")
    row = await bank.root.fetchrow("select * from scans where id = $1::text::uuid", scan[5:])
    assert row["status"] == "STORED"
    found = await objects.locked.digest(row["object_key"], row["object_version_id"])
    assert found is not None and found.sha256 == hashlib.sha256(body).digest()
    kept, _ = await objects.locked.versions(f"scans/{scan[5:]}", None)
    assert len(kept) == 1


async def test_a_server_that_dies_when_it_has_registered_leaves_a_row_that_is_resumed(
    told: dict[str, Any], database_name: str, bank: World, tmp_path: Path, served: Site
) -> None:
    (paper,) = await bank.papers()
    body, officer, key = small_pdf(uuid4().hex), bank.people["officer"].staff_no, uuid4().hex
    with site(told, database_name, tmp_path, failpoint="scan_registered:die") as doomed:
        async with doomed.client(officer) as client:
            with pytest.raises(httpx.TransportError):
                await ask(client, REGISTER, **scan_of(paper, body), idempotencyKey=key)
        assert await asyncio.to_thread(doomed.process.wait, SECONDS_MAX) == DEAD
    async with served.client(officer) as client:  # the same request again, at its heir
        made = await ask(client, REGISTER, **scan_of(paper, body), idempotencyKey=key)
        assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
        assert (await ask(client, CONFIRM, scanId=made["scan"]["id"]))["scan"] == {"status": "STORED"}
    assert await bank.sql("select count(*) from scans where record_id = $1", paper) == 1


async def hears(socket: Listener) -> tuple[str, str | None]:
    heard = await asyncio.wait_for(socket.hear(), SECONDS_MAX)
    scan = heard["payload"]["data"]["scanStatusChanged"]["scan"]
    return scan["status"], scan["rejectCode"]


async def test_whoever_follows_a_scan_hears_that_it_waits_and_what_became_of_it(
    told: dict[str, Any], database_name: str, bank: World, objects: ObjectStore, tmp_path: Path
) -> None:
    (paper,) = await bank.papers()
    officer = bank.people["officer"].staff_no
    async with speaking(b"") as silent, speaking() as speaks:
        with site(told, database_name, tmp_path, clamd=silent) as served:
            async with served.client(officer) as client, listener(served, officer) as socket:
                made = await ask(client, REGISTER, **scan_of(paper, INFECTED))
                await socket.subscribe(FOLLOW, i=[made["scan"]["id"]])
                assert await hears(socket) == ("REGISTERED", None)
                assert await put(made["uploadUrl"], made["uploadHeaders"], INFECTED) == 200
                (error,) = await ask(client, CONFIRM, scanId=made["scan"]["id"])
                assert error["extensions"]["code"] == "UNAVAILABLE" and error["extensions"]["retryable"]
                assert await hears(socket) == ("PENDING", None)
                await bank.sql(
                    "update scans set confirmed_at = now() - interval '3 minutes' where id = $1::text::uuid", made["scan"]["id"][5:]
                )
                jobs = await jobs_of(bank, objects)
                await type(jobs)(jobs.desk, jobs.by, objects, clamd=speaks).scans()
                assert await hears(socket) == ("REJECTED", "VIRUS_FOUND")
                assert (await socket.hear())["type"] == "complete"


class Watcher:
    """The resident memory of a process and of those that it started, looked at all the time.

    What is read from files is counted once for those that run the same program: they share its pages.
    """

    def __init__(self, pid: int) -> None:
        self.pid, self.highest_mb = pid, 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            self.highest_mb = max(self.highest_mb, self._now_mb())

    def _now_mb(self) -> float:
        files: dict[bytes, int] = {}
        own, family = 0, [str(self.pid)]
        for thread in Path(f"/proc/{self.pid}/task").iterdir():  # a child is its thread's
            with contextlib.suppress(OSError):  # it has just ended
                family += (thread / "children").read_text().split()
        for one in family:
            with contextlib.suppress(OSError):
                told = dict(line.split(":", 1) for line in Path(f"/proc/{one}/status").read_text().splitlines())
                if "RssAnon" not in told:  # it has just ended, and nobody has asked how
                    continue
                own += _kb(told["RssAnon"]) + _kb(told["RssShmem"])
                program = Path(f"/proc/{one}/cmdline").read_bytes().partition(b"\0-m\0")[2].partition(b"\0")[0]
                files[program] = max(files.get(program, 0), _kb(told["RssFile"]))
        return (own + sum(files.values())) / 1024


def _kb(told: str) -> int:
    return int(told.split()[0])


@pytest.mark.soak
async def test_memory_stays_small_whatever_is_brought(told: dict[str, Any], database_name: str, bank: World, tmp_path: Path) -> None:
    """Everything hostile three times over, eight at once; sheets as large as are taken; a good file of 200 MB: at most 350 MB, the processes of documents included."""
    papers, others = await bank.papers(4), await bank.papers(8)
    turn, officer = asyncio.Semaphore(8), bank.people["officer"].staff_no
    with site(told, database_name, tmp_path) as served, Watcher(served.process.pid) as watcher:
        async with served.client(officer) as client:

            async def bring(number: int, body: bytes, media_type: str) -> str:
                async with turn:
                    made = await upload(client, papers[number], body, mediaType=media_type)
                    return str(made["problems"][0]["code"])

            for number in range(3):
                codes = await asyncio.gather(*(bring(number, one.body, one.media_type) for one in hostile().values()))
                assert codes == [one.code for one in hostile().values()]
            print(f"\nhostile files: {watcher.highest_mb:.0f} MB at most, server and processes of documents")
            greedy = [sheet(400, "TIFF", compression="tiff_lzw"), sheet(400, "JPEG", progressive=True, subsampling=0)] * 4

            async def taken(number: int, body: bytes) -> str:
                said = {"mediaType": "image/jpeg" if number % 2 else "image/tiff", "title": f"{number}"}
                made = await upload(client, others[number], body, **said)
                return str(made["scan"]["status"]) if "scan" in made else str(made)

            assert await asyncio.gather(*(taken(n, body) for n, body in enumerate(greedy))) == ["STORED"] * len(greedy)
            print(f"with eight sheets at once that need much: {watcher.highest_mb:.0f} MB at most")
            body = padded(200 * MIB)
            made = await ask(client, REGISTER, **in_parts(papers[3], body))
            for part in made["uploadParts"]:
                assert await send(part, body) == 200
            client.timeout = httpx.Timeout(300)
            done = await ask(client, CONFIRM, scanId=made["scan"]["id"])
            assert done == {"__typename": "ConfirmScanPayload", "scan": {"status": "STORED"}}
        print(f"with a good file of 200 MB: {watcher.highest_mb:.0f} MB at most")
    assert await bank.sql("select count(*) from scans where record_id = any($1) and status = 'STORED'", papers[:3]) == 0
    assert watcher.highest_mb <= MEMORY_MB_MAX
