"""Which numbers of the bank stand in a text, whoever has them and however they are written.

Revision ID: 0103
Revises: 0100
Create Date: 2026-11-26
"""

from alembic import op

from storage.migration import run_script

revision = "0103"
down_revision: str | None = "0100"
branch_labels: str | None = None
depends_on: str | None = None
INDEXES = {
    "ix_search_terms_numbers": "search_terms (plain) where kind not in ('customer', 'scan') and plain ~ '[0-9]'",
    "ix_corrections_before": "corrections (search_plain(old_value) collate \"C\") where field in ('number', 'archive_no', 'barcode', 'seal_no')",
    "ix_seals_plain": 'seals (search_plain(seal_no) collate "C")',
}


def upgrade() -> None:
    """Indexes are built beside the writers; one that a break left half built is built anew."""
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on {what}")
    run_script("0103_numbers_in_texts")


def downgrade() -> None:
    """Takes them away."""
    run_script("0103_numbers_in_texts_down")
    for name in INDEXES:
        op.execute(f"drop index {name}")
