"""A demo bank in a database of its own: three branches with every kind of row, as `make run` opens with."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import Progress

from server.demo.seed import seed
from server.settings import DEMO_LOANS_MIN, Settings
from storage.database import Database
from storage.objects import ObjectStore
from tests.harness import servers

TEMPLATE = "template_demo"


@dataclass
class Demo:
    """Its database, as the app and as a superuser."""

    name: str
    database: Database
    root: "asyncpg.Connection[Any]"


@asynccontextmanager
async def demo_bank(told: dict[str, Any], objects: ObjectStore, *, of_now: bool = False) -> AsyncIterator[Demo]:
    """A copy of the one that is made once a run, or one that opens now: what waits for a second person waits for minutes."""
    name = await _new(told, objects) if of_now else await _copied(told, objects)
    database = Database(servers.url(told, "app", name), servers.url(told, "reader", name))
    await database.open()
    root = await asyncpg.connect(servers.url(told, "super", name))
    await root.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    try:
        yield Demo(name, database, root)
    finally:
        await root.close()
        await database.close()


async def _new(told: dict[str, Any], objects: ObjectStore) -> str:
    name = await asyncio.to_thread(servers.clone, told)
    given: dict[str, Any] = {"database_url": servers.url(told, "app", name), "migration_database_url": servers.url(told, "owner", name)}
    database = Database(given["database_url"], servers.url(told, "reader", name))
    await database.open()
    try:
        await seed(Settings(**given, demo_loans=DEMO_LOANS_MIN), database, objects, Progress(console=Console(quiet=True)))
    finally:
        await database.close()
    return name


async def _copied(told: dict[str, Any], objects: ObjectStore) -> str:
    root = await asyncpg.connect(servers.url(told, "super", "postgres"))
    try:
        await root.execute("select pg_advisory_lock(hashtext($1))", TEMPLATE)  # the first worker makes it, the others wait
        if not await root.fetchval("select exists (select from pg_database where datname = $1)", TEMPLATE):
            await asyncio.to_thread(servers.keep_as_template, told, await _new(told, objects), TEMPLATE)
    finally:
        await root.close()
    return await asyncio.to_thread(servers.clone, told, template=TEMPLATE)
