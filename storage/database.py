"""PostgreSQL as the program sees it: two asyncpg pools, and the principal of a transaction.

A write is one transaction with the principal set locally; a compiled read is one autocommit statement that sets the
principal itself (architecture section 3). Nothing is ever set for a session: it would leak through the pool.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import Table
from sqlalchemy.sql import ClauseElement

from storage.statements import change, columns_of, compiled, insertion
from storage.terms import Role

EVERYWHERE = "*"
PRINCIPAL_SQL = (
    "select set_config('app.staff', $1, true), set_config('app.branches', $2, true), set_config('app.roles', $3, true),"
    " $4 = 0 or exists (select from staff where id = $5 and principal_version = $4 and active) as fresh"
)


class StalePrincipal(Exception):
    """The caller's roles, unit or activity have changed since they were read: read them again, then run again."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a member of staff, as the database knows them now."""

    staff_id: UUID
    org_id: UUID
    name: str
    roles: frozenset[Role]
    branches: tuple[UUID, ...]
    everywhere: bool = False
    staff_no: str = ""
    version: int = 0  # of the staff row that this was read from; 0: not from a cache, so nothing to compare
    sees_much: bool = field(default=False, compare=False)  # so that reading a list in its order soon fills a page
    settings: tuple[str, str, str] = field(init=False, compare=False, repr=False)  # values of app.staff, app.branches and app.roles

    def __post_init__(self) -> None:
        branches = EVERYWHERE if self.everywhere else ",".join(map(str, self.branches))
        object.__setattr__(self, "settings", (str(self.staff_id), branches, ",".join(sorted(self.roles))))  # once, not for each statement


class Connection:
    """One transaction: Core statements run as text, rows come back as asyncpg records."""

    def __init__(self, raw: "asyncpg.Connection[Any] | PoolConnectionProxy[Any]") -> None:
        self.raw = raw

    async def rows(self, statement: ClauseElement, **values: Any) -> list[Any]:
        """All rows."""
        text = compiled(statement)
        return list(await self.raw.fetch(text.sql, *text.bound(values)))

    async def row(self, statement: ClauseElement, **values: Any) -> Any | None:
        """The first row, or None."""
        text = compiled(statement)
        return await self.raw.fetchrow(text.sql, *text.bound(values))

    async def value(self, statement: ClauseElement, **values: Any) -> Any:
        """The first column of the first row, or None."""
        text = compiled(statement)
        return await self.raw.fetchval(text.sql, *text.bound(values))

    async def run(self, statement: ClauseElement, **values: Any) -> int:
        """The number of rows that it touched."""
        text = compiled(statement)
        return touched(await self.raw.execute(text.sql, *text.bound(values)))

    async def insert(self, table: Table, values: Mapping[str, Any] | Sequence[Mapping[str, Any]], returning: str | None = None) -> Any:
        """Inserts one row, or several of the same columns; the value of `returning` for one row."""
        if isinstance(values, Mapping):
            text = insertion(table, columns_of([values]), returning)
            return await self.raw.fetchval(text.sql, *text.bound(values))
        if values:
            text = insertion(table, columns_of(values))
            await self.raw.executemany(text.sql, [text.bound(row) for row in values])
        return None

    async def update(self, table: Table, where: Mapping[str, Any], values: Mapping[str, Any]) -> int:
        """Changes the rows whose columns equal `where`; the number of them."""
        text = change(table, tuple(sorted(where)), tuple(sorted(values)))
        keys = {f"key_{name}": value for name, value in where.items()}
        return touched(await self.raw.execute(text.sql, *text.bound({**values, **keys})))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[Any]:
        """A savepoint that an exception rolls back to."""
        async with self.raw.transaction() as point:
            yield point


STARTING_SECONDS_MAX = 120.0
SEES_MUCH = 0.05  # of all loans: a page of 50 is full after a thousand
PLANNED = "explain (format json) select from loans"


