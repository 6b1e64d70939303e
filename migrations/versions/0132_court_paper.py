"""An extension for a court keeps the court's paper, and needs every rank that the loan needed.

Revision ID: 0132
Revises: 0120
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0132"
down_revision: str | None = "0120"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A column, and what the triggers ask."""
    run_script("0132_court_paper")


def downgrade() -> None:
    """The column goes with what it holds."""
    run_script("0132_court_paper_down")
