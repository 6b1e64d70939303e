"""Whoever brings papers back is not the one who receives them.

Revision ID: 0161
Revises: 0160
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0161"
down_revision: str | None = "0160"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A trigger."""
    run_script("0161_another_receives")


def downgrade() -> None:
    """Takes it away."""
    run_script("0161_another_receives_down")
