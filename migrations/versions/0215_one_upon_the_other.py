"""An amendment or a correction counts from after the one that it stands upon.

Revision ID: 0215
Revises: 0214
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0215"
down_revision: str | None = "0214"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Two functions anew."""
    run_script("0215_one_upon_the_other")


def downgrade() -> None:
    """As they were; times that were written stay."""
    run_script("0215_one_upon_the_other_down")
