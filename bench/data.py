"""The bank that is measured: built once in `.bench/`, again when its size or its making change; new migrations are run in it."""

import asyncio
import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import rows
from bench.rows import FILES, GIVEN, LOANS, PEOPLE, SURNAMES
from storage import migration
from storage.embedded import Embedded, Parts

__all__ = ["CACHE", "FILES", "GIVEN", "LOANS", "PEOPLE", "SURNAMES", "Bank", "bank", "connected", "loan_id", "loan_number", "visible"]

CACHE = Path(__file__).parents[1] / ".bench"
HOME = CACHE / f"bank-{LOANS}"
STAMP = CACHE / f"bank-{LOANS}.json"


@dataclass(frozen=True)
class Bank:
    """The running servers and the size of the bank in them."""

    parts: Parts
    super_url: str
    sockets: str
    postmaster: int
    loans: int = LOANS
    files: int = FILES


def origin() -> dict[str, Any]:
    """What the bank is made from: its size, the making of its rows, the migrations one by one."""
    migrations = CACHE.parent / "migrations"  # not how they are run, which is the same for those that come later
    scripts = sorted(p for folder in ("sql", "versions") for p in (migrations / folder).iterdir() if p.suffix in (".py", ".sql"))
    return {
        "loans": LOANS,
        "rows": _digest(Path(rows.__file__)),
        "migrations": {path.relative_to(CACHE.parent).as_posix(): _digest(path) for path in scripts},
    }


def grows_into(kept: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a bank that was made from one lacks nothing of the other but migrations that came later."""
    older: dict[str, str] = kept.get("migrations", {})
    same = all(kept.get(name) == wanted[name] for name in ("loans", "rows"))
    return same and older.items() <= wanted["migrations"].items()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def loan_id(n: int) -> str:
    """The global id of loan n."""
    digits = f"{1704067200000 + n:012x}7{8:03x}8{n:015x}"
    return f"loan_{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def loan_number(n: int) -> str:
    """The business number of loan n."""
    return f"QC{n:010}"


def visible(n: int) -> bool:
    """Whether the officer sees loan n."""
    return n % 10_000 > 0 and n % 100 < 90


@contextmanager
def bank(console: Console) -> Iterator[Bank]:
    """The servers with the bank in them, which is built first when there is none, or brought to the newest revision."""
    wanted, kept = origin(), json.loads(STAMP.read_text()) if STAMP.exists() else {}
    if kept != wanted:
        STAMP.unlink(missing_ok=True)  # whatever breaks half-way is thrown away
        if grows_into(kept, wanted):
            with _served(durable=True) as made:
                migration.upgrade(made.parts.owner_url)
                asyncio.run(_vacuum(made))
        else:
            shutil.rmtree(HOME, ignore_errors=True)
            with _served(durable=False) as made:  # a half-built bank is thrown away, so nothing need survive a power cut
                migration.upgrade(made.parts.owner_url)
                with Progress(
                    TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
                ) as bar:
                    asyncio.run(_build(made, bar))
        STAMP.write_text(json.dumps(wanted))
    with _served(durable=True) as made:
        yield made


async def _build(made: Bank, bar: Progress) -> None:
    async with connected(made.super_url) as root:
        await rows.build(root, bar)


async def _vacuum(made: Bank) -> None:
    async with connected(made.super_url) as root:
        await root.execute("vacuum (analyze)")


@contextmanager
def _served(*, durable: bool) -> Iterator[Bank]:
    embedded = Embedded(HOME, durable=durable)
    with embedded as parts:
        postgres = embedded.postgres
        assert postgres is not None
        url = f"postgresql://postgres:{parts.secrets['super']}@/{embedded.database}?host={embedded.sockets}&port=5432"
        pids = {child.name: child.process.pid for child in embedded.children.running}
        yield Bank(parts, url, str(embedded.sockets), pids["postgres"])


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """One connection."""
    made = await asyncpg.connect(url)
    try:
        yield made
    finally:
        await made.close()
