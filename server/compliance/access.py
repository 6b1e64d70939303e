"""The access log: sensitive reads, what was granted or denied, and what a rule refused."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert

from storage import tables
from storage.database import Connection, Principal
from storage.terms import AccessResult

COLUMNS = ("staff_id", "org_id", "action", "result", "purpose", "subject_ids", "detail", "request_id")
LOG = (
    insert(tables.access_log)
    .inline()
    .values({name: bindparam(name, type_=tables.access_log.c[name].type, required=True) for name in COLUMNS})
)


async def log(
    conn: Connection,
    principal: Principal,
    action: str,
    result: AccessResult,
    *,
    subjects: Iterable[UUID] = (),
    purpose: str | None = None,
    detail: Mapping[str, Any] | None = None,
    request_id: str | None = None,
) -> None:
    """Writes one line; whoever answers a sensitive read commits it before the first byte."""
    await conn.run(
        LOG,
        staff_id=principal.staff_id,
        org_id=principal.org_id,
        action=action,
        result=result,
        purpose=purpose,
        subject_ids=list(subjects),
        detail=dict(detail or {}),
        request_id=request_id,
    )
