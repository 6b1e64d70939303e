"""What a client says of the bytes it will send, and the row that is made of it."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy import LargeBinary, Uuid, func, or_, select, update

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.errors import InputProblem, InvalidInput, NotFound
from server.scans.storing import IS_OPEN, note
from server.scans.subjects import SUBJECT_LOCK, SUBJECTS
from storage.database import Connection, Principal
from storage.statements import the
from storage.tables import scans
from storage.terms import MediaType, ScanStatus, ScanSubject

SINGLE_BYTES_MAX, SIZE_BYTES_MAX = 64 << 20, 256 << 20
PART_BYTES = 8 << 20
REGISTERED_HOURS = 24  # the bytes may come so long; an address is good for a quarter of an hour
NEWEST = (
    select(scans.c.id, scans.c.scan_version)
    .where(scans.c.subject_id == the("subject"), or_(scans.c.status == ScanStatus.STORED.value, IS_OPEN))
    .order_by(scans.c.scan_version.desc())
    .limit(1)
)
# Of the caller's unit or of another whose scans they see: the same bytes are there.
SAME_BYTES = (
    select(scans)
    .where(
        scans.c.subject_id == the("subject"), scans.c.sha256 == the("sha256", LargeBinary), scans.c.same_as_id.is_(None),
        or_(scans.c.status == ScanStatus.STORED.value, IS_OPEN),
    )
    .order_by(scans.c.scan_version)
    .limit(1)
)  # fmt: skip
# Of which nobody has said that its bytes have come, in the same moment or before.
EXPIRE = (
    update(scans)
    .where(scans.c.id == the("id"), scans.c.status == ScanStatus.REGISTERED.value, scans.c.confirmed_at.is_(None))
    .values(status=ScanStatus.EXPIRED.value)
)
LAST_VERSION = select(func.last_scan_version(the("subject")))
LOCK_HOLDER = select(func.scan_lock_holder(the("subject"), type_=Uuid))


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
    part_sha256: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, kind: ScanSubject, subject: UUID, title: str, media_type: str, body: bytes, *, pages: int) -> Self:
        """From bytes at hand."""
        return cls(kind, subject, title, MediaType(media_type), hashlib.sha256(body).digest(), len(body), pages)

    def told(self) -> dict[str, Any]:
        """What is hashed for the key."""
        said = {
            "subject": f"{self.subject_kind} {self.subject}", "title": self.title, "media_type": self.media_type.value,
            "sha256": self.sha256.hex(), "size_bytes": self.size_bytes, "pages": self.pages,
        }  # fmt: skip
        return said | ({"parts": [p.hex() for p in self.part_sha256]} if self.part_sha256 else {})

    def check(self) -> None:
        """InvalidInput for a size that is not taken, or parts that do not make it up."""
        if not 0 < self.size_bytes <= SIZE_BYTES_MAX:
            raise InvalidInput([InputProblem(("sizeBytes",), "SIZE_NOT_ALLOWED")])
        if self.size_bytes > SINGLE_BYTES_MAX and not self.part_sha256:
            raise InvalidInput([InputProblem(("partSha256",), "PARTS_NEEDED")])
        if self.part_sha256 and len(self.part_sha256) != -(-self.size_bytes // PART_BYTES):
            raise InvalidInput([InputProblem(("partSha256",), "PARTS_DO_NOT_FIT")])


def part_size(size_bytes: int, number: int) -> int:
    """Bytes of a part; all but the last are of one size."""
    return min(PART_BYTES, size_bytes - (number - 1) * PART_BYTES)


async def announce(conn: Connection, principal: Principal, new: NewScan) -> tuple[dict[str, Any], bool]:
    """The row, made now or there before with the same bytes; its outcome, and whether it was there."""
    subject = await conn.row(SUBJECTS[new.subject_kind], the_id=new.subject)
    if subject is None:
        raise NotFound()
    await conn.value(SUBJECT_LOCK, the_subject=str(new.subject))
    at = datetime.now(UTC)
    before = await conn.row(SAME_BYTES, the_subject=new.subject, the_sha256=new.sha256)
    if before is not None and not (_of_no_use(before, new, at) and await conn.run(EXPIRE, the_id=before["id"])):
        return {"scan": str(before["id"]), "events": []}, True
    holder = await conn.value(LOCK_HOLDER, the_subject=new.subject)
    if holder not in (None, principal.staff_id):
        raise InvalidInput([InputProblem(("subjectId",), "SCAN_LOCKED")])
    if before is not None:
        await note(conn, principal, before, Tag.SCAN_EXPIRED, at)
    return await _insert(conn, principal, new, subject, at), False


def _of_no_use(before: Any, new: NewScan, at: datetime) -> bool:
    """An upload whose time is over, or that was announced as what the bytes are not: it would be refused."""
    differs = (before["media_type"], before["size_bytes"], before["pages"]) != (new.media_type, new.size_bytes, new.pages)
    differs |= bool(before["part_sha256"] and new.part_sha256) and before["part_sha256"] != list(new.part_sha256)
    return before["status"] == ScanStatus.REGISTERED and (before["upload_expires_at"] < at or differs)


async def _insert(conn: Connection, principal: Principal, new: NewScan, subject: Any, at: datetime) -> dict[str, Any]:
    superseded = await conn.row(NEWEST, the_subject=new.subject)
    version, id_ = await conn.value(LAST_VERSION, the_subject=new.subject) + 1, uuid4()
    # What the other side of a handover or request uploads is that side's own.
    ours = subject["id"] or principal.everywhere or subject["org_id"] in principal.branches
    unit = subject["org_id"] if ours else principal.org_id
    before = superseded["id"] if superseded else None
    await conn.insert(
        scans,
        {
            "id": id_, "org_id": unit, "subject_kind": new.subject_kind, "subject_id": new.subject, "record_id": subject["id"],
            "scan_version": version, "supersedes_id": before, "title": new.title, "media_type": new.media_type, "sha256": new.sha256,
            "size_bytes": new.size_bytes, "pages": new.pages, "uploaded_by": principal.staff_id, "registered_at": at,
            "upload_expires_at": at + timedelta(hours=REGISTERED_HOURS), "part_sha256": list(new.part_sha256) or None,
        },
    )  # fmt: skip
    chain = subject["primary_loan_id"] or unit
    chains = await Chains.lock(conn, [chain])
    chains.note(
        chain, Tag.SCAN_REGISTERED, subject=("scan", id_), by=principal.staff_id, at=at, record=subject["id"], version=version,
        sha256=new.sha256.hex(), size=new.size_bytes, supersedes=before,
    )  # fmt: skip
    return {"scan": str(id_), "events": [str(e) for e in await chains.write()]}
