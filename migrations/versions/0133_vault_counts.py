"""When a vault was counted last is when its cabinet was that waits longest.

Revision ID: 0133
Revises: 0121
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0133"
down_revision: str | None = "0121"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function for the register and the reminder."""
    run_script("0133_vault_counts")


def downgrade() -> None:
    """Takes it away."""
    run_script("0133_vault_counts_down")
