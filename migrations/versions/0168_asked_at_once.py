"""Since when a vault waits is asked at once, and not of each thing in it.

Revision ID: 0168
Revises: 0163
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0168"
down_revision: str | None = "0163"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function instead of three."""
    run_script("0168_asked_at_once")


def downgrade() -> None:
    """As it was."""
    run_script("0168_asked_at_once_down")
