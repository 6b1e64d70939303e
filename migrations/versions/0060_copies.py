"""What the object store really holds of each scan, and when it was last looked at.

Revision ID: 0060
Revises: 0058
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0060"
down_revision: str | None = "0058"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Copies, runs and findings of fixity, the terms of a scan."""
    run_script("0060_copies")


def downgrade() -> None:
    """Takes them away."""
    run_script("0060_copies_down")
