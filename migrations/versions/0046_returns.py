"""A right that the registry or a certificate no longer shows is a case.

Revision ID: 0046
Revises: 0045
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0046"
down_revision: str | None = "0045"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A constraint and two triggers; nothing that is large is rewritten."""
    run_script("0046_returns")


def downgrade() -> None:
    """Refuses by a constraint when such a case is on record."""
    run_script("0046_returns_down")
