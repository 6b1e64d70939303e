"""Until when a count and a pending operation keep a record, for the earliest time that a refusal tells.

Revision ID: 0171
Revises: 0170
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0171"
down_revision: str | None = "0170"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Two functions."""
    run_script("0171_ends_of")


def downgrade() -> None:
    """As it was."""
    run_script("0171_ends_of_down")
