"""Administration by two people: units, staff, roles, duties, places and parameters.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23
"""

from storage.migration import run_script

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Widens the vocabulary, then adds what carries a change out."""
    run_script("0002_administration")


def downgrade() -> None:
    """Refuses by a constraint when operations of administration are on record."""
    run_script("0002_administration_down")
