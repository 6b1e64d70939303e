"""A hold on any loan that a paper secures keeps it, and whoever has an interest in any of them decides nothing about it.

Revision ID: 0200
Revises: 0212
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0200"
down_revision: str | None = "0212"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One definition, and what stands on it."""
    run_script("0200_other_loans")


def downgrade() -> None:
    """The primary loan alone."""
    run_script("0200_other_loans_down")
