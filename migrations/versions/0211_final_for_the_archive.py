"""The archive department takes volumes whose payoff is final; a reversal ends the retention of every volume of its loan.

Revision ID: 0211
Revises: 0210
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0211"
down_revision: str | None = "0210"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Four functions anew, and a trigger."""
    run_script("0211_final_for_the_archive")


def downgrade() -> None:
    """As it was; what was put right stays so."""
    run_script("0211_final_for_the_archive_down")
