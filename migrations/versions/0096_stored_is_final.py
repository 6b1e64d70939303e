"""What SQL of the server's own login could still make of a stored scan.

Revision ID: 0096
Revises: 0090
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0096"
down_revision: str | None = "0090"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Triggers, each named by its rule; and only what is announced may be inserted."""
    run_script("0096_stored_is_final")


def downgrade() -> None:
    """Takes them away."""
    run_script("0096_stored_is_final_down")
