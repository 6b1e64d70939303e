"""Stocktakes: the frame, blind counts, the comparison; what is being counted is frozen, and hidden from who counts it.

Revision ID: 0013
Revises: 0011
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0013"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

INDEXES = {
    "ix_archive_records_location_id": "archive_records (location_id) where location_id is not null",
    "ix_discrepancies_stocktake_line_id": "discrepancies (stocktake_line_id)",
}


def upgrade() -> None:
    """Indexes on what exists already are built beside the writers; one that a break left half built is built anew."""
    run_script("0013_stocktakes")
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {what}")


def downgrade() -> None:
    """Refuses by a constraint while a discrepancy of an unknown label is on record."""
    run_script("0013_stocktakes_down")
