"""Stored scans as an upload leaves them, without its way: the tests of what happens to them afterwards need many."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from uuid import UUID, uuid4

from storage.objects import ObjectStore
from tests.harness.world import World

STORED = """insert into scans (id, org_id, subject_kind, subject_id, record_id, scan_version, title, media_type, sha256, size_bytes, pages, status,
  uploaded_by, registered_at, upload_expires_at, stored_at, object_key, object_version_id, lock_until, legal_hold)
  values ($1, $2, 'RECORD', $3, $3, $4, '扫描件', 'application/pdf', $5, $6, 1, 'STORED', $7, $8, $8, $8, $9, $10, $11, $12)"""


async def stored(bank: World, objects: ObjectStore, record: UUID, body: bytes | None = None, *, days: int = 730) -> UUID:
    """A scan of the record, locked for so many days, under legal hold."""
    scan, body = uuid4(), body or f"{uuid4()}".encode()
    at = datetime.now(UTC).replace(microsecond=0)
    locked = await objects.locked.put(f"scans/{scan}", BytesIO(body), sha256(body).digest(), "application/pdf", at + timedelta(days=days))
    version = await bank.sql("select coalesce(max(scan_version), 0) + 1 from scans where subject_id = $1", record)
    await bank.root.execute(
        STORED, scan, bank.branches["A"].id, record, version, sha256(body).digest(), len(body), bank.people["officer"].staff_id,
        at, locked.key, locked.version_id, locked.lock_until, locked.legal_hold,
    )  # fmt: skip
    return scan
