"""What somebody wrote stands beside the events and not in them: an event carries a keyed hash of it.

Revision ID: 0071
Revises: 0070
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0071"
down_revision: str | None = "0070"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One table."""
    run_script("0071_words")


def downgrade() -> None:
    """Takes it away, and the words with it."""
    run_script("0071_words_down")
