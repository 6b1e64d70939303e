"""The stage: a bank of its own, a clock that can be moved, and one way to try an act: explained, done, compared."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import orjson

from schema.reading.answers import ReadingSchema
from server.compliance.events import body_of
from server.context import Context
from server.settings import Settings
from storage.database import Database
from storage.objects import ObjectStore
from tests.harness.books import sound
from tests.harness.world import World
from tests.model.coverage import Coverage

T = TypeVar("T")
CHECKS = "checks { passed rule code sentence recordId }"
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


class Disagreement(AssertionError):
    """explainCustody said one thing and the mutation did another."""


@dataclass
class Stage:
    """One bank on one database; everything runs on one loop."""

    runner: asyncio.Runner
    schema: ReadingSchema
    objects: ObjectStore
    bank: World
    coverage: Coverage
    settings: Settings = field(default_factory=Settings)
    kept: set[UUID] = field(default_factory=set)  # records that one chapter keeps for itself: no other asks for them
    known: dict[tuple[str, str], list[Any]] = field(default_factory=dict)  # rows, until something may have changed
    stock: dict[str, Any] = field(default_factory=dict)  # what the chapters have laid in, by name

    @classmethod
    def make(
        cls, runner: asyncio.Runner, schema: ReadingSchema, objects: ObjectStore, database: Database,
        root: "asyncpg.Connection[Any]", coverage: Coverage,
    ) -> "Stage":  # fmt: skip
        return cls(runner, schema, objects, runner.run(World.make(database, root)), coverage)

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Something that may change the bank."""
        self.known.clear()
        return self.runner.run(what)

    def sql(self, text: str, *args: Any) -> Any:
        if not text.lower().startswith("select"):
            return self.run(self.bank.sql(text, *args))
        return next((r[0] for r in self.rows(text, *args)), None)

    def rows(self, text: str, *args: Any) -> list[Any]:
        """Looked up once, until something may have changed: the plays ask the same again and again."""
        key = (text, repr(args))
        if key not in self.known:
            self.known[key] = list(self.runner.run(self.bank.root.fetch(text, *args)))
        return self.known[key]

    def ours(self) -> list[UUID]:
        """The units of this bank."""
        return [b.id for b in self.bank.branches.values()]

    def records(self) -> dict[UUID, tuple[str, str]]:
        """Tier and state of every record of this bank."""
        found = self.rows("select id, tier, state from archive_records where org_id = any($1)", self.ours())
        return {r["id"]: (r["tier"], r["state"]) for r in found}

    def ask(self, who: str, query: str, **variables: Any) -> dict[str, Any]:
        bank = self.bank
        context = Context(bank.people[who], bank.database, bank.desk, self.objects, self.settings, query=query, variables=variables)
        result = self.run(self.schema.execute(query, variables, context))
        answer: dict[str, Any] = orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))
        return answer

    def attempt(self, what: Try, spoiled: str | None = None) -> bool:
        """Explains, then does; raises Disagreement. `spoiled` names the sentence of the one rule that should say no."""
        given = {**what.input, "idempotencyKey": uuid4().hex}
        kind = f"{what.mutation[0].upper()}{what.mutation[1:]}"
        explain = f"query E($i: {kind}Input!) {{ explainCustody(act: {{ {what.mutation}: $i }}) {{ allowed {CHECKS} }} }}"
        told = self.ask(what.who, explain, i=given)
        before = self.records()
        act = f"mutation M($i: {kind}Input!) {{ {what.mutation}(input: $i) {{ __typename ... on {kind}Payload {{ events {{ id }} }} {PROBLEMS} }} }}"
        done = self.ask(what.who, act, i=given)
        if done["errors"]:
            code = done["errors"][0]["extensions"]["code"]
            if code == "FORBIDDEN":  # the field is not for the caller's roles: said before the desk is asked
                self.coverage.forbidden += 1
                return False
            raise Disagreement(f"{what}: {done['errors']}")
        answer = done["data"][what.mutation]
        self._compare(what, told, answer, spoiled)
        if answer["__typename"] != f"{kind}Payload":
            return False
        self._took(answer["events"], before)
        return True

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
        sentences = {c["sentence"] for c in failed}
        if len(sentences) == 1:
            self.coverage.alone[sentences.pop()] += 1
        for check in failed:
            self.coverage.broken[check["sentence"]] += 1
        if (said := {c["sentence"] for c in failed}) != ({spoiled} if spoiled else set()):
            self.coverage.missed[f"{what.mutation} by {what.who}: {spoiled or 'nothing'} -> {sorted(said)}"] += 1
        if kind == "VersionConflict":
            agreed = any(c["code"] == "VERSION_CONFLICT" for c in failed)
        elif kind == "CustodyViolation":
            key = ("rule", "code", "recordId")
            agreed = [[v[k] for k in key] for v in answer["violations"]] == [[c[k] for k in key] for c in failed]
        else:
            agreed = explained["allowed"]
        if not agreed:
            raise Disagreement(f"{what}: {answer}, but explained as {[(c['rule'], c['code'], c['sentence']) for c in failed]}")

    def _took(self, events: list[dict[str, str]], before: dict[UUID, tuple[str, str]]) -> None:
        ids = [UUID(e["id"].removeprefix("event_")) for e in events]
        after = self.records()
        for row in self.rows("select canonical, record_id from events where id = any($1)", ids):
            act, record = body_of(bytes(row["canonical"]))["detail"].get("act"), row["record_id"]
            if act and record in before and record in after:
                tier, start = before[record]
                self.coverage.transitions[tier, start, act, after[record][1]] += 1
                self.coverage.acts[act] += 1

    def check(self) -> None:
        """Invariants of domain section 4, over this bank."""
        self.run(sound(self.bank.root, self.ours()))

    def later(self, **delta: float) -> None:
        self.bank.later(**delta)
