"""What leaves for good: settlement notices, releases, substitutions, and the twins of the release gate.

Revision ID: 0010
Revises: 0015
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0010"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None
REVERSED = "uq_loan_positions_c52_reversed_once"


def upgrade() -> None:
    """The index is built beside the writers; one that a break left half built is built anew."""
    run_script("0010_release")
    with op.get_context().autocommit_block():
        op.execute(f"drop index concurrently if exists {REVERSED}")
        op.execute(f"create unique index concurrently {REVERSED} on loan_positions (reversal_of_id) where reversal_of_id is not null")


def downgrade() -> None:
    """Refuses by a constraint when something is on record that only the newer vocabulary can say."""
    op.drop_index(REVERSED, "loan_positions")
    run_script("0010_release_down")
