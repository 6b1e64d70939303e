"""Contracts are amended by two people.

Revision ID: 0111
Revises: 0110
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0111"
down_revision: str | None = "0110"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A table, functions and a trigger; nothing that is large is touched."""
    run_script("0111_amendments")


def downgrade() -> None:
    """Refuses by a constraint when something was amended."""
    run_script("0111_amendments_down")
