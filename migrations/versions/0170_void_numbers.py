"""Whether a certificate's number is void for ever is asked before the act, and not told by the trigger alone.

Revision ID: 0170
Revises: 0113
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0170"
down_revision: str | None = "0113"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function."""
    run_script("0170_void_numbers")


def downgrade() -> None:
    """As it was."""
    run_script("0170_void_numbers_down")
