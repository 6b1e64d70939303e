"""Hostile documents on the wire: how long each is refused, and what others notice of it meanwhile. Budget: under 100 ms."""

import asyncio
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from storage.database import Database
from tests.harness import servers
from tests.harness.web import site
from tests.harness.world import World
from tests.test_limits import HOSTILE, ME

ROUNDS = 9
BUDGET_MS = 100.0


async def _timed(client: httpx.AsyncClient, body: Any) -> float:
    began = time.perf_counter()
    await client.post("/graphql", json=body)
    return (time.perf_counter() - began) * 1000


def _fresh(body: Any, number: int) -> Any:
    """The same document, yet never seen before: nothing comes from a cache."""
    return {**body, "query": f"{body['query']}\n#{number}"} if isinstance(body, dict) else body


async def _measure(made: Any, world: World) -> tuple[Table, float]:
    """The table, and the median of the document that took longest to refuse."""
    slowest = 0.0
    table = Table("Document", "refused after, ms", "slowest", "others wait, ms", title="Hostile documents, one worker, medians of 9")
    async with made.client(world.people["officer"].staff_no) as attacker, made.client(world.people["head"].staff_no) as other:
        calm = statistics.median([await _timed(other, {"query": ME}) for _ in range(50)])
        table.add_row("(none: an ordinary question)", "", "", f"{calm:.1f}")
        for name, body in HOSTILE.items():
            spent, waited = [], []
            for number in range(ROUNDS):
                attack, question = await asyncio.gather(_timed(attacker, _fresh(body, number)), _timed(other, {"query": ME}))
                spent.append(attack)
                waited.append(question)
            median = statistics.median(spent)
            slowest = max(slowest, median)
            mark = "" if median < BUDGET_MS else "  over budget"
            table.add_row(name, f"{median:.1f}{mark}", f"{max(spent):.1f}", f"{statistics.median(waited):.1f}")
    return table, slowest


async def _prepare(told: dict[str, Any], name: str) -> World:
    import asyncpg

    database = Database(servers.url(told, "app", name))
    await database.open()
    root = await asyncpg.connect(servers.url(told, "super", name))
    try:
        return await World.make(database, root)
    finally:
        await root.close()
        await database.close()


def run(console: Console) -> float:
    """Starts its own servers, prints a table; the slowest refusal in milliseconds."""
    parts = servers.Servers()
    told = parts.start()
    try:
        name = servers.clone(told)
        world = asyncio.run(_prepare(told, name))
        with TemporaryDirectory() as folder, site(told, name, Path(folder), cost_bucket="1000000000") as made:
            table, slowest = asyncio.run(_measure(made, world))
            console.print(table)
            return slowest
    finally:
        parts.stop()
