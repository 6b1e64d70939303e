"""Nobody with an interest in the loan approves a disposal, takes a volume over, declares a loss, closes it or surrenders.

Revision ID: 0136
Revises: 0135
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0136"
down_revision: str | None = "0135"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The twins."""
    run_script("0136_no_interest")


def downgrade() -> None:
    """As it was."""
    run_script("0136_no_interest_down")
