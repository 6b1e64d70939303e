"""What did not come back with a return is a part of refusing it, and goes with its operation.

Revision ID: 0028
Revises: 0027
Create Date: 2026-11-26
"""

from alembic import op

revision = "0028"
down_revision: str | None = "0027"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """C1: ct_archive_records_c1_by_operation then asks for the whole act's seats."""
    op.execute("update acts set part_of = 'REJECT_RETURN' where action = 'RETURN_MISSING'")


def downgrade() -> None:
    """Lets it stand for itself again."""
    op.execute("update acts set part_of = null where action = 'RETURN_MISSING'")
