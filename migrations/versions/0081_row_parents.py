"""All rows that ever belonged to a loan, a paper or a collateral are found without reading every version of every row.

Revision ID: 0081
Revises: 0080
Create Date: 2026-11-26
"""

from alembic import op

revision = "0081"
down_revision: str | None = "0080"
branch_labels: str | None = None
depends_on: str | None = None
NAME = "ix_row_versions_parent"


def upgrade() -> None:
    """Built beside the writers; one that a break left half built is built anew."""
    with op.get_context().autocommit_block():
        op.execute(f"drop index concurrently if exists {NAME}")
        op.execute(
            f"create index concurrently {NAME} on row_versions (row_parent(table_name, content), table_name)"
            " where row_parent(table_name, content) is not null"
        )


def downgrade() -> None:
    """Takes it away."""
    op.drop_index(NAME, "row_versions")
