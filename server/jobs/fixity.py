"""Whether stored bytes are still those that were scanned: hashed again, the oldest-checked first, so many bytes a run.

A run may be cut anywhere: what was hashed is committed in small batches, and the next run goes on where this one was. A copy that is
bad is told at once and healed from the other bucket, if there is one, or from what somebody put beside it; its bad version stays, under
its lock. Every run looks at it again, until its bytes are good.
"""

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog
from sqlalchemy import ARRAY, BigInteger, Text, func, select, update
from sqlalchemy.dialects.postgresql import insert

from server.compliance.tags import Tag
from server.custody import reading
from server.custody.desk import Desk
from server.jobs import alarms
from server.scans.copies import AT, COPIES, IDS, Told, bucket_of, c, due, kept, places
from server.scans.retention import Lock
from storage.database import Connection, Principal
from storage.objects import Digest, Locked, LockedBucket, LockNotProven, ObjectStore, ObjectStoreDown, OutOfTime, deadline
from storage.statements import the
from storage.tables import fixity_findings, fixity_runs, scan_copies, scans
from storage.terms import CopyPlace, FixityFault, NoticeKind

BYTES_MAX = 1 << 30  # of one run
CHECK_EVERY = timedelta(days=30)  # of one copy: a small archive is not read day and night
BATCH, AT_ONCE = 50, 2
PATIENCE_SECONDS = 30.0  # nobody waits; and a store that is silent must be told from one that is slow
log: Any = structlog.get_logger()
f, r = fixity_findings.c, fixity_runs.c

HERE = COPIES.where(c.place == func.any(the("places", ARRAY(Text))))
NEW = HERE.where(c.checked_at.is_(None), c.bad_since.is_(None)).order_by(c.id).limit(BATCH)
OLDEST = HERE.where(c.checked_at < the("before", AT), c.bad_since.is_(None)).order_by(c.checked_at, c.id).limit(BATCH)
BAD = HERE.where(c.bad_since.is_not(None)).order_by(c.checked_at, c.id).limit(BATCH)
ONE = COPIES.where(c.id == the("id"))
OTHER = COPIES.where(c.scan_id == the("scan"), c.place != the("place", Text), c.bad_since.is_(None))
STILL = select(c.due_until, c.due_hold).where(c.id == the("id"), c.version_id == the("version", Text)).with_for_update()
GOOD = update(scan_copies).where(c.id == func.any(the("ids", IDS)), c.bad_since.is_(None)).values(checked_at=the("at", AT))
COUNTED = (
    update(fixity_runs)
    .where(r.id == the("run"))
    .values(
        objects=r.objects + the("objects", BigInteger), bytes=r.bytes + the("bytes", BigInteger), bad=r.bad + the("bad", BigInteger),
        last_at=the("at", AT),
    )
)  # fmt: skip
FOUND = (
    insert(fixity_findings)
    .values(
        scan_id=the("scan"), place=the("place", Text), fault=the("fault", Text), version_id=the("version", Text), found_at=the("at", AT)
    )
    .on_conflict_do_nothing()
)
HEALED = (
    update(fixity_findings)
    .where(f.scan_id == the("scan"), f.place == the("place", Text), f.healed_at.is_(None))
    .values(healed_at=the("at", AT), healed_version_id=the("version", Text))
)


