"""Pages under fire: four writers insert, delete and change the keys of the order, while others walk page by page.

A row that was there from the first page to the last, at its place in the order, is met exactly once; whatever else is met
was there at some time, and the order holds from page to page.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.desk import Desk
from server.settings import Settings
from storage.database import Database
from storage.objects import ObjectStore
from tests.harness import servers
from tests.harness.world import World

STABLE, MOVING, WRITERS, WALKERS = 120, 40, 4, 3
WALKS = [24, pytest.param(200, marks=pytest.mark.soak)]
AMOUNTS = (50_000, 100_000, 100_000, 150_000)  # many ties
PAGE = """query P($f: Int, $l: Int, $a: String, $b: String, $s: [LoanSort!]) {
  loans(first: $f, last: $l, after: $a, before: $b, sort: $s) {
    edges { node { id number principal { amount } startsOn } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
ORDERS: list[tuple[Any, Any]] = [
    ([{"field": "PRINCIPAL_AMOUNT"}], lambda n: float(n["principal"]["amount"])),
    ([{"field": "PRINCIPAL_AMOUNT", "direction": "DESC"}], lambda n: -float(n["principal"]["amount"])),
    ([{"field": "STARTS_ON"}, {"field": "PRINCIPAL_AMOUNT"}], lambda n: (n["startsOn"], float(n["principal"]["amount"]))),
    ([{"field": "NUMBER"}], lambda n: n["number"]),
]
LIKE = "insert into loans select (jsonb_populate_record(l, $2::jsonb)).* from loans l where l.id = $1"


@pytest_asyncio.fixture
async def branch(told: dict[str, Any]) -> AsyncIterator[tuple[World, str]]:
    """A bank of its own: what is torn out here would break the books of another."""
    name = await asyncio.to_thread(servers.clone, told)
    database = Database(servers.url(told, "app", name), servers.url(told, "reader", name))
    await database.open()
    root = await asyncpg.connect(servers.url(told, "super", name))
    try:
        yield await World.make(database, root), name
    finally:
        await root.close()
        await database.close()


class Writers:
    """Four at once, each with a connection of its own; they touch what is theirs and never what is stable."""

    def __init__(self, url: str, model: Any, moving: list[str]) -> None:
        self.url, self.model, self.known, self.done = url, model, set(moving), Counter[str]()
        self.running = True

    async def write(self, number: int) -> None:
        r, mine = Random(number), [i for n, i in enumerate(sorted(self.known)) if n % WRITERS == number]
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("set session_replication_role = replica")  # a loan is never deleted otherwise
            while self.running:
                await self._once(connection, r, mine)
        finally:
            await connection.close()

    async def _once(self, connection: "asyncpg.Connection[Any]", r: Random, mine: list[str]) -> None:
        act = r.choice(("insert", "delete", "change")) if mine else "insert"
        if act == "insert" and len(mine) < 2 * MOVING:
            id_ = str(await connection.fetchval("select uuidv7()"))
            self.known.add(id_)
            given = f'{{"id": "{id_}", "number": "X{r.getrandbits(60):015x}", "principal_amount": {r.choice(AMOUNTS)}}}'
            await connection.execute(LIKE, self.model, given)
            mine.append(id_)
        elif act == "delete":
            await connection.execute("delete from loans where id = $1::text::uuid", mine.pop(r.randrange(len(mine))))
        else:
            act = "change"
            sql = "update loans set principal_amount = $2, starts_on = '2024-01-01'::date + $3::int, number = $4 where id = $1::text::uuid"
            await connection.execute(sql, r.choice(mine), r.choice(AMOUNTS), r.randint(-2, 2), f"Y{r.getrandbits(60):015x}")
        self.done[act] += 1


@asynccontextmanager
async def writing(writers: Writers) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(writers.write(n)) for n in range(WRITERS)]
    try:
        yield
    finally:
        writers.running = False
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("walks", WALKS)
async def test_walks_lose_nothing_and_repeat_nothing_while_others_write(
    told: dict[str, Any], branch: tuple[World, str], schema: ReadingSchema, objects: ObjectStore, walks: int
) -> None:
    bank, name = branch
    made = [await bank.loan() for _ in range(STABLE + MOVING)]
    for n, id_ in enumerate(made):
        await bank.sql(
            "update loans set principal_amount = $2, starts_on = '2024-01-01'::date + $3::int where id = $1", id_, AMOUNTS[n % 4], n % 5 - 2
        )
    stable, writers = {str(i) for i in made[:STABLE]}, Writers(servers.url(told, "super", name), made[0], [str(i) for i in made[STABLE:]])

    async def page(variables: dict[str, Any]) -> Any:
        context = Context(bank.people["officer"], bank.database, Desk(bank.database), objects, Settings(), query=PAGE, variables=variables)
        result = await schema.execute(PAGE, variables, context)
        assert not result.errors, result.errors
        return orjson.loads(orjson.dumps(result.data))["loans"]

    async def walk(r: Random) -> None:
        sort, key = r.choice(ORDERS)
        forward, cursor, nodes, more = r.random() < 0.7, None, list[Any](), True
        while more:
            size = r.randint(1, 15)
            told = await page({"s": sort, "f": size, "a": cursor} if forward else {"s": sort, "l": size, "b": cursor})
            found = [edge["node"] for edge in told["edges"]]
            nodes = nodes + found if forward else found + nodes
            more = told["pageInfo"]["hasNextPage" if forward else "hasPreviousPage"]
            cursor = told["pageInfo"]["endCursor" if forward else "startCursor"]
        ids = [node["id"].removeprefix("loan_") for node in nodes]
        met = Counter(i for i in ids if i in stable)
        assert set(met) == stable, f"lost: {stable - set(met)}"
        assert set(met.values()) == {1}, f"repeated: {[i for i, n in met.items() if n > 1]}"
        assert {i for i in ids if i not in stable} <= writers.known
        assert [key(node) for node in nodes] == sorted(key(node) for node in nodes)

    numbers = iter(range(walks))

    async def walker() -> None:
        for number in numbers:
            await walk(Random(number))

    async with writing(writers):
        await asyncio.gather(*(walker() for _ in range(WALKERS)))
    assert min(writers.done[act] for act in ("insert", "delete", "change")) >= walks, writers.done
    print(f"paging: n={walks} walks ok, beside {dict(writers.done)}")
