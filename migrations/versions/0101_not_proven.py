"""Evidence of a contract whose history does not hold is not made, and is an alarm.

Revision ID: 0101
Revises: 0094
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0101"
down_revision: str | None = "0094"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A reason why an export fails, and a kind of alarm."""
    run_script("0101_not_proven")


def downgrade() -> None:
    """What failed for it failed by our fault then; refuses while there is an alarm of the kind."""
    run_script("0101_not_proven_down")
