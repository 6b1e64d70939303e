"""Losses: discrepancies with owner and second person, cases of records that are not there, numbers that are void for ever.

Revision ID: 0011
Revises: 0016
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0011"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None

INDEXES = {
    "ix_discrepancies_reported_at": "on discrepancies (reported_at, id)",
    "ix_discrepancies_deadline_at": "on discrepancies (deadline_at, id)",
    **{f"ix_discrepancies_seen_{at}": f"on discrepancies ((visible_to[{at}]))" for at in (1, 2, 3, 4)},
    "ix_return_inspections_discrepancy_id": "on return_inspections (discrepancy_id)",
    "ix_off_balance_entries_discrepancy_id": "on off_balance_entries (discrepancy_id)",
}
ONE_OPEN = "uq_discrepancies_c43_one_open"
UNIQUE = {  # the new one of the first stands before the old one goes
    f"{ONE_OPEN}_record": "on discrepancies (record_id, kind) where resolved_at is null and item_id is null",
    f"{ONE_OPEN}_item": "on discrepancies (item_id, kind) where resolved_at is null and item_id is not null",
}


def upgrade() -> None:
    """Indexes are built beside the writers; one that a break left half built is built anew."""
    run_script("0011_losses")
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} {what}")
        for name, what in UNIQUE.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create unique index concurrently {name} {what}")
        op.execute(f"drop index concurrently if exists {ONE_OPEN}")
        op.execute(f"alter index if exists {ONE_OPEN}_record rename to {ONE_OPEN}")


def downgrade() -> None:
    """Refuses by a constraint when something is on record that only the newer tables can say."""
    for name in (*INDEXES, f"{ONE_OPEN}_item"):
        op.execute(f"drop index {name}")
    op.execute(f"drop index {ONE_OPEN}")
    op.execute(f"create unique index {ONE_OPEN} on discrepancies (record_id, kind) where resolved_at is null")
    run_script("0011_losses_down")
