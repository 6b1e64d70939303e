"""A vehicle secures what is owed as one collateral, whatever was entered when.

Revision ID: 0112
Revises: 0143
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0112"
down_revision: str | None = "0143"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A trigger and two functions; what stands twice already is left."""
    run_script("0112_one_vehicle_everywhere")


def downgrade() -> None:
    """As they were."""
    run_script("0112_one_vehicle_everywhere_down")
