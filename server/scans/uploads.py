"""The way of a scan: registered, staged, verified, locked, visible; and the link to it.

No transaction is open while the object store is asked. The object's key is the scan's id, so a step that is done twice does
the same thing: a crash at any point leaves a row with its object, or neither.
"""

import asyncio
import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy import Text, Uuid, cast, func, null, or_, select

from server import idempotency
from server.compliance import access
from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound
from server.scans.validation import check
from storage.database import Connection, Database, Principal
from storage.objects import UPLOAD_SECONDS, Locked, ObjectStore, Presigned
from storage.statements import the
from storage.tables import access_requests, archive_records, discrepancies, file_items, handovers, loans, operations, releases, scans
from storage.terms import AccessResult, MediaType, Role, ScanStatus, ScanSubject

SIZE_BYTES_MAX = 64 << 20
LOCK_YEARS = 5
UPLOADERS = frozenset({Role.LOAN_OFFICER, Role.ARCHIVIST, Role.VAULT_KEEPER_KEY, Role.VAULT_KEEPER_CODE, Role.REGISTER_CLERK, Role.LEGAL})
READERS = frozenset(Role) - {Role.SYSTEM, Role.ADMIN}
SUFFIX = {MediaType.PDF: "pdf", MediaType.TIFF: "tif", MediaType.JPEG: "jpg", MediaType.PNG: "png"}


def _of_unit(column: Any) -> Any:
    """A subject that is no record: whose it is."""
    return select(cast(null(), Uuid).label("id"), column, cast(null(), Uuid).label("primary_loan_id"))


_record = select(archive_records.c.id, archive_records.c.org_id, archive_records.c.primary_loan_id)
SUBJECTS: dict[ScanSubject, Any] = {
    ScanSubject.RECORD: _record.where(archive_records.c.id == the("id")),
    ScanSubject.FILE_ITEM: _record.join(file_items, file_items.c.record_id == archive_records.c.id).where(file_items.c.id == the("id")),
    ScanSubject.REQUEST: _of_unit(access_requests.c.org_id).where(access_requests.c.id == the("id")),
    ScanSubject.OPERATION: _of_unit(operations.c.org_id).where(operations.c.id == the("id")),
    ScanSubject.HANDOVER: _of_unit(handovers.c.org_id).where(handovers.c.id == the("id")),
    ScanSubject.RELEASE: _of_unit(access_requests.c.org_id)
    .join(releases, releases.c.request_id == access_requests.c.id)
    .where(releases.c.id == the("id")),
    ScanSubject.CASE: select(
        discrepancies.c.record_id.label("id"), discrepancies.c.org_id, cast(null(), Uuid).label("primary_loan_id")
    ).where(discrepancies.c.id == the("id")),
}
SCAN = select(scans).where(scans.c.id == the("id"))
SCAN_LOCKED = SCAN.with_for_update()
NEWEST = (
    select(scans.c.id, scans.c.scan_version)
    .where(
        scans.c.subject_id == the("subject"),
        or_(scans.c.status == ScanStatus.STORED.value, scans.c.status == ScanStatus.REGISTERED.value),
    )
    .order_by(scans.c.scan_version.desc())
    .limit(1)
)
LAST_VERSION = select(func.last_scan_version(the("subject")))
SUBJECT_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(the("subject", Text), 49)))
MATURITY = (
    select(loans.c.matures_on, archive_records.c.primary_loan_id, archive_records.c.org_id)
    .join(archive_records, archive_records.c.primary_loan_id == loans.c.id)
    .where(archive_records.c.id == the("record"))
)
VERSION_OF = select(scans.c.id).where(
    scans.c.subject_id == the("subject"), scans.c.scan_version == the("version", scans.c.scan_version.type)
)


