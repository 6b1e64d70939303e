"""The compliance history can be proven: a tree over all events and the access log, and its signed checkpoints.

Revision ID: 0070
Revises: 0065
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0070"
down_revision: str | None = "0065"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Tables, what waits, and what the sealer's login may."""
    run_script("0070_ledger")


def downgrade() -> None:
    """Takes them away."""
    run_script("0070_ledger_down")
