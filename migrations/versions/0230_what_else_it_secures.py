"""What else a paper secures when another takes its place or its loss is closed; and who approved a release hands nothing out.

Revision ID: 0230
Revises: 0250
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0230"
down_revision: str | None = "0250"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Three functions anew."""
    run_script("0230_what_else_it_secures")


def downgrade() -> None:
    """As they were; what was judged by them stays."""
    run_script("0230_what_else_it_secures_down")
