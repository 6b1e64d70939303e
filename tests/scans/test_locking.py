"""The electronic lock (C49): of a record, or of one side; who may set it, who may lift it, and what waits for what."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from server.demo.names import small_pdf
from server.errors import InvalidInput
from server.scans.announcing import NewScan
from server.scans.locking import ScanLocks
from server.scans.uploads import Uploads
from storage.objects import ObjectStore
from storage.terms import ScanSubject
from tests.custody.handing import sent
from tests.harness import servers
from tests.harness.jobs import jobs_of
from tests.harness.scans import stored
from tests.harness.world import World
from tests.scans.conftest import Run, put, scan_of

WHERE = "scan { id status } uploadUrl uploadHeaders"


def new(kind: ScanSubject, subject: UUID, text: str) -> NewScan:
    return NewScan.of(kind, subject, "扫描件", "application/pdf", small_pdf(text), pages=1)


async def announced(bank: World, objects: ObjectStore, who: str, what: NewScan) -> UUID:
    made = await Uploads(bank.database, objects).register(bank.people[who], what, key=uuid4().hex)
    return UUID(made.outcome["scan"])


@pytest.mark.parametrize("who", ["officer", "chief"])
async def test_the_lock_of_a_scan_whose_bytes_never_came_is_lifted_by_its_holder_and_by_a_head(
    bank: World, run: Run, objects: ObjectStore, who: str
) -> None:
    (paper,) = await bank.papers()
    scan = (await run("officer", "registerScan", WHERE, **scan_of(paper, small_pdf("never sent"))))["scan"]["id"]
    await run("officer", "lockScan", "scan { id }", scanId=scan)
    await bank.sql("update scans set upload_expires_at = now() where id = $1::text::uuid", scan[5:])
    await (await jobs_of(bank, objects)).scans()
    assert (await run("clerk", "registerScan", WHERE, **scan_of(paper, small_pdf("other"))))["problems"][0]["code"] == "SCAN_LOCKED"
    assert (await run("officer", "lockScan", "scan { id }", scanId=scan))["__typename"] == "NotFound"
    freed = await run(who, "unlockScan", "scan { status lockedAt }", scanId=scan)
    assert freed["scan"] == {"status": "EXPIRED", "lockedAt": None}
    assert (await run("clerk", "registerScan", WHERE, **scan_of(paper, small_pdf("other"))))["scan"]["status"] == "REGISTERED"


async def test_the_lock_of_a_scan_that_was_refused_is_lifted(bank: World, run: Run) -> None:
    (paper,) = await bank.papers()
    body = small_pdf("one page")
    made = await run("officer", "registerScan", WHERE, **scan_of(paper, body, pages=2))
    scan = made["scan"]["id"]
    await run("officer", "lockScan", "scan { id }", scanId=scan)
    assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
    assert (await run("officer", "confirmScan", "scan { id }", scanId=scan))["problems"][0]["code"] == "PAGES_MISMATCH"
    assert (await run("officer", "unlockScan", "scan { status }", scanId=scan))["scan"] == {"status": "REJECTED"}


async def test_nobody_locks_while_somebody_else_still_brings_a_version_and_is_told_who(bank: World, run: Run, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    first, body = await stored(bank, objects, paper), small_pdf("of the clerk")
    made = await run("clerk", "registerScan", WHERE, **scan_of(paper, body))
    (refused,) = (await run("officer", "lockScan", "scan { id }", scanId=f"scan_{first}"))["problems"]
    assert (refused["path"], refused["code"]) == (["scanId"], "UPLOADS_OPEN") and "of clerk are" in refused["message"]
    assert (await run("clerk", "lockScan", "scan { id }", scanId=f"scan_{first}"))["scan"]["id"] == f"scan_{first}"
    await run("clerk", "unlockScan", "scan { id }", scanId=f"scan_{first}")
    assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
    assert (await run("clerk", "confirmScan", "scan { status }", scanId=made["scan"]["id"]))["scan"] == {"status": "STORED"}
    assert (await run("officer", "lockScan", "scan { id }", scanId=f"scan_{first}"))["scan"]["id"] == f"scan_{first}"


async def test_each_side_of_a_handover_has_a_lock_of_its_own(bank: World, objects: ObjectStore) -> None:
    handover, locks = await sent(bank, await bank.papers()), ScanLocks(bank.database)
    a, b, head_b = (bank.people[name] for name in ("officer", "officer_b", "head_b"))
    ours = await announced(bank, objects, "officer", new(ScanSubject.HANDOVER, handover, "of A"))
    theirs = await announced(bank, objects, "officer_b", new(ScanSubject.HANDOVER, handover, "of B"))
    await locks.lock(a, ours, key=uuid4().hex)
    more = await announced(bank, objects, "officer_b", new(ScanSubject.HANDOVER, handover, "more of B"))
    with pytest.raises(InvalidInput, match="SCAN_NOT_LOCKED"):
        await locks.unlock(head_b, theirs, key=uuid4().hex)
    await locks.lock(b, more, key=uuid4().hex)
    for who, held in (("clerk", "SCAN_LOCKED"), ("clerk_b", "SCAN_LOCKED")):
        with pytest.raises(InvalidInput, match=held):
            await announced(bank, objects, who, new(ScanSubject.HANDOVER, handover, f"of {who}"))
    await locks.unlock(head_b, theirs, key=uuid4().hex)
    await announced(bank, objects, "clerk_b", new(ScanSubject.HANDOVER, handover, "of clerk_b"))
    assert await bank.sql("select locked_by_id from scans where id = $1", ours) == a.staff_id


async def test_of_a_side_one_person_holds_the_lock_whatever_sql_says(bank: World, objects: ObjectStore) -> None:
    handover = await sent(bank, await bank.papers())
    one, two = [await announced(bank, objects, "officer", new(ScanSubject.HANDOVER, handover, text)) for text in ("one", "two")]
    lock = "update scans set locked_by_id = uploaded_by, locked_at = now() where id = any($1)"
    with pytest.raises(asyncpg.UniqueViolationError, match="uq_scans_c49_one_lock_of_side"):
        await bank.sql(lock, [one, two])
    (paper,) = await bank.papers()
    with pytest.raises(asyncpg.UniqueViolationError, match="uq_scans_c49_one_lock_of_record"):
        await bank.sql(lock, [await stored(bank, objects, paper) for _ in range(2)])


async def test_who_locks_and_who_announces_do_not_wait_for_each_other(bank: World, objects: ObjectStore) -> None:
    for n in range(12):
        (paper,) = await bank.papers()
        scan = await stored(bank, objects, paper)
        announcing = [announced(bank, objects, "officer", new(ScanSubject.RECORD, paper, f"{n} {k}")) for k in range(3)]
        await asyncio.gather(announcing[0], ScanLocks(bank.database).lock(bank.people["officer"], scan, key=uuid4().hex), *announcing[1:])


async def test_a_scan_that_comes_while_its_record_moves_is_seen_where_the_record_is(
    bank: World, objects: ObjectStore, told: dict[str, Any], database_name: str
) -> None:
    (paper,) = await bank.papers()
    mover = await asyncpg.connect(servers.url(told, "super", database_name))
    try:
        async with mover.transaction():
            await mover.execute(
                "update archive_records set visible_to = visible_to || $2::uuid where id = $1", paper, bank.branches["B"].id
            )
            coming = asyncio.create_task(announced(bank, objects, "officer", new(ScanSubject.RECORD, paper, "moving")))
            await asyncio.sleep(0.5)
            assert not coming.done(), "it waits for the move"
        scan = await coming
    finally:
        await mover.close()
    seen = await bank.root.fetchrow("select s.visible_to, r.visible_to as of_record from scans s join archive_records r on r.id = s.record_id where s.id = $1", scan)  # fmt: skip
    assert seen["visible_to"] == seen["of_record"] and bank.branches["B"].id in seen["visible_to"]
