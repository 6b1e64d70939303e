"""Requests that wait, recalls, the ladder of overdue checkouts, notices, and the queue of background jobs.

Revision ID: 0014
Revises: 0008
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0014"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

INDEXES = {
    "ix_access_requests_waiting": "access_requests (queued_at, id) where state = 'WAITING'",
    "ix_movements_provisional": "movements (id) where due_is_provisional and closed_at is null",
}


def upgrade() -> None:
    """The indexes are built beside the writers; one that a break left half built is built anew."""
    run_script("0014_time")
    run_script("0014_jobs")
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {what}")


def downgrade() -> None:
    """Refuses by a constraint when something is on record that only the newer vocabulary can say."""
    run_script("0014_jobs_down")
    run_script("0014_time_down")
