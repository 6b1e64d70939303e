"""The server as a process of its own, on the databases and the object store of the run, spoken to over HTTP."""

import contextlib
import itertools
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from server.auth import Issuer
from server.settings import Settings
from tests.harness import servers

START_SECONDS_MAX = 240  # of a machine that is busy with other things
ANSWER_SECONDS_MAX, END_SECONDS_MAX = 120, 60
NOBODY = "127.0.0.1:9"  # where nobody listens; a port that is free now may be somebody's in a moment


def _ports() -> Iterator[int]:
    """Below those that the kernel gives by itself (32768 and up, on Linux); workers share none, and two runs seldom meet."""
    worker, each = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8, 1_500
    first = 20_000 + worker * each
    return itertools.cycle(random.sample(range(first, first + each), each))


PORTS = _ports()


@dataclass
class Site:
    """Where it listens, how to sign in, and what it logged."""

    address: str
    settings: Settings
    log: Path
    process: "subprocess.Popen[bytes]"

    def token(self, username: str) -> str:
        return Issuer.of(self.settings.home).token(self.settings, username)

    def client(self, username: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token(username)}"} if username else {}
        return httpx.AsyncClient(base_url=self.address, headers=headers, timeout=ANSWER_SECONDS_MAX, trust_env=False)

    def logged(self) -> str:
        return self.log.read_text("utf-8")


def outer_environment() -> dict[str, str]:
    """Ours without the settings; and a child may keep its bytecode, which halves its start."""
    return {k: v for k, v in os.environ.items() if not k.startswith("LOANFILE_") and k != "PYTHONDONTWRITEBYTECODE"}


def free_port() -> int:
    """One that nobody has, of this worker's own: what the kernel gave and took back it may give to another test in a moment."""
    for port in PORTS:
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the ports go round for ever")


@contextmanager
def site(
    told: dict[str, Any],
    database: str,
    folder: Path,
    log_name: str = "server.log",
    *,
    program: Sequence[str] = ("server.cli",),
    **extra: str,
) -> Iterator[Site]:
    """Serves until the block ends; `extra` are further settings, or others in place of the usual ones."""
    port = free_port()
    given = {
        "home": str(folder),
        "port": str(port),
        "database_url": servers.url(told, "app", database),
        "reader_database_url": servers.url(told, "reader", database),
        "s3_endpoint": told["s3_endpoint"],
        "s3_access_key": told["secrets"]["app_key"],
        "s3_secret_key": told["secrets"]["app_secret"],
        "worker": "false",  # a test says when the clock acts
        **extra,
    }
    environment = outer_environment()
    environment |= {f"LOANFILE_{name.upper()}": value for name, value in given.items()}
    log = folder / log_name
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(**{name: value for name, value in given.items() if value[:1] != "["})  # type: ignore[arg-type]  # pydantic reads the texts
    Issuer.of(folder)
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", *program, "serve"], env=environment, stdout=out, stderr=out)
        made = Site(f"http://127.0.0.1:{port}", settings, log, process)
        try:
            _wait(made)
            yield made
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(made: Site) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until and made.process.poll() is None:
        try:
            if httpx.get(f"{made.address}/livez", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {made.logged()[-2000:]}")
