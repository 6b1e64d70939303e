"""The term of a checkout and how often it is prolonged are kept by PostgreSQL too.

Revision ID: 0240
Revises: 0221
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0240"
down_revision: str | None = "0221"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function, two triggers, and one function anew."""
    run_script("0240_terms")


def downgrade() -> None:
    """As it was; what was lent meanwhile stays."""
    run_script("0240_terms_down")
