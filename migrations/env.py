"""Runs migrations on asyncpg as the role that owns the schema. LOANFILE_MIGRATION_DATABASE_URL, or the caller, names it."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine

from storage import tables
from storage.tables.columns import XID8

LOCK_TIMEOUT = "5s"
# Whoever may execute a function of a trigger may hang it on a table of his own, and have its owner write what he likes.
OUR_TRIGGERS_ALONE = """do $$ declare called text; begin
  for called in select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace and prorettype = 'trigger'::regtype loop
    execute format('revoke execute on function %s from public', called);
  end loop;
end $$"""
ischema_names["xid8"] = XID8  # a type that reflection does not know


def run(connection: Connection) -> None:
    """One transaction a migration; a lock that is not free in time stops it, instead of stopping the bank."""
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
        context.run_migrations()
    connection.execute(text(OUR_TRIGGERS_ALONE))


async def connect() -> None:
    """Opens one connection and runs on it."""
    url = context.config.attributes.get("url") or os.environ["LOANFILE_MIGRATION_DATABASE_URL"]
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("Migrations run on a connection; --sql is not supported.")
asyncio.run(connect())
