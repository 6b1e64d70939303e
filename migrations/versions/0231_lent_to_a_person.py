"""Papers are lent to a person, never to a service account.

Revision ID: 0231
Revises: 0230
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0231"
down_revision: str | None = "0230"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A trigger more on requests."""
    run_script("0231_lent_to_a_person")


def downgrade() -> None:
    """As it was; what was asked for stays."""
    run_script("0231_lent_to_a_person_down")
