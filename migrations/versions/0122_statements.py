"""What the two heads declared of a lost record is kept with its case.

Revision ID: 0122
Revises: 0142
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0122"
down_revision: str | None = "0142"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A column, and that it is final."""
    run_script("0122_statements")


def downgrade() -> None:
    """Takes it away; the events keep the words."""
    run_script("0122_statements_down")
