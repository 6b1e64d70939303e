"""What the judge asks of duties is asked by nobody else.

Revision ID: 0165
Revises: 0161
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0165"
down_revision: str | None = "0161"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Takes the right from everybody."""
    run_script("0165_days_on_duty")


def downgrade() -> None:
    """As it was."""
    run_script("0165_days_on_duty_down")
