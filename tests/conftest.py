"""Fixtures: `told` (addresses), `database_name` (a clone per worker), `database` (as the app), `root` (a superuser), `objects`.

The controller starts the servers and hands their addresses to the workers; nothing is left behind.
"""

import json
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from schema.reading.answers import ReadingSchema
from schema.root import build_schema
from storage.database import Database
from storage.objects import ObjectStore, StoreAddress
from tests.harness import servers
from tests.harness.books import sound
from tests.harness.demo import Demo, demo_bank
from tests.harness.door import Door
from tests.harness.world import World


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.told = json.loads(config.workerinput["told"])  # type: ignore[attr-defined]  # the run's servers travel with pytest's settings
        return
    if config.option.collectonly or config.option.help:
        return
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background ignores it, and so would every server that is started here
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # pytest itself dies of it, cleaning nothing
    config.servers = servers.Servers()  # type: ignore[attr-defined]  # the run's servers travel with pytest's settings
    config.told = config.servers.start()  # type: ignore[attr-defined]  # the run's servers travel with pytest's settings


def pytest_configure_node(node: Any) -> None:
    node.workerinput["told"] = json.dumps(node.config.told)


def pytest_unconfigure(config: pytest.Config) -> None:
    if running := getattr(config, "servers", None):
        running.stop()


@pytest.fixture(scope="session")
def told(pytestconfig: pytest.Config) -> dict[str, Any]:
    return pytestconfig.told  # type: ignore[attr-defined,no-any-return]  # the run's servers travel with pytest's settings


@pytest.fixture(scope="session")
def database_name(told: dict[str, Any]) -> str:
    return servers.clone(told)


@pytest_asyncio.fixture(scope="session")
async def database(told: dict[str, Any], database_name: str) -> AsyncIterator[Database]:
    made = Database(servers.url(told, "app", database_name), servers.url(told, "reader", database_name))
    await made.open()
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="session")
async def root(told: dict[str, Any], database_name: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(servers.url(told, "super", database_name))
    yield connection
    await sound(connection)
    await connection.close()


@pytest.fixture(scope="session")
def store_address(told: dict[str, Any]) -> StoreAddress:
    kept = told["secrets"]
    return StoreAddress(told["s3_endpoint"], kept["app_key"], kept["app_secret"], "loanfile", "loanfile-staging")


@pytest.fixture(scope="session")
def objects(store_address: StoreAddress) -> Iterator[ObjectStore]:
    made = ObjectStore(store_address)
    yield made
    made.close()


@pytest_asyncio.fixture(scope="session")
async def door(
    told: dict[str, Any], database_name: str, store_address: StoreAddress, tmp_path_factory: pytest.TempPathFactory, schema: ReadingSchema
) -> AsyncIterator[Door]:
    made = Door.of(told, database_name, store_address, tmp_path_factory.mktemp("door"), schema)
    await made.parts.database.open()
    yield made
    await made.parts.database.close()


@pytest_asyncio.fixture
async def bank(database: Database, root: "asyncpg.Connection[Any]") -> AsyncIterator[World]:
    """A fresh pair of branches; the test ends with its books, the process with those of all.

    The calendar is Monday to Friday for everybody: what a test has loaded of it, the next would meet by the order of the files.
    """
    made = await World.make(database, root)
    yield made
    await root.execute("delete from holidays")
    await sound(root, await made.units())


@pytest_asyncio.fixture(scope="module")
async def demo(told: dict[str, Any], objects: ObjectStore) -> AsyncIterator[Demo]:
    async with demo_bank(told, objects) as made:
        yield made


@pytest.fixture(scope="session")
def schema() -> ReadingSchema:
    """One schema per process: Strawberry makes only one of the same types."""
    return build_schema()
