"""`loanfile retention` and `loanfile fixity` as an operator meets them: one line for each thing that is wrong, and a status."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from storage.database import Database
from storage.objects import ObjectStore
from tests.harness import servers
from tests.harness.scans import stored
from tests.harness.stores import OwnStore, own_store
from tests.harness.web import NOBODY, START_SECONDS_MAX, outer_environment
from tests.harness.world import World


@dataclass
class Archive:
    """A bank in a database of its own, and a store of its own."""

    bank: World
    objects: ObjectStore
    environment: dict[str, str]

    async def says(self, *command: str, **changed: str) -> tuple[int, list[str], str]:
        """Status, lines of the answer, lines of the log."""
        environment = outer_environment() | self.environment | changed

        def run() -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [sys.executable, "-m", "server.cli", *command], env=environment, capture_output=True, text=True, timeout=START_SECONDS_MAX
            )

        done = await asyncio.to_thread(run)
        return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    with own_store(tmp_path_factory.mktemp("disk")) as made:
        yield made


@pytest.fixture(scope="module")
def fresh(told: dict[str, Any]) -> str:
    return servers.clone(told)


@pytest_asyncio.fixture
async def archive(told: dict[str, Any], fresh: str, disk: OwnStore) -> AsyncIterator[Archive]:
    database, objects = Database(servers.url(told, "app", fresh)), ObjectStore(disk.address)
    await database.open()
    root = await asyncpg.connect(servers.url(told, "super", fresh))
    settings = {f"LOANFILE_{name.upper()}": str(value) for name, value in disk.settings.items()}
    yield Archive(await World.make(database, root), objects, settings | {"LOANFILE_DATABASE_URL": servers.url(told, "app", fresh)})
    objects.close()
    await root.close()
    await database.close()


async def test_retention_names_the_lock_that_was_moved_and_puts_it_right(archive: Archive) -> None:
    (paper,) = await archive.bank.papers()
    scans = [await stored(archive.bank, archive.objects, paper) for _ in range(3)]
    assert (await archive.says("retention"))[:2] == (0, ["0 differ"])
    version = await archive.bank.sql("select object_version_id from scans where id = $1", scans[1])
    await archive.objects.locked.hold(f"scans/{scans[1]}", version, on=False)
    status, lines, log = await archive.says("retention")
    assert status == 1 and len(lines) == 2 and lines[1] == "1 differ"
    assert lines[0].startswith(f"scans/{scans[1]} version {version} (first bucket): due ")
    assert ", held, found " in lines[0] and lines[0].endswith(", not held, put right") and '"kind": "SCAN_LOCK_DRIFTED"' in log
    assert (await archive.says("retention"))[:2] == (0, ["0 differ"])


async def test_fixity_names_what_is_bad_until_it_is_healed(archive: Archive, disk: OwnStore) -> None:
    (paper,) = await archive.bank.papers()
    body = b"as it was scanned" * 100
    scan = await stored(archive.bank, archive.objects, paper, body)
    status, (line,), _ = await archive.says("fixity")
    assert (status, line.startswith("0 bytes"), line.endswith(" bytes hashed, 0 bad, 0 not healed")) == (0, False, True), "what is new"
    assert (await archive.says("fixity"))[:2] == (0, ["0 bytes hashed, 0 bad, 0 not healed"])
    assert disk.damage({body: b"?" * len(body)}) == 1
    status, lines, log = await archive.says("fixity", "--everything")
    assert (
        status == 1
        and lines[0].startswith(f"scans/{scan} version ")
        and lines[0].endswith(", not healed")
        and '"kind": "SCAN_DAMAGED"' in log
    )
    assert lines[1].endswith(" 1 bad, 1 not healed")
    assert (await archive.says("fixity"))[:2] == (1, [lines[0], f"{len(body)} bytes hashed, 0 bad, 1 not healed"]), "it is judged again"


@pytest.mark.parametrize("command", ["retention", "fixity"])
async def test_what_keeps_it_from_looking_is_one_line(archive: Archive, command: str) -> None:
    nowhere = {"LOANFILE_S3_ENDPOINT": f"http://{NOBODY}"}
    for changed, named in ((nowhere, "LOANFILE_S3_ENDPOINT"), ({"LOANFILE_DATABASE_URL": ""}, "LOANFILE_DATABASE_URL")):
        status, lines, said = await archive.says(command, **changed)
        assert (status, lines) == (1, []) and said.startswith("loanfile: ") and named in said and said.count("\n") == 1, said
