"""An act that every rule lets through, carried out: seats, change, states, ticket, events, and the turns of those who wait."""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, func, update

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody import operations, overriding, queue
from server.custody.acts import CHAINS, CHANGES
from server.custody.acts.change import CLOSE_UNUSED, SETTLE
from server.custody.administration import rehearse
from server.custody.moves import Move
from server.custody.telling import REQUEST_TAGS, TAGS
from server.custody.transitions import EXITS, QUIET, after
from server.custody.writing import Writing
from storage.statements import given, the
from storage.tables import archive_records
from storage.terms import Action, RecordState, RequestState

SET_STATE = (
    update(archive_records)
    .where(archive_records.c.id == func.any(given("ids", ARRAY(Uuid))))
    .values(state=the("state", archive_records.c.state.type))
)


async def carry_out(w: Writing) -> dict[str, Any]:
    """Takes the seat; with the last one, or without seats, changes everything. Answers the ids of what was made."""
    if w.first.required:
        w.operation = await operations.sit(w)
        w.made["operation"] = w.operation
    touched = set() if w.ask.action in QUIET else {m.on.chain for m in w.moves if m.on}
    if w.ask.action in CHAINS:
        touched |= await CHAINS[w.ask.action](w)
    w.chains = await Chains.lock(w.conn, (touched or {w.by.org}) | set(w.first.queued.values()))
    if w.first.required and not w.first.complete:
        if w.ask.change is not None:
            await rehearse(w)
        _tell_seat(w, touched)
        return await _outcome(w, "PENDING")
    await _lapse(w)
    await overriding.record(w)
    detail = await CHANGES[w.first.action](w)
    if w.operation and w.first.required:
        await operations.finish(w, w.operation)
        detail |= {"operation": w.operation, "seats": {seat.value: person.id for seat, person in w.first.seats.items()}}
    await _set_states(w)
    if w.ask.action in EXITS and w.operation:
        w.made["ticket"], number = await operations.ticket(w, w.operation)
        detail |= {"ticket": w.made["ticket"], "ticket_no": number}
    _tell(w, detail, touched)
    await queue.serve(w, [*_freed(w), *w.freed], lambda turn: _take_turn(turn, w))
    return await _outcome(w, "DONE")


def _freed(w: Writing) -> list[UUID]:
    """Records that somebody may wait for and that nobody has any more."""
    return [
        m.on.id
        for m in w.moves
        if m.on
        and (finish := _finish(m))
        and (m.on.tier, finish) in queue.REST
        and (finish is not m.on.state or m.lapsed or m.action is Action.ENQUEUE)
    ]


async def _take_turn(w: Writing, cause: Writing) -> None:
    detail = await CHANGES[w.first.action](w)
    await _set_states(w)
    _tell(w, detail, set())
    cause.served.append(w.moves)


def _tell_seat(w: Writing, chains: set[UUID]) -> None:
    """A taken seat is a change too: one event on each chain."""
    assert w.chains is not None and w.operation is not None
    tag = Tag.SEAT_TAKEN if w.ask.operation else Tag.OPERATION_OPENED
    about: dict[str, Any] = {"act": w.ask.action.value, "seat": w.ask.seat, "overrides": [o.rule for o in w.ask.overrides] or None}
    for chain in sorted(chains or {w.by.org}):
        records = [m.on.id for m in w.moves if m.on and m.on.chain == chain]
        w.chains.note(chain, tag, subject=("operation", w.operation), by=w.actor.id, at=w.at, records=records, **about)


