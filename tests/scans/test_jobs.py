"""What the clock does with uploads: it finishes what was confirmed and cut off, and ends what nobody goes on with."""

from typing import Any
from uuid import UUID, uuid4

from server.demo.names import small_pdf
from server.scans import reconciling
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


async def sent(bank: World, run: Run) -> str:
    """A scan whose bytes have come."""
    (paper,) = await bank.papers()
    body = small_pdf(uuid4().hex)
    made = await run("officer", "registerScan", WHERE, **scan_of(paper, body))
    assert await put(made["uploadUrl"], made["uploadHeaders"], body) == 200
    return str(made["scan"]["id"][5:])


async def status(bank: World, scan: str) -> Any:
    return await bank.sql("select status from scans where id = $1::text::uuid", scan)


CUT_OFF = "update scans set confirmed_at = now() - interval '3 minutes', confirmed_by_id = uploaded_by where id = $1::text::uuid"
OVER = "update scans set upload_expires_at = now() where id = $1::text::uuid"


async def broken(bank: World, run: Run) -> str:
    """A scan that a rule of the database lets nobody store: its clock was ahead when it was registered."""
    scan = await sent(bank, run)
    await bank.past_the_triggers(f"update scans set registered_at = now() + interval '1 hour' where id = '{scan}'")
    return scan


async def test_one_scan_that_cannot_be_finished_keeps_nothing_else_waiting(bank: World, run: Run, objects: ObjectStore) -> None:
    scan, other, late = await broken(bank, run), await sent(bank, run), await sent(bank, run)
    for cut_off in (scan, other):
        await bank.sql(CUT_OFF, cut_off)
    await bank.sql(OVER, late)
    await (await jobs_of(bank, objects)).scans()
    assert [await status(bank, one) for one in (scan, other, late)] == ["REGISTERED", "STORED", "EXPIRED"]
    assert not await objects.staging.keys(f"staged/{late}"), "and staging is emptied"
    await bank.past_the_triggers(f"update scans set registered_at = now() where id = '{scan}'")
    await (await jobs_of(bank, objects)).scans()
    assert await status(bank, scan) == "STORED"


async def test_other_bytes_under_the_key_of_a_scan_are_an_alarm_and_the_others_go_on(bank: World, run: Run, objects: ObjectStore) -> None:
    scan, other, late = await sent(bank, run), await sent(bank, run), await sent(bank, run)
    objects.client.s3.put_object(Bucket="loanfile", Key=f"scans/{scan}", Body=b"not the scan")
    for cut_off in (scan, other):
        await bank.sql(CUT_OFF, cut_off)
    await bank.sql(OVER, late)
    await (await jobs_of(bank, objects)).scans()
    assert [await status(bank, one) for one in (scan, other, late)] == ["PENDING", "STORED", "EXPIRED"]
    alarm = await bank.sql("select told from alarms where kind = 'STORE_NOT_LOCKED' and cleared_at is null")
    assert alarm == f"scans/{scan} does not hold the bytes that were sent"
    await bank.sql("update alarms set cleared_at = now() where kind = 'STORE_NOT_LOCKED' and cleared_at is null")
    await bank.past_the_triggers(f"update scans set status = 'EXPIRED' where id = '{scan}'")
    for version in (await objects.locked.versions(f"scans/{scan}", None))[0]:
        objects.client.s3.delete_object(Bucket="loanfile", Key=version[0], VersionId=version[1])


STUCK = """insert into scans (org_id, subject_kind, subject_id, record_id, scan_version, title, media_type, sha256, size_bytes, pages, status,
  uploaded_by, registered_at, upload_expires_at, confirmed_at, confirmed_by_id)
  select $1, 'RECORD', $2, $2, n, 'x', 'application/pdf', sha256(n::text::bytea), 9, 1, 'PENDING', $3, at, at, at, $3
  from generate_series(1, $4) n, (select now() - interval '1 day' as at) past"""


async def test_however_many_cannot_be_finished_the_next_one_has_its_turn(bank: World, run: Run, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    count = 2 * reconciling.BATCH
    await bank.root.execute(STUCK, bank.branches["A"].id, paper, bank.people["officer"].staff_id, count)
    scan = await sent(bank, run)
    await bank.sql(CUT_OFF, scan)
    await (await jobs_of(bank, objects)).scans()
    assert await status(bank, scan) == "STORED"
    left = await bank.sql("select count(*) from scans where subject_id = $1 and status = 'PENDING'", paper)
    assert 0 < left < count, "those that have waited long have their turn too"
    await bank.past_the_triggers(f"update scans set status = 'EXPIRED' where subject_id = '{paper}'")


async def test_a_line_that_fails_tells_so_and_the_others_are_done(bank: World, run: Run, objects: ObjectStore) -> None:
    scan, other = await broken(bank, run), await sent(bank, run)
    lines = [{"lineId": "a", "scanId": f"scan_{scan}"}, {"lineId": "b", "scanId": f"scan_{other}"}]
    payload = """done refused lines { lineId result { ... on ConfirmScanBatchLinePayload { scan { status } }
      ... on InvalidInput { problems { path code } } } }"""
    for _ in range(2):
        told = await run("officer", "confirmScanBatch", payload, lines=lines, idempotencyKey="of a batch")
        assert (told["done"], told["refused"]) == (1, 1)
        assert told["lines"] == [
            {"lineId": "a", "result": {"problems": [{"path": ["scanId"], "code": "SCAN_NOT_CONFIRMED"}]}},
            {"lineId": "b", "result": {"scan": {"status": "STORED"}}},
        ]
    await bank.past_the_triggers(f"update scans set registered_at = now() where id = '{scan}'")
    told = await run("officer", "confirmScanBatch", payload, lines=lines, idempotencyKey="of a batch")
    assert (told["done"], told["refused"]) == (2, 0), "sent again it is done"
