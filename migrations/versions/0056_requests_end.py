"""A request can be cancelled and rejected in every state of its record: one of a closed volume never went away.

Revision ID: 0056
Revises: 0043
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0056"
down_revision: str | None = "0043"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The rows that were missing."""
    run_script("0056_requests_end")


def downgrade() -> None:
    """Takes them away."""
    run_script("0056_requests_end_down")
