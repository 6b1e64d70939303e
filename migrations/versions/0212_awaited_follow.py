"""Papers and volumes that nobody keeps yet go with their loan to another unit.

Revision ID: 0212
Revises: 0211
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0212"
down_revision: str | None = "0211"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Two functions anew."""
    run_script("0212_awaited_follow")


def downgrade() -> None:
    """As it was; what went stays."""
    run_script("0212_awaited_follow_down")
