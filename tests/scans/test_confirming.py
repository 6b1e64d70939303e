"""What happens to a scan while somebody confirms it: whatever it is, it ends with its object or without one, and nobody else's suffers."""

import time
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from server.demo.names import small_pdf
from server.errors import InvalidInput, NotFound, Unavailable
from server.failpoints import FailpointReached
from server.scans import storing
from server.scans.announcing import NewScan
from server.scans.uploads import Uploads
from storage.objects import ObjectStore, ObjectStoreDown
from storage.objects.breaker import DEADLINE_SECONDS
from storage.objects.staging import Staging
from storage.terms import ScanSubject
from tests.harness.jobs import jobs_of
from tests.harness.world import World
from tests.scans.conftest import Run, put, scan_of
from tests.scans.test_uploads import PART_BYTES, in_parts, padded

SLOW_SECONDS = 1.5
WHERE = "scan { id status } uploadUrl uploadHeaders uploadParts { number }"


async def sent(bank: World, run: Run, body: bytes, paper: UUID | None = None) -> str:
    """A scan whose bytes have come, and nobody has said so."""
    made = await run("officer", "registerScan", WHERE, **scan_of(paper or (await bank.papers())[0], body))
    assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
    return str(made["scan"]["id"])


async def row(bank: World, scan: str) -> Any:
    return await bank.root.fetchrow("select * from scans where id = $1::text::uuid", scan.removeprefix("scan_"))


async def ends_with_its_object_or_without(bank: World, objects: ObjectStore, scan: str, status: str) -> None:
    kept, _ = await objects.locked.versions(f"scans/{scan.removeprefix('scan_')}", None)
    assert ((await row(bank, scan))["status"], len(kept)) == (status, 1 if status == "STORED" else 0)


async def its_time_is_over(bank: World, objects: ObjectStore, scan: str) -> None:
    await bank.sql("update scans set upload_expires_at = now() - interval '1 second' where id = $1::text::uuid", scan[5:])
    await (await jobs_of(bank, objects)).scans()


async def finished_by_the_job(bank: World, objects: ObjectStore, scan: str) -> None:
    await bank.sql("update scans set confirmed_at = confirmed_at - interval '3 minutes' where id = $1::text::uuid", scan[5:])
    await (await jobs_of(bank, objects)).scans()


async def cut_off_when_promoted(bank: World, objects: ObjectStore, scan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as failing:
        failing.setenv("LOANFILE_FAILPOINT", "scan_promoted")
        with pytest.raises(FailpointReached):
            await Uploads(bank.database, objects).confirm(bank.people["officer"], UUID(scan[5:]), key=uuid4().hex)


def while_fetched(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[Any]]) -> None:
    """Something that happens once, when the bytes have been read and before they are looked at."""
    read = Staging.read

    async def and_then(self: Any, *given: Any) -> Any:
        found = await read(self, *given)
        monkeypatch.undo()
        await happens()
        return found

    monkeypatch.setattr(Staging, "read", and_then)


