"""What stands on the register is changed by the act whose it is.

Revision ID: 0221
Revises: 0220
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0221"
down_revision: str | None = "0220"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Triggers on records, items, seals, notices, reviews and keys; two functions anew."""
    run_script("0221_on_the_register")


def downgrade() -> None:
    """Without them."""
    run_script("0221_on_the_register_down")
