"""The facts of a paper are planned once for a connection.

Revision ID: 0252
Revises: 0251
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0252"
down_revision: str | None = "0251"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One setting of a function."""
    run_script("0252_facts_planned_once")


def downgrade() -> None:
    """As it was."""
    run_script("0252_facts_planned_once_down")
