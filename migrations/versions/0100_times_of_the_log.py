"""Times of the access log are the clock's.

Revision ID: 0100
Revises: 0102
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0100"
down_revision: str | None = "0102"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """By privilege on columns."""
    run_script("0100_times_of_the_log")


def downgrade() -> None:
    """As before."""
    run_script("0100_times_of_the_log_down")
