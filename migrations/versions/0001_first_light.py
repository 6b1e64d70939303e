"""First light: all tables, history from the first day, access, the twins of the custody rules.

Revision ID: 0001
Revises:
Create Date: 2026-11-23
"""

from storage.migration import run_script

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None
PARTS = ("tables", "history", "access", "custody", "reference", "owners")


def upgrade() -> None:
    """Runs the files in order."""
    for part in PARTS:
        run_script(f"0001_{part}")


def downgrade() -> None:
    """Empties the schema; alembic's own table stays."""
    run_script("0001_down")
