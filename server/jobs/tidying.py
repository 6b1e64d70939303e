"""What is past its time and nobody has met: the desk treats it as gone already, this says so in the rows."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody import notices, operations, policy, reading
from server.custody.acts.change import SETTLE, given
from server.custody.desk import Desk, nothing_more
from server.custody.moves import Ask
from server.custody.queue import REST
from server.custody.transitions import ENDED
from storage.database import Connection, Principal
from storage.tables import access_requests, archive_records, movements, request_lines
from storage.tables import operations as operations_table
from storage.terms import Action, MovementKind, NoticeKind, OperationState, RecordState, RequestState

AT = TIMESTAMP(timezone=True)
BATCH = 500
m, q, x, r, o = movements.c, access_requests.c, request_lines.c, archive_records.c, operations_table.c
LAPSED = (
    select(m.request_id, func.array_agg(m.record_id).label("records"), func.min(m.reserved_at).label("since"))
    .join(archive_records, r.id == m.record_id)
    .where(
        m.closed_at.is_(None), m.out_at.is_(None), m.kind != MovementKind.ACT.value, m.kind != MovementKind.TRANSIT.value,
        m.lapses_at <= given("at", AT), r.state == RecordState.RESERVED.value,
    )
    .group_by(m.request_id)
    .limit(BATCH)
)  # fmt: skip
EXPIRED = select(o.id, o.record_ids).where(o.state == OperationState.PENDING.value, o.expires_at < given("at", AT)).limit(BATCH)
EXPIRE = (
    update(operations_table)
    .where(o.id == given("operation"), o.state == OperationState.PENDING.value, o.expires_at < given("at", AT))
    .values(state=OperationState.EXPIRED.value)
)


def _in(column: Any, states: Collection[RecordState]) -> Any:
    return or_(*(column == state.value for state in sorted(states)))


_taken = select(m.id).where(m.record_id == x.record_id, m.closed_at.is_(None), m.kind != MovementKind.ACT.value)
_line = select(x.id).join(archive_records, r.id == x.record_id).where(x.request_id == q.id)
WAITING = select(q.id, q.queued_at, q.org_id, q.applicant_id, q.reader_id).where(q.state == RequestState.WAITING.value)
TURNS = WAITING.where(
    ~_line.where(~_in(r.state, {state for _, state in REST}) | _taken.correlate(request_lines).exists()).correlate(access_requests).exists()
).order_by(q.queued_at, q.id).limit(BATCH)  # fmt: skip
_ended = _line.where(_in(r.state, ENDED)).correlate(access_requests).exists()
_is_back = select(m.id).where(m.id == q.extends_id, m.closed_at.is_not(None)).correlate(access_requests).exists()
WAITS = WAITING.add_columns(_ended.label("ended")).order_by(q.queued_at, q.id)
UNDECIDED = (
    select(q.id, q.applicant_id, q.reader_id)
    .where(q.state == RequestState.SUBMITTED.value, or_(_ended, _is_back))
    .order_by(q.submitted_at, q.id)
    .limit(BATCH)
)
LINES = (
    select(r.id, func.coalesce(r.primary_loan_id, r.custody_org_id).label("chain"))
    .join(request_lines, x.record_id == r.id)
    .where(x.request_id == given("request"))
)


async def tidy(desk: Desk, by: Principal) -> int:
    """Everything that is past its time now; answers how many things were."""
    async with desk.database.transaction(by) as conn:
        at = await conn.value(reading.NOW, shift=desk.shift)
        lapsed, expired = await conn.rows(LAPSED, the_at=at), await conn.rows(EXPIRED, the_at=at)
    done = 0
    for row in lapsed:  # the queue behind it moves up in the same transaction
        key = f"lapse {row['request_id']} {row['since'].isoformat()}"
        await desk.perform(by, Ask(Action.LAPSE, records=tuple(sorted(row["records"]))), key, "tidy", nothing_more)
        done += 1
    for row in expired:
        done += await _expire(desk, by, row["id"], list(row["record_ids"]), at)
    return done + await _in_vain(desk, by, at) + await _missed_turns(desk, by)


async def _expire(desk: Desk, by: Principal, operation: UUID, records: list[UUID], at: datetime) -> int:
    async with desk.database.transaction(by) as conn:
        if await conn.row(reading.OPERATION_LOCKED, operation=operation) is None:
            return 0
        rows = await conn.rows(reading.RECORDS_LOCKED, ids=sorted(records))
        if not await conn.run(EXPIRE, the_operation=operation, the_at=at):
            return 0
        await conn.run(operations.CLOSE_OF, the_operation=operation, the_at=at)
        await conn.run(operations.FORGET, the_operation=operation)
        chains = {row["primary_loan_id"] or row["custody_org_id"] for row in rows}
        await _note(conn, by, at, chains or {by.org_id}, Tag.OPERATION_EXPIRED, ("operation", operation))
    return 1


async def _in_vain(desk: Desk, by: Principal, at: datetime) -> int:
    """Requests that have waited too long, or for what never comes back; undecided ones that nobody can grant any more."""
    done = 0
    async with desk.database.transaction(by) as conn:
        now, waits, undecided = await desk.policy(conn), await conn.rows(WAITS), await conn.rows(UNDECIDED)
    for row in waits:
        if row["ended"] or at >= now.working_days_after(row["queued_at"], now.number(policy.QUEUE_DAYS, at, row["org_id"])):
            done += await _lapse(desk, by, row, RequestState.WAITING, at)
    for row in undecided:
        done += await _lapse(desk, by, row, RequestState.SUBMITTED, at)
    return done


async def _lapse(desk: Desk, by: Principal, row: Any, state: RequestState, at: datetime) -> int:
    async with desk.database.transaction(by) as conn:
        request = await conn.row(reading.REQUEST_LOCKED, request=row["id"])
        if request is None or request["state"] != state:
            return 0
        await conn.run(SETTLE, the_ids=[row["id"]], the_state=RequestState.LAPSED.value, the_at=at)
        chains = {line["chain"] for line in await conn.rows(LINES, the_request=row["id"])}
        who = {row["applicant_id"], row["reader_id"]}
        await notices.tell(conn, who, NoticeKind.WAITING_LAPSED, ("request", row["id"]), at)
        await _note(conn, by, at, chains, Tag.REQUEST_LAPSED, ("request", row["id"]))
    return 1


async def _missed_turns(desk: Desk, by: Principal) -> int:
    """Whose records are all free, and nobody noticed: a hold was lifted, a case solved, two returns crossed."""
    async with desk.database.transaction(by) as conn:
        rows = await conn.rows(TURNS)
    done = 0
    for row in rows:
        ask = Ask(Action.SERVE, request=row["id"])
        if (await desk.explain(by, ask)).allowed:  # asked first: a refusal each minute would fill the access log
            await desk.perform(by, ask, f"serve {row['id']} {row['queued_at'].isoformat()}", "tidy", nothing_more)
            done += 1
    return done


async def _note(conn: Connection, by: Principal, at: datetime, chains: set[UUID], tag: Tag, subject: tuple[str, UUID]) -> None:
    heads = await Chains.lock(conn, chains)
    for chain in sorted(chains):
        heads.note(chain, tag, subject=subject, by=by.staff_id, at=at)
    await heads.write()
