"""What lies in the vault without an envelope stands on a handover's list without a seal.

Revision ID: 0214
Revises: 0213
Create Date: 2026-11-26
"""

from storage.migration import run_script

revision = "0214"
down_revision: str | None = "0213"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """A function more, two anew, and a check that asks less."""
    run_script("0214_without_a_seal")


def downgrade() -> None:
    """As it was; lines that have no seal stay."""
    run_script("0214_without_a_seal_down")
