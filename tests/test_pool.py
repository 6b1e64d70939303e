"""10,000 requests through the pools, some cancelled and some failing: no caller stays behind, no transaction stays open."""

import asyncio
from random import Random
from typing import Any

import pytest

from storage.database import Database
from tests.harness import servers
from tests.harness.world import World

REQUESTS = [800, pytest.param(10_000, marks=pytest.mark.soak)]
WHO = "select current_setting('app.staff', true), pg_current_xact_id_if_assigned() is not null"
AT_ONCE = 40


class Broken(Exception):
    """What a use case may raise."""


@pytest.mark.parametrize("requests", REQUESTS)
async def test_no_caller_and_no_transaction_stays_in_a_pooled_connection(
    told: dict[str, Any], database_name: str, bank: World, requests: int
) -> None:
    database = Database(servers.url(told, "app", database_name), writers_max=4, readers_max=4)
    await database.open()
    people, r = list(bank.people.values()), Random(1)
    leaked, ended = list[Any](), {"done": 0, "cancelled": 0, "raised": 0}

    async def one(fate: float) -> None:
        me = r.choice(people)
        async with database.transaction(me) as conn:
            seen = await conn.raw.fetchval("select current_setting('app.staff')")
            if seen != str(me.staff_id):
                leaked.append(seen)
            if fate < 0.14:
                raise Broken
            await conn.raw.execute("select pg_sleep($1)", r.random() / 500)
        async with database.readers.acquire() as raw:  # a read sets its caller inside its one statement
            await raw.fetchval("select case when set_config('app.staff', $1, true) is not null then 1 end", str(me.staff_id))

    async def fated() -> None:
        fate = r.random()
        task = asyncio.create_task(one(fate))
        if fate > 0.8:
            await asyncio.sleep(r.random() / 1000)
            task.cancel()
        try:
            await task
            ended["done"] += 1
        except asyncio.CancelledError:
            ended["cancelled"] += 1
        except Broken:
            ended["raised"] += 1

    async def check(pool: Any) -> None:
        async with pool.acquire() as raw:
            staff, open_ = await raw.fetchrow(WHO)
            if staff or open_ or raw.is_in_transaction():
                leaked.append((staff, open_))

    try:
        for _ in range(requests // AT_ONCE):
            await asyncio.gather(*(fated() for _ in range(AT_ONCE)))
            await asyncio.gather(*(check(pool) for pool in (database.writers, database.readers) for _ in range(4)))
    finally:
        await database.close()
    assert leaked == [] and sum(ended.values()) == requests
    assert ended["cancelled"] > requests / 10 and ended["raised"] > requests / 20, ended
    idle = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"
    assert await bank.sql(idle) == 0
