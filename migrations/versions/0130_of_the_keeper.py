"""An override is permitted by the unit that keeps the paper, not by the unit of whoever asks.

Revision ID: 0130
Revises: 0103
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0130"
down_revision: str | None = "0103"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Replaces the trigger's function."""
    run_script("0130_of_the_keeper")


def downgrade() -> None:
    """As it was."""
    run_script("0130_of_the_keeper_down")
