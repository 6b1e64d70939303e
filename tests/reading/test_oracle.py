"""The read compiler against a slow reference that shares nothing with it: random operations, the same answer to the last byte."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
from graphql import GraphQLSchema
from rich.console import Console
from rich.progress import Progress

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.desk import Desk
from server.demo.seed import seed
from server.settings import Settings
from storage.database import Database, Principal
from storage.objects import ObjectStore
from storage.terms import Role
from tests.harness import servers
from tests.reading.generator import Operation
from tests.reading.reference import SOURCES, View, answer, fetch_rows, plain_schema

OPERATIONS = [100, pytest.param(4_000, marks=pytest.mark.soak)]
LOANS = 120


class Bank:
    """A small demo bank of its own, and everybody in it."""

    def __init__(self, database: Database, rows: dict[str, list[dict[str, Any]]], people: list[Principal], now: Any) -> None:
        self.database, self.rows, self.people, self.now = database, rows, people, now
        some = [f"{prefix}_{row['id']}" for table, prefix in SOURCES.values() for row in rows[table][:12]]
        self.ids = [*some, "junk", "loan_", "loan_0190", f"nothing_{rows['loans'][0]['id']}", f"customer_{rows['loans'][0]['id']}"]
        self.views: dict[Any, View] = {}

    def view(self, me: Principal) -> View:
        if me.staff_id not in self.views:
            self.views[me.staff_id] = View(self.rows, me, self.now)
        return self.views[me.staff_id]


@pytest_asyncio.fixture(scope="module")
async def demo(told: dict[str, Any], objects: ObjectStore) -> AsyncIterator[Bank]:
    name = await asyncio.to_thread(servers.clone, told)
    given = {
        "database_url": servers.url(told, "app", name),
        "migration_database_url": servers.url(told, "owner", name),
        "demo_loans": LOANS,
    }
    database = Database(str(given["database_url"]))
    await database.open()
    root = await asyncpg.connect(servers.url(told, "super", name))
    await root.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    try:
        await seed(Settings(**given), database, objects, Progress(console=Console(quiet=True)))  # type: ignore[arg-type]  # read from texts
        rows = await fetch_rows(root)
        roles: dict[Any, set[Role]] = {}
        for row in await root.fetch("select staff_id, role from staff_roles"):
            roles.setdefault(row["staff_id"], set()).add(Role(row["role"]))
        head = {o["id"] for o in rows["org_units"] if o["level"] == "HEAD_OFFICE"}
        people = [
            Principal(s["id"], s["org_id"], s["name"], frozenset(roles[s["id"]]), () if s["org_id"] in head else (s["org_id"],),
                      s["org_id"] in head, s["staff_no"])
            for s in rows["staff"]
        ]  # fmt: skip
        yield Bank(database, rows, people, await root.fetchval("select now()"))
    finally:
        await root.close()
        await database.close()


@pytest.fixture(scope="session")
def plain(schema: ReadingSchema) -> GraphQLSchema:
    return plain_schema(schema.as_str())


async def _answered(demo: Bank, schema: ReadingSchema, objects: ObjectStore, me: Principal, query: str, variables: dict[str, Any]) -> Any:
    context = Context(me, demo.database, Desk(demo.database), objects, Settings(), query=query, variables=variables)
    result = await schema.execute(query, variables, context)
    return orjson.loads(orjson.dumps(result.data)), result.errors


def _difference(ours: Any, theirs: Any, path: str = "") -> str | None:
    """The first place where two answers differ; the order of members counts."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and list(ours) == list(theirs):
        return next((d for k in ours if (d := _difference(ours[k], theirs[k], f"{path}.{k}"))), None)
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return next((d for i, (x, y) in enumerate(zip(ours, theirs, strict=True)) if (d := _difference(x, y, f"{path}[{i}]"))), None)
    return None if ours == theirs and type(ours) is type(theirs) else f"{path}: {str(ours)[:200]} is not {str(theirs)[:200]}"


