"""The one bracket around every custody act: key, lock, judge, move, record, answer. Nothing else changes custody."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import asyncpg
from sqlalchemy import select

from server import idempotency
from server.compliance import access
from server.compliance.anchoring import Anchoring
from server.custody import decisions
from server.custody.administration import rehearse, wrong_with_change
from server.custody.asks import LINES_MAX, ask_to_json
from server.custody.carrying import carry_out
from server.custody.explain import Check, Explanation, explained
from server.custody.facts import moves_of
from server.custody.holders import with_holders
from server.custody.moves import Ask, Move
from server.custody.policy import Policy, setting_of
from server.custody.rules import Violation, judge, rule_of_twin
from server.custody.transitions import QUIET
from server.custody.writing import Writing
from server.errors import InputProblem, InvalidInput, VersionConflict
from server.failpoints import reach
from storage.database import Connection, Database, Principal
from storage.tables import holidays, policy_parameters
from storage.terms import AccessResult

T = TypeVar("T")
CHECK_NOW = "set constraints all immediate"  # the deferred twins speak while the act can still be refused
LISTED_MAX = 3_000  # an act that moves none of its records may name more
NAMED = (
    "loan",
    "collateral",
    "contract",
    "subject",
    "ticket",
    "handover",
    "discrepancy",
    "replacement",
)  # of an ask's detail: things of a file
POLICY_SECONDS = 600.0  # a parameter is set at least so long before it holds, so no process misses one
HOLIDAYS = select(holidays.c.day, holidays.c.is_working)
SETTINGS = select(policy_parameters)


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
    anchoring: Anchoring | None = None  # where custody may have to wait for the history
    _policy: Policy = field(default_factory=Policy)
    _policy_read_at: float | None = None

    async def perform(
        self, principal: Principal, ask: Ask, key: str, mutation: str, read: Reader[T], said: dict[str, Any] | None = None
    ) -> Done[T] | Refused:
        """Carries out the ask, or says which rules forbid it. Raises NotFound, VersionConflict, IdempotencyConflict, Unavailable.

        `said` is what the client sent, which a repetition under the key must repeat; left out, the ask itself.
        """
        if len(ask.records) > (LISTED_MAX if ask.action in QUIET else LINES_MAX):
            raise InvalidInput([InputProblem(("recordIds",), "TOO_MANY")])
        if self.anchoring is not None:
            self.anchoring.admit()
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
                    outcome = await carry_out(w)
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
                violations = await with_holders(conn, violations)
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
            told = replace(told, checks=await _held(conn, told.checks))
            if told.allowed and moves[0].ask.change is not None:  # what the tables would say of it, found out and undone
                await _rehearsed(Writing(conn, moves, policy), ahead=at is not None)
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


async def _held(conn: Connection, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """What a refusal would say of who has the record, the explanation says too."""
    told = iter(await with_holders(conn, (c.violation for c in checks if c.violation)))
    return tuple(replace(c, violation=next(told)) if c.violation else c for c in checks)


async def _rehearsed(w: Writing, *, ahead: bool) -> None:
    """`ahead`: the twins know only the clock, and the judge has spoken for the later instant."""
    try:
        await rehearse(w)
    except asyncpg.IntegrityConstraintViolationError as error:
        wrong = wrong_with_change(error.constraint_name)
        if wrong is None and ahead and rule_of_twin(error.constraint_name):
            return
        raise wrong or error from None


def _raise_version_conflict(moves: tuple[Move, ...], violations: tuple[Violation, ...]) -> None:
    if moves and any(v.code == "VERSION_CONFLICT" for v in violations):
        raise VersionConflict(moves[0].version_now or 1)


async def _log_refusal(conn: Connection, principal: Principal, mutation: str, ask: Ask, violations: tuple[Violation, ...]) -> None:
    named = (ask.request, ask.operation, ask.hold, ask.subject, *(getattr(ask.detail, name, None) for name in NAMED))
    about = {v.record for v in violations if v.record} | {*ask.records} | {i for i in named if i}
    told = sorted({f"{v.rule} {v.code}" for v in violations})
    await access.log(
        conn, principal, mutation, AccessResult.REFUSED, subjects=sorted(about), detail={"rules": told, "act": ask.action.value}
    )
