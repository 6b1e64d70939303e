"""What the judge gathers is as of its instant, which explainCustody may set in the future.

Revision ID: 0131
Revises: 0130
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0131"
down_revision: str | None = "0130"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Functions that gather facts take the instant."""
    run_script("0131_as_of_the_judge")


def downgrade() -> None:
    """As it was."""
    run_script("0131_as_of_the_judge_down")
