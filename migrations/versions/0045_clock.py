"""One calendar and one finality for program and PostgreSQL; what a bailee keeps is confirmed, not sought.

Revision ID: 0045
Revises: 0035
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0045"
down_revision: str | None = "0035"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Functions, and a constraint of a small table."""
    run_script("0045_clock")


def downgrade() -> None:
    """Refuses by a constraint when a confirmation was asked for."""
    run_script("0045_clock_down")
