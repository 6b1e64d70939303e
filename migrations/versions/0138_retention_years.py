"""How long a class is kept, and up to which term a loan is of the short one, are parameters.

Revision ID: 0138
Revises: 0137
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0138"
down_revision: str | None = "0137"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The judge and the trigger read them."""
    run_script("0138_retention_years")


def downgrade() -> None:
    """As it was."""
    run_script("0138_retention_years_down")
