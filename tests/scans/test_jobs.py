"""What the clock does with uploads: it finishes what was confirmed and cut off, and ends what nobody goes on with."""

from uuid import UUID

from server.demo.names import small_pdf
from storage.objects import ObjectStore
from tests.harness.jobs import jobs_of
from tests.harness.world import World
from tests.scans.conftest import Run, put, scan_of

PDF = small_pdf("a scan")
WHERE = "scan { id } uploadUrl uploadHeaders"


async def test_a_scan_that_was_confirmed_and_cut_off_is_finished(bank: World, run: Run, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", WHERE, **scan_of(paper, PDF))
    assert await put(made["uploadUrl"], made["uploadHeaders"], PDF) == 200
    scan, officer, jobs = made["scan"]["id"][5:], bank.people["officer"].staff_id, await jobs_of(bank, objects)
    just = "update scans set confirmed_at = now(), confirmed_by_id = $2 where id = $1::text::uuid"
    await bank.sql(just, scan, officer)
    await jobs.scans()
    assert await bank.sql("select status from scans where id = $1::text::uuid", scan) == "REGISTERED"  # somebody is at it
    await bank.sql("update scans set confirmed_at = now() - interval '3 minutes' where id = $1::text::uuid", scan)
    assert await jobs.scans() == 1
    assert await bank.sql("select status from scans where id = $1::text::uuid", scan) == "STORED"
    assert not await objects.staging.keys(f"staged/{scan}")


async def test_a_scan_that_nobody_goes_on_with_expires_and_says_so(bank: World, run: Run, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    made = await run("officer", "registerScan", WHERE, **scan_of(paper, PDF))
    assert await put(made["uploadUrl"], made["uploadHeaders"], PDF) == 200
    scan, jobs = UUID(made["scan"]["id"][5:]), await jobs_of(bank, objects)
    await jobs.scans()
    assert await bank.sql("select status from scans where id = $1", scan) == "REGISTERED"
    await bank.sql("update scans set upload_expires_at = now() where id = $1", scan)
    assert await jobs.scans() == 1
    assert await bank.sql("select status from scans where id = $1", scan) == "EXPIRED"
    assert not await objects.staging.keys(f"staged/{scan}")
    assert await bank.sql("select count(*) from events where subject_id = $1 and tag = 'scan:upload:expired'", scan) == 1
    told = await run("officer", "confirmScan", "scan { id }", scanId=f"scan_{scan}")
    assert told["problems"][0]["code"] == "UPLOAD_EXPIRED"
