"""A request that nobody can grant any more may lapse before it is decided.

Revision ID: 0253
Revises: 0252
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0253"
down_revision: str | None = "0252"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function replaced."""
    run_script("0253_asked_in_vain")


def downgrade() -> None:
    """As it was."""
    run_script("0253_asked_in_vain_down")
