"""A durable PostgreSQL, an object store and two server processes that may be killed at any moment and come back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from server.auth import Issuer
from server.settings import Settings
from storage import migration
from storage.embedded import Embedded, Parts
from tests.harness.web import free_port, outer_environment

SERVERS = 2
START_SECONDS_MAX = 240
OUT_OF_REACH = "1000000000"  # a bucket that the load of one person does not empty


@dataclass
class Server:
    """One process on a port of its own, started again on the same one."""

    house: "House"
    number: int
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        parts = self.house.parts
        given = {
            "home": str(self.house.folder / "site"), "port": str(self.port), "database_url": parts.app_url,
            "reader_database_url": parts.reader_url, "s3_endpoint": parts.store.endpoint, "s3_access_key": parts.store.access_key,
            "s3_secret_key": parts.store.secret_key, "s3_locked_bucket": parts.store.locked_bucket,
            "s3_staging_bucket": parts.store.staging_bucket, "cost_bucket": OUT_OF_REACH, "log_level": "warning",
        }  # fmt: skip
        environment = outer_environment() | {f"LOANFILE_{name.upper()}": value for name, value in given.items()}
        self.house.settings = Settings(**given)  # type: ignore[arg-type]  # pydantic reads the texts
        Issuer.of(self.house.settings.home)
        program = ["-m", "tests.chaos.mutants", self.house.mutant] if self.house.mutant else ["-m", "server.cli"]
        with (self.house.folder / f"server-{self.number}.log").open("ab") as out:
            self.process = subprocess.Popen([sys.executable, *program, "serve"], env=environment, stdout=out, stderr=out)

    def wait(self) -> None:
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.address}/livez", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError(f"server {self.number} did not start, see {self.house.folder}")

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@dataclass
class House:
    """Everything that runs; `mutant` names a planted fault of the servers."""

    folder: Path
    embedded: Embedded
    parts: Parts
    mutant: str = ""
    servers: list[Server] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)

    @property
    def super_url(self) -> str:
        postgres = self.embedded.postgres
        assert postgres is not None
        return f"postgresql://postgres:{self.parts.secrets['super']}@/{self.embedded.database}?host={postgres.sockets}"

    def token(self, account: str) -> str:
        return Issuer.of(self.settings.home).token(self.settings, account)

    def kill_postgres(self) -> None:
        """The postmaster and every backend at once; then the next start recovers from the log."""
        child = next(c for c in self.embedded.children.running if c.name == "postgres")
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        self.embedded.children.forget(child)
        assert self.embedded.postgres is not None
        self.embedded.postgres.start(self.embedded.database)


@contextmanager
def house(folder: Path, mutant: str = "") -> Iterator[House]:
    """Runs until the block ends; nothing is left behind but the logs."""
    folder.mkdir(parents=True, exist_ok=True)
    embedded = Embedded(folder / "home", durable=True)
    with embedded as parts:
        migration.upgrade(parts.owner_url)
        made = House(folder, embedded, parts, mutant)
        made.servers = [Server(made, n) for n in range(SERVERS)]
        try:
            for server in made.servers:
                server.start()
            for server in made.servers:
                server.wait()
            yield made
        finally:
            for server in made.servers:
                if server.process is not None and server.process.poll() is None:
                    server.kill()
