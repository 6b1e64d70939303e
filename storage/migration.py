"""Alembic from inside the program: to head, and whether we are there.

A server only asks where it is: Alembic, 10 MB of memory, is imported by those who migrate.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.config import Config

ROOT = Path(__file__).parents[1]
NAME, BEFORE = (re.compile(rf'^{word}\b.*= "(\w+)"$', re.MULTILINE) for word in ("revision", "down_revision"))


def config(owner_url: str) -> "Config":
    """Alembic's settings for a database; the URL is never written to a file."""
    from alembic.config import Config

    made = Config(ROOT / "alembic.ini")
    made.attributes["url"] = owner_url
    return made


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Migrates up; call it outside an event loop."""
    from alembic import command

    command.upgrade(config(owner_url), revision)


def downgrade(owner_url: str, revision: str = "base") -> None:
    """Migrates down; call it outside an event loop."""
    from alembic import command

    command.downgrade(config(owner_url), revision)


def check(owner_url: str) -> None:
    """Raises when the tables in the code and in the database differ."""
    from alembic import command

    command.check(config(owner_url))


def run_script(name: str) -> None:
    """Runs the frozen file `migrations/sql/NAME.sql` inside a revision, given to the driver as one script."""
    from alembic import op

    script = (ROOT / "migrations" / "sql" / f"{name}.sql").read_text("utf-8")

    async def execute(driver: Any) -> None:
        await driver.execute(script)

    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(execute)


@cache
def head() -> str:
    """The newest revision of this version of the program: the one that none comes after; numbers alone do not tell (migrations/README.md)."""
    texts = [path.read_text("utf-8") for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py")]
    (newest,) = {found for text in texts for found in NAME.findall(text)} - {found for text in texts for found in BEFORE.findall(text)}
    return str(newest)


def behind(found: str | None) -> str | None:
    """One line about a database that is not at the head; None for one that is."""
    return None if found == head() else f"the database is at migration {found}, this program needs {head()}; run loanfile migrate"


async def current(connection: Any) -> str | None:
    """The revision of a database, read as the app role."""
    if await connection.fetchval("select to_regclass('alembic_version')") is None:
        return None
    found = await connection.fetchval("select version_num from alembic_version")
    return None if found is None else str(found)
