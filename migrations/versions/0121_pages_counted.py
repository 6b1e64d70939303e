"""What goes back was counted: as many pages as the register has.

Revision ID: 0121
Revises: 0141
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0121"
down_revision: str | None = "0141"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The twin of C26's count."""
    run_script("0121_pages_counted")


def downgrade() -> None:
    """Takes it away."""
    run_script("0121_pages_counted_down")
