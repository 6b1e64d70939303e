"""A vault is counted within so many days of when what lies in it came in, if it was not counted since.

Revision ID: 0167
Revises: 0166
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0167"
down_revision: str | None = "0166"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The function of 0133 anew, with two that it asks."""
    run_script("0167_since_it_came")


def downgrade() -> None:
    """As it was."""
    run_script("0167_since_it_came_down")
