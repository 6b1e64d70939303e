"""The locks of stored scans: looked at once a day, compared with what we left, and moved to what their loans ask for.

The store is changed first, then the row with its event: a run that is cut between the two finds its own work at the next look.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import ARRAY, Text, Uuid, column, func, or_, select, tuple_, update

from server.compliance.tags import Tag
from server.custody import reading
from server.custody.desk import Desk
from server.scans.copies import AT, COPIES, IDS, Kept, Told, bucket_of, c, due, kept, places
from server.scans.retention import Lock, is_ours, schedule
from storage.database import Principal
from storage.objects import Locked, LockedBucket, ObjectStore, ObjectStoreDown
from storage.statements import the
from storage.tables import scan_copies, scans
from storage.terms import CopyPlace, NoticeKind

LOOK_EVERY = timedelta(hours=20)  # once a day, whenever in it the job comes round
BATCH, OBJECTS_MAX, AT_ONCE = 200, 20_000, 4
log: Any = structlog.get_logger()

SEEN = (
    COPIES.where(
        c.observed_at < the("before", AT), c.place == func.any(the("places", ARRAY(Text))),
        or_(the("after", Uuid).is_(None), tuple_(c.observed_at, c.id) > tuple_(the("after_at", AT), the("after", Uuid))),
    )
    .order_by(c.observed_at, c.id)
    .limit(BATCH)
)  # fmt: skip
TO_HOLD = COPIES.where(
    c.id.in_(select(column("copy_id", Uuid)).select_from(func.scans_to_hold().table_valued(column("copy_id", Uuid)))),
    c.place == func.any(the("places", ARRAY(Text))),
).limit(BATCH)
UNCHANGED = (
    update(scan_copies)
    .where(c.id == func.any(the("ids", IDS)))
    .values(observed_at=the("at", AT), lock_until=c.due_until, legal_hold=c.due_hold, drifted_at=None, repaired_at=None)
)
STILL = (  # nobody has looked since, and no other version was pinned, whose lock is not the one that was moved
    select(c.id).where(c.id == the("id"), c.observed_at == the("observed_at", AT), c.version_id == the("version", Text)).with_for_update()
)


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of one copy, what is due, and how it stands after it was moved there."""

    row: Any
    kept: Kept
    seen: Lock | None
    due: Lock
    after: Lock | None

    @property
    def drifted(self) -> bool:
        """Somebody else moved it."""
        return not is_ours(self.seen, due(self.row), self.due)

    @property
    def repaired(self) -> bool:
        """It was less than due, and is not any more."""
        return self.drifted and self.after != self.seen

    @property
    def unchanged(self) -> bool:
        """It is as we left it, and stays so."""
        return self.seen == self.after == self.due == due(self.row) and self.row["drifted_at"] is None


async def follow(desk: Desk, by: Principal, objects: ObjectStore, *, every: timedelta = LOOK_EVERY, objects_max: int = OBJECTS_MAX) -> int:
    """Looks at the copies that nobody has looked at for a day; answers how many locks were moved or found moved."""
    moved, seen, last = 0, 0, None
    async with desk.database.transaction(by) as conn:
        before: datetime = await conn.value(reading.NOW, shift=desk.shift) - every
    while seen < objects_max:
        async with desk.database.transaction(by) as conn:
            at: datetime = await conn.value(reading.NOW, shift=desk.shift)
            after = {"the_after": last["id"] if last else None, "the_after_at": last["observed_at"] if last else None}
            rows = await conn.rows(SEEN, the_before=before, the_places=places(objects), **after)
        moved += await _follow(desk, by, objects, rows, at)
        seen += len(rows)
        if len(rows) < BATCH or objects.client.breaker.open:
            break
        last = rows[-1]
    return moved


async def hold(desk: Desk, by: Principal, objects: ObjectStore) -> int:
    """Scans past their cutoff that a hold has covered since (C16); answers how many."""
    async with desk.database.transaction(by) as conn:
        at: datetime = await conn.value(reading.NOW, shift=desk.shift)
        rows = await conn.rows(TO_HOLD, the_places=places(objects))
    return await _follow(desk, by, objects, rows, at)


async def _follow(desk: Desk, by: Principal, objects: ObjectStore, rows: list[Any], at: datetime) -> int:
    if not rows:
        return 0
    async with desk.database.transaction(by) as conn:
        terms = await kept(conn, [row["scan_id"] for row in rows])
    turn = asyncio.Semaphore(AT_ONCE)

    async def look(row: Any) -> Look | None:
        async with turn:
            return await _look(desk, by, objects, row, terms[row["scan_id"]], at)

    looks = [look for look in await asyncio.gather(*(look(row) for row in rows)) if look is not None]
    still: list[UUID] = [look.row["id"] for look in looks if look.unchanged]
    async with desk.database.transaction(by) as conn:
        await conn.run(UNCHANGED, the_ids=still, the_at=at)
    changed = [look for look in looks if not look.unchanged]
    return sum([await _recorded(desk, by, objects, look, at) for look in changed])


