"""Whose turn it is: what becomes free is reserved for the first who waits, in the transaction that freed it (domain 3.0)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select

from server.custody.facts import moves_of
from server.custody.moves import Ask
from server.custody.reading import RECORDS_OF_REQUEST
from server.custody.rules import judge
from server.custody.transitions import TRANSITIONS
from server.custody.writing import Writing
from server.errors import NotFound
from storage.tables import access_requests, request_lines
from storage.terms import Action, RequestState

LOOKS_MAX = 50
REST = {(t.tier, t.start) for t in TRANSITIONS if t.action is Action.SERVE}  # where a record waits to be taken
FIRST = (
    select(access_requests.c.id)
    .where(
        access_requests.c.state == RequestState.WAITING.value,
        access_requests.c.id.in_(
            select(request_lines.c.request_id).where(
                request_lines.c.record_id == func.any(bindparam("ids", type_=ARRAY(Uuid), required=True))
            )
        ),
    )
    .order_by(access_requests.c.queued_at, access_requests.c.id)
    .limit(LOOKS_MAX)
    .with_for_update(skip_locked=True)
)
Carry = Callable[[Writing], Awaitable[Any]]


async def serve(w: Writing, freed: list[UUID], carry: Carry) -> None:
    """Reserves for the first whom every rule lets through and whose records are all free; whoever must still wait keeps the place.

    Who came between the lock on the waiting and the lock on the records may have a record that is not locked: a job serves them.
    """
    held = {*w.records, *(record for move in w.moves for record in move.queued)}
    while freed:
        turn = None
        for row in await w.conn.rows(FIRST, ids=freed):
            lines = {r["record_id"] for r in await w.conn.rows(RECORDS_OF_REQUEST, request=row["id"])}
            if lines <= held and await _reserved(w, row["id"], carry):
                turn = lines
                break
        if turn is None:
            return
        freed = [record for record in freed if record not in turn]


async def _reserved(w: Writing, request: UUID, carry: Carry) -> bool:
    ask = Ask(Action.SERVE, request=request)
    try:
        moves = await moves_of(w.conn, w.by.id, ask, policy=w.policy, shift=w.shift)
    except NotFound:  # one of its records is not the caller's to see
        return False
    if judge(moves):
        return False
    await carry(Writing(w.conn, moves, w.policy, chains=w.chains, shift=w.shift))
    return True
