"""The proof of a receipt is planned once, as everything is that a list calls for each of its rows (0057).

Revision ID: 0082
Revises: 0072
Create Date: 2026-11-26
"""

from alembic import op

revision = "0082"
down_revision: str | None = "0072"
branch_labels: str | None = None
depends_on: str | None = None
PROOF = "ledger_proof(bigint, bigint, bytea[])"


def upgrade() -> None:
    """A list of events with their receipts would plan it for each."""
    op.execute(f"alter function {PROOF} set plan_cache_mode = 'force_generic_plan'")


def downgrade() -> None:
    """Leaves it to the caller again."""
    op.execute(f"alter function {PROOF} reset plan_cache_mode")
