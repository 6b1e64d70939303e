"""Papers that are awaited go to the nearest vault when their loan goes to a unit without one.

Revision ID: 0243
Revises: 0242
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0243"
down_revision: str | None = "0242"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function, and two anew."""
    run_script("0243_awaited_nearby")


def downgrade() -> None:
    """As they were before; what has moved stays."""
    run_script("0243_awaited_nearby_down")
