"""Handovers under a transfer register, loans that go to another unit, and units that close.

Revision ID: 0012
Revises: 0013
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0012"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None

MADE = {
    "ix_archive_records_custodian_id": "archive_records (custodian_id) where custodian_id is not null",
    "ix_chains_transferred": "chains (org_id) where transferred_at is not null",
}


def upgrade() -> None:
    """Indexes of tables that have rows are built beside the writers; one that a break left half built is built anew."""
    run_script("0012_handovers")
    with op.get_context().autocommit_block():
        for name, what in MADE.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {what}")


def downgrade() -> None:
    """Refuses by a constraint when something is on record that only the newer vocabulary can say."""
    for name in MADE:
        op.execute(f"drop index {name}")
    run_script("0012_handovers_down")
