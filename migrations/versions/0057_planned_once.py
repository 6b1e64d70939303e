"""What a list calls for each of its rows is planned once: lists of those who see little are planned each time, and so were these.

Revision ID: 0057
Revises: 0056
Create Date: 2026-11-26
"""

from alembic import op

revision = "0057"
down_revision: str | None = "0056"
branch_labels: str | None = None
depends_on: str | None = None
CALLED = (
    "blind_places()", "is_being_counted(uuid)", "notice_is_filed(uuid)", "parameter_of(text, uuid, integer)",
    "policy_roles(text, uuid, timestamptz)", "queue_position(uuid)", "release_ready_since(uuid)", "settlement_final_at(uuid)",
    "stocktakes_compared(uuid)",
)  # fmt: skip


def upgrade() -> None:
    """Fifty records of a small unit took 360 ms with eight clients, most of it planning of `release_ready_since`."""
    for function in CALLED:
        op.execute(f"alter function {function} set plan_cache_mode = 'force_generic_plan'")


def downgrade() -> None:
    """Leaves it to the caller again."""
    for function in CALLED:
        op.execute(f"alter function {function} reset plan_cache_mode")
