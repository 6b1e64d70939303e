"""A process dies at each of six points of an upload; then every scan has its object or none, and nothing is left over.

Processes of their own, that end by os._exit; the store is one of this file's own, so that all that lies in it can be looked at.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from server.demo.names import small_pdf
from server.failpoints import DEAD
from server.jobs import Jobs
from server.scans.reconciling import Reconciler
from server.scans.storing import Storing
from storage.database import Database, Principal
from storage.objects import ObjectStore
from storage.terms import Role
from tests.harness import servers
from tests.harness.stores import OwnStore, own_store
from tests.harness.web import END_SECONDS_MAX, outer_environment
from tests.harness.world import World

# Where it dies, and what becomes of the scan: without anyone's word that the bytes are there it ends, with it it goes on.
POINTS = {
    "scan_registered": "EXPIRED",
    "during_the_put": "EXPIRED",
    "after_the_put": "EXPIRED",
    "scan_confirmed": "STORED",
    "scan_checked": "STORED",
    "scan_promoted": "STORED",
    "scan_stored": "STORED",
}
TIMES, TIMES_SOAKED = 5, 50
RUNS = 5


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    with own_store(tmp_path_factory.mktemp("store")) as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def house(told: dict[str, Any], store: OwnStore) -> AsyncIterator[tuple[World, ObjectStore, dict[str, Any]]]:
    """A bank in a database of its own, whose scans are all that the store has."""
    name = await asyncio.to_thread(servers.clone, told)
    url = servers.url(told, "app", name)
    database, root, objects = Database(url), await asyncpg.connect(servers.url(told, "super", name)), ObjectStore(store.address)
    await database.open()
    a = store.address
    where = {"url": url, "store": [a.endpoint, a.access_key, a.secret_key, a.locked_bucket, a.staging_bucket]}
    yield await World.make(database, root), objects, where
    objects.close()
    await root.close()
    await database.close()


@pytest.fixture(scope="module")
def crasher() -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.scans.crasher"]
    folder = Path(__file__).parents[2]
    process = subprocess.Popen(
        command, cwd=folder, env=outer_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    yield process
    assert process.stdin and process.stdout
    process.stdin.close()
    process.stdout.close()
    assert process.wait(END_SECONDS_MAX) == 0


def crash(crasher: "subprocess.Popen[str]", **told: Any) -> int:
    assert crasher.stdin and crasher.stdout
    crasher.stdin.write(json.dumps(told) + "\n")
    return int(crasher.stdout.readline())


async def crash_and_reconcile(house: tuple[World, ObjectStore, dict[str, Any]], crasher: Any, times: int) -> None:
    bank, objects, where = house
    officer = bank.people["officer"]
    expected: dict[UUID, str] = {}
    for point, end in POINTS.items():
        for paper in await bank.papers(times):
            status = await asyncio.to_thread(
                crash, crasher, **where, point=point, staff=str(officer.staff_id), org=str(officer.org_id), record=str(paper),
                body=small_pdf(uuid4().hex).hex(), key=uuid4().hex,
            )  # fmt: skip
            assert status == DEAD, point
            expected[paper] = end
    await bank.sql("update scans set upload_expires_at = now() where status = 'REGISTERED' and confirmed_at is null")

    core = bank.people["core"]
    by = Principal(core.staff_id, core.org_id, core.name, frozenset({Role.SYSTEM}), (), True)
    late = datetime.now(UTC) + timedelta(minutes=1)
    keepers = [Reconciler(Storing(bank.database, objects), by) for _ in range(2)]  # two workers at once
    for _ in range(RUNS):  # as the clock comes round: one run takes so many and no more
        await asyncio.gather(*(keeper.run(confirmed_before=late, staged_before=late) for keeper in keepers))

    rows = await bank.root.fetch("select * from scans where record_id = any($1)", list(expected))
    assert Counter((row["record_id"], row["status"]) for row in rows) == Counter(expected.items())
    for row in rows:
        if row["status"] == "STORED":
            found = await objects.locked.digest(row["object_key"], row["object_version_id"])
            assert found is not None and found.sha256 == row["sha256"]
    assert await keepers[0].unexplained() == []
    kept, _ = await objects.locked.versions("scans/", None)
    assert len(kept) == await bank.sql("select count(*) from scans where status = 'STORED'")
    assert await objects.staging.keys("staged/") == [] and await objects.parts.open("staged/") == []
    events = await bank.root.fetch("select subject_id, count(*) from events where tag = 'scan:store:done' group by 1")
    assert {n for _, n in events} == {1}


async def test_after_a_crash_at_any_point_each_scan_has_its_object_or_neither(house: Any, crasher: Any) -> None:
    await crash_and_reconcile(house, crasher, TIMES)


@pytest.mark.soak
async def test_after_fifty_crashes_at_each_point_too(house: Any, crasher: Any) -> None:
    await crash_and_reconcile(house, crasher, TIMES_SOAKED)


async def test_an_object_that_no_scan_pins_is_reported_and_stays(house: tuple[World, ObjectStore, dict[str, Any]], store: OwnStore) -> None:
    bank, objects, _ = house
    core = bank.people["core"]
    keeper = Reconciler(Storing(bank.database, objects), Principal(core.staff_id, core.org_id, core.name, core.roles, (), True))
    key = f"scans/{uuid4()}"
    version = objects.client.s3.put_object(Bucket=store.address.locked_bucket, Key=key, Body=b"who brought this?")["VersionId"]
    assert await keeper.unexplained() == [f"{key}@{version}"]
    assert await Jobs(bank.desk, keeper.by, objects).audit() == 1
    assert await bank.sql("select told from alarms where kind = 'OBJECT_UNEXPLAINED' and cleared_at is null") == f"{key}@{version}"
    late = datetime.now(UTC) + timedelta(minutes=1)
    await keeper.run(confirmed_before=late, staged_before=late)
    assert await keeper.unexplained() == [f"{key}@{version}"]
