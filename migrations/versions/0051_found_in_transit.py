"""What went missing on its way and is found, or lost for good, ends its line of the handover.

Revision ID: 0051
Revises: 0050
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0051"
down_revision: str | None = "0050"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """C31: one function."""
    run_script("0051_found_in_transit")


def downgrade() -> None:
    """Only the receiver ends it."""
    run_script("0051_found_in_transit_down")
