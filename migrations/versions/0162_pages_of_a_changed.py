"""A certificate that comes back changed may have other pages than it left with.

Revision ID: 0162
Revises: 0167
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0162"
down_revision: str | None = "0167"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function."""
    run_script("0162_pages_of_a_changed")


def downgrade() -> None:
    """As it was."""
    run_script("0162_pages_of_a_changed_down")
