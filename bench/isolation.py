"""What row-level security costs: the same statement with the same arguments as the reader and as a superuser, whom it passes by."""

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import asyncpg

from bench import data
from bench.reads import principal_of
from schema.reading.compiler import Values
from schema.root import build_schema

ROUNDS, EACH = 15, 40
BUDGET = 2.0
QUESTIONS: dict[str, tuple[str, Callable[[int], Any]]] = {
    "point": (
        "query P($v: String!) { loan(by: {number: $v}) { number status principal { amount } customer { name } } }",
        lambda n: data.loan_number(1 + n * (data.LOANS // EACH)),
    ),
    "page": (
        "query Q($v: Date!) { loans(first: 50, sort: [{field: STARTS_ON}], where: {startsOn: {gte: $v}}) { edges { node { id number status } } } }",
        lambda n: str(date(2021, 1, 1) + timedelta(days=n * 30)),
    ),
}


@dataclass
class Ratio:
    """Medians of interleaved rounds."""

    with_ms: float
    without_ms: float
    ratio: float
    index: str


async def _timed(connection: "asyncpg.Connection[Any]", sql: str, arguments: list[list[Any]]) -> float:
    began = time.perf_counter()
    for one in arguments:
        await connection.fetchval(sql, *one)
    return (time.perf_counter() - began) / len(arguments) * 1000


def indexes(plan: Any) -> set[str]:
    """Every index that a plan reads."""
    found = {plan["Index Name"]} if "Index Name" in plan else set()
    return found.union(*(indexes(child) for child in plan.get("Plans", ())))


async def measure(bank: data.Bank) -> dict[str, Ratio]:
    """By question."""
    principal = await principal_of(bank, "officer")
    schema, secret = build_schema(), bytes.fromhex(bank.parts.secrets["cursor_secret"])
    made: dict[str, Ratio] = {}
    async with data.connected(bank.parts.reader_url) as guarded, data.connected(bank.super_url) as free:
        for connection in (guarded, free):  # as the pool of reads does; left to itself each of the two may choose another kind of plan
            await connection.execute("set plan_cache_mode = force_generic_plan")
        for name, (text, value) in QUESTIONS.items():
            document = schema.documents.get(text, None)
            arguments = []
            for n in range(EACH):
                variables = document.variables({"v": value(n)})
                plan = await document.plan(variables, principal, lambda p: p.query())
                arguments.append(plan.bound(Values(variables, principal, secret)))
            rounds = []
            for turn in range(ROUNDS + 1):
                pair = [(guarded, 0), (free, 1)]
                times = [0.0, 0.0]
                for connection, at in pair if turn % 2 else reversed(pair):
                    times[at] = await _timed(connection, plan.sql, arguments)
                rounds.append(times)
            explained = await guarded.fetchval(f"explain (format json) {plan.sql}", *arguments[0])
            used = sorted(i for i in indexes(json.loads(explained)[0]["Plan"]) if "loan" in i)
            kept = rounds[1:]
            ratio = statistics.median(a / b for a, b in kept)
            made[name] = Ratio(statistics.median(a for a, _ in kept), statistics.median(b for _, b in kept), ratio, ", ".join(used))
    return made


def run(bank: data.Bank) -> dict[str, Ratio]:
    return asyncio.run(measure(bank))
