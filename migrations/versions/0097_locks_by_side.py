"""The electronic lock is of a record, or of one side of what has none; and holds until a version is stored.

Revision ID: 0097
Revises: 0096
Create Date: 2026-11-26
"""

from alembic import op

from storage.migration import run_script

revision = "0097"
down_revision: str | None = "0096"
branch_labels: str | None = None
depends_on: str | None = None
ONE = {
    "uq_scans_c49_one_lock_of_record": "scans (subject_id) where locked_by_id is not null and record_id is not null",
    "uq_scans_c49_one_lock_of_side": "scans (subject_id, org_id) where locked_by_id is not null and record_id is null",
}
BEFORE = {"uq_scans_c49_one_lock": "scans (subject_id) where locked_by_id is not null"}


def upgrade() -> None:
    """The indexes are exchanged beside the writers."""
    run_script("0097_locks_by_side")
    _exchange(BEFORE, ONE)


def downgrade() -> None:
    """Refuses by the index while two sides hold a lock."""
    run_script("0097_locks_by_side_down")
    _exchange(ONE, BEFORE)


def _exchange(old: dict[str, str], new: dict[str, str]) -> None:
    with op.get_context().autocommit_block():
        for name, what in new.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create unique index concurrently {name} on {what}")
        for name in old:
            op.execute(f"drop index concurrently if exists {name}")
