"""First light: all tables, history from the first day, access, the twins of the custody rules.

Revision ID: 0001
Revises:
Create Date: 2026-11-23
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

SQL = Path(__file__).parents[1] / "sql"
PARTS = ("tables", "history", "access", "custody", "reference", "owners")


def upgrade() -> None:
    """Runs the frozen files in order; the driver takes each as one script."""
    connection = op.get_bind().connection.driver_connection
    for part in PARTS:
        script = (SQL / f"0001_{part}.sql").read_text("utf-8")
        op.get_bind().connection.run_async(lambda _, script=script: connection.execute(script))


def downgrade() -> None:
    """Empties the schema; alembic's own table stays."""
    connection = op.get_bind().connection.driver_connection
    script = (SQL / "0001_down.sql").read_text("utf-8")
    op.get_bind().connection.run_async(lambda _: connection.execute(script))
