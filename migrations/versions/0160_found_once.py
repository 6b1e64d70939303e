"""What was found in the vault on a claim is presented by that claim once.

Revision ID: 0160
Revises: 0150
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0160"
down_revision: str | None = "0150"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function."""
    run_script("0160_found_once")


def downgrade() -> None:
    """As it was."""
    run_script("0160_found_once_down")
