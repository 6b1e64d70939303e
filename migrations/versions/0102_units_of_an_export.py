"""Whoever fetches the events of a period still sees the units that they are of.

Revision ID: 0102
Revises: 0101
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0102"
down_revision: str | None = "0101"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A column; an archive of before has none and is for those who see everything."""
    run_script("0102_units_of_an_export")


def downgrade() -> None:
    """Takes it away."""
    run_script("0102_units_of_an_export_down")
