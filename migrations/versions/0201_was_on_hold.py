"""What a loan file as it was tells of holds is what the present tells of them: those on another loan of the same car too.

Revision ID: 0201
Revises: 0200
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0201"
down_revision: str | None = "0200"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function."""
    run_script("0201_was_on_hold")


def downgrade() -> None:
    """Takes it away."""
    run_script("0201_was_on_hold_down")
