"""The API, for the people of a small bank."""

import pytest

from schema.reading.answers import ReadingSchema
from storage.objects import ObjectStore
from tests.harness.world import World
from tests.stories.asking import Asking


@pytest.fixture
def api(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Asking:
    return Asking(schema, bank, objects)
