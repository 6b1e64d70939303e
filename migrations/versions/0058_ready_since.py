"""Since when a paper is ready to go: most are not, and that takes one look.

Revision ID: 0058
Revises: 0057
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0058"
down_revision: str | None = "0057"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The quick look first."""
    run_script("0058_ready_since")


def downgrade() -> None:
    """Without it."""
    run_script("0058_ready_since_down")
