"""Migration 0093 with rows: what was only put there is not hashed, what a job has read stays so, both ways."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from storage import migration
from storage.database import Database
from storage.objects import ObjectStore
from tests.harness import servers
from tests.harness.scans import stored
from tests.harness.world import World

CHECKED = "select checked_at is not null from scan_copies where scan_id = $1"
AT = "update scan_copies c set checked_at = s.stored_at + $2 from scans s where s.id = c.scan_id and c.scan_id = $1"


@pytest.fixture
def fresh(told: dict[str, Any]) -> str:
    return servers.clone(told)


async def test_copies_that_nobody_has_read_are_told_from_those_that_were(told: dict[str, Any], fresh: str, objects: ObjectStore) -> None:
    database, root = Database(servers.url(told, "app", fresh)), await asyncpg.connect(servers.url(told, "super", fresh))
    await database.open()
    bank = await World.make(database, root)
    (paper,) = await bank.papers()
    put, read = [await stored(bank, objects, paper) for _ in range(2)]
    await bank.sql(AT, read, timedelta(seconds=1))
    await database.close()
    owner = servers.url(told, "owner", fresh)
    await asyncio.to_thread(migration.downgrade, owner, "0098")
    assert [await root.fetchval(CHECKED, scan) for scan in (put, read)] == [True, True]
    await root.execute(AT, put, timedelta(0))  # as it was written until then
    await asyncio.to_thread(migration.upgrade, owner)
    assert [await root.fetchval(CHECKED, scan) for scan in (put, read)] == [False, True]
    await root.close()
