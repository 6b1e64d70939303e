"""What the object store really holds of each scan: its copies, their locks and bytes as they were last seen.

Apart from `scans`, whose every version is kept for ever: these rows change with each look at the store.
"""

from sqlalchemy import BigInteger, Boolean, Index, Text, UniqueConstraint, text

from storage.tables.columns import INSTANT, check, key, may, need, one_of, ref, table
from storage.terms import CopyPlace, FixityFault

scan_copies = table(
    "scan_copies",
    "Copies of stored scans, one in each bucket: the lock that is due and the one that was read, and when the bytes were last hashed.",
    key(),
    ref("scan_id", "scans", "The scan."),
    need("place", Text, "In which bucket."),
    need("version_id", Text, "Pinned version of the object."),
    need("due_until", INSTANT, "Until when it should be locked."),
    need("due_hold", Boolean, "Whether a legal hold should lie on it."),
    may("lock_until", INSTANT, "Until when it was locked when last looked at; null: not locked, or not there."),
    need("legal_hold", Boolean, "Whether a legal hold lay on it then."),
    need("observed_at", INSTANT, "When its lock was last looked at."),
    may("drifted_at", INSTANT, "Since when the lock has been another than we left it."),
    may("repaired_at", INSTANT, "When the lock that was less than due was put right."),
    may("checked_at", INSTANT, "When its bytes were last hashed; null: not yet, since they were put there."),
    may("bad_since", INSTANT, "Since when the bytes have been wrong or missing."),
    one_of("place", CopyPlace),
    UniqueConstraint("scan_id", "place", name="uq_scan_copies_one_each"),
    check("drifted_at is not null or repaired_at is null", "repaired_drift"),
    Index("ix_scan_copies_observed_at", "observed_at", "id"),
    Index("ix_scan_copies_checked_at", "checked_at", "id"),
    Index("ix_scan_copies_drifted", "drifted_at", "id", postgresql_where=text("drifted_at is not null")),
    Index("ix_scan_copies_bad", "bad_since", "id", postgresql_where=text("bad_since is not null")),
    Index("ix_scan_copies_released", "scan_id", postgresql_where=text("not due_hold")),
)

fixity_runs = table(
    "fixity_runs",
    "Runs of the job that hashes stored bytes again, the oldest-checked first.",
    key(),
    need("started_at", INSTANT, "When it began."),
    need("last_at", INSTANT, "When its last object was done."),
    need("objects", BigInteger, "Objects hashed.", server_default=text("0")),
    need("bytes", BigInteger, "Bytes hashed.", server_default=text("0")),
    need("bad", BigInteger, "Objects whose bytes were wrong or missing.", server_default=text("0")),
    Index("ix_fixity_runs_started_at", "started_at", "id"),
    check("bad <= objects", "bad"),
)

fixity_findings = table(
    "fixity_findings",
    "Copies whose bytes were wrong or missing, each from when it was found until it was healed.",
    key(),
    ref("scan_id", "scans", "The scan.", index=True),
    need("place", Text, "In which bucket."),
    need("fault", Text, "What was wrong."),
    need("version_id", Text, "The version that is bad; its lock keeps it."),
    need("found_at", INSTANT, "When it was found."),
    may("healed_at", INSTANT, "When a good version took its place."),
    may("healed_version_id", Text, "The version that is pinned since."),
    one_of("place", CopyPlace),
    one_of("fault", FixityFault),
    check("(healed_at is null) = (healed_version_id is null)", "healed"),
    Index("ix_fixity_findings_found_at", "found_at", "id"),
    Index("uq_fixity_findings_one_open", "scan_id", "place", unique=True, postgresql_where=text("healed_at is null")),
)
