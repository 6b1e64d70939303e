"""Scans that wait, uploads in parts, the same bytes once for a subject, the electronic lock, and pictures of pages.

Revision ID: 0065
Revises: 0060
Create Date: 2026-11-26
"""

from alembic import op

from storage.migration import run_script

revision = "0065"
down_revision: str | None = "0060"
branch_labels: str | None = None
depends_on: str | None = None
OPEN = "status in ('REGISTERED', 'PENDING')"
INDEXES = {
    "uq_scans_c49_same_bytes": f"unique|scans (subject_id, org_id, sha256) where same_as_id is null and (status = 'STORED' or {OPEN})",
    "uq_scans_c49_one_lock": "unique|scans (subject_id) where locked_by_id is not null",
    "ix_scans_unfinished": f"|scans (upload_expires_at) where {OPEN}",
}


def upgrade() -> None:
    """Indexes are built beside the writers; one that a break left half built is built anew."""
    run_script("0065_uploads")
    with op.get_context().autocommit_block():
        for name, told in INDEXES.items():
            kind, what = told.split("|")
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create {kind} index concurrently {name} on {what}")


def downgrade() -> None:
    """Refuses by a constraint while a scan waits."""
    run_script("0065_uploads_down")
