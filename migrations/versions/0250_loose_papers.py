"""A count of the vault lists the settlement notices that lie in it.

Revision ID: 0250
Revises: 0215
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0250"
down_revision: str | None = "0215"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function more, two anew."""
    run_script("0250_loose_papers")


def downgrade() -> None:
    """As they were; lines of counts that were begun stay."""
    run_script("0250_loose_papers_down")
