"""The four servers on one bank: ours, the limit, the ORM, PostGraphile; each a process, all running, loaded in turn."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives import serialization

from bench import data
from server.auth import Issuer
from storage.database import Principal
from tests.harness import node, web

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).with_name("postgraphile")
PEER_FILES = ("package.json", "package-lock.json", ".npmrc", "server.mjs")
START_SECONDS_MAX = 60
READERS = 8  # connections of each server
OUT_OF_REACH = "1000000000"  # a bucket that the load of one person does not empty; the cost is counted and taken all the same


@dataclass
class Server:
    """A running server: where it listens, its process, and what its requests carry."""

    name: str
    label: str
    port: int
    pid: int
    headers: dict[str, str]
    path: str = "/graphql"

    def ask(self, document: str, variables: dict[str, Any]) -> Any:
        """One answer, which must be one."""
        body = json.dumps({"query": document, "variables": variables})
        headers = {"content-type": "application/json", **self.headers}
        response = httpx.post(f"http://127.0.0.1:{self.port}{self.path}", content=body, headers=headers, timeout=60, trust_env=False)
        told = response.json()
        if response.status_code != 200 or "errors" in told or "data" not in told:
            raise RuntimeError(f"{self.name} answered {response.status_code}: {response.text[:2000]}")
        return told["data"]


@contextmanager
def our_site(bank: data.Bank) -> Iterator[web.Site]:
    """Ours alone, on the whole production path."""
    told = {"sockets": bank.sockets, "secrets": bank.parts.secrets, "s3_endpoint": bank.parts.store.endpoint}
    folder = data.CACHE / "servers"
    shutil.rmtree(folder, ignore_errors=True)
    settings = {"cost_bucket": OUT_OF_REACH, "cursor_secret": bank.parts.secrets["cursor_secret"], "readers_max": str(READERS)}
    with web.site(told, "loanfile", folder, **settings) as made:
        yield made


@contextmanager
def servers(bank: data.Bank, principal: Principal, account: str) -> Iterator[dict[str, Server]]:
    """All four, by name."""
    peer = node.installed("postgraphile", HERE, PEER_FILES)
    with ExitStack() as stack:
        ours = stack.enter_context(our_site(bank))
        folder = ours.settings.home
        bearer = {"authorization": f"Bearer {ours.token(account)}"}
        made = {"ours": Server("ours", "Loanfile", int(ours.address.rpartition(":")[2]), ours.process.pid, bearer)}
        environment = web.outer_environment() | {
            "LOANFILE_HOME": str(folder),
            "LOANFILE_DATABASE_URL": bank.parts.app_url,
            "LOANFILE_READER_DATABASE_URL": bank.parts.reader_url,
            "LOANFILE_CURSOR_SECRET": bank.parts.secrets["cursor_secret"],
            "LOANFILE_READERS_MAX": str(READERS),
        }
        for name, label in (("limit", "the same SQL, bare Starlette route"), ("orm", "Strawberry, ORM, DataLoader")):
            port = web.free_port()
            argv = [sys.executable, "-m", f"bench.{name}"]
            pid = stack.enter_context(process(argv, environment | {"LOANFILE_PORT": str(port)}, port, folder / f"{name}.log"))
            made[name] = Server(name, label, port, pid, bearer)
        port, issuer = web.free_port(), Issuer.of(folder)
        told_peer = json.dumps(_peer_settings(bank, issuer, ours.settings, port))
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LOANFILE_"))} | {"NODE_ENV": "production"}
        pid = stack.enter_context(
            process([str(peer.program), "server.mjs"], plain, port, folder / "postgraphile.log", peer.folder, told_peer)
        )
        claims = _peer_token(issuer, ours.settings, principal, account)
        made["postgraphile"] = Server("postgraphile", "PostGraphile 5", port, pid, {"authorization": f"Bearer {claims}"})
        yield made


def _peer_settings(bank: data.Bank, issuer: Issuer, settings: Any, port: int) -> dict[str, Any]:
    found = urlsplit(bank.parts.reader_url)
    pem = issuer.private_key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    host = parse_qs(found.query)["host"][0]
    database = {"host": host, "port": 5432, "user": found.username, "password": found.password, "database": found.path[1:]}
    return {
        "port": port,
        "public_key": pem.decode(),
        "issuer": settings.issuer,
        "audience": settings.token_audience,
        "connections": READERS,
        "database": database,
    }


def _peer_token(issuer: Issuer, settings: Any, principal: Principal, account: str) -> str:
    """PostGraphile's way: the principal stands in the token, so it need not look it up."""
    staff, branches, roles = principal.settings
    now = datetime.now(UTC)
    claims = {"iss": settings.issuer, "aud": settings.token_audience, "sub": account, "iat": now, "exp": now + timedelta(hours=12)}
    return jwt.encode(claims | {"staff": staff, "branches": branches, "roles": roles}, issuer.private_key, "ES256")


@contextmanager
def process(argv: list[str], environment: dict[str, str], port: int, log: Path, cwd: Path = ROOT, told: str = "") -> Iterator[int]:
    """Runs a server until the block ends; its process id."""
    with log.open("wb") as out:
        made = subprocess.Popen(argv, cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=out)
        assert made.stdin is not None
        made.stdin.write(told.encode())
        made.stdin.close()
        try:
            _wait(made, port, log)
            yield made.pid
        finally:
            made.terminate()
            try:
                made.wait(15)
            except subprocess.TimeoutExpired:
                made.kill()
                made.wait()


def _wait(made: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until and made.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text('utf-8')[-2000:]}")


# What a process uses ------------------------------------------------------------------------------------------------------
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_of(pids: list[int]) -> dict[int, float]:
    """Of those that still run: a backend may end at any time."""
    found = {}
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            found[pid] = cpu_seconds(pid)
    return found


def children(pid: int) -> list[int]:
    """Its children."""
    return [int(found) for task in Path(f"/proc/{pid}/task").iterdir() for found in (task / "children").read_text().split()]


def resident_mb(pid: int) -> float:
    """Resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