async def _look(desk: Desk, by: Principal, objects: ObjectStore, row: Any, kept_by: Kept, at: datetime) -> Look | None:
    bucket = _bucket(objects, row)
    wanted = schedule(kept_by.terms, due(row), at)
    try:
        seen = _lock(await bucket.lock(row["object_key"], row["version_id"]))
        after = await _move(bucket, row, seen, wanted) if seen else None
        if after and _lifts(row, after, wanted):
            async with desk.database.transaction(by) as conn:  # a hold may have come since (C16)
                kept_by = (await kept(conn, [row["scan_id"]]))[row["scan_id"]]
            wanted = schedule(kept_by.terms, due(row), at)
            if _lifts(row, after, wanted):
                after = _lock(await bucket.hold(row["object_key"], row["version_id"], on=False)) or after
    except ObjectStoreDown as error:
        log.warning("lock not looked at", scan=str(row["scan_id"]), place=row["place"], reason=str(error))
        return None  # next time
    return Look(row, kept_by, seen, wanted, after)


async def _move(bucket: LockedBucket, row: Any, seen: Lock, wanted: Lock) -> Lock | None:
    """Longer first, then the hold."""
    key, version, now = row["object_key"], row["version_id"], seen
    if wanted.until > now.until:
        now = _lock(await bucket.extend(key, version, wanted.until)) or now
    if wanted.hold and not now.hold:
        now = _lock(await bucket.hold(key, version, on=True)) or now
    return now


def _lifts(row: Any, now: Lock, wanted: Lock) -> bool:
    """The hold is lifted only from what is locked as long as is due, and only where we had placed it."""
    return now.hold and not wanted.hold and bool(row["due_hold"]) and now.until >= wanted.until


def _bucket(objects: ObjectStore, row: Any) -> LockedBucket:
    found = bucket_of(objects, row["place"])
    assert found is not None  # only copies of buckets that there are were asked for
    return found


def _lock(found: Locked | None) -> Lock | None:
    return Lock(found.lock_until, found.legal_hold) if found else None


async def _recorded(desk: Desk, by: Principal, objects: ObjectStore, look: Look, at: datetime) -> bool:
    """Of a row that refuses it the store is put back: a hold came while the legal hold was being lifted (C16). The others go on."""
    try:
        return await _record(desk, by, look, at)
    except asyncpg.CheckViolationError as error:
        row = look.row
        log.warning("lock not recorded", scan=str(row["scan_id"]), place=row["place"], rule=error.constraint_name)
    if look.seen and look.seen.hold and look.after and not look.after.hold:
        try:
            await _bucket(objects, row).hold(row["object_key"], row["version_id"], on=True)
        except ObjectStoreDown as error:  # the next look finds it gone
            log.error("hold not put back", scan=str(row["scan_id"]), place=row["place"], reason=str(error))
    return False


async def _record(desk: Desk, by: Principal, look: Look, at: datetime) -> bool:
    """The row, what happened to it, and the alarm; nothing when another worker was first."""
    row, was = look.row, due(look.row)
    async with desk.database.transaction(by) as conn:
        if await conn.value(STILL, the_id=row["id"], the_observed_at=row["observed_at"], the_version=row["version_id"]) is None:
            return False
        told = Told(conn, by, row, look.kept.chain, at)
        _note(told, look, was)
        shown = look.seen if look.drifted else look.after
        values = {
            "due_until": look.due.until, "due_hold": look.due.hold, "lock_until": shown.until if shown else None,
            "legal_hold": bool(shown and shown.hold), "observed_at": at,
            "drifted_at": (row["drifted_at"] or at) if look.drifted else None, "repaired_at": at if look.repaired else None,
        }  # fmt: skip
        await conn.update(scan_copies, {"id": row["id"]}, values)
        if row["place"] == CopyPlace.FIRST and look.after is not None and look.after.until >= was.until:
            await conn.update(scans, {"id": row["scan_id"]}, {"lock_until": look.after.until, "legal_hold": look.after.hold})
        if look.drifted and row["drifted_at"] is None:
            await told.alarm(NoticeKind.SCAN_LOCK_DRIFTED, repaired=look.repaired)
        await told.write()
    return bool(told.events)


def _note(told: Told, look: Look, was: Lock) -> None:
    if look.drifted and look.row["drifted_at"] is None:
        seen = {"actual_until": look.seen.until, "actual_hold": look.seen.hold} if look.seen else {}
        told.note(Tag.SCAN_LOCK_DRIFTED, due_until=was.until, due_hold=was.hold, version_id=look.row["version_id"], **seen)
    if look.repaired and look.after:
        told.note(Tag.SCAN_LOCK_REPAIRED, until=look.after.until, hold=look.after.hold)
    if look.due.until > was.until:
        told.note(Tag.SCAN_LOCK_EXTENDED, was=was.until, until=look.due.until)
    if look.due.hold != was.hold:
        told.note(Tag.SCAN_HOLD_PLACED if look.due.hold else Tag.SCAN_HOLD_LIFTED)
