"""A court's paper serves one extension, and came after the lending.

Revision ID: 0163
Revises: 0162
Create Date: 2026-11-26
"""

from alembic import op

from storage.migration import run_script

revision = "0163"
down_revision: str | None = "0162"
branch_labels: str | None = None
depends_on: str | None = None

INDEX = "ix_access_requests_court_paper_scan_id"


def upgrade() -> None:
    """The index on what exists already is built beside the writers; one that a break left half built is built anew."""
    with op.get_context().autocommit_block():
        op.execute(f"drop index concurrently if exists {INDEX}")
        op.execute(f"create index concurrently {INDEX} on access_requests (court_paper_scan_id) where court_paper_scan_id is not null")
    run_script("0163_new_court_paper")


def downgrade() -> None:
    """As it was."""
    run_script("0163_new_court_paper_down")
    op.execute(f"drop index {INDEX}")
