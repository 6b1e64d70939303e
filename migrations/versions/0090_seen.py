"""Who saw a thing, and what was judged, are found by index and not by reading everything.

Revision ID: 0090
Revises: 0083
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0090"
down_revision: str | None = "0083"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Two functions."""
    run_script("0090_seen")


def downgrade() -> None:
    """Takes them away."""
    run_script("0090_seen_down")
