"""The ledger: how long an auditor waits for 100,000 events, and how old the oldest event that no stored checkpoint holds becomes."""

import asyncio
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from rich.console import Console

from bench.data import CACHE, connected
from server.compliance import verifier
from server.compliance.events import Chains
from server.compliance.exporting import Export
from server.compliance.notes import Key
from server.compliance.sealing import Sealer
from server.compliance.tags import Tag
from storage import migration
from storage.database import Database, Principal
from storage.embedded import Embedded
from storage.embedded.seaweed import CHECKPOINT_BUCKET
from storage.objects import CheckpointBucket, StoreAddress
from tests.harness.world import World

EVENTS, LOANS, A_TRANSACTION, ROUNDS = 100_000, 500, 50, 7
WRITERS, WRITING_SECONDS, SAMPLE_SECONDS = 64, 30.0, 0.02
VERIFY_SECONDS_MAX, AGE_SECONDS_MAX = 15.0, 5.0


@dataclass(frozen=True)
class Made:
    """A bank, its sealer, and who writes and reads."""

    database: Database
    sealer: Sealer
    bank: World
    loans: tuple[UUID, ...]


def measure(console: Console) -> dict[str, Any]:
    """Medians of the rounds, and their spread."""
    folder = CACHE / "ledger"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        return asyncio.run(_measure(folder, console))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(folder: Path, console: Console) -> dict[str, Any]:
    async with _bank(folder / "home") as made:
        ages, written = await _aged(made)
        console.print(f"ledger: {written / WRITING_SECONDS:.0f} events/s by {WRITERS} writers, beside a sealer that reads their age")
        left = EVENTS - await made.bank.sql("select count(*) from events")
        sealing = time.monotonic()
        await _filled(made, max(left, 0))
        sealed = await made.sealer.seal_all()
        console.print(f"ledger: {left} more events written and sealed in {time.monotonic() - sealing:.1f} s", highlight=False)
        export, started = folder / "export", time.monotonic()
        await Export(made.database, made.sealer.bucket, made.sealer.key.name, export).run(made.bank.people["compliance"], lambda *_: None)
        exported = time.monotonic() - started
        keys = folder / "keys"
        keys.write_text(made.sealer.key.verifier)
        size_mb = sum(path.stat().st_size for path in export.rglob("*") if path.is_file()) / 1e6
    times = [_verified(export, keys) for _ in range(ROUNDS)]
    return {
        "events": EVENTS, "sealed_at_once": sealed, "verify_seconds": round(statistics.median(times), 2),
        "verify_spread": f"{min(times):.1f}–{max(times):.1f}", "export_seconds": round(exported, 1), "export_mb": round(size_mb),
        "oldest_unsealed_p99_seconds": round(statistics.quantiles(ages, n=100)[98], 2), "oldest_unsealed_max_seconds": round(max(ages), 2),
    }  # fmt: skip


def _verified(export: Path, keys: Path) -> float:
    """Seconds of one whole run, as an auditor starts it."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-I", str(verifier.__file__), str(export), "--key", str(keys)], capture_output=True, check=False
    )  # our own module
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return time.monotonic() - started


@asynccontextmanager
async def _bank(home: Path) -> AsyncIterator[Made]:
    embedded = Embedded(home, durable=True)
    with embedded as parts:
        await asyncio.to_thread(migration.upgrade, parts.owner_url)
        url = f"postgresql://postgres:{parts.secrets['super']}@/{embedded.database}?host={embedded.sockets}&port=5432"
        database = Database(parts.app_url, writers_max=16)
        await database.open()
        keys = parts.secrets["ledger_access_key"], parts.secrets["ledger_access_secret"]
        bucket = CheckpointBucket.at(StoreAddress(parts.store.endpoint, *keys, CHECKPOINT_BUCKET, ""), CHECKPOINT_BUCKET)
        async with connected(url) as root:
            bank = await World.make(database, root)
            loans = tuple([await bank.loan() for _ in range(LOANS)])
            yield Made(database, Sealer(parts.ledger_url, bucket, Key("bench", secrets.token_bytes(32)), 1), bank, loans)
        bucket.close()
        await database.close()


async def _aged(made: Made) -> tuple[list[float], int]:
    """Ages of what waits, while writers write one event a transaction and the sealer seals."""
    ages, written, end = list[float](), 0, time.monotonic() + WRITING_SECONDS

    async def write(seed: int) -> None:
        nonlocal written
        draw = Random(seed)  # which loan
        while time.monotonic() < end:
            await _noted(made, [draw.choice(made.loans)], 1)
            written += 1

    async def look() -> None:
        while time.monotonic() < end:
            async with made.database.transaction(None) as conn:
                ages.append(float(await conn.raw.fetchval("select anchoring_age()")))
            await asyncio.sleep(SAMPLE_SECONDS)

    sealing = asyncio.create_task(made.sealer.run())
    await asyncio.gather(look(), *(write(seed) for seed in range(WRITERS)))
    sealing.cancel()
    await asyncio.gather(sealing, return_exceptions=True)
    return ages, written


async def _filled(made: Made, count: int) -> None:
    for start in range(0, count, A_TRANSACTION):
        await _noted(made, [made.loans[start // A_TRANSACTION % LOANS]], min(A_TRANSACTION, count - start))


async def _noted(made: Made, loans: list[UUID], count: int) -> None:
    by: Principal = made.bank.people["officer"]
    async with made.database.transaction(by) as conn:
        chains = await Chains.lock(conn, loans)
        for loan in loans:
            for _ in range(count):
                told = {"status": "ACTIVE", "principal": "100000.00", "currency": "CNY", "customer": by.org_id, "number": "QC0000000001"}
                chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=by.staff_id, at=datetime.now(UTC), **told)
        await chains.write()
