"""What comes to a record while it moves is seen where the record is seen.

Revision ID: 0098
Revises: 0097
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0098"
down_revision: str | None = "0097"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function waits for the row that it reads."""
    run_script("0098_follow_the_record")


def downgrade() -> None:
    """It reads without waiting."""
    run_script("0098_follow_the_record_down")
