"""What SQL of the server's own login could still do around the desk: forged seats, tiers, vaults, ranks, lines and entries.

Revision ID: 0055
Revises: 0047
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0055"
down_revision: str | None = "0047"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Twins, and privileges of functions."""
    run_script("0055_forgeries")


def downgrade() -> None:
    """Takes them away."""
    run_script("0055_forgeries_down")
