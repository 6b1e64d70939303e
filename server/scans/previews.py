"""Pictures of pages: wanted by whoever shows a list, drawn in the background by the process that opens documents, thrown away in time.

A scan that cannot be had, or be drawn, just now is put behind the others. Pictures lie beside the staged bytes, never in the locked bucket: what can be drawn again need not be kept.
"""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, BinaryIO, cast
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Integer, Uuid, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from server.errors import Unavailable
from server.scans.documents.opener import OPENERS_OF_THIS_PROCESS
from server.scans.documents.verdicts import Refused
from storage.database import Connection, Database, Principal
from storage.objects import ObjectStore, ObjectStoreDown, deadline
from storage.statements import the
from storage.tables import scan_copies, scan_previews, scans
from storage.tables.columns import INSTANT
from storage.terms import CopyPlace, PreviewStatus, ScanStatus

WIDTHS = (160, 480, 1200)
SMALLEST = WIDTHS[0]
KEPT_DAYS = 30
BATCH = 20  # at a time: other jobs wait meanwhile
AGAIN = timedelta(minutes=5)  # after what could not be drawn
log: Any = structlog.get_logger()
p = scan_previews.c
WANT = insert(scan_previews).values(
    {name: bindparam(f"the_{name}", type_=p[name].type, required=True) for name in ("scan_id", "page", "width", "wanted_at")}
)
WANT = WANT.on_conflict_do_update(constraint="uq_scan_previews_once", set_={"wanted_at": WANT.excluded.wanted_at})
STATES = select(p.scan_id, p.status).where(
    p.scan_id == func.any(the("ids", ARRAY(Uuid))), p.page == the("page", Integer), p.width == the("width", Integer)
)
WANTED = (
    select(
        p.id, p.scan_id, p.page, p.width, scans.c.media_type, scans.c.object_key, scan_copies.c.version_id, scans.c.size_bytes
    )
    .join(scans, scans.c.id == p.scan_id)
    .join(scan_copies, and_(scan_copies.c.scan_id == p.scan_id, scan_copies.c.place == CopyPlace.FIRST.value))
    .where(
        p.status == PreviewStatus.WANTED.value, scans.c.status == ScanStatus.STORED.value,
        or_(p.tried_at.is_(None), p.tried_at < the("before", INSTANT)),
    )
    .order_by(func.coalesce(p.tried_at, p.wanted_at), p.id)
    .limit(BATCH)
)  # fmt: skip
MADE = (
    update(scan_previews)
    .where(p.id == the("id"), p.status == PreviewStatus.WANTED.value)
    .values(status=the("status", p.status.type), made_at=the("at", INSTANT))
)
TRIED = update(scan_previews).where(p.scan_id == the("scan"), p.status == PreviewStatus.WANTED.value).values(tried_at=the("at", INSTANT))
STALE = (
    select(p.id, p.scan_id, p.page, p.width)
    .join(scans, scans.c.id == p.scan_id)
    .where(or_(p.wanted_at < the("before", INSTANT), scans.c.status != ScanStatus.STORED.value))
    .order_by(p.id)
    .limit(BATCH)
)
FORGET = delete(scan_previews).where(p.id == the("id"))


def key_of(scan: UUID, page: int, width: int) -> str:
    """Where a picture lies; carries no personal data."""
    return f"previews/{scan}/{page}-{width}.jpg"


async def want(conn: Connection, pictures: Sequence[tuple[UUID, int, int]], at: datetime) -> None:
    """Has pictures made, or kept for longer: (scan, page, width) each; in one order, whoever asks, so that nobody waits for each other."""
    for scan, page, width in sorted(pictures):
        await conn.run(WANT, the_scan_id=scan, the_page=page, the_width=width, the_wanted_at=at)


async def states(conn: Connection, ids: Sequence[UUID], page: int, width: int) -> dict[UUID, PreviewStatus]:
    """What became of the pictures of a page, by scan."""
    rows = await conn.rows(STATES, the_ids=list(ids), the_page=page, the_width=width)
    return {row["scan_id"]: PreviewStatus(row["status"]) for row in rows}


async def draw(database: Database, objects: ObjectStore, by: Principal) -> int:
    """Draws what has been wanted longest; a scan is fetched once for its pages. Answers how many pictures were settled."""
    async with database.transaction(by) as conn:
        rows = await conn.rows(WANTED, the_before=datetime.now(UTC) - AGAIN)
    settled = 0
    for scan, of_scan in groupby(sorted(rows, key=lambda row: (row["scan_id"], row["page"])), lambda row: row["scan_id"]):
        wanted = list(of_scan)
        try:
            await _draw_all(database, objects, by, wanted)
            settled += len(wanted)
        except (ObjectStoreDown, Unavailable, OSError) as error:
            if objects.locked.is_down:
                raise  # nothing can be had: nothing of it is the scan's
            log.warning("pictures not drawn", scan=str(scan), kind=type(error).__name__)
            async with database.transaction(by) as conn:
                await conn.run(TRIED, the_scan=scan, the_at=datetime.now(UTC))
    return settled


async def _draw_all(database: Database, objects: ObjectStore, by: Principal, wanted: list[Any]) -> None:
    """Of one scan."""
    first = wanted[0]
    with tempfile.TemporaryFile() as unnamed:
        file = cast(BinaryIO, unnamed)
        with deadline(size_bytes=first["size_bytes"]):
            await objects.locked.fetch(first["object_key"], first["version_id"], file)
        file.flush()  # another process reads it
        for row in wanted:
            await _draw(database, objects, by, file, row)


async def _draw(database: Database, objects: ObjectStore, by: Principal, file: BinaryIO, row: Any) -> None:
    status = PreviewStatus.MADE
    try:
        made = await OPENERS_OF_THIS_PROCESS.ask("show", file, row["media_type"], row["page"], row["width"])
        await objects.staging.put_bytes(key_of(row["scan_id"], row["page"], row["width"]), made, "image/jpeg")
    except Refused:  # a page that cannot be drawn; the document itself can be read
        status = PreviewStatus.FAILED
    async with database.transaction(by) as conn:
        await conn.run(MADE, the_id=row["id"], the_status=status.value, the_at=datetime.now(UTC))


async def forget(database: Database, objects: ObjectStore, by: Principal) -> int:
    """Throws away what nobody has wanted for a month, and what shows a scan that is gone; answers how many."""
    async with database.transaction(by) as conn:
        rows = await conn.rows(STALE, the_before=datetime.now(UTC) - timedelta(days=KEPT_DAYS))
    for row in rows:
        await objects.staging.discard(key_of(row["scan_id"], row["page"], row["width"]))
        async with database.transaction(by) as conn:
            await conn.run(FORGET, the_id=row["id"])
    return len(rows)
