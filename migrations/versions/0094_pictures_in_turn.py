"""Pictures that could not be drawn are tried again behind the others.

Revision ID: 0094
Revises: 0093
Create Date: 2026-11-26
"""

from alembic import op

revision = "0094"
down_revision: str | None = "0093"
branch_labels: str | None = None
depends_on: str | None = None
NEW, OLD = "ix_scan_previews_next", "ix_scan_previews_wanted"


def upgrade() -> None:
    """A column, and the index of the order; it is built beside the writers."""
    op.execute("alter table scan_previews add column tried_at timestamptz")
    op.execute("comment on column scan_previews.tried_at is 'When its scan could not be had, or not be looked at, last.'")
    op.execute("grant update (tried_at) on scan_previews to loanfile_app")
    with op.get_context().autocommit_block():
        op.execute(f"drop index concurrently if exists {NEW}")
        op.execute(f"create index concurrently {NEW} on scan_previews (coalesce(tried_at, wanted_at), id) where status = 'WANTED'")
        op.execute(f"drop index concurrently if exists {OLD}")


def downgrade() -> None:
    """By when they were wanted alone."""
    op.execute(f"drop index {NEW}")
    op.execute(f"create index {OLD} on scan_previews (wanted_at) where status = 'WANTED'")
    op.execute("alter table scan_previews drop column tried_at")
