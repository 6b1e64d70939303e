"""The tools that front-end teams build with take the schema as it is, and the server speaks to what they made."""

import asyncio
import contextlib
import json
import queue
import shutil
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from schema.graphiql.examples import due_on
from server.demo.showcase import LOAN
from tests.clients.conftest import EXAMPLES, HERE, ROOT, SCHEMA, Tools
from tests.harness.demo import Demo
from tests.harness.web import Site, site

RELEASED = ROOT / "docs" / "api" / "released.graphql"
WAIT_SECONDS = 30
RECORDED = ROOT / "docs" / "api" / "breaking.txt"


def test_the_audit_of_graphql_over_http_passes_whole(tools: Tools, served: Site) -> None:
    told = json.loads(tools.passes(["node", "audit.mjs", f"{served.address}/graphql", served.token("loan-officer")], tools.node.folder))
    assert [a for a in told if a["status"] != "ok"] == [], [(a["name"], a["reason"]) for a in told if a["status"] != "ok"]
    assert len(told) == 61


def test_the_example_pins_what_is_tested_here() -> None:
    def pins(path: Path) -> dict[str, str]:
        found = json.loads((path / "package.json").read_text("utf-8"))
        return {**found["dependencies"], **found["devDependencies"]}

    tested = pins(HERE / "npm")
    assert pins(EXAMPLES / "typescript").items() <= tested.items()


def test_relay_compiles_nodes_connections_mutations_and_subscriptions(tools: Tools) -> None:
    folder = tools.copied(HERE / "relay", "relay")
    told = tools.passes(["relay-compiler", "relay.config.json"], folder)
    made = {path.name for path in (folder / "src" / "__generated__").iterdir()}
    assert {"LoanPageQuery.graphql.ts", "LoanPageRecordsQuery.graphql.ts", "LoanPageRecordQuery.graphql.ts"} <= made, told


def test_documents_and_schema_pass_the_linter(tools: Tools, typescript: Path) -> None:
    tools.passes(["eslint", "--max-warnings", "0", "."], typescript)
    folder = tools.copied(HERE / "lint", "lint")
    tools.passes(["eslint", "--max-warnings", "0", "schema.graphql"], folder)


def test_nothing_that_was_released_is_broken_unrecorded(tools: Tools) -> None:
    shutil.copy(RELEASED, tools.node.folder / "released.graphql")
    shutil.copy(SCHEMA, tools.node.folder / "schema.graphql")
    told = tools.run(["graphql-inspector", "diff", "released.graphql", "schema.graphql"], tools.node.folder)
    broken = {line.partition("✖")[2].strip() for line in told.stdout.splitlines() if "✖" in line}
    assert told.returncode == bool(broken), told.stdout + told.stderr
    recorded = {line for line in RECORDED.read_text("utf-8").splitlines() if line and not line.startswith("#")}
    assert broken == recorded


def main(tools: Tools, typescript: Path, served: Site, person: str, *argv: str, **environment: str) -> str:
    given = {"LOANFILE_URL": f"{served.address}/graphql", "LOANFILE_TOKEN": served.token(person), **environment}
    return tools.passes(["node", "dist/main.js", *argv], typescript, **given)


def test_the_example_shows_a_loan_file(tools: Tools, typescript: Path, served: Site) -> None:
    told = main(tools, typescript, served, "loan-officer", "file", LOAN)
    assert told.startswith(LOAN) and "V000000010" in told
    assert "no loan nothing" in main(tools, typescript, served, "loan-officer", "file", "nothing")


def test_the_example_hands_out_and_tells_what_a_rule_says(tools: Tools, typescript: Path, served: Site) -> None:
    due = str(due_on(datetime.now(UTC).date()))
    refused = main(tools, typescript, served, "archivist", "out", "V000000010", "2020-01-01")
    assert "C21 LOAN_TERM_EXCEEDED" in refused
    assert "CHECKED_OUT" in main(tools, typescript, served, "archivist", "out", "V000000010", due)
    assert "C15 INVALID_TRANSITION" in main(tools, typescript, served, "archivist", "out", "V000000010", due)


