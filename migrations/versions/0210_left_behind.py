"""A custodian who leaves hands over what is missing, lost, archived or on a list for disposal, and not what is gone for good.

Revision ID: 0210
Revises: 0191
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0210"
down_revision: str | None = "0191"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """New transitions, two functions anew."""
    run_script("0210_left_behind")


def downgrade() -> None:
    """As it was."""
    run_script("0210_left_behind_down")
