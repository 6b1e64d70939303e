"""What the jobs look for every ten minutes is found from the side where it is rare.

Revision ID: 0166
Revises: 0165
Create Date: 2026-11-26
"""

from alembic import op

revision = "0166"
down_revision: str | None = "0165"
branch_labels: str | None = None
depends_on: str | None = None
INDEXES = {
    "ix_contract_element_items_gaps": "contract_element_items (deadline_at) where result in ('MISSING', 'INCONSISTENT')",
    "ix_archive_records_pending": "archive_records (custody_org_id) where state = 'PENDING_INTAKE'",
}


def upgrade() -> None:
    """Indexes are built beside the writers; one that a break left half built is built anew."""
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {what}")


def downgrade() -> None:
    """Takes them away."""
    for name in INDEXES:
        op.execute(f"drop index {name}")
