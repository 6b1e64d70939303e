"""A vehicle secures what is owed as one collateral.

Revision ID: 0110
Revises: 0140
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0110"
down_revision: str | None = "0140"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function and a trigger; what stands twice already is left."""
    run_script("0110_one_vehicle")


def downgrade() -> None:
    """Takes them away."""
    run_script("0110_one_vehicle_down")
