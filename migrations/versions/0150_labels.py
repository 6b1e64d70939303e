"""A label that can no longer be read gets another one; the old one is nobody else's ever after.

Revision ID: 0150
Revises: 0112
Create Date: 2026-11-26
"""

from alembic import op

from storage.migration import run_script

revision = "0150"
down_revision: str | None = "0112"
branch_labels: str | None = None
depends_on: str | None = None
INDEX = "ix_barcodes_retired"


def upgrade() -> None:
    """The index of the retired is built beside the writers; one that a break left half built is built anew."""
    with op.get_context().autocommit_block():
        op.execute(f"drop index concurrently if exists {INDEX}")
        op.execute(f'create index concurrently {INDEX} on barcodes (search_plain(code) collate "C") where retired_at is not null')
    run_script("0150_labels")


def downgrade() -> None:
    """Labels stay as they are; nobody replaces one any more."""
    run_script("0150_labels_down")
    op.execute(f"drop index {INDEX}")
