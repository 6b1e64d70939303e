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


@dataclass
class Demo:
    """Its database, as the app and as a superuser."""

    name: str
    database: Database
    root: "asyncpg.Connection[Any]"


@asynccontextmanager
async def demo_bank(told: dict[str, Any], objects: ObjectStore) -> AsyncIterator[Demo]:
    name = await asyncio.to_thread(servers.clone, told)
    given: dict[str, Any] = {"database_url": servers.url(told, "app", name), "migration_database_url": servers.url(told, "owner", name)}
    database = Database(given["database_url"], servers.url(told, "reader", name))
    await database.open()
    root = await asyncpg.connect(servers.url(told, "super", name))
    await root.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    try:
        await seed(Settings(**given, demo_loans=DEMO_LOANS_MIN), database, objects, Progress(console=Console(quiet=True)))
        yield Demo(name, database, root)
    finally:
        await root.close()
        await database.close()
