"""Alarms are rows and notices, not only lines of a log.

Revision ID: 0089
Revises: 0088
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0089"
down_revision: str | None = "0088"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One table, and a kind of notice."""
    run_script("0089_alarms")


def downgrade() -> None:
    """Takes them away."""
    run_script("0089_alarms_down")
