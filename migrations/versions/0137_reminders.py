"""Kinds of notices: what was refused, rejected or cancelled, gaps past their day, papers overnight without a vault.

Revision ID: 0137
Revises: 0136
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0137"
down_revision: str | None = "0136"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The closed list grows."""
    run_script("0137_reminders")


def downgrade() -> None:
    """Refuses while there is a notice of one of the kinds."""
    run_script("0137_reminders_down")
