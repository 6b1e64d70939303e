"""The electronic lock (C49): who holds it alone uploads new versions of a subject, until they give it back.

Of a record it is everyone's who sees the record; of a handover, a request or their like each side has its own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from server import idempotency
from server.compliance.tags import Tag
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound
from server.scans.storing import IS_OPEN, OPEN, SCAN, SCAN_FOR_UPDATE, note
from server.scans.subjects import RECORD_SHARED, SUBJECT_LOCK
from server.scans.uploads import UPLOADERS
from storage.database import Connection, Database, Principal
from storage.statements import the
from storage.tables import scans, staff
from storage.terms import Role, ScanStatus

# Whoever answers for the papers may lift a lock whose holder is away.
LIFTERS = UPLOADERS | {Role.CREDIT_DEPT_HEAD, Role.BRANCH_HEAD, Role.OPS_HEAD}
CLOSED = frozenset(ScanStatus) - {*OPEN, ScanStatus.STORED}
_versions = (scans.c.subject_id == the("subject"), or_(scans.c.record_id.is_not(None), scans.c.org_id == the("unit")))
LOCKED = select(scans).where(*_versions, scans.c.locked_by_id.is_not(None))
OTHERS = (
    select(staff.c.name)
    .distinct()
    .join(scans, scans.c.uploaded_by == staff.c.id)
    .where(*_versions, IS_OPEN, scans.c.uploaded_by != the("me"))
    .order_by(staff.c.name)
)


@dataclass(slots=True)
class ScanLocks:
    """Both ways; each may be repeated."""

    database: Database

    async def lock(self, principal: Principal, scan: UUID, *, key: str) -> tuple[dict[str, Any], bool]:
        """The caller alone uploads from now on; InvalidInput SCAN_LOCKED while somebody else does, UPLOADS_OPEN while others still may."""
        _admit(principal, UPLOADERS, "lockScan")
        async with self.database.transaction(principal) as conn:
            if (spent := await idempotency.spend(conn, principal, "lockScan", key, {"scan": str(scan)})) is not None:
                return spent, True
            row = await self._row(conn, scan)
            if row["status"] in CLOSED:
                raise NotFound()
            held = await conn.row(LOCKED, the_subject=row["subject_id"], the_unit=row["org_id"])
            if held is not None and held["locked_by_id"] != principal.staff_id:
                raise InvalidInput([InputProblem(("scanId",), "SCAN_LOCKED")])
            about = {"the_subject": row["subject_id"], "the_unit": row["org_id"], "the_me": principal.staff_id}
            if held is None and (others := await conn.rows(OTHERS, **about)):
                raise InvalidInput([InputProblem(("scanId",), "UPLOADS_OPEN", tuple(other["name"] for other in others))])
            events = [] if held else [await self._set(conn, principal, row, Tag.SCAN_LOCKED, principal.staff_id)]
            outcome = {"scan": str(scan), "events": [str(e) for e in events]}
            await idempotency.keep(conn, principal, "lockScan", key, outcome)
            return outcome, False

    async def unlock(self, principal: Principal, scan: UUID, *, key: str) -> tuple[dict[str, Any], bool]:
        """Everyone may upload again; by the holder, or by a head. Whatever became of the scan that bears the lock."""
        _admit(principal, LIFTERS, "unlockScan")
        async with self.database.transaction(principal) as conn:
            if (spent := await idempotency.spend(conn, principal, "unlockScan", key, {"scan": str(scan)})) is not None:
                return spent, True
            row = await self._row(conn, scan)
            held = await conn.row(LOCKED, the_subject=row["subject_id"], the_unit=row["org_id"])
            if held is None:
                raise InvalidInput([InputProblem(("scanId",), "SCAN_NOT_LOCKED")])
            if held["locked_by_id"] != principal.staff_id and not (LIFTERS - UPLOADERS) & principal.roles:
                raise InvalidInput([InputProblem(("scanId",), "SCAN_LOCKED")])
            event = await self._set(conn, principal, held, Tag.SCAN_UNLOCKED, None)
            outcome = {"scan": str(held["id"]), "events": [str(event)]}
            await idempotency.keep(conn, principal, "unlockScan", key, outcome)
            return outcome, False

    async def _row(self, conn: Connection, scan: UUID) -> Any:
        """In the order of whoever announces a scan: the record, the subject, the scan."""
        row = await conn.row(SCAN, the_id=scan)
        if row is None:
            raise NotFound()
        await conn.value(RECORD_SHARED, the_id=row["record_id"])
        await conn.value(SUBJECT_LOCK, the_subject=str(row["subject_id"]))
        return await conn.row(SCAN_FOR_UPDATE, the_id=scan)

    async def _set(self, conn: Connection, principal: Principal, row: Any, tag: Tag, holder: UUID | None) -> UUID:
        at = datetime.now(UTC)
        await conn.update(scans, {"id": row["id"]}, {"locked_by_id": holder, "locked_at": at if holder else None})
        return await note(conn, principal, row, tag, at)


def _admit(principal: Principal, roles: frozenset[Role], what: str) -> None:
    if not roles & principal.roles:
        raise Forbidden(f"{what} is for {', '.join(sorted(roles))}.")