def _tell(w: Writing, detail: dict[str, Any], chains: set[UUID]) -> None:
    assert w.chains is not None
    for move in w.moves:
        if move.on is None or w.ask.action in QUIET or move.action is Action.LAPSE:  # the last is told when it was met
            continue
        finish = _finish(move)
        tag, about = TAGS[move.action], dict(detail)
        if w.subject is not None:
            subject = w.subject
        elif tag in REQUEST_TAGS:
            subject = ("request", w.made["request"])
        elif tag is Tag.OPERATION_WITHDRAWN:
            subject = ("operation", w.made["operation"])
        else:
            subject = ("record", move.on.id)
        if finish != move.on.state or move.lapsed:
            about |= {"tier": move.on.tier, "from": move.on.state, "to": finish}
        if told := overriding.told(w, move):
            about |= {"overridden": told}
        if move.inspection:
            about |= {"findings": {"passed": move.inspection.passed, "pages": move.inspection.pages_counted}}
        w.chains.note(move.on.chain, tag, subject=subject, by=w.actor.id, at=w.at, record=move.on.id, act=move.action, **about)
    for born in w.born:
        about = {"act": w.ask.action, "tier": born.tier, "to": born.state, **born.detail}
        w.chains.note(born.chain, TAGS[w.ask.action], subject=("record", born.id), by=w.actor.id, at=w.at, record=born.id, **about)
    if (not w.records and not w.born) or w.ask.action in QUIET:  # told in the history of everything that the act is about
        for chain in sorted((chains if w.tells is None else w.tells) or {w.by.org}):
            w.chains.note(chain, TAGS[w.ask.action], subject=_subject(w), by=w.actor.id, at=w.at, **detail)


def _subject(w: Writing) -> tuple[str, UUID]:
    if w.subject is not None:
        return w.subject
    return ("hold", w.made["hold"]) if "hold" in w.made else ("operation", w.made["operation"])


async def _lapse(w: Writing) -> None:
    """Meets reservations past their time: closes them and says so, before the record moves on."""
    stale = [m for m in w.moves if m.lapsed and m.on]
    if not stale:
        return
    assert w.chains is not None
    await w.conn.run(CLOSE_UNUSED, the_ids=[m.lapsed.id for m in stale if m.lapsed], the_at=w.at)
    requests = sorted({m.lapsed.request for m in stale if m.lapsed and m.lapsed.request})
    await w.conn.run(SETTLE, the_ids=requests, the_state=RequestState.LAPSED.value, the_at=w.at)
    for move in stale:
        assert move.on is not None and move.lapsed is not None
        await w.conn.run(SET_STATE, ids=[move.on.id], the_state=move.on.state.value)
        about: dict[str, Any] = {"tier": move.on.tier, "from": "RESERVED", "to": move.on.state, "request": move.lapsed.request}
        w.chains.note(
            move.on.chain,
            Tag.RESERVATION_LAPSED,
            subject=("record", move.on.id),
            by=w.actor.id,
            at=w.at,
            record=move.on.id,
            act=Action.LAPSE,
            **about,
        )


def _finish(move: Move) -> RecordState | None:
    """Where the act takes the record; to cancel a request that has not reserved it takes it nowhere."""
    if move.on is None:
        return None
    reserved_it = move.movement and move.request and move.movement.request == move.request.id
    if move.action is Action.CANCEL and not reserved_it:
        return move.on.state
    return move.back or after(move.on.tier, move.on.state, move.action)


async def _set_states(w: Writing) -> None:
    by_finish: dict[str, list[UUID]] = {}
    for move in w.moves:
        if move.on and (finish := _finish(move)) and finish is not move.on.state:
            by_finish.setdefault(finish.value, []).append(move.on.id)
    for finish_state, ids in by_finish.items():
        await w.conn.run(SET_STATE, ids=ids, the_state=finish_state)


async def _outcome(w: Writing, state: str) -> dict[str, Any]:
    assert w.chains is not None
    events = await w.chains.write()
    made = {name: _text(value) for name, value in w.made.items()}
    return {"state": state, "records": [str(r) for r in w.records or [b.id for b in w.born]], "events": [str(e) for e in events], **made}


def _text(value: Any) -> Any:
    return [str(v) for v in value] if isinstance(value, list) else str(value)
