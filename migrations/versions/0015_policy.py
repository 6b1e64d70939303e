"""Decisions kept, overrides by a second person, and ranks that follow the matrix in force.

Revision ID: 0015
Revises: 0012
Create Date: 2026-11-25
"""

from storage.migration import run_script

revision = "0015"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Constraints on tables that are large already are checked beside the writers."""
    run_script("0015_policy")


def downgrade() -> None:
    """Refuses by a constraint when something left under an override."""
    run_script("0015_policy_down")
