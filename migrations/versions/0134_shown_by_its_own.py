"""A correction is shown by a scan of the file that it is of.

Revision ID: 0134
Revises: 0133
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0134"
down_revision: str | None = "0133"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function for the judge and the trigger of corrections."""
    run_script("0134_shown_by_its_own")


def downgrade() -> None:
    """As it was."""
    run_script("0134_shown_by_its_own_down")
