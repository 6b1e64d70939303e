"""Stored bytes are hashed again: what a disk has changed is found, told, and healed from the second bucket."""

import io
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from server.jobs import copying, fixity
from server.jobs.fixity import Fixity
from storage.objects import Digest, LockedBucket, ObjectStore
from tests.harness.jobs import jobs_of
from tests.harness.scans import stored
from tests.harness.stores import OwnStore, own_store
from tests.harness.world import World
from tests.objects.test_retention import HOLD, a_day_later, paid

BYTES = 3_000


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnStore, OwnStore]]:
    with own_store(tmp_path_factory.mktemp("first")) as one, own_store(tmp_path_factory.mktemp("second")) as two:
        yield one, two


@pytest.fixture
def both(disks: tuple[OwnStore, OwnStore]) -> Iterator[ObjectStore]:
    made = ObjectStore(disks[0].address, disks[1].address)
    yield made
    made.close()


@pytest.fixture
def alone(disks: tuple[OwnStore, OwnStore]) -> Iterator[ObjectStore]:
    made = ObjectStore(disks[0].address)
    yield made
    made.close()


async def filled(bank: World, objects: ObjectStore, count: int) -> dict[UUID, bytes]:
    """Scans, and copies of them where there is a second bucket."""
    (paper,) = await bank.papers()
    bodies = [secrets.token_bytes(BYTES) for _ in range(count)]
    made = {await stored(bank, objects, paper, body): body for body in bodies}
    copied = 0
    while objects.second and (more := await (await jobs_of(bank, objects)).copy()):
        copied += more
    assert copied == (count if objects.second else 0)
    return made


async def due_again(bank: World) -> None:
    await bank.sql("update scan_copies set checked_at = coalesce(checked_at, now()) - interval '40 days'")


async def told(bank: World, scan: UUID) -> list[str]:
    return [r[0] for r in await bank.root.fetch("select tag from events where subject_id = $1 order by happened_at", scan)]


async def whole(bank: World, objects: ObjectStore, scan: UUID, body: bytes) -> bool:
    """Whether the pinned version holds the bytes, under the lock of before."""
    row = await bank.root.fetchrow("select * from scans where id = $1", scan)
    found = await objects.locked.digest(row["object_key"], row["object_version_id"])
    lock = await objects.locked.lock(row["object_key"], row["object_version_id"])
    assert lock is not None and (lock.lock_until, lock.legal_hold) == (row["lock_until"], True)
    return found == Digest(row["sha256"], len(body))


def changed(body: bytes) -> bytes:
    return body[:1000] + bytes(b ^ 0xFF for b in body[1000:1016]) + body[1016:]


