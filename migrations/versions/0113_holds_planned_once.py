"""Which holds cover a record is asked for each row of a list: planned once.

Revision ID: 0113
Revises: 0168
Create Date: 2026-11-26
"""

from alembic import op

revision = "0113"
down_revision: str | None = "0168"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """As those of 0057."""
    op.execute("alter function holds_that_cover(uuid) set plan_cache_mode = 'force_generic_plan'")


def downgrade() -> None:
    """Leaves it to the caller again."""
    op.execute("alter function holds_that_cover(uuid) reset plan_cache_mode")
