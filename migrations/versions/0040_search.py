"""Search finds everything, in one order: things of one name by their ids, numbers without their leading zeros by an index of their own.

Revision ID: 0040
Revises: 0028
Create Date: 2026-11-26
"""

from alembic import op

from storage.migration import run_script

revision = "0040"
down_revision: str | None = "0028"
branch_labels: str | None = None
depends_on: str | None = None

MADE = {
    "ix_search_terms_begins": "(org_id, kind, plain, subject_id)",
    "ix_search_terms_bare": "(org_id, kind, bare, subject_id) where bare <> plain",
}


def upgrade() -> None:
    """A server of before asks the same function; the indexes are built beside the writers, anew after a break, before it needs them."""
    with op.get_context().autocommit_block():
        for name, what in MADE.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on search_terms {what}")
    run_script("0040_search")
    op.execute(
        "drop function search_hits_of_all(text, text[], int, boolean),"
        " search_within(text, boolean, boolean, text[], uuid[], boolean, boolean, int)"
    )
    op.drop_index("ix_search_terms_plain", "search_terms")


def downgrade() -> None:
    """Brings back what was."""
    op.create_index("ix_search_terms_plain", "search_terms", ["org_id", "kind", "plain"])
    run_script("0040_search_down")
    for name in MADE:
        op.drop_index(name, "search_terms")
