"""A custodian's list does not stay open for a first-tier paper that was lost, released or replaced since it was offered.

Revision ID: 0213
Revises: 0201
Create Date: 2026-11-26
"""

from alembic import op

revision = "0213"
down_revision: str | None = "0201"
branch_labels: str | None = None
depends_on: str | None = None

STATES = "'LOST', 'RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST'"
ACTIONS = "'REMOVE_HANDOVER_LINES', 'REJECT_HANDOVER', 'RECALL_RESPONSIBILITY'"


def upgrade() -> None:
    """Rows of the transitions alone."""
    op.execute(f"""insert into transitions (tier, start, action, finish, code)
      select 'FIRST', s, a, s, '–' from unnest(array[{STATES}]) s cross join unnest(array[{ACTIONS}]) a""")


def downgrade() -> None:
    """As it was."""
    op.execute(f"delete from transitions where tier = 'FIRST' and start in ({STATES}) and action in ({ACTIONS})")