@dataclass(slots=True)
class Fixity:
    """One run."""

    desk: Desk
    by: Principal
    objects: ObjectStore
    bytes_max: int = BYTES_MAX
    every: timedelta = CHECK_EVERY
    run: UUID | None = None
    bytes: int = 0
    bad: int = field(default=0)

    async def check(self) -> int:
        """Judges and heals what was found bad before, then hashes on; answers how many bad copies it found."""
        async with self.desk.database.transaction(self.by) as conn:
            known = await conn.rows(BAD, the_places=places(self.objects))
        for row in self._within(known, self.bytes_max // 2):
            await self._again(row)
        async with self.desk.database.transaction(self.by) as conn:
            before = await self._now(conn) - self.every
        while self.bytes < self.bytes_max and not self.objects.client.breaker.open:
            async with self.desk.database.transaction(self.by) as conn:
                new = await conn.rows(NEW, the_places=places(self.objects))
                old = await conn.rows(OLDEST, the_before=before, the_places=places(self.objects))
            # In turn: neither those that come in nor those that have waited keep the others waiting.
            rows = [row for pair in zip_longest(new, old) for row in pair if row is not None][:BATCH]
            if not rows or not await self._batch(self._within(rows, self.bytes_max)):
                break
        return self.bad

    def _within(self, rows: list[Any], bytes_max: int) -> list[Any]:
        """As many as so many bytes still pay for, one at least."""
        some: list[Any] = []
        for row in rows:
            if some and self.bytes + sum(x["size_bytes"] for x in some) >= bytes_max:
                break
            some.append(row)
        return some

    async def _batch(self, rows: list[Any]) -> int:
        """Hashes these; answers how many could be judged, bad or good."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(row: Any) -> tuple[Any, FixityFault | None] | None:
            async with turn:
                return await self._judged(row)

        judged = [j for j in await asyncio.gather(*(one(row) for row in rows)) if j is not None]
        good = [row for row, fault in judged if fault is None]
        async with self.desk.database.transaction(self.by) as conn:
            at = await self._now(conn)
            await self._count(conn, good, 0, at)
            await conn.run(GOOD, the_ids=[row["id"] for row in good], the_at=at)
        for row, fault in judged:
            if fault is not None:
                await self._record(row, fault)
                await self._heal(row)
        return len(judged)

    async def _judged(self, row: Any) -> tuple[Any, FixityFault | None] | None:
        """None where nobody can say now: the store is down or slow. One that fails for these bytes alone, twice, has lost them."""
        bucket, key, version = _bucket(self.objects, row), row["object_key"], row["version_id"]
        wanted = Digest(row["sha256"], row["size_bytes"])
        for _ in range(2):
            try:
                with deadline(PATIENCE_SECONDS, size_bytes=row["size_bytes"]):
                    found = await bucket.digest(key, version)
            except ObjectStoreDown as error:
                log.warning("bytes not read", scan=str(row["scan_id"]), place=row["place"], reason=str(error))
                if isinstance(error, OutOfTime) or not await _answers(bucket, key, version):
                    return None
                continue
            if found is None:
                return row, FixityFault.MISSING
            return row, None if found == wanted else FixityFault.CORRUPT
        return row, FixityFault.UNREADABLE

    async def _record(self, row: Any, fault: FixityFault) -> None:
        self.bad += 1
        async with self.desk.database.transaction(self.by) as conn:
            at = await self._now(conn)
            if await conn.value(STILL, the_id=row["id"], the_version=row["version_id"]) is None:
                return  # healed by another worker
            await self._count(conn, [row], 1, at)
            about = {"the_scan": row["scan_id"], "the_place": row["place"], "the_version": row["version_id"]}
            new = await conn.run(FOUND, the_fault=fault.value, the_at=at, **about)
            await conn.update(scan_copies, {"id": row["id"]}, {"checked_at": at, "bad_since": row["bad_since"] or at})
            if new:
                told = await self._told(conn, row, at)
                told.note(Tag.SCAN_DAMAGED, fault=fault, version_id=row["version_id"])
                await told.alarm(NoticeKind.SCAN_DAMAGED, fault=fault.value)
                await told.write()

    async def _again(self, row: Any) -> None:
        """One that was found bad: its bytes may be back, with their disk. In the report it stays counted once."""
        judged = await self._judged(row)
        self.bytes += row["size_bytes"]
        if judged is None:
            return
        if judged[1] is not None:
            async with self.desk.database.transaction(self.by) as conn:
                await conn.update(scan_copies, {"id": row["id"]}, {"checked_at": await self._now(conn)})
        await self._heal(row, whole=judged[1] is None)

    async def _heal(self, row: Any, *, whole: bool = False) -> bool:
        """Pins good bytes beside the bad version, under the same lock; the bad version itself where it is `whole` again."""
        async with self.desk.database.transaction(self.by) as conn:
            now = await conn.row(ONE, the_id=row["id"])  # its lock may have been moved since
            other = await conn.row(OTHER, the_scan=row["scan_id"], the_place=row["place"])
        if now is None or now["version_id"] != row["version_id"]:
            return False  # healed by another worker
        about = {"scan": str(row["scan_id"]), "place": row["place"]}
        try:
            locked, read = await self._restored(now, other, whole=whole)
            return locked is not None and await self._pin(now, locked, read=read)
        except ObjectStoreDown as error:
            log.warning("scan not healed", **about, reason=str(error))  # next time
        except LockNotProven as error:
            await alarms.not_locked(self.desk, self.by, str(error))
        except (OSError, asyncpg.CheckViolationError) as error:  # no disk for it; a rule: of this one, and the others go on
            log.error("scan not healed", **about, reason=type(error).__name__)
        return False

    async def _restored(self, row: Any, other: Any, *, whole: bool) -> tuple[Locked | None, bool]:
        """A good version, and whether its bytes were read where they are."""
        target, lock, key = _bucket(self.objects, row), due(row), row["object_key"]
        if row["place"] == CopyPlace.FIRST:  # of the scan it is not made shorter either, where somebody made it longer than due
            lock = Lock(max(lock.until, row["scan_lock_until"]), lock.hold)
        if whole:
            return await _under(target, key, row["version_id"], lock), True
        wanted = Digest(row["sha256"], row["size_bytes"])
        with deadline(PATIENCE_SECONDS, size_bytes=4 * row["size_bytes"]), tempfile.TemporaryFile() as file:
            newest = await target.newest(key)  # restored by hand, or of an earlier run that was cut before it pinned its version
            if newest and newest != row["version_id"] and await target.digest(key, newest) == wanted:
                return await _under(target, key, newest, lock), True
            source = bucket_of(self.objects, other["place"]) if other else None
            if source is None or await source.fetch(other["object_key"], other["version_id"], file) != wanted:
                return None, False  # bad too, which its own turn will tell
            made = await target.put_again(key, file, row["sha256"], row["media_type"], lock.until, legal_hold=lock.hold)
            return made, False

    async def _pin(self, row: Any, locked: Locked, *, read: bool) -> bool:
        async with self.desk.database.transaction(self.by) as conn:
            at = await self._now(conn)
            still = await conn.row(STILL, the_id=row["id"], the_version=row["version_id"])
            if still is None or due(still) != due(row):
                return False  # healed by another worker; or what is due changed meanwhile, and the next run finds the version
            lock = {"lock_until": locked.lock_until, "legal_hold": locked.legal_hold}
            seen = {"checked_at": at if read else None, "bad_since": None}
            await conn.update(scan_copies, {"id": row["id"]}, {"version_id": locked.version_id, **lock, **seen})
            if row["place"] == CopyPlace.FIRST:
                await conn.update(scans, {"id": row["scan_id"]}, {"object_version_id": locked.version_id, **lock})
            await conn.run(HEALED, the_scan=row["scan_id"], the_place=row["place"], the_at=at, the_version=locked.version_id)
            told = await self._told(conn, row, at)
            told.note(Tag.SCAN_HEALED, bad_version_id=row["version_id"], version_id=locked.version_id)
            await told.write()
        log.warning("scan healed", scan=str(row["scan_id"]), place=row["place"])
        return True

    async def _told(self, conn: Connection, row: Any, at: datetime) -> Told:
        found = await kept(conn, [row["scan_id"]])
        return Told(conn, self.by, row, found[row["scan_id"]].chain, at)

    async def _count(self, conn: Connection, rows: list[Any], bad: int, at: datetime) -> None:
        if not rows:
            return
        if self.run is None:
            self.run = uuid4()
            await conn.insert(fixity_runs, {"id": self.run, "started_at": at, "last_at": at})
        size = sum(row["size_bytes"] for row in rows)
        self.bytes += size
        await conn.run(COUNTED, the_run=self.run, the_objects=len(rows), the_bytes=size, the_bad=bad, the_at=at)

    async def _now(self, conn: Connection) -> datetime:
        now: datetime = await conn.value(reading.NOW, shift=self.desk.shift)
        return now


def _bucket(objects: ObjectStore, row: Any) -> LockedBucket:
    found = bucket_of(objects, row["place"])
    assert found is not None  # only copies of buckets that there are were asked for
    return found


async def _under(bucket: LockedBucket, key: str, version: str, lock: Lock) -> Locked | None:
    """A version that is there, under this lock at least."""
    found = await bucket.lock(key, version)
    if found is None or found.lock_until < lock.until:
        found = await bucket.extend(key, version, lock.until)
    if found is not None and lock.hold and not found.legal_hold:
        found = await bucket.hold(key, version, on=True)
    return found


async def _answers(bucket: LockedBucket, key: str, version: str) -> bool:
    try:
        await bucket.lock(key, version)
    except ObjectStoreDown:
        return False
    return True
