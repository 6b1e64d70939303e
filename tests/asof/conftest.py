"""Fixtures: `ask`, a question to the schema by somebody of the bank."""

from typing import Any

import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.settings import Settings
from storage.objects import ObjectStore
from tests.harness.world import World


@pytest.fixture
def ask(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def ask(who: str, query: str, **variables: Any) -> Any:
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables=variables)
        result = await schema.execute(query, variables, context)
        return {"data": orjson.loads(orjson.dumps(result.data)), "errors": [e.formatted for e in result.errors or ()]}

    return ask
