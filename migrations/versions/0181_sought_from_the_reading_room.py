"""What is never put back from the reading room is sought as what never comes back to the bank.

Revision ID: 0181
Revises: 0180
Create Date: 2026-11-26
"""

from alembic import op

revision = "0181"
down_revision: str | None = "0180"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One row of the state machine: S11."""
    op.execute(
        "insert into transitions (tier, start, action, finish, code) values ('SECOND', 'READING', 'OVERDUE_SEARCH', 'MISSING', 'S11')"
    )


def downgrade() -> None:
    """As it was."""
    op.execute("delete from transitions where tier = 'SECOND' and start = 'READING' and action = 'OVERDUE_SEARCH'")
