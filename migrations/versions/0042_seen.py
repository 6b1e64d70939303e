"""Corrections and lists for disposal are found by the unit that sees them, as every list that several units share.

Revision ID: 0042
Revises: 0046
Create Date: 2026-11-26
"""

from alembic import op

revision = "0042"
down_revision: str | None = "0046"
branch_labels: str | None = None
depends_on: str | None = None
MADE = {f"ix_{table}_seen_{at}": f"{table} ((visible_to[{at}]))" for table in ("corrections", "disposal_batches") for at in (1, 2, 3, 4)}


def upgrade() -> None:
    """Each is built beside the writers; one that a break left half built is built anew."""
    with op.get_context().autocommit_block():
        for name, what in MADE.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {what}")


def downgrade() -> None:
    """Takes them away."""
    for name, what in MADE.items():
        op.drop_index(name, what.split()[0])
