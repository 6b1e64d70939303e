"""Inspection reports of a loan go with it to the unit that takes it over.

Revision ID: 0052
Revises: 0051
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0052"
down_revision: str | None = "0051"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function, and the few reports whose loan has gone already."""
    run_script("0052_reports_follow")


def downgrade() -> None:
    """They stay with the unit that wrote them."""
    run_script("0052_reports_follow_down")
