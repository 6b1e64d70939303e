"""When bytes were last hashed is when they were read: those that were only just put there have not been.

Revision ID: 0093
Revises: 0098
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0093"
down_revision: str | None = "0098"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A column that may be empty, and is where no job has hashed the copy yet."""
    run_script("0093_checked_when_read")


def downgrade() -> None:
    """As if they had been hashed when they were put there."""
    run_script("0093_checked_when_read_down")
