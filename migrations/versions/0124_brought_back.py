"""Papers come back by their holder or a successor, or are found in the vault on a claim and brought by nobody.

Revision ID: 0124
Revises: 0123
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0124"
down_revision: str | None = "0123"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Who may bring them is asked where it is written; that nobody did needs the claim."""
    run_script("0124_brought_back")


def downgrade() -> None:
    """The holder alone; refuses while a successor has brought something, or nobody has."""
    run_script("0124_brought_back_down")
