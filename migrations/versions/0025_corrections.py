"""What was mistyped is put right by two people.

Revision ID: 0025
Revises: 0009
Create Date: 2026-11-25
"""

from storage.migration import run_script

revision = "0025"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A table, a function and a trigger; nothing that is large is touched."""
    run_script("0025_corrections")


def downgrade() -> None:
    """Refuses by a constraint when something was corrected."""
    run_script("0025_corrections_down")
