"""Insurance policies have a last day of cover.

Revision ID: 0047
Revises: 0052
Create Date: 2026-11-26
"""

from alembic import op

from storage.migration import run_script

revision = "0047"
down_revision: str | None = "0052"
branch_labels: str | None = None
depends_on: str | None = None
INDEX = "ix_archive_records_expires_on"


def upgrade() -> None:
    """A column without a value, checked and indexed beside the writers; an index that a break left half built is built anew."""
    run_script("0047_policies")
    with op.get_context().autocommit_block():
        op.execute("alter table archive_records validate constraint ck_archive_records_policy_expires")
        op.execute(f"drop index concurrently if exists {INDEX}")
        op.execute(f"create index concurrently {INDEX} on archive_records (expires_on, id) where expires_on is not null")


def downgrade() -> None:
    """The last days are lost."""
    op.execute(f"drop index {INDEX}")
    op.execute("alter table archive_records drop constraint ck_archive_records_policy_expires")
    op.execute("alter table archive_records drop column expires_on")
