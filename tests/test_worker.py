"""`loanfile worker` as an operator meets it: it says what is wrong in one line, does the jobs, and ends with Ctrl-C."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from storage import migration
from storage.terms import Tier
from tests.harness import servers
from tests.harness.jobs import jobs_of
from tests.harness.web import NOBODY, outer_environment
from tests.harness.world import World

COMMAND = [sys.executable, "-m", "server.cli", "worker"]
SECONDS_MAX = 300  # of a busy machine; a tick that was taken a moment ago comes again in a minute
STORE = {"LOANFILE_S3_ENDPOINT": f"http://{NOBODY}", "LOANFILE_S3_ACCESS_KEY": "x", "LOANFILE_S3_SECRET_KEY": "x"}  # nobody is there


def told_by(url: str) -> tuple[int, str]:
    environment = outer_environment() | STORE | {"LOANFILE_DATABASE_URL": url}
    done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    return done.returncode, done.stderr + done.stdout


def test_a_database_that_is_not_there_is_one_line() -> None:
    code, said = told_by(f"postgresql://nobody:nothing@{NOBODY}/loanfile")
    assert code == 1 and said.startswith("loanfile: LOANFILE_DATABASE_URL: ") and said.count("\n") == 1


def test_a_database_that_was_not_migrated_is_one_line(told: dict[str, Any]) -> None:
    code, said = told_by(servers.url(told, "app", servers.clone(told, empty=True)))
    assert (code, said) == (1, f"loanfile: {migration.behind(None)}\n")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_it_does_what_is_due_and_ends_when_it_is_told_to(
    bank: World, told: dict[str, Any], database_name: str, tmp_path: Path, how: signal.Signals
) -> None:
    volumes = await bank.volumes()
    await bank.approved(volumes, tier=Tier.SECOND)
    await jobs_of(bank)
    await bank.sql("update staff set active = false where id <> $1 and id in (select staff_id from staff_roles where role = 'SYSTEM')",
                   bank.people["jobs"].staff_id)  # fmt: skip
    await bank.sql("update movements set lapses_at = reserved_at where record_id = $1", volumes[0])
    environment, log = (
        outer_environment() | STORE | {"LOANFILE_DATABASE_URL": servers.url(told, "app", database_name)},
        tmp_path / "worker.log",
    )
    with log.open("wb") as out:
        worker = await asyncio.create_subprocess_exec(*COMMAND, env=environment, stdout=out, stderr=out, start_new_session=True)
        try:
            async with asyncio.timeout(SECONDS_MAX):
                while await bank.state(volumes[0]) != "FILED":  # noqa: ASYNC110  # another process brings it about
                    await asyncio.sleep(0.5)
            worker.send_signal(how)
            async with asyncio.timeout(SECONDS_MAX):
                assert await worker.wait() == 0
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
    said = log.read_text("utf-8")
    assert "the worker runs" in said and "Traceback" not in said
