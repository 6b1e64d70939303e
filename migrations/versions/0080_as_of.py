"""A loan file as it was: values and grades with the days on which they hold, and the rows as they were known.

Revision ID: 0080
Revises: 0071
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0080"
down_revision: str | None = "0071"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Two tables of valid time, and the functions that read the versions of rows."""
    run_script("0080_as_of")


def downgrade() -> None:
    """Takes them away."""
    run_script("0080_as_of_down")