class Database:
    """The pools of one process. `open` before use, `close` after."""

    def __init__(
        self, url: str, reader_url: str | None = None, *, writers_max: int = 12, readers_max: int = 8, statement_seconds_max: float = 15.0
    ) -> None:
        self._url, self._reader_url, self._writers_max, self._readers_max = url, reader_url or url, writers_max, readers_max
        self._statement_seconds_max = statement_seconds_max
        self._writers: asyncpg.Pool[Any] | None = None
        self._readers: asyncpg.Pool[Any] | None = None
        self._listers: asyncpg.Pool[Any] | None = None

    async def open(self) -> None:
        """Connects; raises what asyncpg raises when PostgreSQL is not there, and waits for one that says it is starting."""
        await self._started()
        timeout = {"statement_timeout": f"{int(self._statement_seconds_max * 1000)}ms", "jit": "off", "application_name": "loanfile"}
        self._writers = await asyncpg.create_pool(
            self._url, min_size=1, max_size=self._writers_max, init=_codecs, server_settings=timeout, command_timeout=None
        )
        # Compiled reads are long texts planned once: a generic plan is 2 to 7 times faster than planning each time.
        self._readers = await self._reading({**timeout, "plan_cache_mode": "force_generic_plan"})
        # Lists of those who see little are planned each time: the plan that is kept reads in order, past all that they may not see.
        self._listers = await self._reading({**timeout, "plan_cache_mode": "force_custom_plan"})

    async def _started(self) -> None:
        """After a crash PostgreSQL recovers for a while, and says so to whoever connects."""
        end = time.monotonic() + STARTING_SECONDS_MAX
        while True:
            try:
                raw = await asyncpg.connect(self._url)
            except asyncpg.CannotConnectNowError:
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(0.5)
            else:
                await raw.close()
                return

    async def _reading(self, settings: dict[str, str]) -> "asyncpg.Pool[Any]":
        return await asyncpg.create_pool(
            self._reader_url,
            min_size=1,
            max_size=self._readers_max,
            init=_codecs,
            reset=_keep,
            server_settings=settings,
            max_cacheable_statement_size=0,
        )

    async def close(self) -> None:
        """Closes the pools; statements under way end first."""
        for pool in (self._readers, self._listers, self._writers):
            if pool is not None:
                await pool.close()

    @property
    def writers(self) -> "asyncpg.Pool[Any]":
        """The pool of transactions."""
        assert self._writers is not None, "the database is not open"
        return self._writers

    @property
    def readers(self) -> "asyncpg.Pool[Any]":
        """The pool of compiled reads."""
        assert self._readers is not None, "the database is not open"
        return self._readers

    @property
    def listers(self) -> "asyncpg.Pool[Any]":
        """The pool of lists of a whole table for those who see little of it."""
        assert self._listers is not None, "the database is not open"
        return self._listers

    @asynccontextmanager
    async def transaction(self, principal: Principal | None) -> AsyncIterator[Connection]:
        """READ COMMITTED, with the principal set for this transaction only; None sees no branch at all. Raises StalePrincipal."""
        async with self.writers.acquire() as raw, raw.transaction():
            if principal is not None:
                told = await raw.fetchrow(PRINCIPAL_SQL, *principal.settings, principal.version, principal.staff_id)
                if told is None or not told["fresh"]:
                    raise StalePrincipal
            yield Connection(raw)

    async def sees_much(self, units: Sequence[UUID]) -> bool:
        """Whether a good part of all loans belongs to these units, as the planner estimates from its statistics."""
        async with self.listers.acquire() as raw:
            plans = [await raw.fetchval(PLANNED), await raw.fetchval(f"{PLANNED} where org_id = any($1::uuid[])", units)]
        every, some = (float(plan[0]["Plan"]["Plan Rows"]) for plan in plans)
        return some >= SEES_MUCH * every

    async def fetch_json(self, sql: str, *args: Any, planned: bool = False) -> str:
        """The text that a compiled read returns, planned for its values when `planned`; StalePrincipal when it answers nothing."""
        text = await (self.listers if planned else self.readers).fetchval(sql, *args)
        if text is None:
            raise StalePrincipal
        return str(text)


async def connect(url: str) -> "asyncpg.Connection[Any]":
    """One connection of its own, for set-up and maintenance."""
    raw = await asyncpg.connect(url)
    await _codecs(raw)
    return raw


async def _codecs(raw: "asyncpg.Connection[Any]") -> None:
    await raw.set_type_codec("jsonb", schema="pg_catalog", encoder=_dump, decoder=orjson.loads)
    await raw.set_type_codec("json", schema="pg_catalog", encoder=_dump, decoder=orjson.loads)


async def _keep(_: "asyncpg.Connection[Any]") -> None:
    """A read leaves nothing behind in its session, so there is nothing to reset."""


def _dump(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def touched(status: str) -> int:
    """The number of rows in what PostgreSQL says of a statement, e.g. `UPDATE 3`; 0 where it names none."""
    return int(status.rpartition(" ")[2] or 0) if status[-1:].isdigit() else 0
