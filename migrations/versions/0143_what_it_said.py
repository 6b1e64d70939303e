"""What a certificate said and which plate a car had, from when to when.

Revision ID: 0143
Revises: 0138
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0143"
down_revision: str | None = "0138"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Two views over the versions of rows."""
    run_script("0143_what_it_said")


def downgrade() -> None:
    """Takes them away."""
    run_script("0143_what_it_said_down")
