"""The API, for the people of a small bank."""

import pytest

from tests.harness.door import Door
from tests.harness.world import World
from tests.stories.asking import Asking


@pytest.fixture
def api(door: Door, bank: World) -> Asking:
    return Asking(door, bank)
