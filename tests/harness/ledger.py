"""A bank in a database of its own with its sealer, and what an auditor would do with its ledger."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from server.compliance import verifier
from server.compliance.exporting import Export
from server.compliance.notes import Key
from server.compliance.receipts import key_of_receipts
from server.compliance.sealing import Sealer
from storage.database import Database
from storage.embedded.seaweed import CHECKPOINT_BUCKET
from storage.objects import CheckpointBucket, StoreAddress
from tests.harness import servers
from tests.harness.world import World


def bucket_of(told: dict[str, Any]) -> CheckpointBucket:
    kept = told["secrets"]
    address = StoreAddress(told["s3_endpoint"], kept["ledger_access_key"], kept["ledger_access_secret"], CHECKPOINT_BUCKET, "")
    return CheckpointBucket.at(address, CHECKPOINT_BUCKET)


@dataclass
class Ledger:
    """One database with its ledger; `copy` is another database with the same rows."""

    told: dict[str, Any]
    name: str
    bucket: CheckpointBucket
    key: Key = field(default_factory=lambda: Key(f"test-{secrets.token_hex(4)}", secrets.token_bytes(32)))
    receipts: Key = field(init=False)

    def __post_init__(self) -> None:
        self.receipts = key_of_receipts(self.key.name, b"r" * 32)

    @property
    def sealer(self) -> Sealer:
        return Sealer(servers.url(self.told, "ledger", self.name), self.bucket, self.key, 1)

    @asynccontextmanager
    async def root(self) -> "AsyncIterator[asyncpg.Connection[Any]]":
        """As superuser, past every trigger."""
        conn = await asyncpg.connect(servers.url(self.told, "super", self.name))
        try:
            await conn.execute("set session_replication_role = replica")
            yield conn
        finally:
            await conn.close()

    @asynccontextmanager
    async def bank(self) -> AsyncIterator[World]:
        async with self.opened() as database:
            root = await asyncpg.connect(servers.url(self.told, "super", self.name))
            try:
                yield await World.make(database, root)
            finally:
                await root.close()

    @asynccontextmanager
    async def opened(self, **options: int) -> AsyncIterator[Database]:
        database = Database(servers.url(self.told, "app", self.name), servers.url(self.told, "reader", self.name), **options)
        await database.open()
        try:
            yield database
        finally:
            await database.close()

    async def copy(self) -> "Ledger":
        name = f"w_{secrets.token_hex(5)}"
        conn = await asyncpg.connect(servers.url(self.told, "super", "postgres"))
        try:
            await conn.execute(f"create database {name} owner loanfile_owner template {self.name} strategy wal_log")
        finally:
            await conn.close()
        return Ledger(self.told, name, self.bucket, self.key)

    async def export(self, folder: Path, world: World, **period: Any) -> Path:
        async with self.opened() as database:
            await Export(database, self.bucket, self.key.name, folder, **period).run(world.people["compliance"], lambda *_: None)
        return folder


def keys_file(ledger: Ledger, folder: Path) -> Path:
    path = folder / "keys"
    path.write_text(f"{ledger.key.verifier}\n{ledger.receipts.verifier}\n")
    return path


def verify(export: Path, ledger: Ledger, *more: str | Path) -> tuple[int, str]:
    """As an auditor: the module alone, in an empty folder, isolated from our packages; status and what it says."""
    alone = export.parent / f"auditor-{secrets.token_hex(3)}"
    alone.mkdir()
    shutil.copy(str(verifier.__file__), alone / "verifier.py")
    command = [sys.executable, "-I", "verifier.py", str(export), "--key", str(keys_file(ledger, alone)), *map(str, more)]
    done = subprocess.run(command, cwd=alone, capture_output=True, text=True, timeout=600, check=False, env={"PATH": os.environ["PATH"]})
    return done.returncode, done.stdout + done.stderr


def leaves_of(export: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(export.glob("leaves-*")) for line in path.read_text().splitlines()]


def events_of(export: Path) -> list[dict[str, Any]]:
    """The sealed events in the order of the ledger."""
    return [leaf["event"] for leaf in leaves_of(export) if leaf.get("event")]


async def as_old(conn: "asyncpg.Connection[Any]", staff: UUID, org: UUID, minutes: int = 5, before: datetime | None = None) -> None:
    """A line of the access log whose minute is over: of so long before that instant, or before now."""
    await conn.execute(
        "insert into access_log (logged_at, staff_id, org_id, action, result, subject_ids, detail)"
        " values (coalesce($5, clock_timestamp()) - make_interval(mins => $3), $1, $2, 'contractHistory', 'GRANTED', array[$1::uuid], $4::jsonb)",
        staff, org, minutes, json.dumps({"fields": ["PHONE"], "说明": "a \"quoted\"\n\u0001line", "n": [1, -2, 30]}), before,
    )  # fmt: skip
