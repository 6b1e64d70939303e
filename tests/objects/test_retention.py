"""The lock of a stored scan follows its loan: longer, never shorter; and a lock that somebody else moved is found."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from server.custody.policy import BANK_ZONE
from server.scans.retention import LOCK_YEARS, MARGIN, YEAR, Lock, Terms, is_ours, schedule
from storage.objects import LockedBucket, ObjectStore
from storage.terms import RetentionClass
from tests.custody.releasing import secures
from tests.harness.jobs import jobs_of
from tests.harness.scans import stored
from tests.harness.world import World

NOW = datetime(2018, 3, 1, 8, tzinfo=UTC)
MATURITY = date(2021, 1, 1)
CUTOFF = datetime(2018, 1, 1, tzinfo=BANK_ZONE)
ENDED = Terms(MATURITY, NOW - timedelta(days=100), CUTOFF, RetentionClass.FIVE_YEARS)
HOLD = "insert into holds (org_id, kind, subject_kind, record_id, reason, placer_id, placed_at) values ($1, 'LEGAL', 'RECORD', $2, 'x', $3, now())"
FAR = Lock(datetime.combine(MATURITY, time(0), UTC), hold=True)


def day(year: int, zone: Any = BANK_ZONE) -> datetime:
    return datetime(year, 1, 1, tzinfo=zone)


@pytest.mark.parametrize(
    ("terms", "now", "due"),
    [
        pytest.param(Terms(MATURITY), FAR, FAR, id="a living loan within its lock is left"),
        pytest.param(Terms(date(2018, 4, 1)), Lock(NOW + MARGIN - YEAR / 365, True), Lock(NOW + YEAR, True), id="one alive beyond it, a year on"),
        pytest.param(Terms(date(2025, 1, 1)), Lock(NOW, True), Lock(NOW + LOCK_YEARS * YEAR, True), id="at most five years on"),
        pytest.param(Terms(date(2020, 6, 1)), Lock(NOW, True), Lock(datetime(2020, 6, 1, tzinfo=UTC), True), id="or until its maturity"),
        pytest.param(Terms(), Lock(NOW, True), Lock(NOW + YEAR, True), id="what nothing is known of is kept on"),
        pytest.param(ENDED, Lock(NOW, True), Lock(day(2023), False), id="the final date, and the hold is lifted at the cutoff"),
        pytest.param(ENDED, Lock(day(2026), True), Lock(day(2026), False), id="never shorter"),
        pytest.param(replace(ENDED, cutoff_at=day(2019)), Lock(NOW, True), Lock(day(2024), True), id="the date at once, the hold until the cutoff"),
        pytest.param(Terms(MATURITY, NOW + timedelta(days=1), CUTOFF, RetentionClass.FIVE_YEARS), FAR, FAR, id="a payoff that may bounce sets nothing"),
        pytest.param(Terms(MATURITY, None, CUTOFF, RetentionClass.FIVE_YEARS), FAR, FAR, id="one that has bounced sets nothing"),
        pytest.param(Terms(MATURITY, NOW, None, RetentionClass.FIVE_YEARS), FAR, FAR, id="nor does a volume that is not closed"),
        pytest.param(Terms(MATURITY, NOW, CUTOFF, RetentionClass.PERMANENT), FAR, FAR, id="what is kept for ever stays held"),
        pytest.param(Terms(MATURITY, NOW, CUTOFF, RetentionClass.FIVE_YEARS, on_hold=True), Lock(NOW, False), Lock(day(2023), True), id="C16 holds it"),
        pytest.param(Terms(MATURITY, NOW, day(2000), RetentionClass.FIVE_YEARS), Lock(NOW, True), Lock(NOW, False), id="a time that has run out"),
    ],
)  # fmt: skip
def test_what_is_due(terms: Terms, now: Lock, due: Lock) -> None:
    assert schedule(terms, now, NOW) == due
    assert schedule(terms, due, NOW) == due, "what is due stays due"


def test_a_lock_between_what_was_and_what_is_due_is_our_own() -> None:
    was, due = Lock(NOW, hold=True), Lock(NOW + YEAR, hold=False)
    assert all(is_ours(Lock(NOW + days * YEAR / 365, hold), was, due) for days in (0, 200, 365) for hold in (True, False))
    assert (
        not is_ours(None, was, due) and not is_ours(Lock(NOW + 2 * YEAR, True), was, due) and not is_ours(Lock(NOW - YEAR, True), was, due)
    )
    assert not is_ours(Lock(NOW, False), was, Lock(NOW + YEAR, True))


@pytest_asyncio.fixture
async def paper(bank: World) -> AsyncIterator[UUID]:
    (made,) = await bank.papers()
    yield made


async def lock_of(bank: World, objects: ObjectStore, scan: UUID) -> tuple[datetime, bool]:
    row = await bank.root.fetchrow("select object_key, object_version_id, lock_until, legal_hold from scans where id = $1", scan)
    found = await objects.locked.lock(row["object_key"], row["object_version_id"])
    assert found is not None and (found.lock_until, found.legal_hold) == (row["lock_until"], row["legal_hold"]), "the row is what is stored"
    return found.lock_until, found.legal_hold


async def a_day_later(bank: World) -> None:
    """As far as the copies know; the clock of the database stays, which its twins read."""
    await bank.sql("update scan_copies set observed_at = observed_at - interval '1 day'")


async def told(bank: World, scan: UUID) -> list[str]:
    return [r[0] for r in await bank.root.fetch("select tag from events where subject_id = $1 order by happened_at", scan)]


async def drifts(bank: World) -> dict[UUID, Any]:
    rows = await bank.root.fetch(
        "select c.* from scan_copies c join scans s on s.id = c.scan_id where c.drifted_at is not null and s.org_id = $1",
        bank.branches["A"].id,
    )
    return {r["scan_id"]: r for r in rows}


async def paid(bank: World, record: UUID, *, days_ago: int, kind: str = "CASH") -> None:
    """The loan of the record is paid off."""
    await bank.root.execute(
        "insert into loan_positions (org_id, loan_id, as_of, principal_amount, interest_amount, fees_amount, overdue_amount, currency, settled_at, payoff_kind)"
        " select r.org_id, r.primary_loan_id, at, 0, 0, 0, 0, 'CNY', at, $3 from archive_records r, (select now() - make_interval(days => $2) as at) t"
        " where r.id = $1", record, days_ago, kind,
    )  # fmt: skip


async def test_a_living_loan_is_extended_when_its_lock_runs_out_and_nothing_else_is_touched(
    bank: World, objects: ObjectStore, paper: UUID
) -> None:
    soon, far = await stored(bank, objects, paper, days=30), await stored(bank, objects, paper, days=700)
    before = await lock_of(bank, objects, far)
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 1
    matures = await bank.sql("select l.matures_on from loans l join archive_records r on r.primary_loan_id = l.id where r.id = $1", paper)
    assert await lock_of(bank, objects, soon) == (datetime.combine(matures, time(0), UTC), True)
    assert await lock_of(bank, objects, far) == before
    assert await told(bank, soon) == ["scan:extend_lock:done"] and await told(bank, far) == []
    assert await (await jobs_of(bank, objects)).retain() == 0, "once a day"
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 0 and await drifts(bank) == {}


async def test_a_payoff_sets_the_final_date_when_it_is_final_and_not_before(bank: World, objects: ObjectStore, paper: UUID) -> None:
    scan = await stored(bank, objects, paper, days=700)
    before = await lock_of(bank, objects, scan)
    await paid(bank, paper, days_ago=2, kind="TRANSFER")
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 0
    assert await lock_of(bank, objects, scan) == before, "it may still bounce"
    await paid(bank, paper, days_ago=90, kind="TRANSFER")
    owed = (
        "insert into loan_positions (org_id, loan_id, as_of, principal_amount, interest_amount, fees_amount, overdue_amount, currency)"
        " select r.org_id, r.primary_loan_id, now() - interval '1 day', 5, 0, 0, 0, 'CNY' from archive_records r where r.id = $1"
    )
    await bank.sql(owed, paper)
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 0
    assert await lock_of(bank, objects, scan) == before, "it has bounced"
    await paid(bank, paper, days_ago=0)
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 1
    until, hold = await lock_of(bank, objects, scan)
    year = (datetime.now(UTC) + timedelta(hours=8)).year
    assert (until, hold) == (datetime(year + 21, 1, 1, tzinfo=BANK_ZONE), True), (
        "twenty years from the first of January after, held until then"
    )


async def released(bank: World, objects: ObjectStore, record: UUID) -> UUID:
    """A scan whose loan ended long ago: its final date is set, its hold lifted."""
    scan = await stored(bank, objects, record, days=10)
    await paid(bank, record, days_ago=500)
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 1
    until, hold = await lock_of(bank, objects, scan)
    assert until > datetime.now(UTC) + 18 * YEAR and not hold
    assert await told(bank, scan) == ["scan:extend_lock:done", "scan:lift_hold:done"]
    return scan


async def test_a_hold_on_the_record_is_soon_a_legal_hold_and_goes_when_it_is_lifted(bank: World, objects: ObjectStore, paper: UUID) -> None:
    scan = await released(bank, objects, paper)
    assert await (await jobs_of(bank, objects)).hold() == 0
    await bank.sql(HOLD, bank.branches["A"].id, paper, bank.people["legal"].staff_id)
    assert await (await jobs_of(bank, objects)).hold() == 1
    assert (await lock_of(bank, objects, scan))[1] is True
    assert await (await jobs_of(bank, objects)).hold() == 0
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 0, "held"
    await bank.past_the_triggers(f"update holds set lifted_at = now(), lifted_by = '{bank.people['legal_two'].staff_id}', lift_reason = 'x' where record_id = '{paper}'")  # fmt: skip
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 1
    assert (await lock_of(bank, objects, scan))[1] is False
    assert (await told(bank, scan))[2:] == ["scan:place_hold:done", "scan:lift_hold:done"] and await drifts(bank) == {}


async def test_a_hold_on_another_loan_of_the_same_car_is_soon_a_legal_hold(bank: World, objects: ObjectStore, paper: UUID) -> None:
    scan, second = await released(bank, objects, paper), await bank.loan("B")
    await secures(bank, second, await bank.sql("select collateral_id from archive_records where id = $1", paper))
    await bank.sql(
        HOLD.replace("RECORD", "LOAN").replace("record_id", "loan_id"), bank.branches["B"].id, second, bank.people["legal_b"].staff_id
    )
    assert await (await jobs_of(bank, objects)).hold() == 1
    assert (await lock_of(bank, objects, scan))[1] is True


@pytest.mark.parametrize("step", ["extend", "hold"])
async def test_a_hold_that_comes_while_the_legal_hold_is_being_lifted_keeps_it(
    bank: World, objects: ObjectStore, paper: UUID, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (other,) = await bank.papers()
    scans, free = [await stored(bank, objects, paper, days=10) for _ in range(2)], await stored(bank, objects, other, days=10)
    for record in (paper, other):
        await paid(bank, record, days_ago=500)
    await a_day_later(bank)
    done, lifted = getattr(LockedBucket, step), LockedBucket.hold
    off: list[str] = []
    held: asyncio.Task[Any] | None = None

    async def and_held(self: LockedBucket, key: str, *given: Any, **more: Any) -> Any:
        nonlocal held
        made = await done(self, key, *given, **more)
        if key != f"scans/{free}":
            held = held or asyncio.create_task(bank.sql(HOLD, bank.branches["A"].id, paper, bank.people["legal"].staff_id))
            await held
        return made

    async def noted(self: LockedBucket, key: str, version: str, *, on: bool) -> Any:
        off.extend([] if on else [key])
        return await (and_held if step == "hold" and not on else lifted)(self, key, version, on=on)

    monkeypatch.setattr(LockedBucket, step, and_held)
    monkeypatch.setattr(LockedBucket, "hold", noted)
    await (await jobs_of(bank, objects)).retain()
    monkeypatch.undo()
    assert (set(off) == {f"scans/{free}"}) == (step == "extend"), "seen in time, it is never off"
    assert (await lock_of(bank, objects, free))[1] is False, "what comes after it in the batch is not kept waiting"
    for scan in scans:
        version = await bank.sql("select version_id from scan_copies where scan_id = $1", scan)
        lock = await objects.locked.lock(f"scans/{scan}", version)
        assert lock is not None and lock.legal_hold
    await (await jobs_of(bank, objects)).retain()
    assert await drifts(bank) == {}
    for scan in scans:
        assert (await lock_of(bank, objects, scan))[1] is True
        assert await told(bank, scan) == ["scan:extend_lock:done"], "nobody is told that the store's keys were used"
    await bank.past_the_triggers(f"update holds set lifted_at = now(), lifted_by = '{bank.people['legal_two'].staff_id}', lift_reason = 'x' where record_id = '{paper}'")  # fmt: skip


async def test_the_one_lock_that_somebody_moved_is_found_told_and_put_right(bank: World, objects: ObjectStore, paper: UUID) -> None:
    scans = [await stored(bank, objects, paper) for _ in range(5)]
    victim = scans[2]
    version = await bank.sql("select object_version_id from scans where id = $1", victim)
    await objects.locked.hold(f"scans/{victim}", version, on=False)
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 1
    found = await drifts(bank)
    assert set(found) == {victim} and found[victim]["legal_hold"] is False and found[victim]["repaired_at"] is not None
    assert (await lock_of(bank, objects, victim))[1] is True
    assert await told(bank, victim) == ["scan:lock:drifted", "scan:repair_lock:done"]
    people = await bank.root.fetch("select staff_id from notices where kind = 'SCAN_LOCK_DRIFTED' and subject_id = $1", victim)
    assert {r[0] for r in people} == {bank.people["compliance"].staff_id, bank.people["compliance_two"].staff_id}
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 0 and await drifts(bank) == {}


async def test_a_lock_that_was_made_longer_stays_on_the_list(bank: World, objects: ObjectStore, paper: UUID) -> None:
    scan = await stored(bank, objects, paper, days=700)
    version = await bank.sql("select object_version_id from scans where id = $1", scan)
    longer = datetime.now(UTC).replace(microsecond=0) + timedelta(days=900)
    await objects.locked.extend(f"scans/{scan}", version, longer)
    for _ in range(3):
        await a_day_later(bank)
        await (await jobs_of(bank, objects)).retain()
        found = await drifts(bank)
        assert set(found) == {scan} and found[scan]["lock_until"] == longer and found[scan]["repaired_at"] is None
    assert await told(bank, scan) == ["scan:lock:drifted"]


async def test_a_run_that_was_cut_between_store_and_row_is_no_drift(bank: World, objects: ObjectStore, paper: UUID) -> None:
    scan = await stored(bank, objects, paper, days=30)
    version = await bank.sql("select object_version_id from scans where id = $1", scan)
    await objects.locked.extend(f"scans/{scan}", version, datetime.now(UTC).replace(microsecond=0) + timedelta(days=200))
    await a_day_later(bank)
    assert await (await jobs_of(bank, objects)).retain() == 1
    assert await drifts(bank) == {} and await told(bank, scan) == ["scan:extend_lock:done"]
    await lock_of(bank, objects, scan)


async def test_with_the_store_away_nothing_is_marked_as_looked_at(bank: World, objects: ObjectStore, paper: UUID) -> None:
    scan = await stored(bank, objects, paper, days=30)
    await a_day_later(bank)
    assert await (await jobs_of(bank)).retain() == 0
    assert await (await jobs_of(bank, objects)).retain() == 1
    assert await told(bank, scan) == ["scan:extend_lock:done"]


@pytest.mark.parametrize(
    ("change", "twin"),
    [
        ("due_until = due_until - interval '1 second'", "tg_scan_copies_c45_longer"),
        ("due_hold = false", "tg_scan_copies_c45_longer"),
    ],
)
async def test_the_row_is_not_made_shorter_either(bank: World, objects: ObjectStore, paper: UUID, change: str, twin: str) -> None:
    scan = await stored(bank, objects, paper)
    with pytest.raises(asyncpg.CheckViolationError, match=twin):
        await bank.sql(f"update scan_copies set {change} where scan_id = $1", scan)
    with pytest.raises(asyncpg.CheckViolationError, match="tg_scans_c45_longer"):
        await bank.sql("update scans set lock_until = lock_until - interval '1 second' where id = $1", scan)


async def test_a_copy_past_its_cutoff_is_not_released_while_a_hold_lies_on_its_record(
    bank: World, objects: ObjectStore, paper: UUID
) -> None:
    scan = await released(bank, objects, paper)
    await bank.sql("update scan_copies set due_hold = true where scan_id = $1", scan)
    await bank.sql(HOLD, bank.branches["A"].id, paper, bank.people["legal"].staff_id)
    with pytest.raises(asyncpg.CheckViolationError, match="tg_scan_copies_c45_longer"):
        await bank.sql("update scan_copies set due_hold = false where scan_id = $1", scan)
