"""What is found follows who may see it, also where a trigger changed that.

Revision ID: 0041
Revises: 0040
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0041"
down_revision: str | None = "0040"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The triggers come first, so that nothing changes meanwhile; then what went wrong before is mended."""
    run_script("0041_search_follows")


def downgrade() -> None:
    """Takes the triggers back."""
    run_script("0041_search_follows_down")
