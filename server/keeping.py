"""The commands for whoever is called at night: what the store keeps, looked at now, in plain lines."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
from sqlalchemy import text

from server import logs
from server.app import store_of
from server.custody.desk import Desk
from server.jobs import retention as locks
from server.jobs.fixity import CHECK_EVERY, Fixity
from server.service import service_of
from server.settings import Settings, SettingsError
from storage import migration
from storage.database import Database, Principal
from storage.objects import ObjectStore, ObjectStoreDown

EVERYTHING = 1 << 62
DRIFTED = text(
    "select s.object_key, c.place, c.version_id, c.due_until, c.due_hold, c.lock_until, c.legal_hold, c.repaired_at from scan_copies c"
    " join scans s on s.id = c.scan_id where c.drifted_at is not null order by c.drifted_at, c.id"
)
BAD = text(
    "select s.object_key, f.place, f.fault, f.version_id, f.found_at from fixity_findings f join scans s on s.id = f.scan_id"
    " where f.healed_at is null order by f.found_at, f.id"
)
Work = Callable[[Desk, Principal, ObjectStore], Awaitable[int]]


def retention(settings: Settings) -> int:
    """Looks at every lock, prints each that differs; the exit status."""

    async def work(desk: Desk, by: Principal, objects: ObjectStore) -> int:
        await locks.follow(desk, by, objects, every=timedelta(0), objects_max=EVERYTHING)
        async with desk.database.transaction(by) as conn:
            rows = await conn.rows(DRIFTED)
        for r in rows:
            print(f"{_where(r)}: due {_lock(r['due_until'], r['due_hold'])}, found {_lock(r['lock_until'], r['legal_hold'])}{_end(r)}")
        print(f"{len(rows)} differ")
        return int(bool(rows))

    return _run(settings, work)


def fixity(settings: Settings, bytes_max: int, *, everything: bool) -> int:
    """Hashes so many bytes, prints what is bad and not healed; the exit status."""

    async def work(desk: Desk, by: Principal, objects: ObjectStore) -> int:
        run = Fixity(desk, by, objects, bytes_max, timedelta(0) if everything else CHECK_EVERY)
        await run.check()
        async with desk.database.transaction(by) as conn:
            rows = await conn.rows(BAD)
        for r in rows:
            print(f"{_where(r)}: {r['fault']} since {r['found_at']:%Y-%m-%d %H:%M}, not healed")
        print(f"{run.bytes} bytes hashed, {run.bad} bad, {len(rows)} not healed")
        return int(bool(rows))

    return _run(settings, work)


def _where(row: Any) -> str:
    return f"{row['object_key']} version {row['version_id']} ({row['place'].lower()} bucket)"


def _lock(until: Any, hold: bool) -> str:
    return f"{until:%Y-%m-%d %H:%M:%S} UTC{', held' if hold else ', not held'}" if until else "no lock"


def _end(row: Any) -> str:
    return ", put right" if row["repaired_at"] else ""


def _run(settings: Settings, work: Work) -> int:
    logs.configure(settings.log_level)

    async def run() -> int:
        database, objects = Database(settings.database_url or "", writers_max=4, readers_max=1), store_of(settings)
        try:
            await database.open()
            async with database.transaction(None) as conn:
                if told := migration.behind(await migration.current(conn.raw)):
                    raise SettingsError(told)
            by = await service_of(database)
            if by is None:
                raise SettingsError("no active member of staff has the role SYSTEM")
            await objects.ready()
            return await work(Desk(database), by, objects)
        except (OSError, asyncpg.PostgresError) as error:
            raise SettingsError(f"LOANFILE_DATABASE_URL: {type(error).__name__}: {error}") from None
        except ObjectStoreDown as error:
            raise SettingsError(f"LOANFILE_S3_ENDPOINT: the object store does not answer: {error}") from None
        finally:
            objects.close()
            await database.close()

    return asyncio.run(run())
