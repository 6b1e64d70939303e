"""A small demo bank of its own for what compares reads: every kind of row, in three branches."""

from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import GraphQLSchema

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.desk import Desk
from server.settings import Settings
from storage.database import Database, Principal
from storage.objects import ObjectStore
from storage.terms import Role
from tests.harness.demo import Demo
from tests.harness.ledger import Ledger, bucket_of
from tests.reading.enriched import enrich
from tests.reading.pages import View
from tests.reading.reference import plain_schema
from tests.reading.rows import SOURCES, fetch_rows


class Bank:
    """The rows as a superuser sees them, and everybody in the bank."""

    def __init__(
        self, database: Database, root: Any, rows: dict[str, list[dict[str, Any]]], people: dict[str, Principal], now: Any, name: str
    ) -> None:
        self.database, self.root, self.rows, self.by_name, self.now, self.name = database, root, rows, people, now, name
        self.people = list(people.values())
        some = [f"{prefix}_{row['id']}" for table, prefix in SOURCES.values() for row in rows[table][:12]]
        self.ids = [*some, "junk", "loan_", "loan_0190", f"nothing_{rows['loans'][0]['id']}", f"customer_{rows['loans'][0]['id']}"]
        self.views: dict[Any, View] = {}

    def view(self, me: Principal, policies: bool = True) -> View:
        key = me.staff_id, policies
        if key not in self.views:
            self.views[key] = View(self.rows, me, self.now, policies)
        return self.views[key]


@pytest_asyncio.fixture(scope="module")
async def demo(demo: Demo, told: dict[str, Any]) -> Bank:
    """With all its rows and people at hand; its history is sealed, but for the last that happens."""
    ledger = Ledger(told, demo.name, bucket_of(told))
    await ledger.sealer.seal_all()
    ledger.bucket.close()
    await enrich(demo.root)
    rows, root = await fetch_rows(demo.root), demo.root
    roles: dict[Any, set[Role]] = {}
    for row in await root.fetch("select staff_id, role from staff_roles"):
        roles.setdefault(row["staff_id"], set()).add(Role(row["role"]))
    head = {o["id"] for o in rows["org_units"] if o["level"] == "HEAD_OFFICE"}
    people = {
        s["username"]: Principal(
            s["id"], s["org_id"], s["name"], frozenset(roles[s["id"]]), () if s["org_id"] in head else (s["org_id"],),
            s["org_id"] in head, s["staff_no"],
        )
        for s in rows["staff"]
    }  # fmt: skip
    return Bank(demo.database, root, rows, people, await root.fetchval("select now()"), demo.name)


@pytest.fixture(scope="session")
def plain(schema: ReadingSchema) -> GraphQLSchema:
    return plain_schema(schema.as_str())


@pytest.fixture
def answered(demo: Bank, schema: ReadingSchema, objects: ObjectStore) -> Any:
    async def answered(
        me: Principal, query: str, variables: dict[str, Any] | None = None, database: Database | None = None
    ) -> tuple[Any, Any]:
        context = Context(me, database or demo.database, Desk(demo.database), objects, Settings(), query=query, variables=variables or {})
        result = await schema.execute(query, variables, context)
        return orjson.loads(orjson.dumps(result.data)), result.errors

    return answered
