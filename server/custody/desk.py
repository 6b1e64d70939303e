"""The one bracket around every custody act: key, lock, judge, move, record, answer. Nothing else changes custody."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, Uuid, bindparam, func, select, update

from server import idempotency
from server.compliance import access
from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody import decisions, operations, overriding, queue
from server.custody.acts import CHAINS, CHANGES
from server.custody.acts.change import CLOSE_UNUSED, SETTLE
from server.custody.administration import rehearse, wrong_with_change
from server.custody.asks import ask_to_json
from server.custody.explain import Explanation, explained
from server.custody.facts import moves_of
from server.custody.moves import Ask, Move
from server.custody.policy import Policy, setting_of
from server.custody.rules import Violation, judge, rule_of_twin
from server.custody.telling import REQUEST_TAGS, TAGS
from server.custody.transitions import EXITS, QUIET, after
from server.custody.writing import Writing
from server.errors import InputProblem, InvalidInput, VersionConflict
from server.failpoints import reach
from storage.database import Connection, Database, Principal
from storage.tables import archive_records, holidays, policy_parameters
from storage.terms import AccessResult, Action, RecordState, RequestState

T = TypeVar("T")
CHECK_NOW = "set constraints all immediate"  # the deferred twins speak while the act can still be refused
LINES_MAX = 500
LISTED_MAX = 3_000  # an act that moves none of its records may name more
POLICY_SECONDS = 600.0  # a parameter is set at least so long before it holds, so no process misses one
HOLIDAYS = select(holidays.c.day, holidays.c.is_working)
SETTINGS = select(policy_parameters)
SET_STATE = (
    update(archive_records)
    .where(archive_records.c.id == func.any(bindparam("ids", type_=ARRAY(Uuid), required=True)))
    .values(state=bindparam("the_state", type_=archive_records.c.state.type, required=True))
)


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """Ids of what was made, and what the caller's reader made of them in the same transaction."""

    outcome: dict[str, Any]
    replayed: bool
    answer: T


@dataclass(frozen=True, slots=True)
class Refused:
    """All the rules that said no, in rule order; nothing was changed, the access log knows."""

    violations: tuple[Violation, ...]


Reader = Callable[[Connection, dict[str, Any], bool], Awaitable[T]]


async def nothing_more(_: Connection, __: dict[str, Any], ___: bool) -> None:
    """The reader of a caller that wants the ids alone."""


