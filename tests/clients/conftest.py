"""What the clients of others are tried on: a server on a demo bank, the tools from npm, and the examples as a team would copy them."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from server.demo.showcase import loan_number
from storage.objects import ObjectStore
from tests.harness import node
from tests.harness.demo import Demo, demo_bank
from tests.harness.web import Site, site

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
EXAMPLES = ROOT / "examples"
SCHEMA = ROOT / "tests" / "golden" / "schema.graphql"
SECONDS_MAX = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.clients)


@dataclass
class Tools:
    """Runs what npm installed."""

    node: node.Node

    def run(self, argv: list[str], cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A program of `node_modules/.bin`, or a script for `node`."""
        program = str(self.node.program) if argv[0] == "node" else str(self.node.folder / "node_modules" / ".bin" / argv[0])
        given = self.node.environment | environment
        return subprocess.run([program, *argv[1:]], cwd=cwd, env=given, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)

    def passes(self, argv: list[str], cwd: Path, **environment: str) -> str:
        """Its output; it must end well."""
        done = self.run(argv, cwd, **environment)
        assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def copied(self, source: Path, name: str) -> Path:
        """A folder of ours, with the SDL, where the packages are found."""
        folder = self.node.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        shutil.copy(SCHEMA, folder / "schema.graphql")
        return folder


@pytest.fixture(scope="session")
def tools() -> Tools:
    return Tools(node.installed("clients", HERE / "npm", ("package.json", "package-lock.json", ".npmrc", "audit.mjs")))


@pytest.fixture(scope="session")
def typescript(tools: Tools) -> Path:
    """The TypeScript example, generated and compiled."""
    folder = tools.copied(EXAMPLES / "typescript", "typescript")
    tools.passes(["graphql-codegen", "--config", "codegen.ts"], folder)
    tools.passes(["tsc"], folder)
    return folder


@pytest_asyncio.fixture(scope="module")
async def demo(told: dict[str, Any], objects: ObjectStore) -> AsyncIterator[Demo]:
    """One that opens now: the examples act within the minutes that they have."""
    async with demo_bank(told, objects, of_now=True) as made:
        yield made


@pytest.fixture(scope="module")
def served(told: dict[str, Any], demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(told, demo.name, tmp_path_factory.mktemp("clients"), cost_bucket="1000000000") as made:
        yield made


@pytest_asyncio.fixture
async def shelved(demo: Demo) -> str:
    """Number of a loan whose volume lies on the shelf, in the branch of the demo people, untouched by the showcases."""
    found = await demo.root.fetchval(
        "select l.number from archive_records r join loans l on l.id = r.primary_loan_id join staff s on s.org_id = r.org_id"
        " where s.username = 'loan-officer' and r.tier = 'SECOND' and r.state = 'FILED' and l.number <> $1"
        " and not exists (select from movements c where c.record_id = r.id) and not exists (select from request_lines q where q.record_id = r.id)"
        " order by l.number desc limit 1",
        loan_number(1),
    )
    assert found
    return str(found)
