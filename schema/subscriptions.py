"""What is told when it happens. Each subscription says what is there first and goes on from there, so that a break loses nothing."""

import base64
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

import orjson
import strawberry
from sqlalchemy import ARRAY, BigInteger, Text, Uuid, cast, func, or_, select, tuple_

from schema.custody import CustodyEvent, Operation
from schema.notices import Notice
from schema.papers import Scan
from schema.reading.answers import payload
from schema.reading.compiler import Me, bad_request, global_id
from schema.reading.declare import Given, One
from schema.viewer import waiting_operations
from storage.database import Connection, StalePrincipal
from storage.statements import given
from storage.tables import events, notices, scans
from storage.tables.columns import XID8
from storage.terms import ScanStatus

BATCH, SCANS_MAX = 100, 200
FINAL = {ScanStatus.STORED.value, ScanStatus.REJECTED.value, ScanStatus.EXPIRED.value}
LAST = UUID(int=2**128 - 1)
UNSET: Any = strawberry.UNSET


HORIZON = select(cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger))
NEW_EVENTS = (
    select(events.c.id, cast(cast(events.c.transaction_id, Text), BigInteger).label("position"))
    .where(
        tuple_(events.c.transaction_id, events.c.id) > tuple_(cast(given("position", Text), XID8), given("id", Uuid)),
        events.c.transaction_id < cast(given("horizon", Text), XID8),
        or_(given("records", ARRAY(Uuid)).is_(None), events.c.record_id == func.any(given("records", ARRAY(Uuid)))),
    )
    .order_by(events.c.transaction_id, events.c.id)
    .limit(BATCH)
)
NEW_NOTICES = (
    select(notices.c.id, cast(cast(notices.c.transaction_id, Text), BigInteger).label("position"))
    .where(
        notices.c.staff_id == given("staff", Uuid),
        tuple_(notices.c.transaction_id, notices.c.id) > tuple_(cast(given("position", Text), XID8), given("id", Uuid)),
        notices.c.transaction_id < cast(given("horizon", Text), XID8),
    )
    .order_by(notices.c.transaction_id, notices.c.id)
    .limit(BATCH)
)
STATUSES = select(scans.c.id, scans.c.status, scans.c.version).where(scans.c.id == func.any(given("ids", ARRAY(Uuid)))).order_by(scans.c.id)


@lru_cache
def _waiting(roles: frozenset[str], everywhere: bool) -> Any:
    me = Me(roles, everywhere, False, given("branches", ARRAY(Uuid)), given("staff", Uuid), given("language", Text))
    return waiting_operations(me)


@strawberry.type(description="An event, and where it stands in what is told.")
class CustodyEventRecorded:
    """One event."""

    cursor: str = Given("cursor", Text, description="Opaque; pass it to `after` to go on behind this event.")
    event: CustodyEvent | None = One(given="event", description="What happened.")


@strawberry.type(description="An operation that waits for a seat which the caller may take.")
class OperationWaiting:
    """One operation."""

    operation: Operation | None = One(given="operation", description="Confirm it before it expires.")


@strawberry.type(description="A scan whose status is new to the client.")
class ScanStatusChanged:
    """One scan."""

    scan: Scan | None = One(given="scan", description="The scan as it is now.")


@strawberry.type(description="A notice, and where it stands in what is told.")
class NoticeReceived:
    """One notice."""

    cursor: str = Given("cursor", Text, description="Opaque; pass it to `after` to go on behind this notice.")
    notice: Notice | None = One(given="notice", description="What the caller is told.")


Batch = list[tuple[Any, orjson.Fragment]]


async def _read(context: Any, ask: Callable[[Connection], Any]) -> Any:
    """Asks as the caller is now: since the last time a role, a grant or the token itself may have ended."""
    context.principal = await context.present()
    while True:
        try:
            async with context.database.transaction(context.principal) as conn:
                return await ask(conn)
        except StalePrincipal:
            context.principal = await context.renew()


def _cursor(position: int, id_: UUID) -> str:
    return base64.urlsafe_b64encode(position.to_bytes(8, "big") + id_.bytes).decode().rstrip("=")


def _place(cursor: str) -> tuple[int, UUID]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        if len(raw) != 24:
            raise ValueError
        return int.from_bytes(raw[:8], "big"), UUID(bytes=raw[8:])
    except ValueError:
        raise bad_request("`after` is not a cursor of this subscription.") from None


async def _now(context: Any) -> tuple[int, UUID]:
    """Behind everything that is certain now."""
    return int(await _read(context, lambda conn: conn.value(HORIZON))) - 1, LAST


def _ids(given: Sequence[str], kind: str, most: int) -> list[UUID]:
    if len(given) > most:
        raise bad_request(f"At most {most} ids.")
    return [uuid for prefix, uuid in map(global_id, given) if prefix == kind and uuid is not None]


