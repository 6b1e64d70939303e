"""The life of first-tier papers at the vault: expected, sealed, taken in, opened, lent with a letter, come back changed.

Revision ID: 0009
Revises: 0010
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0009"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None
BESIDE = {
    "ix_collateral_certificates_replaces_id": "index concurrently {} on collateral_certificates (replaces_id)",
    "ix_archive_records_awaited": "index concurrently {} on archive_records (expected_by, id) where state = 'AWAITED'",
    "uq_tickets_c10_one_valid": "unique index concurrently {} on tickets (operation_id) where not is_void",
}


def upgrade() -> None:
    """The indexes are built beside the writers; one that a break left half built is built anew."""
    run_script("0009_papers")
    with op.get_context().autocommit_block():
        for name, what in BESIDE.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute("create " + what.format(name))
        op.execute("alter table tickets drop constraint if exists uq_tickets_c10_one_per_exit")
        op.execute("alter index uq_tickets_c10_one_valid rename to uq_tickets_c10_one_per_exit")


def downgrade() -> None:
    """Refuses by a constraint when something is on record that only the newer vocabulary can say."""
    run_script("0009_papers_down")
