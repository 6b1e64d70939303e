"""`python -m tests.chaos.mutants FAULT serve`: the server with a planted fault, to show that the comparison of books finds it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from server import cli, idempotency
from server.custody import reading
from server.custody.facts import building
from storage import database
from storage.database import Connection, Database, Principal

LATE_SECONDS = 0.05  # the ticket counter of a unit is locked as long: with more, clients wait for nothing else
NO_INDEX = """
  drop index uq_movements_c14_one_open;
  do $$ declare t record; begin
    for t in select tgrelid::regclass of, tgname from pg_trigger where not tgisinternal and tgname ~ '^ct_|_c[0-9]+_'
      and tgrelid in ('movements'::regclass, 'archive_records'::regclass, 'access_requests'::regclass, 'approvals'::regclass)
    loop execute format('alter table %s disable trigger %I', t.of, t.tgname); end loop; end $$"""  # what fills a row in stays


def answer_before_commit() -> None:
    """The transaction is committed a while after its answer has gone."""
    late: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def transaction(self: Database, principal: Principal | None) -> AsyncIterator[Connection]:
        raw = await self.writers.acquire()
        bracket = raw.transaction()
        await bracket.start()
        try:
            if principal is not None:
                await raw.fetchrow(database.PRINCIPAL_SQL, *principal.settings, principal.version, principal.staff_id)
            yield Connection(raw)
        except BaseException:
            await bracket.rollback()
            await self.writers.release(raw)
            raise

        async def commit() -> None:
            await asyncio.sleep(LATE_SECONDS)
            await bracket.commit()
            await self.writers.release(raw)

        late.add(task := asyncio.create_task(commit()))
        task.add_done_callback(late.discard)

    Database.transaction = transaction  # type: ignore[method-assign, assignment]  # the fault


def no_lock_and_no_index() -> None:
    """Records are read without a lock; the harness has dropped the index and the triggers."""
    assert building.reading is reading
    reading.RECORDS_LOCKED = reading.RECORDS
    reading.REQUEST_LOCKED = reading.REQUEST


def no_idempotency() -> None:
    """Every repetition is a new act."""
    spend = idempotency.spend

    async def anew(conn: Connection, principal: Principal, mutation: str, key: str, given: Any) -> Any:
        return await spend(conn, principal, mutation, f"{key}-{uuid4().hex}", given)

    async def keep(*_: Any) -> None:
        return None

    idempotency.spend, idempotency.keep = anew, keep


FAULTS: dict[str, Callable[[], None]] = {f.__name__: f for f in (answer_before_commit, no_lock_and_no_index, no_idempotency)}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    sys.argv[1:] = sys.argv[2:]
    cli.app()
