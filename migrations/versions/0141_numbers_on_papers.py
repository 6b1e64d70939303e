"""A scanner knows the numbers of handover lists, tickets and receipts, as they are printed.

Revision ID: 0141
Revises: 0132
Create Date: 2026-11-26
"""

from alembic import op

from storage.migration import run_script

revision = "0141"
down_revision: str | None = "0132"
branch_labels: str | None = None
depends_on: str | None = None
INDEX = "ix_handovers_printed"


def upgrade() -> None:
    """The index is built beside the writers."""
    run_script("0141_numbers_on_papers")
    with op.get_context().autocommit_block():
        op.execute(f"drop index concurrently if exists {INDEX}")
        op.execute(f"create index concurrently {INDEX} on handovers (upper(right(id::text, 12)))")


def downgrade() -> None:
    """Labels, seals and numbers of the register alone."""
    op.execute(f"drop index {INDEX}")
    run_script("0141_numbers_on_papers_down")
