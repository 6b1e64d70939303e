"""Who waits for a record; and the lock on all that its becoming free would touch."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text

from server.custody.facts.sources import Gathering, Source
from server.custody.moves import Ask, Request
from server.custody.moves.queue import Queue
from server.custody.reading import RECORDS_OF_REQUEST
from storage.database import Connection
from storage.tables import access_requests, archive_records, request_lines
from storage.terms import Action as A
from storage.terms import RequestState

FREEING = frozenset({A.ACCEPT_RETURN, A.CANCEL, A.END_READING, A.LAPSE, A.APPROVE})  # after which somebody's turn may come


def _given(name: str, type_: Any = Uuid) -> Any:
    return bindparam(name, type_=type_, required=True)


IDS = ARRAY(Uuid)
QUEUE = select(text("*")).select_from(func.queue_of(_given("ids", IDS), _given("own")))
WAITING_LOCKED = (
    select(access_requests.c.id)
    .where(
        access_requests.c.state == RequestState.WAITING.value,
        access_requests.c.id.in_(select(request_lines.c.request_id).where(request_lines.c.record_id == func.any(_given("ids", IDS)))),
    )
    .order_by(access_requests.c.id)
    .with_for_update()
)
THEIR_RECORDS = (
    select(archive_records.c.id, func.coalesce(archive_records.c.primary_loan_id, archive_records.c.custody_org_id).label("chain"))
    .join(request_lines, request_lines.c.record_id == archive_records.c.id)
    .where(request_lines.c.request_id == func.any(_given("ids", IDS)))
    .distinct()
)


async def lock_waiting(conn: Connection, ask: Ask, request: Request | None) -> dict[UUID, UUID]:
    """Locks the requests that wait for what may become free, before any record; answers their records with the histories of these."""
    if ask.action not in FREEING or (ask.action is A.CANCEL and (request is None or request.state is not RequestState.APPROVED)):
        return {}  # who takes a waiting request back locks no other: two such could wait for each other
    records = list(ask.records)
    if not records and ask.request:
        records = [r["record_id"] for r in await conn.rows(RECORDS_OF_REQUEST, request=ask.request)]
    waiting = [r["id"] for r in await conn.rows(WAITING_LOCKED, ids=records)]
    return {r["id"]: r["chain"] for r in await conn.rows(THEIR_RECORDS, ids=waiting)} if waiting else {}


async def _queues(g: Gathering) -> Mapping[UUID | None, Queue]:
    rows = await g.conn.rows(QUEUE, ids=g.ids, own=g.request.id if g.request else None)
    return {r["record_id"]: Queue(tuple(r["waiting"] or ()), r["recalled"]) for r in rows}


SOURCE = Source(Queue, frozenset({A.REQUEST_EXTENSION, A.APPROVE, A.RECALL}), _queues)
