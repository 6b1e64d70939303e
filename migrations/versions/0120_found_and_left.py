"""What was missed before it entered waits again when it is found; the slot of an envelope that nothing comes back into is free.

Revision ID: 0120
Revises: 0111
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0120"
down_revision: str | None = "0111"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A transition, where a case leads back to, and who may free a slot."""
    run_script("0120_found_and_left")


def downgrade() -> None:
    """As before; an open case leads into the vault again."""
    run_script("0120_found_and_left_down")