async def test_its_time_is_over(bank: World, run: Run, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = await sent(bank, run, small_pdf(uuid4().hex))
    while_fetched(monkeypatch, lambda: its_time_is_over(bank, objects, scan))
    told = await run("officer", "confirmScan", "scan { status }", scanId=scan)
    assert told["scan"] == {"status": "STORED"}
    await ends_with_its_object_or_without(bank, objects, scan, "STORED")


async def test_the_word_stands_when_the_bytes_were_not_fetched_to_the_end(
    bank: World, run: Run, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = await sent(bank, run, small_pdf(uuid4().hex))

    async def cut() -> None:
        raise FailpointReached

    while_fetched(monkeypatch, cut)
    with pytest.raises(FailpointReached):
        await Uploads(bank.database, objects).confirm(bank.people["officer"], UUID(scan[5:]), key=uuid4().hex)
    assert (await row(bank, scan))["confirmed_at"] is not None
    await its_time_is_over(bank, objects, scan)
    await finished_by_the_job(bank, objects, scan)
    await ends_with_its_object_or_without(bank, objects, scan, "STORED")


async def test_it_leaves_the_unit(bank: World, run: Run, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = await sent(bank, run, small_pdf(uuid4().hex))
    moved = f"update scans set visible_to = array['{bank.branches['B'].id}'::uuid] where id = '{scan[5:]}'"
    while_fetched(monkeypatch, lambda: bank.past_the_triggers(moved))
    with pytest.raises(NotFound):
        await Uploads(bank.database, objects).confirm(bank.people["officer"], UUID(scan[5:]), key=uuid4().hex)
    await finished_by_the_job(bank, objects, scan)
    await ends_with_its_object_or_without(bank, objects, scan, "STORED")


async def test_the_same_bytes_are_registered_when_it_was_cut_off(
    bank: World, run: Run, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (paper,) = await bank.papers()
    body = small_pdf(uuid4().hex)
    scan = await sent(bank, run, body, paper)
    await cut_off_when_promoted(bank, objects, scan, monkeypatch)
    await bank.sql("update scans set upload_expires_at = now() - interval '1 second' where id = $1::text::uuid", scan[5:])
    again = await run("clerk", "registerScan", WHERE, **scan_of(paper, body))
    assert again["scan"]["id"] == scan
    await finished_by_the_job(bank, objects, scan)
    await ends_with_its_object_or_without(bank, objects, scan, "STORED")


async def test_of_two_who_say_so_the_one_who_found_nothing_takes_back_only_their_own_word(
    bank: World, run: Run, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, officer = small_pdf(uuid4().hex), bank.people["officer"]
    made = await run("officer", "registerScan", WHERE, **scan_of((await bank.papers())[0], body))
    scan, uploads = str(made["scan"]["id"]), Uploads(bank.database, objects)

    async def another_says_so() -> None:
        assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
        await cut_off_when_promoted(bank, objects, scan, monkeypatch)

    while_fetched(monkeypatch, another_says_so)
    with pytest.raises(InvalidInput):
        await uploads.confirm(officer, UUID(scan[5:]), key=uuid4().hex)
    await its_time_is_over(bank, objects, scan)
    await finished_by_the_job(bank, objects, scan)
    await ends_with_its_object_or_without(bank, objects, scan, "STORED")


async def test_a_word_that_is_not_true_leaves_nothing_behind(bank: World, run: Run, objects: ObjectStore) -> None:
    made = await run("officer", "registerScan", WHERE, **scan_of((await bank.papers())[0], small_pdf("never sent")))
    told = await run("officer", "confirmScan", "scan { status }", scanId=made["scan"]["id"])
    assert [p["code"] for p in told["problems"]] == ["UPLOAD_MISSING"]
    found = await row(bank, made["scan"]["id"])
    assert (found["status"], found["confirmed_at"], found["confirmed_by_id"]) == ("REGISTERED", None, None)
    await its_time_is_over(bank, objects, made["scan"]["id"])
    await ends_with_its_object_or_without(bank, objects, made["scan"]["id"], "EXPIRED")


async def test_a_full_disk_is_nobodys_fault_and_keeps_nothing_else_waiting(
    bank: World, run: Run, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, late = await sent(bank, run, small_pdf(uuid4().hex)), await sent(bank, run, small_pdf(uuid4().hex))
    with monkeypatch.context() as full:
        full.setattr(storing.tempfile, "TemporaryFile", lambda: Path("/dev/full").open("w+b"))  # noqa: SIM115  # `with` closes it
        with pytest.raises(Unavailable):
            await Uploads(bank.database, objects).confirm(bank.people["officer"], UUID(scan[5:]), key=uuid4().hex)
        assert (await row(bank, scan))["status"] == "PENDING"
        await its_time_is_over(bank, objects, late)
        await finished_by_the_job(bank, objects, scan)
    await ends_with_its_object_or_without(bank, objects, late, "EXPIRED")
    await finished_by_the_job(bank, objects, scan)
    await ends_with_its_object_or_without(bank, objects, scan, "STORED")


async def test_bytes_that_were_announced_as_what_they_are_not_are_announced_again(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    body = small_pdf(uuid4().hex)
    wrong = await run("officer", "registerScan", WHERE, **scan_of(paper, body, pages=2))
    right = await run("clerk", "registerScan", WHERE, **scan_of(paper, body, pages=1))
    assert await put(right["uploadUrl"], right["uploadHeaders"], body) == 200
    told = await run("clerk", "confirmScan", "scan { status }", scanId=right["scan"]["id"])
    assert told["scan"] == {"status": "STORED"}
    assert (await row(bank, wrong["scan"]["id"]))["status"] == "EXPIRED"


def new_scan(paper: UUID, body: bytes) -> NewScan:
    return NewScan.of(ScanSubject.RECORD, paper, "登记证书", "application/pdf", body, pages=1)


async def test_an_upload_that_was_begun_in_parts_ends_in_one(bank: World, run: Run, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    body = padded(PART_BYTES)
    made = await run("officer", "registerScan", WHERE, **in_parts(paper, body))
    assert len(made["uploadParts"]) == 2
    uploads = Uploads(bank.database, objects)
    outcome, _ = await uploads.upload(bank.people["officer"], new_scan(paper, body), BytesIO(body), key=uuid4().hex)
    assert f"scan_{outcome['scan']}" == made["scan"]["id"]
    await ends_with_its_object_or_without(bank, objects, outcome["scan"], "STORED")
    assert [u for u in await objects.parts.open("staged/") if outcome["scan"] in u.key] == []


async def test_one_call_has_one_budget(bank: World, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    (paper,) = await bank.papers()
    body, s3, begun = small_pdf(uuid4().hex), objects.client.s3, list[str]()

    def slow(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def and_late(**given: Any) -> Any:
            begun.append(name)
            time.sleep(SLOW_SECONDS)
            return call(**given)

        return and_late

    for name in ("put_object", "get_object", "head_object", "delete_object"):
        monkeypatch.setattr(s3, name, slow(name, getattr(s3, name)))
    with pytest.raises(ObjectStoreDown):
        await Uploads(bank.database, objects).upload(bank.people["officer"], new_scan(paper, body), BytesIO(body), key=uuid4().hex)
    assert 0 < len(begun) <= DEADLINE_SECONDS / SLOW_SECONDS + 1, "none that waited for the store begins when its time is over"
