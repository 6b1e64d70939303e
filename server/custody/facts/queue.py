"""Who waits for a record; and the lock on all that its becoming free would touch."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, func, or_, select, text

from server.custody.facts.sources import Gathering, Source
from server.custody.moves import Ask, Request
from server.custody.moves.queue import Queue
from server.custody.moves.release import PositionSaid
from server.custody.reading import RECORDS_OF_REQUEST
from storage.database import Connection
from storage.statements import given
from storage.tables import access_requests, archive_records, operations, request_lines
from storage.terms import Action as A
from storage.terms import OperationState, RequestState

FREEING = frozenset({A.ACCEPT_RETURN, A.CANCEL, A.END_READING, A.LAPSE, A.APPROVE, A.POST_POSITION})  # after which a turn may come
IDS = ARRAY(Uuid)
QUEUE = select(text("*")).select_from(func.queue_of(given("ids", IDS), given("own")))
_requests = select(request_lines.c.request_id).where(request_lines.c.record_id == func.any(given("ids", IDS)))
_asked = access_requests.c.id.in_(_requests)
_chain = func.coalesce(archive_records.c.primary_loan_id, archive_records.c.custody_org_id).label("chain")
OPEN = (RequestState.SUBMITTED, RequestState.WAITING, RequestState.APPROVED)
WAITING_LOCKED = (
    select(access_requests.c.id)
    .where(access_requests.c.state == RequestState.WAITING.value, _asked)
    .order_by(access_requests.c.id)
    .with_for_update()
)
OPEN_LOCKED = (
    select(access_requests.c.id, access_requests.c.state)
    .where(or_(*(access_requests.c.state == state.value for state in OPEN)), _asked)
    .order_by(access_requests.c.id)
    .with_for_update()
)
PENDING_LOCKED = (
    select(operations.c.id)
    .where(operations.c.state == OperationState.PENDING.value, operations.c.request_id.in_(_requests))
    .order_by(operations.c.id)
    .with_for_update()
)
PAPERS = select(archive_records.c.id, _chain).where(archive_records.c.id.in_(select(func.papers_on(given("loan")))))
THEIR_RECORDS = (
    select(archive_records.c.id, _chain)
    .join(request_lines, request_lines.c.record_id == archive_records.c.id)
    .where(request_lines.c.request_id == func.any(given("ids", IDS)))
    .distinct()
)


async def lock_waiting(conn: Connection, ask: Ask, request: Request | None) -> dict[UUID, UUID]:
    """Locks the requests that wait for what may become free, before any record; answers their records with the histories of these."""
    if ask.action not in FREEING or (ask.action is A.CANCEL and (request is None or request.state is not RequestState.APPROVED)):
        return {}  # who takes a waiting request back locks no other: two such could wait for each other
    if ask.action is A.POST_POSITION:
        return await _lock_reversed(conn, ask.detail)
    records = list(ask.records)
    if not records and ask.request:
        records = [r["record_id"] for r in await conn.rows(RECORDS_OF_REQUEST, request=ask.request)]
    waiting = [r["id"] for r in await conn.rows(WAITING_LOCKED, ids=records)]
    return {r["id"]: r["chain"] for r in await conn.rows(THEIR_RECORDS, ids=waiting)} if waiting else {}


async def _lock_reversed(conn: Connection, said: PositionSaid) -> dict[UUID, UUID]:
    """C52: a payoff that is taken back lapses requests and frees what they had reserved; both are locked in one order with who waits."""
    if said.reversal_of is None:
        return {}
    papers = {r["id"]: r["chain"] for r in await conn.rows(PAPERS, loan=said.loan)}
    await conn.rows(PENDING_LOCKED, ids=sorted(papers))  # before their requests, as by whoever takes the last seat
    asked = await conn.rows(OPEN_LOCKED, ids=sorted(papers))
    waiting = [r["id"] for r in asked if r["state"] == RequestState.WAITING]
    return papers | {r["id"]: r["chain"] for r in await conn.rows(THEIR_RECORDS, ids=waiting)} if waiting else {}


async def _queues(g: Gathering) -> Mapping[UUID | None, Queue]:
    rows = await g.conn.rows(QUEUE, ids=g.ids, own=g.request.id if g.request else None)
    return {r["record_id"]: Queue(tuple(r["waiting"] or ()), r["recalled"]) for r in rows}


SOURCE = Source(Queue, frozenset({A.REQUEST_EXTENSION, A.APPROVE, A.RECALL}), _queues)
