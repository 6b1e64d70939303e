"""A record tells of the holds that cover it, and not only that there is one.

Revision ID: 0142
Revises: 0134
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0142"
down_revision: str | None = "0134"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function."""
    run_script("0142_holds_that_cover")


def downgrade() -> None:
    """Takes it away."""
    run_script("0142_holds_that_cover_down")