@dataclass(frozen=True, slots=True)
class NewScan:
    """What a client says of the bytes it will send."""

    subject_kind: ScanSubject
    subject: UUID
    title: str
    media_type: MediaType
    sha256: bytes
    size_bytes: int
    pages: int

    @classmethod
    def of(cls, kind: ScanSubject, subject: UUID, title: str, media_type: str, body: bytes, *, pages: int) -> Self:
        """From bytes at hand."""
        return cls(kind, subject, title, MediaType(media_type), hashlib.sha256(body).digest(), len(body), pages)

    def told(self) -> dict[str, Any]:
        """What is hashed for the key."""
        return {
            "subject": f"{self.subject_kind} {self.subject}", "title": self.title, "media_type": self.media_type.value,
            "sha256": self.sha256.hex(), "size_bytes": self.size_bytes, "pages": self.pages,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """A presigned address and when it ends."""

    scan: UUID
    url: str
    expires_at: datetime


@dataclass(slots=True)
class Uploads:
    """The use cases of scans."""

    database: Database
    objects: ObjectStore

    async def register(self, principal: Principal, new: NewScan, *, key: str) -> tuple[dict[str, Any], bool, Presigned]:
        """The row, and where to PUT the bytes; outcome, whether replayed, address."""
        _admit(principal, UPLOADERS, "registerScan")
        if not 0 < new.size_bytes <= SIZE_BYTES_MAX:
            raise InvalidInput([InputProblem(("sizeBytes",), "SIZE_NOT_ALLOWED")])
        async with self.database.transaction(principal) as conn:
            spent = await idempotency.spend(conn, principal, "registerScan", key, new.told())
            outcome = spent or await self._register(conn, principal, new, key)
        scan = UUID(outcome["scan"])
        address = self.objects.staging.presign_put(
            staged_key(scan), sha256=new.sha256, size_bytes=new.size_bytes, media_type=new.media_type.value
        )
        return outcome, spent is not None, address

    async def _register(self, conn: Connection, principal: Principal, new: NewScan, key: str) -> dict[str, Any]:
        subject = await conn.row(SUBJECTS[new.subject_kind], the_id=new.subject)
        if subject is None:
            raise NotFound()
        await conn.value(SUBJECT_LOCK, the_subject=str(new.subject))  # two uploads of one subject take two versions
        before = await conn.row(NEWEST, the_subject=new.subject)
        version = await conn.value(LAST_VERSION, the_subject=new.subject)
        at, id_ = datetime.now(UTC), uuid4()
        # What the other side of a handover or request uploads is that side's own.
        ours = subject["id"] or principal.everywhere or subject["org_id"] in principal.branches
        unit = subject["org_id"] if ours else principal.org_id
        await conn.insert(
            scans,
            {
                "id": id_, "org_id": unit, "subject_kind": new.subject_kind, "subject_id": new.subject,
                "record_id": subject["id"], "scan_version": version + 1, "supersedes_id": before["id"] if before else None,
                "title": new.title, "media_type": new.media_type, "sha256": new.sha256, "size_bytes": new.size_bytes, "pages": new.pages,
                "uploaded_by": principal.staff_id, "registered_at": at, "upload_expires_at": at + timedelta(seconds=UPLOAD_SECONDS),
            },
        )  # fmt: skip
        chain = subject["primary_loan_id"] or unit
        chains = await Chains.lock(conn, [chain])
        chains.note(
            chain, Tag.SCAN_REGISTERED, subject=("scan", id_), by=principal.staff_id, at=at, record=subject["id"], version=version + 1,
            sha256=new.sha256.hex(), size=new.size_bytes, supersedes=before["id"] if before else None,
        )  # fmt: skip
        events = await chains.write()
        outcome = {"scan": str(id_), "events": [str(e) for e in events]}
        await idempotency.keep(conn, principal, "registerScan", key, outcome)
        return outcome

    async def confirm(self, principal: Principal, scan: UUID, *, key: str) -> tuple[dict[str, Any], bool]:
        """Verifies the staged bytes, locks them, and only then makes the scan visible."""
        _admit(principal, UPLOADERS, "confirmScan")
        told = {"scan": str(scan)}
        async with self.database.transaction(principal) as conn:
            row = await conn.row(SCAN, the_id=scan)
            if row is None:
                raise NotFound()
        locked: Locked | None = None
        if row["status"] == ScanStatus.REGISTERED:
            try:
                locked = await self._promote(principal, row)
            except InvalidInput as problem:
                if problem.problems[0].code != "UPLOAD_MISSING":
                    await self._reject(principal, scan, problem.problems[0].code)
                raise
        async with self.database.transaction(principal) as conn:
            if (spent := await idempotency.spend(conn, principal, "confirmScan", key, told)) is not None:
                return spent, True
            outcome = await self._store(conn, principal, scan, locked)
            await idempotency.keep(conn, principal, "confirmScan", key, outcome)
        await self.objects.staging.discard(staged_key(scan))
        return outcome, False

    async def _promote(self, principal: Principal, row: Any) -> Locked:
        body = await self.objects.staging.read(staged_key(row["id"]), row["size_bytes"])
        if body is None:
            code = "UPLOAD_EXPIRED" if row["upload_expires_at"] < datetime.now(UTC) else "UPLOAD_MISSING"
            raise InvalidInput([InputProblem(("scanId",), code)])
        media_type = MediaType(row["media_type"])
        await asyncio.to_thread(check, body, sha256=row["sha256"], size_bytes=row["size_bytes"], media_type=media_type)
        async with self.database.transaction(principal) as conn:
            loan = await conn.row(MATURITY, the_record=row["record_id"]) if row["record_id"] else None
        until = lock_until(loan["matures_on"] if loan else None, datetime.now(UTC))
        return await self.objects.locked.put(locked_key(row["id"]), io.BytesIO(body), row["sha256"], media_type.value, until)

    async def _store(self, conn: Connection, principal: Principal, scan: UUID, locked: Locked | None) -> dict[str, Any]:
        row = await conn.row(SCAN_LOCKED, the_id=scan)
        assert row is not None  # it was there before, and scans are never deleted
        if row["status"] in (ScanStatus.REJECTED, ScanStatus.EXPIRED):
            raise InvalidInput([InputProblem(("scanId",), row["reject_code"] or "UPLOAD_EXPIRED")])
        if row["status"] == ScanStatus.STORED or locked is None:
            return {"scan": str(scan), "events": []}
        at = datetime.now(UTC)
        await conn.update(
            scans,
            {"id": scan},
            {
                "status": ScanStatus.STORED, "stored_at": at, "object_key": locked.key, "object_version_id": locked.version_id,
                "lock_until": locked.lock_until, "legal_hold": locked.legal_hold,
            },
        )  # fmt: skip
        event = await self._note(conn, principal, row, Tag.SCAN_STORED, at, lock_until=locked.lock_until, version_id=locked.version_id)
        return {"scan": str(scan), "events": [str(event)]}

    async def _note(self, conn: Connection, principal: Principal, row: Any, tag: Tag, at: datetime, **detail: Any) -> UUID:
        loan = await conn.row(MATURITY, the_record=row["record_id"]) if row["record_id"] else None
        chain = loan["primary_loan_id"] if loan else row["org_id"]
        chains = await Chains.lock(conn, [chain])
        chains.note(chain, tag, subject=("scan", row["id"]), by=principal.staff_id, at=at, record=row["record_id"], **detail)
        return (await chains.write())[0]

    async def _reject(self, principal: Principal, scan: UUID, code: str) -> None:
        async with self.database.transaction(principal) as conn:
            row = await conn.row(SCAN_LOCKED, the_id=scan)
            if row is None or row["status"] != ScanStatus.REGISTERED:
                return
            await conn.update(scans, {"id": scan}, {"status": ScanStatus.REJECTED, "reject_code": code})
            await self._note(conn, principal, row, Tag.SCAN_REJECTED, datetime.now(UTC), reason=code)
        await self.objects.staging.discard(staged_key(scan))

    async def upload(self, principal: Principal, new: NewScan, body: bytes, *, key: str) -> tuple[dict[str, Any], bool]:
        """Small files in one call; the same way as a presigned PUT."""
        outcome, replayed, _ = await self.register(principal, new, key=f"{key}:register")
        scan = UUID(outcome["scan"])
        if not replayed or await self._waits(principal, scan):  # a retry after a crash in between brings the bytes again
            await self.objects.staging.put(staged_key(scan), body, new.media_type.value)
        stored, again = await self.confirm(principal, scan, key=f"{key}:confirm")
        return stored, again

    async def _waits(self, principal: Principal, scan: UUID) -> bool:
        async with self.database.transaction(principal) as conn:
            row = await conn.row(SCAN, the_id=scan)
        return row is not None and row["status"] == ScanStatus.REGISTERED

    async def link(self, principal: Principal, scan: UUID, version: int, purpose: str, request_id: str) -> Link:
        """A link for a minute; the grant, and every denial, is in the access log before the answer."""
        async with self.database.transaction(principal) as conn:
            row = await conn.row(SCAN, the_id=scan)
            if row is not None and row["scan_version"] != version:
                other = await conn.value(VERSION_OF, the_subject=row["subject_id"], the_version=version)
                row = await conn.row(SCAN, the_id=other) if other else None
            allowed = bool(READERS & principal.roles) and row is not None and row["status"] == ScanStatus.STORED
            result = AccessResult.GRANTED if allowed else AccessResult.DENIED
            about = [row["id"], row["subject_id"]] if row else [scan]
            await access.log(
                conn,
                principal,
                "issueScanLink",
                result,
                subjects=about,
                purpose=purpose,
                detail={"version": version},
                request_id=request_id,
            )
        if not allowed or row is None:
            raise NotFound()
        name = f"scan-{row['id']}-v{row['scan_version']}.{SUFFIX[MediaType(row['media_type'])]}"
        url, expires = self.objects.locked.presign_get(row["object_key"], row["object_version_id"], filename=name)
        return Link(row["id"], url, expires)


def _admit(principal: Principal, roles: frozenset[Role], what: str) -> None:
    if not roles & principal.roles:
        raise Forbidden(f"{what} is for {', '.join(sorted(roles))}.")


def staged_key(scan: UUID) -> str:
    """Where the bytes wait."""
    return f"staged/{scan}"


def locked_key(scan: UUID) -> str:
    """Where the bytes stay; carries no personal data."""
    return f"scans/{scan}"


def lock_until(matures_on: date | None, at: datetime) -> datetime:
    """The S3 note of domain section 4: COMPLIANCE until maturity, at most five years on, at least a day."""
    latest = at + timedelta(days=365 * LOCK_YEARS)
    if matures_on is None:
        return latest.replace(microsecond=0)
    maturity = datetime.combine(matures_on, time(0), UTC)
    return max(min(maturity, latest), at + timedelta(days=1)).replace(microsecond=0)
