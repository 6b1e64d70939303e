"""Nobody holds KEY and CODE of one vault on one day of the bank.

Revision ID: 0135
Revises: 0124
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0135"
down_revision: str | None = "0124"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A trigger, and what the judge asks."""
    run_script("0135_one_seat_a_day")


def downgrade() -> None:
    """As it was."""
    run_script("0135_one_seat_a_day_down")
