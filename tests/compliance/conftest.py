"""A ledger in a database of its own, and questions in somebody's name."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.settings import Settings
from storage.objects import ObjectStore
from tests.harness import servers
from tests.harness.ledger import Ledger, bucket_of
from tests.harness.world import World

Asking = Callable[..., Awaitable[Any]]
SETTINGS = Settings()


@pytest.fixture
def ledger(told: dict[str, Any]) -> Iterator[Ledger]:
    bucket = bucket_of(told)
    yield Ledger(told, servers.clone(told), bucket)
    bucket.close()


@pytest.fixture
def ask(schema: ReadingSchema, objects: ObjectStore) -> Asking:
    async def ask(bank: World, who: str, query: str, **variables: Any) -> Any:
        context = Context(bank.people[who], bank.database, bank.desk, objects, SETTINGS, query=query, variables=variables, request_id="r")
        result = await schema.execute(query, variables, context)
        assert not result.errors, result.errors
        return orjson.loads(orjson.dumps(result.data))

    return ask
