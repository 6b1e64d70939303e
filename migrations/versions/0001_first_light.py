"""First light: all tables, history from the first day, access, the twins of the custody rules.

Revision ID: 0001
Revises:
Create Date: 2026-11-23
"""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

SQL = Path(__file__).parents[1] / "sql"
PARTS = ("tables", "history", "access", "custody", "reference", "owners")


def _run(part: str) -> None:
    """A frozen file, given to the driver as one script."""
    script = (SQL / f"0001_{part}.sql").read_text("utf-8")

    async def execute(driver: Any) -> None:
        await driver.execute(script)

    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(execute)


def upgrade() -> None:
    """Runs the files in order."""
    for part in PARTS:
        _run(part)


def downgrade() -> None:
    """Empties the schema; alembic's own table stays."""
    _run("down")
