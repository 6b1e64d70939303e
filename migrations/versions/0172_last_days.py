"""The last day of a certificate and of an insurance policy may be put right.

Revision ID: 0172
Revises: 0171
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0172"
down_revision: str | None = "0171"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Two branches of one function."""
    run_script("0172_last_days")


def downgrade() -> None:
    """As it was."""
    run_script("0172_last_days_down")
