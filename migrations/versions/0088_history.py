"""The history of a contract by two times, found without reading the whole of it.

Revision ID: 0088
Revises: 0082
Create Date: 2026-11-26
"""

from alembic import op

from storage.migration import run_script

revision = "0088"
down_revision: str | None = "0082"
branch_labels: str | None = None
depends_on: str | None = None
INDEXES = {
    "ix_events_cause_id": "events (chain_id, cause_id) where cause_id is not null",
    "ix_row_versions_staff_roles": "row_versions ((content->>'staff_id')) where table_name = 'staff_roles'",
    "ix_holds_collateral_id": "holds (collateral_id) where collateral_id is not null",
    "ix_holds_party_id": "holds (party_id) where party_id is not null",
    "ix_holds_dealer_id": "holds (dealer_id) where dealer_id is not null",
}


def upgrade() -> None:
    """Indexes are built beside the writers; one that a break left half built is built anew."""
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {what}")
    run_script("0088_history")


def downgrade() -> None:
    """Takes them away."""
    run_script("0088_history_down")
    for name in INDEXES:
        op.execute(f"drop index {name}")
