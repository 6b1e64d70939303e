"""The cycle of the second tier (checkOut, presentReturn, acceptReturn, approved beforehand) with the ledger and without, in turn.

Both servers are the whole production path on one durable PostgreSQL, each with a database of its own; a round takes each through
the same number of cycles, one act after the other, by 64 clients.
"""

import asyncio
import json
import random
import shutil
import statistics
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from rich.console import Console
from rich.progress import Progress

from bench.data import CACHE
from bench.load import Load
from storage import migration
from storage.database import Database
from storage.embedded import Embedded
from storage.terms import Tier
from tests.harness.web import Site, site
from tests.harness.world import FINE, World

CLIENTS, ROUNDS, CYCLES, RECORDS = 64, 7, 200, 10_000
VOLUMES_AT_ONCE = 250
BUDGET = 0.60
VARIANTS = {"with": ("server.cli",), "without": ("bench.ledger_off",)}
ACTS = ("checkOut", "presentReturn", "acceptReturn")
CLOSED = "select count(*) from movements where closed_at is not null and out_at is not null"


@dataclass
class Side:
    """One server, its bank, and what was measured of it."""

    site: Site
    database: Database
    root: "asyncpg.Connection[Any]"
    bank: World
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    volumes: list[UUID] = field(default_factory=list)  # all of them on the shelf; a round takes some from anywhere
    rates: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)

    async def fill(self, told: Callable[[int], None]) -> None:
        """10,000 volumes, as many to choose from as the budget is for."""
        while len(self.volumes) < RECORDS:
            self.volumes += await self.bank.volumes(VOLUMES_AT_ONCE)
            told(VOLUMES_AT_ONCE)
        await self.root.execute("analyze")

    async def prepared(self) -> dict[str, list[tuple[str, dict[str, str], str]]]:
        """Requests of one round: volumes on the shelf, asked for and approved."""
        volumes = random.sample(self.volumes, CYCLES)
        codes = {
            r["id"]: r["barcode"] for r in await self.root.fetch("select id, barcode from archive_records where id = any($1)", volumes)
        }
        headers = {"authorization": f"Bearer {self.site.token(self.bank.people['archivist'].staff_no)}"}
        officer = f"staff_{self.bank.people['officer'].staff_id}"
        made: dict[str, list[tuple[str, dict[str, str], str]]] = {name: [] for name in ACTS}
        for volume in volumes:
            request = await self.bank.approved([volume], tier=Tier.SECOND)
            given = {
                "checkOut": {"requestId": f"request_{request}", "barcodes": [codes[volume]], "dueOn": str(self.bank.due(3))},
                "presentReturn": {"barcodes": [codes[volume]], "broughtById": officer},
                "acceptReturn": {"inspections": [_fine(volume)]},
            }
            for name, input_ in given.items():
                made[name].append(("/graphql", headers, _body(name, input_)))
        return made


def _fine(volume: UUID) -> dict[str, Any]:
    names = {n: n.split("_")[0] + "".join(p.capitalize() for p in n.split("_")[1:]) for n in FINE}
    return {"recordId": f"record_{volume}", "pagesCounted": 3, **{names[n]: v for n, v in FINE.items()}}


def _body(name: str, input_: dict[str, Any]) -> str:
    kind = f"{name[0].upper()}{name[1:]}"
    text = f"mutation ($i: {kind}Input!) {{ {name}(input: $i) {{ __typename ... on {kind}Payload {{ records {{ id state }} events {{ id }} }} }} }}"
    return json.dumps({"query": text, "variables": {"i": {**input_, "idempotencyKey": uuid4().hex}}})


@contextmanager
def _sides() -> Iterator[dict[str, Side]]:
    home = CACHE / "desk"
    shutil.rmtree(home, ignore_errors=True)
    embedded = Embedded(home / "home", durable=True)
    with embedded as parts, asyncio.Runner() as runner, ExitStack() as stack:
        postgres = embedded.postgres
        assert postgres is not None
        told = {"sockets": str(embedded.sockets), "secrets": parts.secrets, "s3_endpoint": parts.store.endpoint}
        made: dict[str, Side] = {}
        for name, program in VARIANTS.items():
            database = f"desk_{name}"
            postgres._prepare(database)
            migration.upgrade(postgres.url("migrate", database))
            served = stack.enter_context(site(told, database, home / name, program=program, cost_bucket="1000000000"))
            opened = Database(postgres.url("app", database))
            runner.run(opened.open())
            root = runner.run(asyncpg.connect(f"postgresql://postgres:{parts.secrets['super']}@/{database}?host={embedded.sockets}"))
            made[name] = Side(served, opened, root, runner.run(World.make(opened, root)), runner.run)
        yield made
        for side in made.values():
            runner.run(side.root.close())
            runner.run(side.database.close())


def measure(load: Load, console: Console) -> dict[str, Any]:
    """Rounds in turn; raises when a cycle was not closed."""
    with _sides() as sides, Progress(console=console, transient=True) as progress:
        task = progress.add_task("volumes", total=RECORDS * len(sides))
        for side in sides.values():
            side.run(side.fill(lambda n: progress.advance(task, n)))
        task = progress.add_task("desk", total=ROUNDS * len(sides))
        for number in range(ROUNDS):
            for name, side in sides.items():
                _round(load, side, f"{name}-{number}")
                progress.advance(task)
        ratios = [a / b for a, b in zip(sides["with"].rates, sides["without"].rates, strict=True)]
        return {
            "vs_ledger_off": round(statistics.median(ratios), 3),
            "vs_ledger_off_spread": f"{min(ratios):.2f} to {max(ratios):.2f}",
            "cycles_per_second": round(statistics.median(sides["with"].rates), 1),
            "p99_ms": round(statistics.median(sides["with"].p99_ms), 1),
        }


def _round(load: Load, side: Side, name: str) -> None:
    run = side.run
    requests = run(side.prepared())
    before = run(side.root.fetchval(CLOSED))
    seconds, slowest = 0.0, 0.0
    for act in ACTS:
        load.keep(f"{name}-{act}", int(side.site.address.rpartition(":")[2]), requests[act])
        told = load.run(f"{name}-{act}", seconds=None, clients=CLIENTS)
        seconds += told["asked"] / told["per_second"]
        slowest = max(slowest, told["p99_ms"])
    closed = run(side.root.fetchval(CLOSED)) - before
    if closed != CYCLES:
        raise RuntimeError(f"{name}: {closed} of {CYCLES} cycles were closed")
    side.rates.append(CYCLES / seconds)
    side.p99_ms.append(slowest)
