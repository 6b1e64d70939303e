"""What came beside the tables of the stocktakes is hidden from who counts, too.

Revision ID: 0050
Revises: 0042
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0050"
down_revision: str | None = "0042"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """C41: policies and functions; no row is read or written."""
    run_script("0050_blind")


def downgrade() -> None:
    """Shows it again."""
    run_script("0050_blind_down")
