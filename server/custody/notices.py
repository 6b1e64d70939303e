"""Telling people: a notice is a row, once a person, kind, thing and occasion; nobody is told twice."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Interval, Text, Uuid, column, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert

from server import idempotency
from server.errors import NotFound
from storage.database import Connection, Principal
from storage.statements import the
from storage.tables import notices, staff
from storage.terms import NoticeKind, Role

AT = TIMESTAMP(timezone=True)
TOLD = ("org_id", "staff_id", "kind", "subject_kind", "subject_id", "record_id", "occasion", "made_at", "due_at")
TELL = (
    insert(notices)
    .from_select(
        TOLD,
        select(
            staff.c.org_id, staff.c.id, the("kind", Text), the("subject_kind", Text), the("subject"), the("record"),
            the("occasion", Text), the("at", AT), the("due", AT),
        ).where(staff.c.id == func.any(the("who", ARRAY(Uuid)))),
    )
    .on_conflict_do_nothing()
)  # fmt: skip
PEOPLE_FOR: Any = select(literal_column("p")).select_from(
    func.people_for(the("role", Text), the("org"), the("at", AT)).table_valued(column("p", Uuid)).render_derived(name="p")
)


async def tell(
    conn: Connection,
    who: Iterable[UUID],
    kind: NoticeKind,
    subject: tuple[str, UUID],
    at: datetime,
    *,
    record: UUID | None = None,
    occasion: str = "",
    due: datetime | None = None,
) -> int:
    """Tells each of them, unless they were told before; answers how many were."""
    given: dict[str, Any] = {"kind": kind.value, "subject_kind": subject[0], "subject": subject[1], "record": record, "occasion": occasion}
    given |= {"at": at, "due": due, "who": sorted(set(who))}
    return await conn.run(TELL, **{f"the_{name}": value for name, value in given.items()})


async def people_for(conn: Connection, role: Role, org: UUID, at: datetime) -> set[UUID]:
    """Whoever has the role in the unit, or in the nearest one above it that has somebody."""
    return {row[0] for row in await conn.rows(PEOPLE_FOR, the_role=role.value, the_org=org, the_at=at)}


MINE = select(notices.c.id).where(notices.c.id == func.any(the("ids", ARRAY(Uuid))), notices.c.staff_id == the("me"))
READ = (
    update(notices)
    .where(notices.c.id == func.any(the("ids", ARRAY(Uuid))), notices.c.read_at.is_(None))
    .values(read_at=func.clock_timestamp() + the("shift", Interval()))
)


async def mark_read(conn: Connection, principal: Principal, ids: Sequence[UUID], key: str, shift: timedelta) -> bool:
    """Marks the caller's own; whether the key had been spent before. Raises NotFound for what is not the caller's."""
    if await idempotency.spend(conn, principal, "markNoticeRead", key, {"notices": sorted(ids)}) is not None:
        return True
    if len(await conn.rows(MINE, the_ids=list(ids), the_me=principal.staff_id)) < len(ids):
        raise NotFound()
    await conn.run(READ, the_ids=list(ids), the_shift=shift)
    await idempotency.keep(conn, principal, "markNoticeRead", key, {})
    return False
