"""An extension is of every paper of the envelope that left with it.

Revision ID: 0244
Revises: 0243
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0244"
down_revision: str | None = "0243"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function, and two anew."""
    run_script("0244_whole_envelope")


def downgrade() -> None:
    """As they were before; what was prolonged stays."""
    run_script("0244_whole_envelope_down")