@pytest.mark.parametrize(("count", "damaged"), [(40, 4), pytest.param(10_000, 20, marks=pytest.mark.soak)])
async def test_what_a_disk_changed_is_found_told_and_healed_and_nothing_else(
    bank: World, both: ObjectStore, disks: tuple[OwnStore, OwnStore], count: int, damaged: int
) -> None:
    scans = await filled(bank, both, count)
    victims = dict(list(scans.items())[:: count // damaged])
    assert disks[0].damage({body: changed(body) for body in victims.values()}) == len(victims)
    bad = {scan: await bank.sql("select object_version_id from scans where id = $1", scan) for scan in victims}
    await due_again(bank)
    assert await (await jobs_of(bank, both)).fix() == len(victims)
    for scan, body in scans.items():
        assert await whole(bank, both, scan, body)
        assert await told(bank, scan) == (["scan:fixity:failed", "scan:heal:done"] if scan in victims else [])
    rows = await bank.root.fetch("select * from fixity_findings where scan_id = any($1)", list(scans))
    assert {r["scan_id"]: r["version_id"] for r in rows} == bad and all(r["healed_at"] for r in rows)
    for scan, version in bad.items():  # the bad version stays, locked
        assert await both.locked.lock(f"scans/{scan}", version) is not None
        assert await bank.sql("select object_version_id from scans where id = $1", scan) != version
    people = await bank.root.fetch("select distinct staff_id from notices where kind = 'SCAN_DAMAGED' and subject_id = any($1)", list(bad))
    assert {r[0] for r in people} == {bank.people["compliance"].staff_id, bank.people["compliance_two"].staff_id}
    assert await (await jobs_of(bank, both)).fix() == 0, "nothing is due again"
    if count > 1_000:
        print(f"\nsoak: fixity n={count} damaged={len(victims)} found={len(rows)} healed={len(rows)} ok")


async def test_a_bad_copy_in_the_second_bucket_is_healed_from_the_first(
    bank: World, both: ObjectStore, disks: tuple[OwnStore, OwnStore]
) -> None:
    ((scan, body),) = (await filled(bank, both, 1)).items()
    assert disks[1].damage({body: changed(body)}) == 1
    await due_again(bank)
    assert await (await jobs_of(bank, both)).fix() == 1
    assert await whole(bank, both, scan, body) and both.second is not None
    version = await bank.sql("select version_id from scan_copies where scan_id = $1 and place = 'SECOND'", scan)
    assert await both.second.digest(f"scans/{scan}", version) == Digest(
        await bank.sql("select sha256 from scans where id = $1", scan), len(body)
    )


async def test_without_a_second_bucket_it_is_told_once_and_healed_when_there_is_a_copy(
    bank: World, alone: ObjectStore, both: ObjectStore, disks: tuple[OwnStore, OwnStore]
) -> None:
    ((scan, body),) = (await filled(bank, both, 1)).items()
    assert disks[0].damage({body: changed(body)}) == 1
    await due_again(bank)
    assert await (await jobs_of(bank, alone)).fix() == 1
    assert await (await jobs_of(bank, alone)).fix() == 0
    assert await told(bank, scan) == ["scan:fixity:failed"]
    assert await bank.sql("select bad_since is not null from scan_copies where scan_id = $1 and place = 'FIRST'", scan)
    await (await jobs_of(bank, both)).fix()
    assert await whole(bank, both, scan, body) and await told(bank, scan) == ["scan:fixity:failed", "scan:heal:done"]


@pytest.mark.parametrize("locked", [True, False])
async def test_without_a_second_bucket_what_is_restored_by_hand_is_found_locked_and_pinned(
    bank: World, alone: ObjectStore, disks: tuple[OwnStore, OwnStore], locked: bool
) -> None:
    ((scan, body),) = (await filled(bank, alone, 1)).items()
    assert disks[0].damage({body: changed(body)}) == 1
    assert await (await jobs_of(bank, alone)).fix() == 1
    row: Any = await bank.root.fetchrow("select * from scans where id = $1", scan)
    if locked:
        key, short = row["object_key"], row["lock_until"] - timedelta(days=100)
        await alone.locked.put_again(key, io.BytesIO(body), row["sha256"], "application/pdf", short, legal_hold=False)
    else:
        alone.client.s3.put_object(Bucket="loanfile", Key=row["object_key"], Body=body)
    assert await (await jobs_of(bank, alone)).fix() == 0
    assert await whole(bank, alone, scan, body)
    assert await bank.sql("select bad_since from scan_copies where scan_id = $1", scan) is None
    assert await bank.sql("select healed_at is not null from fixity_findings where scan_id = $1", scan)
    assert await told(bank, scan) == ["scan:fixity:failed", "scan:heal:done"]


async def test_what_is_not_the_scan_is_never_pinned(bank: World, alone: ObjectStore, disks: tuple[OwnStore, OwnStore]) -> None:
    ((scan, body),) = (await filled(bank, alone, 1)).items()
    assert disks[0].damage({body: changed(body)}) == 1
    version = await bank.sql("select object_version_id from scans where id = $1", scan)
    alone.client.s3.put_object(Bucket="loanfile", Key=f"scans/{scan}", Body=body[::-1])
    for _ in range(2):
        await (await jobs_of(bank, alone)).fix()
    assert await bank.sql("select object_version_id from scans where id = $1", scan) == version
    assert await told(bank, scan) == ["scan:fixity:failed"]


async def test_a_disk_that_comes_back_brings_its_scans_with_it(bank: World, alone: ObjectStore, disks: tuple[OwnStore, OwnStore]) -> None:
    ((scan, body),) = (await filled(bank, alone, 1)).items()
    version = await bank.sql("select object_version_id from scans where id = $1", scan)
    assert disks[0].damage({body: changed(body)}) == 1
    assert await (await jobs_of(bank, alone)).fix() == 1
    assert disks[0].damage({changed(body): body}) == 1
    assert await (await jobs_of(bank, alone)).fix() == 0
    assert await whole(bank, alone, scan, body)
    assert await bank.sql("select object_version_id from scans where id = $1", scan) == version
    assert await told(bank, scan) == ["scan:fixity:failed", "scan:heal:done"]
    assert await (await jobs_of(bank, alone)).fix() == 0 and len(await told(bank, scan)) == 2


async def test_a_hold_that_comes_while_a_copy_is_healed_lies_on_what_is_pinned(
    bank: World, both: ObjectStore, disks: tuple[OwnStore, OwnStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    (paper,) = await bank.papers()
    body = secrets.token_bytes(BYTES)
    scan, jobs = await stored(bank, both, paper, body, days=10), await jobs_of(bank, both)
    await paid(bank, paper, days_ago=500)
    await a_day_later(bank)
    await jobs.retain()
    await jobs.copy()
    assert await bank.sql("select due_hold from scan_copies where scan_id = $1 and place = 'FIRST'", scan) is False
    assert disks[0].damage({body: changed(body)})
    await due_again(bank)
    put_again = LockedBucket.put_again

    async def and_held(self: LockedBucket, *given: Any, **more: Any) -> Any:
        monkeypatch.undo()
        made = await put_again(self, *given, **more)
        await bank.sql(HOLD, bank.branches["A"].id, paper, bank.people["legal"].staff_id)
        assert await jobs.hold() == 1
        return made

    monkeypatch.setattr(LockedBucket, "put_again", and_held)
    for _ in range(2):
        assert (await jobs.fix(), await jobs.hold()) in ((1, 0), (0, 0))
        pinned = await bank.sql("select version_id from scan_copies where scan_id = $1 and place = 'FIRST'", scan)
        lock = await both.locked.lock(f"scans/{scan}", pinned)
        assert lock is not None and lock.legal_hold
    assert await whole(bank, both, scan, body)
    await bank.past_the_triggers(f"update holds set lifted_at = now(), lifted_by = '{bank.people['legal_two'].staff_id}', lift_reason = 'x' where record_id = '{paper}'")  # fmt: skip


async def test_a_hold_that_was_placed_on_the_version_before_is_placed_on_the_one_that_is_pinned_too(
    bank: World, both: ObjectStore, disks: tuple[OwnStore, OwnStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    (paper,) = await bank.papers()
    body = secrets.token_bytes(BYTES)
    scan, jobs = await stored(bank, both, paper, body, days=10), await jobs_of(bank, both)
    await paid(bank, paper, days_ago=500)
    await a_day_later(bank)
    await jobs.retain()
    await jobs.copy()
    assert disks[0].damage({body: changed(body)})
    await due_again(bank)
    hold = LockedBucket.hold

    async def and_healed(self: LockedBucket, *given: Any, **more: Any) -> Any:
        monkeypatch.undo()
        made = await hold(self, *given, **more)
        assert await jobs.fix() == 1
        return made

    await bank.sql(HOLD, bank.branches["A"].id, paper, bank.people["legal"].staff_id)
    monkeypatch.setattr(LockedBucket, "hold", and_healed)
    assert (await jobs.hold(), await jobs.hold()) == (0, 1), "the version is another now; the next try finds it"
    assert await whole(bank, both, scan, body)
    await bank.past_the_triggers(f"update holds set lifted_at = now(), lifted_by = '{bank.people['legal_two'].staff_id}', lift_reason = 'x' where record_id = '{paper}'")  # fmt: skip


async def test_a_lock_that_somebody_made_longer_is_not_made_shorter_by_healing(
    bank: World, both: ObjectStore, disks: tuple[OwnStore, OwnStore]
) -> None:
    ((scan, body),) = (await filled(bank, both, 1)).items()
    row: Any = await bank.root.fetchrow("select * from scans where id = $1", scan)
    await both.locked.extend(row["object_key"], row["object_version_id"], row["lock_until"] + timedelta(days=100))
    await a_day_later(bank)
    await (await jobs_of(bank, both)).retain()
    assert disks[0].damage({body: changed(body)}) == 1
    assert await (await jobs_of(bank, both)).fix() == 1
    assert await whole(bank, both, scan, body)
    assert await bank.sql("select lock_until from scans where id = $1", scan) == row["lock_until"] + timedelta(days=100)


async def test_what_was_only_put_there_has_not_been_hashed_and_soon_is(bank: World, both: ObjectStore) -> None:
    ((scan, body),) = (await filled(bank, both, 1)).items()
    checked = "select array_agg(checked_at is not null order by place) from scan_copies where scan_id = $1"
    assert await bank.sql(checked, scan) == [False, False]
    run = Fixity((jobs := await jobs_of(bank, both)).desk, jobs.by, both)
    assert await run.check() == 0 and run.bytes >= 2 * len(body)
    assert await bank.sql(checked, scan) == [True, True]


async def test_neither_what_is_new_nor_what_has_waited_keeps_the_other_waiting(bank: World, alone: ObjectStore) -> None:
    old, jobs = list(await filled(bank, alone, 6)), await jobs_of(bank, alone)
    await due_again(bank)
    new = list(await filled(bank, alone, 6))
    before = await bank.sql("select clock_timestamp()")
    assert await Fixity(jobs.desk, jobs.by, alone, bytes_max=5 * BYTES + 1).check() == 0
    done = {r[0] for r in await bank.root.fetch("select scan_id from scan_copies where checked_at > $1", before)}
    assert len(done & set(old)) == len(done & set(new)) == 3
    await jobs.fix()


async def test_one_copy_that_cannot_be_made_keeps_no_other_waiting_and_is_an_alarm(
    bank: World, both: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (paper,) = await bank.papers()
    scans = [await stored(bank, both, paper, secrets.token_bytes(BYTES)) for _ in range(5)]
    ids = [r[0] for r in await bank.root.fetch("select scan_id from scan_copies where scan_id = any($1) order by id", scans)]
    assert both.second is not None
    for scan in ids[:2]:
        both.second._client.s3.put_object(Bucket=both.second.bucket, Key=f"scans/{scan}", Body=b"not the scan")
    monkeypatch.setattr(copying, "MISSING", copying.MISSING.limit(2))
    monkeypatch.setattr(copying, "BATCH", 2)
    await (await jobs_of(bank, both)).copy()
    copied = await bank.root.fetch("select scan_id from scan_copies where place = 'SECOND' and scan_id = any($1)", scans)
    assert {r[0] for r in copied} == set(ids[2:])
    alarm = await bank.sql("select told from alarms where kind = 'STORE_NOT_LOCKED' and cleared_at is null")
    assert alarm is not None and "does not hold the bytes that were sent" in alarm
    await bank.sql("update alarms set cleared_at = now() where kind = 'STORE_NOT_LOCKED' and cleared_at is null")


async def test_where_both_copies_are_bad_nothing_is_overwritten(bank: World, both: ObjectStore, disks: tuple[OwnStore, OwnStore]) -> None:
    ((scan, body),) = (await filled(bank, both, 1)).items()
    version = await bank.sql("select object_version_id from scans where id = $1", scan)
    assert [disk.damage({body: changed(body)}) for disk in disks] == [1, 1]
    await due_again(bank)
    assert await (await jobs_of(bank, both)).fix() == 2
    assert await bank.sql("select object_version_id from scans where id = $1", scan) == version
    assert await told(bank, scan) == ["scan:fixity:failed", "scan:fixity:failed"]


async def test_a_run_spends_its_budget_on_the_oldest_and_the_next_goes_on(bank: World, alone: ObjectStore) -> None:
    scans = list(await filled(bank, alone, 12))
    await due_again(bank)
    jobs = await jobs_of(bank, alone)
    order = [r[0] for r in await bank.root.fetch("select scan_id from scan_copies where scan_id = any($1) order by checked_at, id", scans)]
    for part in (order[:5], order[5:10], order[10:]):
        run = Fixity(jobs.desk, jobs.by, alone, bytes_max=4 * BYTES + 1)
        before = await bank.sql("select clock_timestamp()")
        assert await run.check() == 0 and run.bytes == len(part) * BYTES
        done = await bank.root.fetch("select scan_id from scan_copies where checked_at > $1", before)
        assert {r[0] for r in done} == set(part)
    row = await bank.root.fetchrow("select * from fixity_runs order by started_at desc limit 1")
    assert (row["objects"], row["bytes"], row["bad"]) == (2, 2 * BYTES, 0)


async def test_a_store_that_is_down_has_lost_nothing(bank: World, alone: ObjectStore, disks: tuple[OwnStore, OwnStore]) -> None:
    scans = list(await filled(bank, alone, 4))
    await due_again(bank)
    with disks[0].hung():
        assert await (await jobs_of(bank, alone)).fix() == 0
    assert await bank.sql("select count(*) from scan_copies where scan_id = any($1) and bad_since is not null", scans) == 0
    assert [await told(bank, scan) for scan in scans] == [[]] * 4


async def test_a_store_that_is_too_slow_has_lost_nothing(bank: World, alone: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    scans = list(await filled(bank, alone, 2))
    await due_again(bank)
    monkeypatch.setattr(fixity, "PATIENCE_SECONDS", 0.0)
    assert await (await jobs_of(bank, alone)).fix() == 0
    assert await bank.sql("select count(*) from scan_copies where scan_id = any($1) and bad_since is not null", scans) == 0


async def test_a_version_that_is_gone_is_missing(bank: World, both: ObjectStore) -> None:
    ((scan, body),) = (await filled(bank, both, 1)).items()
    await bank.past_the_triggers(f"update scans set object_version_id = 'ab' where id = '{scan}'")
    await bank.past_the_triggers(f"update scan_copies set version_id = 'ab' where scan_id = '{scan}' and place = 'FIRST'")
    await due_again(bank)
    assert await (await jobs_of(bank, both)).fix() == 1
    assert await bank.sql("select fault from fixity_findings where scan_id = $1", scan) == "MISSING"
    assert await whole(bank, both, scan, body)


async def test_a_healing_that_was_cut_before_it_was_pinned_is_taken_up(
    bank: World, both: ObjectStore, disks: tuple[OwnStore, OwnStore]
) -> None:
    ((scan, body),) = (await filled(bank, both, 1)).items()
    assert disks[0].damage({body: changed(body)}) == 1
    row: Any = await bank.root.fetchrow("select * from scans where id = $1", scan)
    left = await both.locked.put_again(
        f"scans/{scan}", io.BytesIO(body), row["sha256"], "application/pdf", row["lock_until"], legal_hold=True
    )
    await due_again(bank)
    assert await (await jobs_of(bank, both)).fix() == 1
    assert await bank.sql("select object_version_id from scans where id = $1", scan) == left.version_id
