"""Events in the order in which they became certain, for those who listen.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-24
"""

from alembic import op

from storage.migration import run_script

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The index is built beside the writers; one that a break left half built is built anew."""
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists ix_events_transaction_id")
        op.execute("create index concurrently ix_events_transaction_id on events (transaction_id, id)")
    run_script("0005_feed")


def downgrade() -> None:
    """Takes it away."""
    op.execute("drop function feed_position()")
    op.drop_index("ix_events_transaction_id", "events")
