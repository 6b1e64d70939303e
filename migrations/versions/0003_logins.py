"""The logins that only look: of compiled reads, and of the sealer.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-23
"""

from storage.migration import run_script

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Grants what it may; refuses when an administrator has not made the roles."""
    run_script("0003_logins")


def downgrade() -> None:
    """Takes it all away."""
    run_script("0003_logins_down")
