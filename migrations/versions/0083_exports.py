"""Evidence packs and exports of events: who asked, how far they are, how long they are kept.

Revision ID: 0083
Revises: 0089
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0083"
down_revision: str | None = "0089"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Two tables; a person sees what they asked for, the jobs see all."""
    run_script("0083_exports")


def downgrade() -> None:
    """Takes them away; what lies in the store is swept by nobody then."""
    run_script("0083_exports_down")
