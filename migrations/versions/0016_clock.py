"""Acts follow each other in time, whatever the clock says.

Revision ID: 0016
Revises: 0014
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0016"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Adds the function."""
    run_script("0016_clock")


def downgrade() -> None:
    """Takes it away."""
    op.execute("drop function told_until(uuid[])")
