"""Fills an empty database with the demo bank, or nothing: a half-made one is made again from the beginning."""

import asyncio
from random import Random
from typing import Any

import asyncpg
from rich.progress import Progress

from server.calendar import load_holidays
from server.demo.bank import Bank, Branch, open_bank
from server.demo.custody import Activity
from server.demo.files import BATCH, File, Maker
from server.demo.handovers import hand_over
from server.demo.papers import add_papers
from server.demo.vault import VaultDay
from server.personal import Keys, Personal
from server.settings import Settings
from storage import migration
from storage.database import Connection, Database, connect
from storage.objects import ObjectStore

SEED = 20240101
MARK = "demo.seeded"
BEGUN, WHOLE = "false", "true"


async def _owner(settings: Settings) -> "asyncpg.Connection[Any]":
    """The role that owns the schema, seeing every branch while it sets the bank up."""
    raw = await connect(settings.migration_database_url or "")
    await raw.execute("select set_config('app.branches', '*', false)")
    return raw


async def is_seeded(settings: Settings) -> bool:
    """Whether the demo bank is whole; True also for a database that somebody else has filled."""
    raw = await _owner(settings)
    try:
        mark = await raw.fetchval("select value from policy_parameters where key = $1", MARK)
        if mark is None:
            return bool(await raw.fetchval("select exists (select from org_units)"))
        return bool(mark == WHOLE)
    finally:
        await raw.close()


async def seed(settings: Settings, database: Database, objects: ObjectStore, progress: Progress) -> None:
    """The whole bank: people, files, custody under way, scans, reports."""
    raw = await _owner(settings)
    try:
        if await raw.fetchval("select exists (select from policy_parameters where key = $1)", MARK):
            await _begin_again(settings)
        await raw.execute("insert into policy_parameters (key, value, effective_from) values ($1, $2, now())", MARK, BEGUN)
        owner, r = Connection(raw), Random(SEED)
        await load_holidays(owner)
        bank = await open_bank(owner, r)
        async with database.transaction(bank.people["core-banking"]) as conn:
            personal = await Personal.load(conn, Keys.of(settings))
        files = await _files(Maker(owner, database, bank, personal, r), bank, settings.demo_loans, progress)
        await _activity(owner, database, bank, files, r, progress)
        await add_papers(database, objects, files, progress)
        await raw.execute("analyze")
        await raw.execute("update policy_parameters set value = $2 where key = $1", MARK, WHOLE)
    finally:
        await raw.close()


async def _begin_again(settings: Settings) -> None:
    """An interrupted demo bank is removed with its tables, in a thread: alembic has a loop of its own."""
    url = settings.migration_database_url or ""
    await asyncio.to_thread(migration.downgrade, url)
    await asyncio.to_thread(migration.upgrade, url)


async def _files(maker: Maker, bank: Bank, count: int, progress: Progress) -> list[File]:
    task = progress.add_task("Demo bank: loan files", total=count)
    files: list[File] = []
    for branch, indexes in shares(bank.branches, count):
        for start in range(0, len(indexes), BATCH):
            files += await maker.make(branch, indexes[start : start + BATCH])
            progress.update(task, completed=len(files))
    return files


def shares(branches: list[Branch], count: int) -> list[tuple[Branch, list[int]]]:
    """Half of the files for the first branch, the rest for the others."""
    first, second = (count + 1) // 2, (count + 1) // 2 + count // 4
    return [
        (branches[0], list(range(1, first + 1))),
        (branches[1], list(range(first + 1, second + 1))),
        (branches[2], list(range(second + 1, count + 1))),
    ]


async def _activity(owner: Connection, database: Database, bank: Bank, files: list[File], r: Random, progress: Progress) -> None:
    task = progress.add_task("Demo bank: custody under way", total=3)
    await Activity(database, bank.branches[0], files, r).showcase(files[0])
    progress.advance(task)
    for branch in bank.branches[:2]:
        own = [f for f in files[1:] if f.branch is branch]
        activity = Activity(database, branch, own, r)
        day = VaultDay(owner, database, branch, bank.branches.index(branch) + 1)
        await activity.vault(day)
        await activity.all()
        await hand_over(database, branch, bank.branches[2], [f for f in own if f.settled][:3])
        await day.booked(bank.people["core-banking"])  # last: what is told of a paper now is not preceded by what was done before
        progress.advance(task)