@pytest.mark.parametrize("count", OPERATIONS)
async def test_random_operations_are_answered_like_the_reference(
    demo: Bank, schema: ReadingSchema, plain: GraphQLSchema, objects: ObjectStore, count: int
) -> None:
    leaves = refused = 0
    for number in range(count):
        r = Random(number)
        operation, me = Operation(r, plain, demo.rows, demo.ids), r.choice(demo.people)
        ours, errors = await _answered(demo, schema, objects, me, operation.text, operation.variables)
        if errors:  # too large for the limits of a document; nothing else is refused
            assert re.search("fields|nesting|tokens|50 cond|levels", errors[0].message), (number, errors[0].message, operation.text)
            refused += 1
            continue
        theirs = answer(plain, operation.text, operation.variables, demo.view(me))
        assert not theirs.errors, (number, theirs.errors, operation.text)
        found = _difference(ours, orjson.loads(orjson.dumps(theirs.data)))
        assert found is None, (number, sorted(me.roles), found, operation.text, operation.variables)
        leaves += len(re.findall(r'":', json.dumps(ours)))
    assert refused < count / 5 and leaves > count * 20, (refused, leaves)


PAGED = """query P($first: Int, $after: String, $last: Int, $before: String, $sort: [LoanSort!], $where: LoanWhere) {
  loans(first: $first, after: $after, last: $last, before: $before, sort: $sort, where: $where) {
    totalCount totalCountCapped pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { number startsOn } } } }"""
SORTS: list[Any] = [
    None, [{"field": "NUMBER", "direction": "DESC"}], [{"field": "STARTS_ON"}], [{"field": "STARTS_ON", "direction": "DESC"}, {"field": "NUMBER"}],
    [{"field": "PRINCIPAL_AMOUNT", "direction": "DESC"}, {"field": "MATURES_ON", "direction": "DESC"}],
]  # fmt: skip


@pytest.mark.parametrize("sort", SORTS, ids=str)
@pytest.mark.parametrize("backwards", [False, True])
async def test_walking_the_pages_meets_every_row_once_both_ways(
    demo: Bank, schema: ReadingSchema, plain: GraphQLSchema, objects: ObjectStore, sort: Any, backwards: bool
) -> None:
    me = next(p for p in demo.people if Role.LOAN_OFFICER in p.roles)
    where, seen, cursor = {"status": {"in": ["ACTIVE", "SETTLED"]}}, list[str](), None
    while True:
        variables = {"sort": sort, "where": where, **({"last": 4, "before": cursor} if backwards else {"first": 4, "after": cursor})}
        ours, errors = await _answered(demo, schema, objects, me, PAGED, variables)
        assert not errors
        page = ours["loans"]
        theirs = orjson.loads(
            orjson.dumps(
                answer(
                    plain,
                    re.sub(r"cursor|startCursor|endCursor", "", PAGED).replace(
                        "{ hasNextPage hasPreviousPage   }", "{ hasNextPage hasPreviousPage }"
                    ),
                    variables,
                    demo.view(me),
                ).data
            )
        )  # one expression
        kept = {"totalCount": page["totalCount"], "totalCountCapped": page["totalCountCapped"],
                "pageInfo": {k: page["pageInfo"][k] for k in ("hasNextPage", "hasPreviousPage")},
                "edges": [{"node": e["node"]} for e in page["edges"]]}  # fmt: skip
        assert _difference(kept, theirs["loans"]) is None
        numbers = [e["node"]["number"] for e in page["edges"]]
        seen = numbers + seen if backwards else seen + numbers
        if not page["pageInfo"]["hasPreviousPage" if backwards else "hasNextPage"]:
            break
        cursor = page["pageInfo"]["startCursor" if backwards else "endCursor"]
    assert len(seen) == len(set(seen)) == page["totalCount"]