async def _events(
    info: strawberry.Info,
    after: Annotated[
        str | None, strawberry.argument(description="Cursor of the last event that the client has; from now on without.")
    ] = UNSET,
    record_ids: Annotated[
        list[strawberry.ID] | None, strawberry.argument(description="Only events of these records; at most 100.")
    ] = UNSET,
) -> AsyncGenerator[CustodyEventRecorded, None]:
    """From now on, or behind a cursor: nothing is lost between two connections, nor told twice."""
    context = info.context
    records = _ids(record_ids, "record", BATCH) if record_ids is not UNSET and record_ids is not None else None
    place = _place(after) if after else await _now(context)
    context.begun()

    async def batch(conn: Connection) -> tuple[int, Batch]:
        horizon = int(await conn.value(HORIZON))
        rows = await conn.rows(NEW_EVENTS, position=str(place[0]), id=place[1], records=records, horizon=str(horizon))
        places = [(row["position"], row["id"]) for row in rows]
        return horizon, [(at, await payload(info, CustodyEventRecorded, conn, cursor=_cursor(*at), event=at[1])) for at in places]

    seen = context.feed.position
    while True:
        horizon, told = await _read(context, batch)
        for at, text in told:
            yield text
            place = at
        if len(told) < BATCH:
            place = max(place, (horizon - 1, LAST))  # what others may see is not looked at again
            seen = await context.feed.beyond(seen)


async def _notices(
    info: strawberry.Info,
    after: Annotated[
        str | None, strawberry.argument(description="Cursor of the last notice that the client has; from now on without.")
    ] = UNSET,
) -> AsyncGenerator[NoticeReceived, None]:
    """From now on, or behind a cursor: nothing is lost between two connections, nor told twice."""
    context = info.context
    place = _place(after) if after else await _now(context)
    context.begun()

    async def batch(conn: Connection) -> tuple[int, Batch]:
        horizon = int(await conn.value(HORIZON))
        rows = await conn.rows(NEW_NOTICES, staff=context.principal.staff_id, position=str(place[0]), id=place[1], horizon=str(horizon))
        places = [(row["position"], row["id"]) for row in rows]
        return horizon, [(at, await payload(info, NoticeReceived, conn, cursor=_cursor(*at), notice=at[1])) for at in places]

    seen = context.feed.position
    while True:
        horizon, told = await _read(context, batch)
        for at, text in told:
            yield text
            place = at
        if len(told) < BATCH:
            place = max(place, (horizon - 1, LAST))
            seen = await context.feed.beyond(seen)


async def _operations(info: strawberry.Info) -> AsyncGenerator[OperationWaiting, None]:
    """Each operation once a connection."""
    context, called = info.context, set[UUID]()
    context.begun()

    async def batch(conn: Connection) -> Batch:
        me = context.principal
        rows = await conn.rows(_waiting(me.roles, me.everywhere), branches=list(me.branches), staff=me.staff_id, language="en")
        new = [row["subject_id"] for row in rows if row["subject_id"] not in called]
        return [(id_, await payload(info, OperationWaiting, conn, operation=id_)) for id_ in new]

    while True:
        seen = context.feed.position
        for id_, text in await _read(context, batch):
            called.add(id_)
            yield text
        await context.feed.beyond(seen)


async def _scans(
    info: strawberry.Info, scan_ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 200.")]
) -> AsyncGenerator[ScanStatusChanged, None]:
    """Scans that the caller may not see are passed over."""
    context, known = info.context, dict[UUID, str]()
    ids = _ids(scan_ids, "scan", SCANS_MAX)
    context.begun()

    async def batch(conn: Connection) -> Batch:
        rows = await conn.rows(STATUSES, ids=ids)
        new = [row for row in rows if known.get(row["id"]) != row["status"]]
        return [((row["id"], row["status"]), await payload(info, ScanStatusChanged, conn, scan=row["id"])) for row in new]

    while True:
        seen = context.feed.position
        for (id_, status), text in await _read(context, batch):
            known[id_] = status
            yield text
        if known.keys() >= set(ids) and set(known.values()) <= FINAL:
            return
        await context.feed.beyond(seen)


@strawberry.type(description="What is told when it happens.")
class Subscription:
    """Each goes on until the client or its token ends it."""

    custody_event_recorded = strawberry.subscription(_events, description="Every event that the caller may see, in one order, each once.")
    notice_received = strawberry.subscription(_notices, description="What the caller is told, when it is told, in one order, each once.")
    operation_waiting = strawberry.subscription(
        _operations, description="Calls the caller to operations that wait for them: those that wait now, then each new one."
    )
    scan_status_changed = strawberry.subscription(
        _scans, description="The status of some scans: as it is, then each change, until each is stored, rejected or expired."
    )
