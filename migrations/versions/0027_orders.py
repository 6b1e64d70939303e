"""Indexes for the orders of the lists of tickets, off-balance entries and emergencies.

Revision ID: 0027
Revises: 0026
Create Date: 2026-11-26
"""

from alembic import op

revision = "0027"
down_revision: str | None = "0026"
branch_labels: str | None = None
depends_on: str | None = None
ORDERS = {"tickets": ("ticket_no", "issued_at"), "off_balance_entries": ("queued_at",), "emergency_reviews": ("due_at", "opened_at")}


def upgrade() -> None:
    """Each is built beside the writers; one that a break left half built is built anew."""
    with op.get_context().autocommit_block():
        for table, columns in ORDERS.items():
            for column in columns:
                op.execute(f"drop index concurrently if exists ix_{table}_{column}")
                op.execute(f"create index concurrently ix_{table}_{column} on {table} ({column}, id)")


def downgrade() -> None:
    """Takes them away."""
    for table, columns in ORDERS.items():
        for column in columns:
            op.drop_index(f"ix_{table}_{column}", table)
