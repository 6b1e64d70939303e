"""The facts of many papers are asked of all of them at once.

Revision ID: 0241
Revises: 0240
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0241"
down_revision: str | None = "0240"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function, and two anew."""
    run_script("0241_facts_of_many")


def downgrade() -> None:
    """As they were before."""
    run_script("0241_facts_of_many_down")
