"""Links to scans and to pictures of their pages: for a minute, for a purpose, and each grant and denial on record first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, exists, func, select

from server.compliance import access
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound
from server.scans import previews
from server.scans.storing import SCAN
from storage.database import Connection, Database, Principal
from storage.objects import ObjectStore
from storage.statements import the
from storage.tables import archive_records, scan_copies, scans
from storage.terms import AccessResult, CopyPlace, MediaType, PreviewStatus, RecordState, Role, ScanStatus

READERS = frozenset(Role) - {Role.SYSTEM, Role.ADMIN}
PREVIEWS_MAX = 50
SUFFIX = {MediaType.PDF: "pdf", MediaType.TIFF: "tif", MediaType.JPEG: "jpg", MediaType.PNG: "png"}
VERSION_OF = select(scans.c.id).where(
    scans.c.subject_id == the("subject"), scans.c.scan_version == the("version", scans.c.scan_version.type)
)
# A copy that was healed has another version than the one that was stored first.
VERSION_NOW = select(scan_copies.c.version_id).where(scan_copies.c.scan_id == the("id"), scan_copies.c.place == CopyPlace.FIRST.value)
# Of a record that was destroyed what was said of its scans is still read, the scans are not (I9).
_shown = (
    scans.c.status == ScanStatus.STORED.value,
    ~exists().where(archive_records.c.id == scans.c.record_id, archive_records.c.state == RecordState.DESTROYED.value),
)
SHOWN = select(scans.c.id).where(scans.c.id == the("id"), *_shown)
SOME = select(scans.c.id, scans.c.subject_id, scans.c.pages, and_(*_shown).label("shown")).where(
    scans.c.id == func.any(the("ids", ARRAY(Uuid)))
)


@dataclass(frozen=True, slots=True)
class Link:
    """A presigned address and when it ends."""

    scan: UUID
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PreviewLink:
    """A picture, or what became of it; None where the caller sees no such page."""

    scan: UUID
    status: PreviewStatus | None
    link: Link | None


@dataclass(slots=True)
class Links:
    """The use cases of those who read scans."""

    database: Database
    objects: ObjectStore

    async def issue(self, principal: Principal, scan: UUID, version: int, purpose: str, request_id: str) -> Link:
        """To one version of a scan, as an attachment; Forbidden or NotFound for whoever may not see it, which is on record too."""
        async with self.database.transaction(principal) as conn:
            row = await conn.row(SCAN, the_id=scan)
            if row is not None and row["scan_version"] != version:
                other = await conn.value(VERSION_OF, the_subject=row["subject_id"], the_version=version)
                row = await conn.row(SCAN, the_id=other) if other else None
            shown = row is not None and await conn.value(SHOWN, the_id=row["id"]) is not None
            allowed = bool(READERS & principal.roles) and shown
            about = [row["id"], row["subject_id"]] if row else [scan]
            version_now = str(await conn.value(VERSION_NOW, the_id=row["id"])) if allowed and row else ""
            await _log(conn, principal, "issueScanLink", about, purpose, {"version": version}, request_id, granted=allowed)
        _admit(principal, "issueScanLink")
        if not allowed or row is None:
            raise NotFound()
        name = f"scan-{row['id']}-v{row['scan_version']}.{SUFFIX[MediaType(row['media_type'])]}"
        url, expires = self.objects.locked.presign_get(row["object_key"], version_now, filename=name)
        return Link(row["id"], url, expires)

    async def issue_previews(
        self, principal: Principal, ids: Sequence[UUID], page: int, width: int, purpose: str, request_id: str
    ) -> list[PreviewLink]:
        """One answer for each scan: a link, or that its picture is being made. Each is on record as a link is."""
        if not 0 < len(ids) <= PREVIEWS_MAX:
            raise InvalidInput([InputProblem(("scanIds",), "TOO_MANY" if ids else "EMPTY")])
        if width not in previews.WIDTHS:
            raise InvalidInput([InputProblem(("width",), "WIDTH_NOT_ALLOWED")])
        at = datetime.now(UTC)
        async with self.database.transaction(principal) as conn:
            seen = {row["id"]: row for row in await conn.rows(SOME, the_ids=list(ids))} if READERS & principal.roles else {}
            shown = [i for i in ids if i in seen and seen[i]["shown"] and 0 < page <= seen[i]["pages"]]
            await previews.want(conn, [(i, page, width) for i in shown], at)
            states = await previews.states(conn, shown, page, width)
            for id_ in ids:
                about = [id_, seen[id_]["subject_id"]] if id_ in seen else [id_]
                detail = {"page": page, "width": width}
                await _log(conn, principal, "issuePreviewLinks", about, purpose, detail, request_id, granted=id_ in states)
        _admit(principal, "issuePreviewLinks")
        return [self._preview(id_, page, width, states.get(id_)) for id_ in ids]

    def _preview(self, scan: UUID, page: int, width: int, status: PreviewStatus | None) -> PreviewLink:
        if status is not PreviewStatus.MADE:
            return PreviewLink(scan, status, None)
        name = f"scan-{scan}-p{page}.jpg"
        url, expires = self.objects.staging.presign_get(previews.key_of(scan, page, width), filename=name)
        return PreviewLink(scan, status, Link(scan, url, expires))


def _admit(principal: Principal, what: str) -> None:
    """After the denial is on record."""
    if not READERS & principal.roles:
        raise Forbidden(f"{what} is for {', '.join(sorted(READERS))}.")


async def _log(
    conn: Connection, principal: Principal, action: str, about: list[UUID], purpose: str, detail: dict[str, Any], request_id: str, *,
    granted: bool,
) -> None:  # fmt: skip
    result = AccessResult.GRANTED if granted else AccessResult.DENIED
    await access.log(conn, principal, action, result, subjects=about, purpose=purpose, detail=detail, request_id=request_id)
