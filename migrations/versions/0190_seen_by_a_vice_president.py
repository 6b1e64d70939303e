"""A volume that is asked for a court is seen by a vice president, as the exception of C16 demands of one under a hold.

Revision ID: 0190
Revises: 0181
Create Date: 2026-11-26
"""

from alembic import op

revision = "0190"
down_revision: str | None = "0181"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Of requests from now on: one that was made before keeps the ranks that it was made by."""
    op.execute("insert into approval_ranks (tier, purpose, role) values ('SECOND', 'LITIGATION', 'VICE_PRESIDENT')")


def downgrade() -> None:
    """The head alone."""
    op.execute("delete from approval_ranks where tier = 'SECOND' and purpose = 'LITIGATION' and role = 'VICE_PRESIDENT'")
