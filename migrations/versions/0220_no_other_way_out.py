"""What leaves, leaves by an approved request, and ends as what it is.

Revision ID: 0220
Revises: 0231
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0220"
down_revision: str | None = "0231"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Triggers on movements; two functions anew."""
    run_script("0220_no_other_way_out")


def downgrade() -> None:
    """Without them."""
    run_script("0220_no_other_way_out_down")
