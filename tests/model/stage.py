"""The stage: a bank of its own, a clock that can be moved, and one way to try an act: explained, done, compared."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg

from server.compliance.events import body_of
from server.compliance.tags import Tag
from server.custody.desk import Done, nothing_more
from server.custody.moves import Ask
from tests.harness.books import sound
from tests.harness.door import Door
from tests.harness.world import World
from tests.model.coverage import Coverage

T = TypeVar("T")
CHECKS = "checks { passed rule code sentence recordId }"
ONLY_EXPLAINED = frozenset({"executeDisposal"})  # told beforehand; not yet carried out
PROBLEMS = "... on CustodyViolation { violations { rule code recordId } } ... on InvalidInput { problems { path code } }"


@dataclass
class Try:
    """Somebody tries an act: who, which mutation, with what."""

    who: str
    mutation: str
    input: dict[str, Any]

    def but(self, who: str | None = None, **changed: Any) -> "Try":
        """The same with something else; None leaves a member out."""
        given = {k: v for k, v in (self.input | changed).items() if v is not None}
        return Try(who or self.who, self.mutation, given)


@dataclass
class Job(Try):
    """An act that no client asks: a job does, as a service."""

    ask: Ask


class Disagreement(AssertionError):
    """explainCustody said one thing and the mutation did another."""


@dataclass
class Stage:
    """One bank on one database; everything runs on one loop."""

    runner: asyncio.Runner
    door: Door
    bank: World
    coverage: Coverage
    seen: dict[Any, list[Any]] = field(default_factory=dict)  # what was looked up since something was last changed
    kept: set[UUID] = field(default_factory=set)  # records that one chapter keeps for itself: no other asks for them
    stock: dict[str, Any] = field(default_factory=dict)  # what the chapters have laid in, by name

    @classmethod
    def make(cls, runner: asyncio.Runner, door: Door, root: "asyncpg.Connection[Any]", coverage: Coverage) -> "Stage":
        return cls(runner, door, runner.run(World.make(door.parts.database, root)), coverage)

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Something that may change the bank."""
        self.seen.clear()
        return self.runner.run(what)

    def sql(self, text: str, *args: Any) -> Any:
        if not text.lower().startswith("select"):
            return self.run(self.bank.sql(text, *args))
        return next((r[0] for r in self.rows(text, *args)), None)

    def rows(self, text: str, *args: Any) -> list[Any]:
        """Looked up once, until something may have changed: the plays ask the same again and again."""
        key = (text, repr(args))
        if key not in self.seen:
            self.seen[key] = list(self.runner.run(self.bank.root.fetch(text, *args)))
        return self.seen[key]

    look = rows

    def ours(self) -> list[UUID]:
        """The units of this bank."""
        return [b.id for b in self.bank.branches.values()]

    def ask(self, who: str, query: str, **variables: Any) -> dict[str, Any]:
        """What the server answers to somebody who has signed in."""
        return self.run(self.door.answers(self.bank, who, query, variables))

    def attempt(self, what: Try, spoiled: str | None = None) -> bool:
        """Explains, then does; raises Disagreement. `spoiled` names the sentence of the one rule that should say no."""
        self.seen.clear()
        if isinstance(what, Job):
            return self._run_job(what, spoiled)
        given = {**what.input, "idempotencyKey": uuid4().hex}
        kind = f"{what.mutation[0].upper()}{what.mutation[1:]}"
        explain = f"query E($i: {kind}Input!) {{ explainCustody(act: {{ {what.mutation}: $i }}) {{ allowed {CHECKS} }} }}"
        told = self.ask(what.who, explain, i=given)
        if what.mutation in ONLY_EXPLAINED:
            self._count(what, {c["sentence"] for c in told["data"]["explainCustody"]["checks"] if not c["passed"]}, spoiled)
            return False
        first = self._next_transaction()
        act = f"mutation M($i: {kind}Input!) {{ {what.mutation}(input: $i) {{ __typename ... on {kind}Payload {{ events {{ id }} }} {PROBLEMS} }} }}"
        done = self.ask(what.who, act, i=given)
        if done["errors"]:
            code = done["errors"][0]["extensions"]["code"]
            if code == "FORBIDDEN":  # the field is not for the caller's roles: said before the desk is asked
                self.coverage.forbidden += 1
                explained = (told["data"] or {}).get("explainCustody")
                if explained is not None and explained["allowed"]:
                    raise Disagreement(f"{what}: FORBIDDEN, but explained as allowed")
                return False
            raise Disagreement(f"{what}: {done['errors']}")
        answer = done["data"][what.mutation]
        self._compare(what, told, answer, spoiled)
        if answer["__typename"] != f"{kind}Payload":
            return False
        self._took(first)
        return True

    def _run_job(self, what: Job, spoiled: str | None) -> bool:
        desk, person = self.bank.desk, self.bank.people[what.who]
        told, first = self.run(desk.explain(person, what.ask)), self._next_transaction()
        answer = self.run(desk.perform(person, what.ask, uuid4().hex, what.mutation, nothing_more))
        failed = [c for c in told.checks if not c.passed]
        self._count(what, {c.rule.sentence for c in failed}, spoiled)
        said = [] if isinstance(answer, Done) else list(answer.violations)
        if said != [c.violation for c in failed]:
            raise Disagreement(f"{what}: {answer}, but explained as {[c.rule.sentence for c in failed]}")
        self._took(first)
        return isinstance(answer, Done)

    def _compare(self, what: Try, told: dict[str, Any], answer: dict[str, Any], spoiled: str | None) -> None:
        kind = answer["__typename"]
        if kind in ("InvalidInput", "NotFound", "IdempotencyConflict"):
            if not told["errors"] and told["data"]["explainCustody"] is not None:
                raise Disagreement(f"{what}: {answer}, but explained as {told}")
            return
        if told["errors"] or told["data"]["explainCustody"] is None:
            raise Disagreement(f"{what}: {answer}, but explained as {told}")
        explained = told["data"]["explainCustody"]
        failed = [c for c in explained["checks"] if not c["passed"]]
        self._count(what, {c["sentence"] for c in failed}, spoiled)
        if kind == "VersionConflict":
            agreed = any(c["code"] == "VERSION_CONFLICT" for c in failed)
        elif kind == "CustodyViolation":
            key = ("rule", "code", "recordId")
            agreed = [[v[k] for k in key] for v in answer["violations"]] == [[c[k] for k in key] for c in failed]
        else:
            agreed = explained["allowed"]
        if not agreed:
            raise Disagreement(f"{what}: {answer}, but explained as {[(c['rule'], c['code'], c['sentence']) for c in failed]}")

    def _count(self, what: Try, said: set[str], spoiled: str | None) -> None:
        """Which rules said no, and whether it was the one that was meant."""
        if len(said) == 1:
            self.coverage.alone[next(iter(said))] += 1
        self.coverage.broken.update(said)
        if said != ({spoiled} if spoiled else set()):
            self.coverage.missed[f"{what.mutation} by {what.who}: {spoiled or 'nothing'} -> {sorted(said)}"] += 1

    def _next_transaction(self) -> str:
        """Events of later transactions are younger; their ids and instants go by the bank's clock, which is set forward."""
        return str(self.run(self.bank.sql("select pg_snapshot_xmax(pg_current_snapshot())::text")))

    def _took(self, first: str) -> None:
        """Counts what was told since: also what an act brought about for others."""
        since = "select canonical, record_id from events where org_id = any($1) and transaction_id >= $2::text::xid8"
        found = self.rows(since, self.ours(), first)
        tiers = {
            r["id"]: r["tier"]
            for r in self.rows("select id, tier from archive_records where id = any($1)", [r["record_id"] for r in found])
        }
        for row in found:
            body = body_of(bytes(row["canonical"]))
            act = body["detail"].get("act") or ("REGISTER_SECOND_TIER" if body["tag"] == Tag.RECORD_REGISTERED else None)
            if act and row["record_id"] in tiers:
                start, finish = body["detail"].get("from") or "", body["detail"].get("to") or ""
                self.coverage.transitions[tiers[row["record_id"]], start, act, finish] += 1
                self.coverage.acts[tiers[row["record_id"]], act] += 1

    def check(self) -> None:
        """Invariants of domain section 4, over this bank."""
        self.run(sound(self.bank.root, self.ours()))

    def later(self, hours: int, foretold: Try | None = None) -> None:
        """Time passes; what explainCustody says of an act for then, it says then."""
        if foretold is None or isinstance(foretold, Job):
            self.bank.later(hours=hours)
            return
        at = datetime.now(UTC) + self.bank.desk.shift + timedelta(hours=hours)
        before = self._says(foretold, at.isoformat())
        self.bank.later(hours=hours)
        now = self._says(foretold, (datetime.now(UTC) + self.bank.desk.shift).isoformat())
        self.coverage.foretold += 1
        if before != now:
            raise Disagreement(f"{foretold}: explained for {hours} h later as {before}, and then as {now}")

    def _says(self, what: Try, at: str) -> Any:
        kind = f"{what.mutation[0].upper()}{what.mutation[1:]}"
        text = f"query E($i: {kind}Input!, $at: DateTime!) {{ explainCustody(act: {{ {what.mutation}: $i }}, at: $at) {{ allowed {CHECKS} }} }}"
        told = self.ask(what.who, text, i={**what.input, "idempotencyKey": "k"}, at=at)
        found = (told["data"] or {}).get("explainCustody")
        return found and [(c["rule"], c["code"], c["recordId"]) for c in found["checks"] if not c["passed"]]
