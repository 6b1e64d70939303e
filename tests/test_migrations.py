"""The migrations run up, down and up again, and say what the code says."""

from typing import Any

import pytest
from alembic.script import ScriptDirectory

from storage import migration
from tests.harness import servers


@pytest.fixture
def empty(told: dict[str, Any]) -> str:
    return servers.url(told, "owner", servers.clone(told, empty=True))


def test_up_down_and_up_again_ends_at_the_tables_of_the_code(empty: str) -> None:
    migration.upgrade(empty)
    migration.downgrade(empty)
    migration.upgrade(empty)
    migration.check(empty)


def test_the_revision_that_a_server_asks_for_is_the_head_of_alembic() -> None:
    assert ScriptDirectory.from_config(migration.config("")).get_heads() == [migration.head()]
