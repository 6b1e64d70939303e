"""Clients from Python: a typed one made from the schema, one for scripts over HTTP and a socket, and one that tries everything."""

import math
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from graphql import build_schema

from server.demo.showcase import LOAN
from tests.clients.conftest import EXAMPLES, HERE, SCHEMA, SECONDS_MAX
from tests.harness import node
from tests.harness.web import Site

EXAMPLES_TRIED = 1_000
ROUND_TRIP = ["approved", "handed out CHECKED_OUT · sent twice, done once: True", "presented RETURN_PENDING", "accepted FILED"]
LOAN_FILE = gql("query ($n: String!) { loan(by: { number: $n }) { number archiveRecords(first: 5) { edges { node { barcode } } } } }")


def plain() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("LOANFILE_", "PG", "PYTHON"))}


def passes(argv: list[str], cwd: Path, **environment: str) -> str:
    given = plain() | environment
    done = subprocess.run(argv, cwd=cwd, env=given, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
    assert done.returncode == 0, f"{argv}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def typed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The Python example with its client generated, and the interpreter of its environment."""
    python = node.environment("ariadne", HERE / "python" / "ariadne.lock.txt")
    folder = tmp_path_factory.mktemp("typed") / "python"
    shutil.copytree(EXAMPLES / "python", folder)
    shutil.copy(SCHEMA, folder / "schema.graphql")
    passes([str(python.with_name("ariadne-codegen"))], folder, PATH=f"{python.parent}{os.pathsep}{plain()['PATH']}")
    return folder, python


def tokens(served: Site, **people: str) -> dict[str, str]:
    return {f"LOANFILE_TOKEN_{seat}": served.token(username) for seat, username in people.items()}


def test_a_typed_client_reads_a_loan_file_and_takes_a_volume_out_and_back(typed: tuple[Path, Path], served: Site, shelved: str) -> None:
    folder, python = typed
    people = tokens(served, OFFICER="loan-officer", HEAD="credit-dept-head", ARCHIVIST="archivist")
    told = passes([str(python), "round_trip.py", shelved], folder, LOANFILE_URL=f"{served.address}/graphql", **people)
    lines = told.splitlines()
    assert lines[0].startswith(shelved) and any("FILED" in line for line in lines)
    assert [line for line in lines if line.startswith(tuple(w.split()[0] for w in ROUND_TRIP))][1:] == ROUND_TRIP[1:]


def test_a_refusal_reaches_the_typed_client_with_its_rule(typed: tuple[Path, Path], served: Site, shelved: str) -> None:
    folder, python = typed
    people = tokens(served, OFFICER="loan-officer", HEAD="credit-dept-head", ARCHIVIST="archivist")

    def said(number: str, **other: str) -> str:
        given = plain() | people | tokens(served, **other) | {"LOANFILE_URL": f"{served.address}/graphql"}
        argv = [str(python), "round_trip.py", number]
        done = subprocess.run(argv, cwd=folder, env=given, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
        assert done.returncode == 1, done.stdout
        return done.stderr

    assert said("nothing") == "there is no loan nothing for this person to see\n"
    assert said(shelved, HEAD="loan-officer").startswith("FORBIDDEN: ")
    assert "C5 APPROVAL_INSUFFICIENT" in said(shelved, HEAD="risk-head")


async def test_gql_reads_over_http_and_over_a_socket(served: Site) -> None:
    token = served.token("loan-officer")
    http = HTTPXAsyncTransport(url=f"{served.address}/graphql", headers={"Authorization": f"Bearer {token}"})
    address = f"{served.address.replace('http', 'ws')}/graphql"
    socket = WebsocketsTransport(url=address, init_payload={"Authorization": f"Bearer {token}"}, subprotocols=["graphql-transport-ws"])
    answers: list[Any] = []
    for transport in (http, socket):
        async with Client(transport=transport, fetch_schema_from_transport=transport is http) as session:
            LOAN_FILE.variable_values = {"n": LOAN}
            answers.append(await session.execute(LOAN_FILE))
            with pytest.raises(TransportQueryError, match="BAD_REQUEST"):
                await session.execute(gql("{ loans(first: 0) { edges { cursor } } }"))
    assert answers[0] == answers[1] and answers[0]["loan"]["number"] == LOAN


def test_a_thousand_random_operations_find_no_fault(served: Site, tmp_path: Path) -> None:
    schema = build_schema(SCHEMA.read_text("utf-8"))
    fields = sum(len(kind.fields) for kind in (schema.query_type, schema.mutation_type) if kind)
    python = node.environment("schemathesis", HERE / "python" / "schemathesis.lock.txt")
    argv = [
        str(python.with_name("schemathesis")), "run", f"{served.address}/graphql", "-H", f"Authorization: Bearer {served.token('archivist')}",
        "--max-examples", str(math.ceil(1.5 * EXAMPLES_TRIED / fields)), "--exclude-checks", "positive_data_acceptance", "--phases", "fuzzing", "--no-color",
        "--seed", str(uuid4().int % 2**32), "--workers", "2",
    ]  # fmt: skip
    for name in ("scalars.py", "schemathesis.toml"):
        shutil.copy(HERE / "python" / name, tmp_path / name)
    told = passes(argv, tmp_path, PYTHONDONTWRITEBYTECODE="1")
    generated = re.search(r"(\d+) generated", told)
    assert generated and int(generated[1]) >= EXAMPLES_TRIED, told[-3000:]
    assert "Traceback" not in served.logged()
