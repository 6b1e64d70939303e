"""What an act is stands in tables; a state that only seated acts bring about is reached by an operation alone.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The index is built beside the writers; one that a break left half built is built anew."""
    run_script("0008_acts")
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists ix_operations_done_in")
        op.execute("create index concurrently ix_operations_done_in on operations (done_in)")


def downgrade() -> None:
    """Refuses by a constraint when something is on record that only the newer vocabulary can say."""
    run_script("0008_acts_down")
