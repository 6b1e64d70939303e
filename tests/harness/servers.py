"""One PostgreSQL and one SeaweedFS for the whole run; a database per worker cloned from a migrated template."""

import asyncio
import fcntl
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import asyncpg

from storage import migration
from storage.embedded import Embedded, postgres
from storage.embedded.postgres import create_database
from storage.embedded.seaweed import unlink_sockets

BASE = Path(os.environ.get("LOANFILE_TEST_HOME", Path(__file__).parents[2] / ".test"))
TEMPLATE = "template_loanfile"


class Servers:
    """Started by the controller; the workers get `told`, plain addresses."""

    def __init__(self) -> None:
        sweep()
        self.home = BASE / f"run-{os.getpid()}"
        postgres.SETTINGS["max_connections"] = "300"  # for the pools of two workers, and of the servers that both may have started
        self.embedded = Embedded(self.home, durable=False)

    def start(self) -> dict[str, Any]:
        parts = self.embedded.__enter__()
        running = self.embedded.postgres
        assert running is not None
        migration.upgrade(parts.owner_url)
        running.sql("postgres", f"alter database {self.embedded.database} rename to {TEMPLATE}")
        running.sql("postgres", f"alter database {TEMPLATE} is_template true allow_connections false")
        return {"sockets": str(self.embedded.sockets), "secrets": parts.secrets, "s3_endpoint": parts.store.endpoint}

    def stop(self) -> None:
        self.embedded.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def sweep() -> None:
    """What a killed run left: its lock is free."""
    for home in BASE.glob("run-*"):
        try:
            with (home / "lock").open("a+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left = Embedded(home)
                left.children.reap()
                unlink_sockets(home)
                shutil.rmtree(left.sockets, ignore_errors=True)
                shutil.rmtree(home, ignore_errors=True)
        except OSError:
            continue


def url(told: dict[str, Any], role: str, database: str) -> str:
    role = {"owner": "migrate"}.get(role, role)  # nobody logs in as the owner
    user = "postgres" if role == "super" else f"loanfile_{role}"
    return f"postgresql://{user}:{told['secrets'][role]}@/{database}?host={told['sockets']}&port=5432"


def keep_as_template(told: dict[str, Any], name: str, template: str) -> None:
    """The database, which nobody is connected to, is copied from now on."""

    async def keep() -> None:
        root = await asyncpg.connect(url(told, "super", "postgres"))
        try:
            await root.execute(f"alter database {name} rename to {template}")
            await root.execute(f"alter database {template} is_template true allow_connections false")
        finally:
            await root.close()

    asyncio.run(keep())


def clone(told: dict[str, Any], *, template: str = TEMPLATE, empty: bool = False) -> str:
    """A new database: a copy of the template, or an empty one that only has the roles."""
    name = f"w_{uuid.uuid4().hex[:10]}"

    async def make() -> None:
        root = await asyncpg.connect(url(told, "super", "postgres"))
        try:
            if not empty:
                await root.execute(f"create database {name} owner loanfile_owner template {template} strategy wal_log")
                return
            await root.execute(create_database(name))
            await root.execute("select pg_advisory_lock(1)")  # the roles are the whole cluster's: two workers would change one row at once
            inside = await asyncpg.connect(url(told, "super", name))
            try:
                await inside.execute((Path(__file__).parents[2] / "storage/embedded/roles.sql").read_text("utf-8"))
            finally:
                await inside.close()
        finally:
            await root.close()

    asyncio.run(make())
    return name
