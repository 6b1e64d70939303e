"""What was known to be missing before it was counted did not go out with a ticket.

Revision ID: 0191
Revises: 0190
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0191"
down_revision: str | None = "0190"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function, as 0050 named it."""
    run_script("0191_missing_already")


def downgrade() -> None:
    """As it was."""
    run_script("0191_missing_already_down")
