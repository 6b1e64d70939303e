"""Volumes: whole when handed in, ticked when taken over, closed with their loan; contract elements; lists for disposal.

Revision ID: 0026
Revises: 0025
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0026"
down_revision: str | None = "0025"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The index is built beside the writers; one that a break left half built is built anew."""
    run_script("0026_volumes")
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists ix_archive_records_rebuilds_id")
        op.execute("create index concurrently ix_archive_records_rebuilds_id on archive_records (rebuilds_id)")


def downgrade() -> None:
    """Takes them away."""
    run_script("0026_volumes_down")
