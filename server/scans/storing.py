"""From staged bytes to a visible scan: verified, locked, and only then stored. Each step may be done again by anyone.

No transaction is open while the object store is asked. The object's key is the scan's id, so a step that is done twice does the
same thing: a crash at any point leaves a row with its object, or neither.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import func, or_, select, update

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.errors import InputProblem, InvalidInput, NotFound, Unavailable
from server.failpoints import reach
from server.scans import previews
from server.scans.retention import lock_until
from server.scans.subjects import MATURITY
from server.scans.validation import Announced, check
from server.scans.viruses import Scanner
from storage.database import Connection, Database, Principal
from storage.objects import Locked, LockNotProven, ObjectStore, ObjectStoreDown
from storage.statements import the
from storage.tables import archive_records, loans, scans
from storage.tables.columns import INSTANT
from storage.terms import MediaType, ScanStatus

log: Any = structlog.get_logger()
SCAN = select(scans).where(scans.c.id == the("id"))
SCAN_FOR_UPDATE = SCAN.with_for_update()
OPEN = (ScanStatus.REGISTERED, ScanStatus.PENDING)
AT_ONCE = 8  # files of up to 256 MiB that may lie on the disk
TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
IS_OPEN = or_(*(scans.c.status == status.value for status in OPEN))
# Anew by everyone who says so: whoever finds nothing takes back only their own word.
CONFIRM = (
    update(scans)
    .where(scans.c.id == the("id"), IS_OPEN)
    .values(confirmed_at=the("at", INSTANT), confirmed_by_id=func.coalesce(scans.c.confirmed_by_id, the("by")))
)
UNCONFIRM = (
    update(scans)
    .where(scans.c.id == the("id"), IS_OPEN, scans.c.confirmed_at == the("at", INSTANT))
    .values(status=ScanStatus.REGISTERED.value, confirmed_at=None, confirmed_by_id=None)
)


WITH_MATURITY = (
    select(scans, loans.c.matures_on)
    .outerjoin(archive_records, archive_records.c.id == scans.c.record_id)
    .outerjoin(loans, loans.c.id == archive_records.c.primary_loan_id)
)
OPEN_SCAN = WITH_MATURITY.where(scans.c.id == the("id"), IS_OPEN, scans.c.confirmed_at.is_not(None))


def staged_key(scan: UUID) -> str:
    """Where the bytes wait."""
    return f"staged/{scan}"


def locked_key(scan: UUID) -> str:
    """Where the bytes stay; carries no personal data."""
    return f"scans/{scan}"


@dataclass(slots=True)
class Storing:
    """What happens to bytes that have come."""

    database: Database
    objects: ObjectStore
    scanner: Scanner | None = None

    async def confirmed(self, principal: Principal, scan: UUID) -> Any:
        """Puts it on record that the bytes have come: from then on the scan is finished by somebody; None when it is not open any more."""
        async with self.database.transaction(principal) as conn:
            await conn.run(CONFIRM, the_id=scan, the_at=datetime.now(UTC), the_by=principal.staff_id)
            return await conn.row(OPEN_SCAN, the_id=scan)

    async def finish(self, principal: Principal, row: Any) -> Locked | None:
        """Verifies and locks the bytes of a scan that was confirmed; InvalidInput when they are refused, which is on record then.

        None when there are none, and the word that they have come is taken back. What could not be done now raises, and the scan is
        PENDING: the job tries again.
        """
        try:
            locked = await self._promote(principal, row)
        except InvalidInput as problem:
            await self._reject(principal, row["id"], problem.problems[0].code)
            raise
        except (ObjectStoreDown, Unavailable):
            await self._waits(principal, row["id"])
            raise
        except (LockNotProven, OSError) as error:  # the store lets go, the disk is full: nothing of it is the scan's fault
            log.error("scan not stored", scan=str(row["id"]), kind=type(error).__name__, reason=str(error))
            await self._waits(principal, row["id"])
            raise Unavailable("The scan could not be stored now; it goes on by itself.") from error
        if locked is None:
            async with self.database.transaction(principal) as conn:
                await conn.run(UNCONFIRM, the_id=row["id"], the_at=row["confirmed_at"])
        return locked

    async def _promote(self, principal: Principal, row: Any) -> Locked | None:
        async with TURNS.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)):
            return await self._promote_now(principal, row)

    async def _promote_now(self, principal: Principal, row: Any) -> Locked | None:
        announced = Announced(row["sha256"], row["size_bytes"], MediaType(row["media_type"]), row["pages"])
        with tempfile.TemporaryFile() as unnamed:  # on disk, without a name: a crash leaves nothing
            file = cast(BinaryIO, unnamed)
            found = await self._fetched(row, file, announced.size_bytes)
            if found is None:
                return None
            await check(file, *found, announced, self.scanner)
            reach("scan_checked")
            until = lock_until(row["matures_on"], datetime.now(UTC))
            locked = await self.objects.locked.put(locked_key(row["id"]), file, announced.sha256, announced.media_type.value, until)
        reach("scan_promoted")
        return locked

    async def _fetched(self, row: Any, file: BinaryIO, size_bytes_max: int) -> tuple[int, bytes] | None:
        """Size and SHA-256 of the staged bytes, which stand in the file then; parts that all are there are put together first."""
        key = staged_key(row["id"])
        if row["upload_id"] is not None:
            there = await self.objects.parts.there(key, row["upload_id"])
            if there is not None and set(there) == set(range(1, len(row["part_sha256"]) + 1)):
                await self.objects.parts.complete(key, row["upload_id"], there, row["part_sha256"])
        return await self.objects.staging.read(key, file, size_bytes_max)

    async def store(self, conn: Connection, principal: Principal, scan: UUID, locked: Locked | None) -> dict[str, Any]:
        """The scan becomes visible; the outcome is the same whoever did it."""
        row = await conn.row(SCAN_FOR_UPDATE, the_id=scan)
        if row is None:  # it has gone to another unit meanwhile, where it is finished by the job
            raise NotFound()
        if row["status"] == ScanStatus.STORED:
            return {"scan": str(scan), "events": []}
        if row["status"] not in OPEN:
            raise InvalidInput([InputProblem(("scanId",), row["reject_code"] or "UPLOAD_EXPIRED")])
        if locked is None:
            raise InvalidInput([InputProblem(("scanId",), "UPLOAD_MISSING")])
        at = datetime.now(UTC)
        await conn.update(
            scans,
            {"id": scan},
            {
                "status": ScanStatus.STORED, "stored_at": at, "object_key": locked.key, "object_version_id": locked.version_id,
                "lock_until": locked.lock_until, "legal_hold": locked.legal_hold,
            },
        )  # fmt: skip
        await previews.want(conn, [(scan, 1, previews.SMALLEST)], at)
        event = await note(conn, principal, row, Tag.SCAN_STORED, at, lock_until=locked.lock_until, version_id=locked.version_id)
        return {"scan": str(scan), "events": [str(event)]}

    async def clear(self, row: Any) -> None:
        """Removes what is staged of a scan."""
        if row["upload_id"] is not None:
            await self.objects.parts.give_up(staged_key(row["id"]), row["upload_id"])
        await self.objects.staging.discard(staged_key(row["id"]))

    async def _reject(self, principal: Principal, scan: UUID, code: str) -> None:
        async with self.database.transaction(principal) as conn:
            row = await conn.row(SCAN_FOR_UPDATE, the_id=scan)
            if row is None or row["status"] not in OPEN:
                return
            await conn.update(scans, {"id": scan}, {"status": ScanStatus.REJECTED, "reject_code": code})
            await note(conn, principal, row, Tag.SCAN_REJECTED, datetime.now(UTC), reason=code)
        await self.clear(row)

    async def _waits(self, principal: Principal, scan: UUID) -> None:
        """Told once, so that whoever follows the scan hears that it waits."""
        async with self.database.transaction(principal) as conn:
            row = await conn.row(SCAN_FOR_UPDATE, the_id=scan)
            if row is not None and row["status"] == ScanStatus.REGISTERED:
                await conn.update(scans, {"id": scan}, {"status": ScanStatus.PENDING})
                await note(conn, principal, row, Tag.SCAN_WAITS, datetime.now(UTC))


async def note(conn: Connection, principal: Principal, row: Any, tag: Tag, at: datetime, **detail: Any) -> UUID:
    """An event in the chain of the scan's loan, or of its unit."""
    loan = await conn.row(MATURITY, the_record=row["record_id"]) if row["record_id"] else None
    chain = loan["primary_loan_id"] if loan else row["org_id"]
    chains = await Chains.lock(conn, [chain])
    chains.note(chain, tag, subject=("scan", row["id"]), by=principal.staff_id, at=at, record=row["record_id"], **detail)
    return (await chains.write())[0]
