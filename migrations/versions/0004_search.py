"""Search terms kept by triggers, and every label that was ever printed.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-24
"""

from alembic import op

from storage.migration import run_script

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The triggers come first, so that no row written meanwhile is missed; then what is there is indexed."""
    run_script("0004_search")
    op.execute("select index_everything()")


def downgrade() -> None:
    """Takes it all away; the barcodes stay on their papers."""
    run_script("0004_search_down")
