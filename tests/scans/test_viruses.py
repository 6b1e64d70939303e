"""The virus scanner: what it finds is refused, and while it cannot be asked nothing becomes visible. Spoken to over real sockets."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from server.demo.names import small_pdf
from server.errors import Unavailable
from server.scans.reconciling import Reconciler
from server.scans.storing import Storing
from server.scans.viruses import Scanner
from server.settings import Settings, SettingsError, load
from storage.objects import ObjectStore
from tests.harness.jobs import jobs_of
from tests.harness.web import END_SECONDS_MAX, NOBODY, START_SECONDS_MAX
from tests.harness.world import World
from tests.scans import hostile_pdf
from tests.scans.conftest import Run, put, scan_of
from tests.scans.hostile import EICAR

INFECTED = hostile_pdf.rebuilt(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Length %d>>stream\n%s\nendstream" % (len(EICAR), EICAR))


@asynccontextmanager
async def speaking(say: bytes | None = None) -> AsyncIterator[str]:
    """A server of the protocol that looks for EICAR; or one that says `say` whatever comes, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
            body = b""
            while size := int.from_bytes(await reader.readexactly(4), "big"):
                body += await reader.readexactly(size)
            writer.write(say if say is not None else b"stream: Eicar-Test FOUND\0" if EICAR in body else b"stream: OK\0")
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_it_is_told_the_bytes_and_says_what_it_found() -> None:
    async with speaking() as address:
        scanner = Scanner(address)
        assert await scanner.found(BytesIO(small_pdf("clean") * 2000)) is None
        assert await scanner.found(BytesIO(INFECTED)) == "VIRUS_FOUND"


@pytest.mark.parametrize(
    "say", [b"", b"stream: OK", b"INSTREAM size limit exceeded. ERROR\0", b"HTTP/1.1 400 Bad Request\0", b"stream: \0", b"x" * 200_000]
)
async def test_whoever_says_anything_else_has_found_nothing_harmless(say: bytes) -> None:
    async with speaking(say) as address:
        with pytest.raises(Unavailable):
            await Scanner(address).found(BytesIO(small_pdf("x")))


async def registered(bank: World, run: Run, body: bytes) -> str:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", "scan { id } uploadUrl uploadHeaders", **scan_of(paper, body))
    assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
    return str(made["scan"]["id"])


async def status(bank: World, scan: str) -> Any:
    return await bank.root.fetchrow("select status, reject_code, object_key from scans where id = $1::text::uuid", scan[5:])


async def test_what_it_finds_is_refused(bank: World, run: Run) -> None:
    scan = await registered(bank, run, INFECTED)
    async with speaking() as address:
        told = await run("officer", "confirmScan", "scan { id }", scanId=scan, clamd=address)
    assert told["problems"][0]["code"] == "VIRUS_FOUND"
    assert tuple(await status(bank, scan)) == ("REJECTED", "VIRUS_FOUND", None)


async def test_while_it_is_away_the_scan_waits_and_then_goes_on_by_itself(bank: World, run: Run, objects: ObjectStore) -> None:
    clean, infected = await registered(bank, run, small_pdf("clean")), await registered(bank, run, INFECTED)
    for scan in (clean, infected):
        (told,) = await run("officer", "confirmScan", "scan { id }", scanId=scan, clamd=NOBODY)
        assert "virus scanner" in told["message"]
        assert tuple(await status(bank, scan)) == ("PENDING", None, None)
        link = await run("auditor", "issueScanLink", "url", scanId=scan, version=1, purpose="x")
        assert link["code"] == "NOT_FOUND"
    waits = await bank.sql("select count(*) from events where tag = 'scan:store:waits' and subject_id = $1::text::uuid", clean[5:])
    assert waits == 1
    by, now = (await jobs_of(bank)).by, datetime.now(UTC)

    async def reconciled(address: str) -> None:
        keeper = Reconciler(Storing(bank.database, objects, Scanner(address)), by)
        await keeper.run(confirmed_before=now + timedelta(minutes=1), staged_before=now - timedelta(days=1))

    await reconciled(NOBODY)
    assert (await status(bank, clean))["status"] == "PENDING"
    async with speaking() as address:
        await reconciled(address)
    assert (await status(bank, clean))["status"] == "STORED"
    assert tuple(await status(bank, infected)) == ("REJECTED", "VIRUS_FOUND", None)


async def test_in_a_batch_a_scan_that_waits_is_an_outcome(bank: World, run: Run) -> None:
    scan = await registered(bank, run, small_pdf("one of many"))
    payload = "done lines { result { ... on ConfirmScanBatchLinePayload { scan { status } } } }"
    told = await run("officer", "confirmScanBatch", payload, lines=[{"lineId": "a", "scanId": scan}], clamd=NOBODY)
    assert told == {"__typename": "ConfirmScanBatchPayload", "done": 1, "lines": [{"result": {"scan": {"status": "PENDING"}}}]}


@pytest.mark.parametrize("address", ["nonsense", "", "relative/path", "host:"])
def test_an_address_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("LOANFILE_CLAMD", address)
    with pytest.raises(SettingsError, match="LOANFILE_CLAMD"):
        load()


def test_without_one_nothing_is_scanned() -> None:
    assert Settings().clamd is None


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real one, where it is installed (Debian: clamav-daemon), with one signature."""
    if shutil.which("clamd") is None:
        pytest.skip("clamd is not installed")
    folder = tmp_path_factory.mktemp("clamd")
    (folder / "eicar.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
    socket = folder / "s"
    (folder / "clamd.conf").write_text(f"LocalSocket {socket}\nDatabaseDirectory {folder}\nForeground yes\nStreamMaxLength 256M\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["clamd", "-c", str(folder / "clamd.conf")], stdout=log, stderr=log)
        try:
            end = time.monotonic() + START_SECONDS_MAX
            while not socket.exists():
                assert process.poll() is None and time.monotonic() < end, Path(folder / "log").read_text()
                time.sleep(0.1)
            yield str(socket)
        finally:
            process.terminate()
            process.wait(END_SECONDS_MAX)


async def test_the_real_one_understands_us(clamd: str) -> None:
    scanner = Scanner(clamd)
    assert await scanner.found(BytesIO(small_pdf("clean"))) is None
    assert await scanner.found(BytesIO(bytes(30_000_000))) is None
    assert await scanner.found(BytesIO(INFECTED)) == "VIRUS_FOUND"
    assert await scanner.found(BytesIO(EICAR)) == "VIRUS_FOUND"
