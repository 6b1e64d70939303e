"""Whoever papers are for does not approve the request.

Revision ID: 0251
Revises: 0244
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0251"
down_revision: str | None = "0244"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A trigger more."""
    run_script("0251_not_their_own")


def downgrade() -> None:
    """As it was."""
    run_script("0251_not_their_own_down")
