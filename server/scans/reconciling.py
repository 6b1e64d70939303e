"""What a crash left: each scan ends with its object or without one, staging is emptied, and the locked bucket is only ever looked at."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Uuid, and_, func, select

from server.compliance.tags import Tag
from server.errors import InvalidInput, Unavailable
from server.scans.storing import IS_OPEN, OPEN, SCAN_FOR_UPDATE, WITH_MATURITY, Storing, note
from server.scans.uploads import ROUNDS
from storage.database import Principal
from storage.objects import LockNotProven, ObjectStoreDown, deadline
from storage.statements import the
from storage.tables import fixity_findings, scan_copies, scans
from storage.tables.columns import INSTANT
from storage.terms import CopyPlace, ScanStatus

log: Any = structlog.get_logger()
BATCH, AT_ONCE = 200, 2
c = scans.c
# Whoever confirms a scan now has it in hand for a while. The latest and as many of all: those that cannot be finished, however many, take
# their turn and keep none of the others waiting.
_confirmed = WITH_MATURITY.where(IS_OPEN, c.confirmed_at < the("before", INSTANT))
CONFIRMED = (
    _confirmed.order_by(c.confirmed_at.desc(), c.id).limit(BATCH // 2),
    _confirmed.order_by(func.random()).limit(BATCH // 2),
)
EXPIRED = (
    select(scans)
    .where(c.status == ScanStatus.REGISTERED.value, c.confirmed_at.is_(None), c.upload_expires_at < the("at", INSTANT))
    .order_by(c.upload_expires_at)
    .limit(BATCH)
)
OPEN_OF = select(c.id).where(IS_OPEN, c.id == func.any(the("ids", ARRAY(Uuid))))
KEPT = (
    select(c.id, c.status, c.object_version_id, scan_copies.c.version_id)
    .outerjoin(scan_copies, and_(scan_copies.c.scan_id == c.id, scan_copies.c.place == CopyPlace.FIRST.value))
    .where(c.id == func.any(the("ids", ARRAY(Uuid))))
)
BAD = select(fixity_findings.c.scan_id, fixity_findings.c.version_id).where(  # healed since; the lock keeps them
    fixity_findings.c.place == CopyPlace.FIRST.value, fixity_findings.c.scan_id == func.any(the("ids", ARRAY(Uuid)))
)


@dataclass(slots=True)
class Reconciler:
    """In somebody's name, for all branches; each part may be cut anywhere and run at once by several."""

    storing: Storing
    by: Principal
    unproven: list[str] = field(default_factory=list)  # what the locked bucket holds otherwise than it was sent there

    async def run(self, *, confirmed_before: datetime, staged_before: datetime) -> int:
        """Finishes what was confirmed before that, lets the rest expire, empties staging; answers how many things were done.

        Only what was staged before an instant at which every upload of now was registered later is removed.
        """
        return await self._finish(confirmed_before) + await self._expire() + await self._sweep(staged_before)

    async def _finish(self, before: datetime) -> int:
        async with self.storing.database.transaction(self.by) as conn:
            rows = {row["id"]: row for some in CONFIRMED for row in await conn.rows(some, the_before=before)}.values()
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(row: Any) -> int:
            async with turn:
                return await self._finished(row)

        return sum(await asyncio.gather(*(one(row) for row in rows)))

    async def _finished(self, row: Any) -> int:
        try:
            with deadline(size_bytes=ROUNDS * row["size_bytes"]):
                locked = await self.storing.finish(self.by, row)
            async with self.storing.database.transaction(self.by) as conn:
                await self.storing.store(conn, self.by, row["id"], locked)
            await self.storing.clear(row)
        except InvalidInput:  # refused, and on record; or its bytes were never there, and nobody's word says so any more
            return 1
        except (ObjectStoreDown, Unavailable) as error:  # next time
            if isinstance(error.__cause__, LockNotProven):
                self.unproven.append(str(error.__cause__))
            log.warning("scan waits", scan=str(row["id"]), kind=type(error).__name__)
            return 0
        except Exception as error:  # whatever it is, it is of this scan, and the others go on
            log.error("scan not finished", scan=str(row["id"]), kind=type(error).__name__)
            return 0
        return 1

    async def _expire(self) -> int:
        async with self.storing.database.transaction(self.by) as conn:
            rows = await conn.rows(EXPIRED, the_at=datetime.now(UTC))
        for row in rows:
            if await self._lapse(row["id"], row["confirmed_at"]):
                await self._cleared(row)
        return len(rows)

    async def _cleared(self, row: Any) -> None:
        try:
            await self.storing.clear(row)
        except ObjectStoreDown as error:  # what is left behind is swept
            log.warning("staged bytes left", scan=str(row["id"]), reason=str(error))

    async def _lapse(self, scan: UUID, confirmed_at: datetime | None) -> bool:
        """Unless somebody has just said that the bytes are there."""
        async with self.storing.database.transaction(self.by) as conn:
            row = await conn.row(SCAN_FOR_UPDATE, the_id=scan)
            lapses = row is not None and row["status"] in OPEN and row["confirmed_at"] == confirmed_at
            if lapses:
                await conn.update(scans, {"id": scan}, {"status": ScanStatus.EXPIRED})
                await note(conn, self.by, row, Tag.SCAN_EXPIRED, datetime.now(UTC))
        return lapses

    async def _sweep(self, before: datetime) -> int:
        """Staged bytes and uploads in parts whose scan needs them no more."""
        staging, parts, done = self.storing.objects.staging, self.storing.objects.parts, 0
        for key, upload in await self._unneeded([(u.key, u.name) for u in await parts.open("staged/") if u.begun_at < before]):
            await parts.give_up(key, upload)
            done += 1
        after: str | None = None
        while found := await staging.keys("staged/", after):
            for key, _ in await self._unneeded([(key, "") for key, at in found if at < before]):
                await staging.discard(key)
                done += 1
            after = found[-1][0]
        return done

    async def _unneeded(self, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
        ids = {key: _scan_of(key, "staged/") for key, _ in found}
        async with self.storing.database.transaction(self.by) as conn:
            needed = {row["id"] for row in await conn.rows(OPEN_OF, the_ids=[i for i in ids.values() if i])}
        return [(key, more) for key, more in found if ids[key] not in needed]

    async def unexplained(self) -> list[str]:
        """Versions in the locked bucket that no row pins nor is about to: reported, never removed."""
        told, after = [], None
        while True:
            found, after = await self.storing.objects.locked.versions("scans/", after)
            ids = {key: _scan_of(key, "scans/") for key, _ in found}
            wanted = [i for i in ids.values() if i]
            async with self.storing.database.transaction(self.by) as conn:
                rows = {row["id"]: row for row in await conn.rows(KEPT, the_ids=wanted)}
                bad = {(row["scan_id"], row["version_id"]) for row in await conn.rows(BAD, the_ids=wanted)}
            for key, version in found:
                row = rows.get(ids[key])
                pinned = row is not None and (row["status"] in OPEN or version in (row["object_version_id"], row["version_id"]))
                if not pinned and (ids[key], version) not in bad:
                    told.append(f"{key}@{version}")
            if after is None:
                break
        for name in told:
            log.error("unexplained object", name=name)
        return told


def _scan_of(key: str, prefix: str) -> UUID | None:
    try:
        return UUID(key.removeprefix(prefix))
    except ValueError:
        return None