ASK = """mutation ($i: RequestCheckoutInput!) { requestCheckout(input: $i) { __typename } }"""
CANCEL = """mutation ($i: CancelRequestInput!) { cancelRequest(input: $i) { __typename ... on Problem { code message } } }"""


class Watching:
    """The example's `watch`, running."""

    def __init__(self, tools: Tools, folder: Path, served: Site, after: str = "") -> None:
        given = {"LOANFILE_URL": f"{served.address}/graphql", "LOANFILE_TOKEN": served.token("loan-officer")}
        argv = [str(tools.node.program), "dist/main.js", "watch", after]
        self.process = subprocess.Popen(argv, cwd=folder, env=tools.node.environment | given, stdout=subprocess.PIPE, text=True)
        self.lines: queue.Queue[list[str]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.split())

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


async def asked(served: Site, demo: Demo, number: str) -> str:
    """A request for the volume of a loan, cancelled again; the volume's number."""
    row = await demo.root.fetchrow(
        "select r.id, r.archive_no from archive_records r join loans l on l.id = r.primary_loan_id where l.number = $1 and r.tier = 'SECOND'",
        number,
    )
    assert row
    async with served.client("loan-officer") as client:
        given = {"recordIds": [f"record_{row['id']}"], "purpose": "AUDIT", "idempotencyKey": uuid4().hex}
        told = (await client.post("/graphql", json={"query": ASK, "variables": {"i": given}})).json()
        assert told["data"]["requestCheckout"]["__typename"] == "RequestCheckoutPayload", told
        request = await demo.root.fetchval("select request_id from request_lines where record_id = $1 order by request_id desc", row["id"])
        cancel = {"requestId": f"request_{request}", "expectedVersion": "1", "reason": "不用了", "idempotencyKey": uuid4().hex}
        told = (await client.post("/graphql", json={"query": CANCEL, "variables": {"i": cancel}})).json()
        assert told["data"]["cancelRequest"]["__typename"] == "CancelRequestPayload", told
    return str(row["archive_no"])


async def test_the_example_watches_and_goes_on_after_its_cursor(
    tools: Tools, typescript: Path, served: Site, demo: Demo, shelved: str
) -> None:
    first = Watching(tools, typescript, served)
    try:
        for _ in range(WAIT_SECONDS):  # until the socket listens, nothing is told
            await asked(served, demo, shelved)
            with contextlib.suppress(queue.Empty):
                cursor = (await asyncio.to_thread(first.lines.get, timeout=1))[0]
                break
    finally:
        first.stop()
    seen = [cursor]
    while not first.lines.empty():
        seen.append(first.lines.get()[0])
    no = await asked(served, demo, shelved)
    second = Watching(tools, typescript, served, cursor)
    try:
        told = [await asyncio.to_thread(second.lines.get, timeout=WAIT_SECONDS) for _ in range(len(seen) + 1)]
    finally:
        second.stop()
    assert [line[0] for line in told[: len(seen) - 1]] == seen[1:]
    assert told[-1][1:3] == ["record:request_checkout:done", no] or told[-1][2] == no


def test_trusted_documents_are_sent_by_their_hash(
    tools: Tools, typescript: Path, told: dict[str, Any], demo: Demo, tmp_path: Path, served: Site
) -> None:
    manifest = str(typescript / "src" / "generated" / "persisted-documents.json")
    with site(told, demo.name, tmp_path, trusted_documents=manifest) as trusting:
        assert main(tools, typescript, trusting, "loan-officer", "file", LOAN, LOANFILE_TRUSTED="true").startswith(LOAN)
    given = {"LOANFILE_URL": f"{served.address}/graphql", "LOANFILE_TOKEN": served.token("loan-officer"), "LOANFILE_TRUSTED": "true"}
    refused = tools.run(["node", "dist/main.js", "file", LOAN], typescript, **given)
    assert refused.returncode and "BAD_REQUEST" in refused.stderr
