"""`loanfile run` as an operator meets it: from an empty home to an answer, stopped, killed, and started again."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from schema.graphiql.examples import examples
from server.demo.names import small_pdf
from tests.harness.web import free_port, outer_environment

COMMAND = [sys.executable, "-m", "server.cli"]
SECONDS_MAX = 300


class Program:
    """One home, started as often as one likes."""

    process: "subprocess.Popen[bytes]"  # the last that was started

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.output = home, free_port(), home.parent / "output"
        self.environment = outer_environment()
        self.environment |= {"LOANFILE_HOME": str(home), "LOANFILE_PORT": str(self.port), "LOANFILE_DEMO_LOANS": "160", "COLUMNS": "80"}

    def start(self) -> "subprocess.Popen[bytes]":
        greeted = self.output.read_text("utf-8").count("ready after") if self.output.exists() else 0
        with self.output.open("ab") as out:
            made = subprocess.Popen([*COMMAND, "run"], env=self.environment, stdout=out, stderr=out, start_new_session=True)
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end and made.poll() is None:
            try:
                ready = httpx.get(f"{self.address}/readyz", trust_env=False).status_code == 200
                if ready and self.told().count("ready after") > greeted:  # the greeting comes a moment later
                    return made
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        made.terminate()  # too slow is no reason to stay
        made.wait(SECONDS_MAX)
        raise AssertionError(self.told())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def told(self) -> str:
        return self.output.read_text("utf-8")

    def command(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([*COMMAND, *arguments], env=self.environment | settings, capture_output=True, text=True, timeout=SECONDS_MAX)

    def ask(self, who: str, query: str, variables: dict[str, Any] | None = None) -> Any:
        token = self.command("token", "--as", who).stdout.strip()
        body = {"query": query, "variables": variables or {}}
        answer = httpx.post(
            f"{self.address}/graphql", json=body, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=SECONDS_MAX
        )
        assert answer.status_code == 200 and "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    def processes(self) -> list[str]:
        """What still runs out of this home."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(self.home) in line:
                found.append(line)
        return found

    def gone(self) -> bool:
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end and self.processes():
            time.sleep(0.1)
        return not self.processes()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """In a home whose path has 90 characters and more, and serving."""
    base = tmp_path_factory.mktemp("run")
    made = Program(base / "h".ljust(max(10, 92 - len(str(base))), "o"))
    assert len(str(made.home)) >= 90
    process = made.start()
    made.process = process
    yield made
    process = made.process
    process.terminate()
    process.wait(SECONDS_MAX)
    assert made.gone()


def test_it_tells_the_address_the_people_and_how_to_sign_in_in_80_columns(program: Program) -> None:
    greeting = program.told().split("ready after")[0]
    assert f"{program.address}/graphql" in greeting and "loanfile token --as loan-officer" in greeting
    for person in ("vault-keeper-key", "credit-dept-head", "compliance"):
        assert person in greeting
    assert all(len(line) <= 80 for line in greeting.splitlines() if not line.startswith("{"))


def test_the_token_command_prints_the_token_and_nothing_else(program: Program) -> None:
    made = program.command("token", "--as", "loan-officer")
    assert made.returncode == 0 and made.stderr == "" and len(made.stdout.strip().split(".")) == 3 and made.stdout.count("\n") == 1


@pytest.mark.parametrize(("typed", "near"), [("loan-oficer", "loan-officer"), ("x", "archivist")])
def test_a_token_for_nobody_is_refused_with_the_accounts_that_it_may_have_meant(program: Program, typed: str, near: str) -> None:
    made = program.command("token", "--as", typed)
    assert made.returncode == 1 and made.stdout == "" and made.stderr.count("\n") == 1, made
    assert f"no active member of staff has the account {typed}" in made.stderr and near in made.stderr


def test_the_three_examples_answer_and_leave_no_personal_data_in_the_log(program: Program) -> None:
    for who, example in zip(("loan-officer", "archivist", "compliance"), examples(date.today()), strict=True):
        (answer,) = program.ask(who, example["query"]).values()
        assert answer and answer.get("__typename") in (None, "CheckOutPayload")
    file = program.ask(
        "loan-officer", '{ loan(by: {number: "QC2024000001"}) { customer { name phoneMasked } contracts(first: 1) { totalCount } } }'
    )
    log = program.told()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert lines and all(line.get("request_id") for line in lines if line["event"] == "request")
    for secret in (file["loan"]["customer"]["name"], file["loan"]["customer"]["phoneMasked"], "eyJ", "QC2024000001"):
        assert secret not in log
    assert small_pdf("x") and "X-Amz-Signature" not in log and "Traceback" not in log


def test_a_second_program_on_the_same_home_and_one_on_the_same_port_say_so_in_one_line(program: Program, tmp_path: Path) -> None:
    told = program.command("run", LOANFILE_PORT=str(free_port()))
    assert told.returncode != 0 and told.stderr.startswith("loanfile: ") and told.stderr.count("\n") == 1, told.stderr
    told = program.command("run", LOANFILE_HOME=str(tmp_path / "other"))
    assert told.returncode != 0 and "LOANFILE_PORT" in told.stderr and told.stderr.count("\n") == 1, told.stderr


def test_after_sigkill_nothing_is_left_and_the_data_is_found_again(program: Program) -> None:
    count = "{ loans(first: 1) { totalCount } }"
    before = program.ask("compliance", count)
    program.process.send_signal(signal.SIGKILL)
    program.process.wait()
    program.process = program.start()
    assert program.ask("compliance", count) == before == {"loans": {"totalCount": 160}}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_it_stops_everything_it_started(program: Program, how: signal.Signals) -> None:
    program.process.send_signal(how)
    assert program.process.wait(SECONDS_MAX) == 0, program.told()[-2000:]
    assert program.gone(), program.processes()
    with socket.socket() as free:
        free.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # a connection that it closed itself may linger; one that listens may not
        free.bind(("127.0.0.1", program.port))
    program.process = program.start()
