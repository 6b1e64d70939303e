"""A line of a history says in which roles somebody acted at that time.

Revision ID: 0072
Revises: 0081
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0072"
down_revision: str | None = "0081"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function."""
    run_script("0072_roles_over_time")


def downgrade() -> None:
    """Takes it away."""
    run_script("0072_roles_over_time_down")
