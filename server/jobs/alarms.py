"""What is wrong with the bank as a whole and not with one paper: a row as long as it lasts, and a notice when it begins."""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Integer, Text, Uuid, func, select

from server.custody import notices
from server.custody.desk import Desk
from storage.database import Connection, Principal
from storage.statements import the
from storage.tables.columns import INSTANT
from storage.terms import AlarmKind, NoticeKind, Role

TOLD = (Role.COMPLIANCE, Role.ADMIN)  # who answers for the history, and who operates the system
log: Any = structlog.get_logger()
NOW = select(func.clock_timestamp(type_=INSTANT))
TELL: Any = select(func.tell_alarm(the("kind", Text), the("first", Text), the("findings", Integer), the("at", INSTANT), type_=Uuid))


async def not_locked(desk: Desk, by: Principal, reason: str) -> None:
    """The locked bucket holds other bytes than were sent to it, or without their lock; told until a start proves the lock again."""
    log.error("alarm", kind=AlarmKind.STORE_NOT_LOCKED.value, reason=reason)
    async with desk.database.transaction(by) as conn:
        await tell(conn, by, AlarmKind.STORE_NOT_LOCKED, reason)


async def tell(conn: Connection, by: Principal, kind: AlarmKind, first: str | None, findings: int = 1) -> bool:
    """Raises the alarm with what was found first, or ends it when nothing was; whether it is a new one. `by` is a service."""
    at: datetime = await conn.value(NOW)
    made = await conn.value(TELL, the_kind=kind.value, the_first=first, the_findings=findings, the_at=at)
    if made is None:
        return False
    for role in TOLD:
        await notices.tell(conn, await notices.people_for(conn, role, by.org_id, at), NoticeKind.ALARM, ("alarm", made), at)
    return True
