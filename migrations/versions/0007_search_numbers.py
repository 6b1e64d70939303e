"""Numbers are found by four characters at a time, in one list for a kind, for those who see much.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-25
"""

from alembic import op

from storage.migration import run_script

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A server of before asks the function of before, which stays; the index is built beside the writers, anew after a break."""
    run_script("0007_search_numbers")
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists ix_search_terms_wide")
        op.execute(
            "create index concurrently ix_search_terms_wide on search_terms"
            " using gin (search_wide(kind, plain, bare)) with (gin_pending_list_limit = 512)"
        )
        op.execute("analyze search_terms")


def downgrade() -> None:
    """Takes it away."""
    run_script("0007_search_numbers_down")
