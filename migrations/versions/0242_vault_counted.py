"""When a vault was last counted is asked place by place.

Revision ID: 0242
Revises: 0241
Create Date: 2026-11-27
"""

from storage.migration import run_script

revision = "0242"
down_revision: str | None = "0241"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """One function anew."""
    run_script("0242_vault_counted")


def downgrade() -> None:
    """As it was before."""
    run_script("0242_vault_counted_down")
