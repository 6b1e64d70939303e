"""The second bucket: each stored scan has a copy in it, under the same lock, soon after it was stored; so do those from before it was named."""

import asyncio
import tempfile
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Uuid, and_, exists, or_, select

from server.custody import reading
from server.custody.desk import Desk
from server.jobs import alarms
from server.scans.copies import COPIES, c, due
from storage.database import Principal
from storage.objects import Digest, LockedBucket, LockNotProven, ObjectStore, ObjectStoreDown, deadline
from storage.statements import the
from storage.tables import scan_copies
from storage.terms import CopyPlace

BATCH, BYTES_MAX, AT_ONCE = 50, 1 << 30, 3  # of one run
PATIENCE_SECONDS = 30.0  # nobody waits
log: Any = structlog.get_logger()
second = scan_copies.alias("second")
MISSING = (
    COPIES.where(
        c.place == CopyPlace.FIRST.value, c.bad_since.is_(None), or_(the("after", Uuid).is_(None), c.id > the("after", Uuid)),
        ~exists(select(second.c.id).where(and_(second.c.scan_id == c.scan_id, second.c.place == CopyPlace.SECOND.value)).correlate(scan_copies)),
    )
    .order_by(c.id)
    .limit(BATCH)
)  # fmt: skip


async def copy(desk: Desk, by: Principal, objects: ObjectStore) -> int:
    """Copies what has no second copy; answers how many it copied."""
    copied, size, last, turn = 0, 0, None, asyncio.Semaphore(AT_ONCE)
    while objects.second is not None and size < BYTES_MAX:
        async with desk.database.transaction(by) as conn:
            rows = await conn.rows(MISSING, the_after=last)  # behind those that could not be copied just now
        done = sum(await asyncio.gather(*(_in_turn(turn, _copied(desk, by, objects, objects.second, row)) for row in rows)))
        size += sum(row["size_bytes"] for row in rows)
        copied += done
        if len(rows) < BATCH or objects.locked.is_down or objects.second.is_down:
            break
        last = rows[-1]["id"]
    return copied


async def _in_turn(turn: asyncio.Semaphore, work: Coroutine[Any, Any, bool]) -> bool:
    async with turn:
        return await work


async def _copied(desk: Desk, by: Principal, objects: ObjectStore, target: LockedBucket, row: Any) -> bool:
    lock = due(row)
    try:
        with deadline(PATIENCE_SECONDS, size_bytes=3 * row["size_bytes"]), tempfile.TemporaryFile() as file:
            if await objects.locked.fetch(row["object_key"], row["version_id"], file) != Digest(row["sha256"], row["size_bytes"]):
                log.error("scan not copied: its bytes are bad", scan=str(row["scan_id"]))
                return False  # which fixity finds, and tells
            locked = await target.put(row["object_key"], file, row["sha256"], row["media_type"], lock.until)
    except ObjectStoreDown as error:
        log.warning("scan not copied", scan=str(row["scan_id"]), reason=str(error))
        return False
    except LockNotProven as error:
        await alarms.not_locked(desk, by, f"second bucket: {error}")
        return False
    except OSError as error:  # no disk for it
        log.error("scan not copied", scan=str(row["scan_id"]), reason=type(error).__name__)
        return False
    async with desk.database.transaction(by) as conn:
        at: datetime = await conn.value(reading.NOW, shift=desk.shift)
        made = {
            "scan_id": row["scan_id"], "place": CopyPlace.SECOND.value, "version_id": locked.version_id, "due_until": locked.lock_until,
            "due_hold": locked.legal_hold, "lock_until": locked.lock_until, "legal_hold": locked.legal_hold, "observed_at": at,
        }  # fmt: skip
        await conn.insert(scan_copies, made)
    return True
