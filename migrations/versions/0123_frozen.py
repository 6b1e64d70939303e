"""What is frozen, as the judge says it, in one look for a whole list.

Revision ID: 0123
Revises: 0122
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0123"
down_revision: str | None = "0122"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function that is asked once a statement."""
    run_script("0123_frozen")


def downgrade() -> None:
    """Takes it away."""
    run_script("0123_frozen_down")