@dataclass(slots=True)
class Desk:
    """The custody desk of one process; `shift` moves its clock for whoever lives at another time."""

    database: Database
    shift: timedelta = timedelta()
    _policy: Policy = field(default_factory=Policy)
    _policy_read_at: float | None = None

    async def perform(
        self, principal: Principal, ask: Ask, key: str, mutation: str, read: Reader[T], said: dict[str, Any] | None = None
    ) -> Done[T] | Refused:
        """Carries out the ask, or says which rules forbid it. Raises NotFound, VersionConflict, IdempotencyConflict.

        `said` is what the client sent, which a repetition under the key must repeat; left out, the ask itself.
        """
        if len(ask.records) > (LISTED_MAX if ask.action in QUIET else LINES_MAX):
            raise InvalidInput([InputProblem(("recordIds",), "TOO_MANY")])
        async with self.database.transaction(principal) as conn:
            policy = await self._current_policy(conn)
            clean = conn.raw.transaction()  # a savepoint BEFORE the key: a refusal takes the key with it
            await clean.start()
            given = ask_to_json(ask) if said is None else said
            if (spent := await idempotency.spend(conn, principal, mutation, key, given)) is not None:
                await clean.commit()
                return Done(spent, True, await read(conn, spent, True))
            moves: tuple[Move, ...] = ()
            twin: str | None = None
            try:
                moves = await moves_of(conn, principal.staff_id, ask, policy=policy, shift=self.shift)
                violations = judge(moves)
                if not violations:
                    w = Writing(conn, moves, policy, shift=self.shift)
                    outcome = await _carry_out(w)
                    await decisions.keep(w, outcome)
                    await idempotency.keep(conn, principal, mutation, key, outcome)
                    await conn.raw.execute(CHECK_NOW)
                    await clean.commit()
                    answer = await read(conn, outcome, False)
                    done = Done(outcome, False, answer)
            except asyncpg.IntegrityConstraintViolationError as error:  # a twin was faster than its rule: the same refusal
                if moves and moves[0].ask.change and (wrong := wrong_with_change(error.constraint_name)):
                    raise wrong from None
                rule = rule_of_twin(error.constraint_name)
                if rule is None or not moves:
                    raise
                twin, violations = rule.code, tuple(Violation(rule.number, rule.code, m.on.id if m.on else None) for m in moves)
            if violations:
                await clean.rollback()
                if twin:  # say why as the judge sees it now; the twin only knows that
                    now = await moves_of(conn, principal.staff_id, ask, policy=policy, shift=self.shift, lock=False)
                    violations = judge(now) or violations
                await _log_refusal(conn, principal, mutation, ask, violations)
        if violations:
            _raise_version_conflict(moves, violations)
            return Refused(violations)
        reach("after_commit")
        return done

    async def replay(self, principal: Principal, key: str, mutation: str, said: dict[str, Any], read: Reader[T]) -> Done[T] | None:
        """The first outcome of a key that was spent on this, when what it names can no longer be asked for; else None."""
        async with self.database.transaction(principal) as conn:
            if (spent := await idempotency.outcome(conn, principal, mutation, key, said)) is None:
                return None
            return Done(spent, True, await read(conn, spent, True))

    async def explain(self, principal: Principal, ask: Ask, at: datetime | None = None) -> Explanation:
        """Every rule of the act with pass or fail, now or at a later instant, by the same judge; nothing locked, nothing written."""
        shift = self.shift if at is None else at - datetime.now(UTC)
        async with self.database.transaction(principal) as conn:
            policy = await self._current_policy(conn)
            moves = await moves_of(conn, principal.staff_id, ask, policy=policy, shift=shift, lock=False)
            told = explained(moves)
            if told.allowed and moves[0].ask.change is not None:  # what the tables would say of it, found out and undone
                await _rehearsed(Writing(conn, moves, policy))
            return told

    async def policy(self, conn: Connection, *, fresh: bool = False) -> Policy:
        """The parameters and holidays as this process knows them; `fresh` reads them anew."""
        if fresh:
            self._policy_read_at = None
        return await self._current_policy(conn)

    async def _current_policy(self, conn: Connection) -> Policy:
        if self._policy_read_at is None or time.monotonic() - self._policy_read_at > POLICY_SECONDS:
            days, rows = await conn.rows(HOLIDAYS), await conn.rows(SETTINGS)
            settings = tuple(found for r in rows if (found := setting_of(r)))
            self._policy = Policy({d["day"]: d["is_working"] for d in days}, settings)
            self._policy_read_at = time.monotonic()
        return self._policy.for_one_act()


async def _rehearsed(w: Writing) -> None:
    try:
        await rehearse(w)
    except asyncpg.IntegrityConstraintViolationError as error:
        raise wrong_with_change(error.constraint_name) or error from None


def _raise_version_conflict(moves: tuple[Move, ...], violations: tuple[Violation, ...]) -> None:
    if moves and any(v.code == "VERSION_CONFLICT" for v in violations):
        raise VersionConflict(moves[0].version_now or 1)


async def _log_refusal(conn: Connection, principal: Principal, mutation: str, ask: Ask, violations: tuple[Violation, ...]) -> None:
    about = {v.record for v in violations if v.record} | {i for i in (ask.request, ask.operation, ask.hold, ask.subject) if i}
    told = sorted({f"{v.rule} {v.code}" for v in violations})
    await access.log(
        conn, principal, mutation, AccessResult.REFUSED, subjects=sorted(about), detail={"rules": told, "act": ask.action.value}
    )


async def _carry_out(w: Writing) -> dict[str, Any]:
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
        w.made["ticket"] = detail["ticket"] = await operations.ticket(w, w.operation)
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
