"""What compliance asks of the object store: locks that are not as they should be, and how sure it is that the bytes are whole.

Both read what the jobs have seen of the store, as the caller, and are logged.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.compliance import access
from server.registers import Period
from server.scans.bounds import share_at_most
from storage.database import Database, Principal
from storage.terms import AccessResult, Role

READERS = frozenset({Role.COMPLIANCE, Role.AUDITOR})
AT = TIMESTAMP(timezone=True)
DRIFTED = text(
    "select c.id, c.scan_id, s.record_id, c.place, c.due_until, c.due_hold, c.lock_until, c.legal_hold, c.observed_at, c.drifted_at, c.repaired_at"
    " from scan_copies c join scans s on s.id = c.scan_id where c.drifted_at is not null and (cast(:after as uuid) is null"
    " or (c.drifted_at, c.id) > (:after_at, :after)) order by c.drifted_at, c.id limit :size"
).bindparams(bindparam("after", type_=Uuid), bindparam("after_at", type_=AT), bindparam("size", type_=Integer))
RUNS = text(
    "select coalesce(sum(objects), 0)::bigint as objects, coalesce(sum(bytes), 0)::bigint as bytes, coalesce(sum(bad), 0)::bigint as bad"
    " from fixity_runs where started_at >= :since and started_at < :until"
).bindparams(bindparam("since", type_=AT), bindparam("until", type_=AT))
FINDINGS = text(
    "select count(*) filter (where f.found_at >= :since and f.found_at < :until) as found,"
    " count(*) filter (where f.found_at >= :since and f.found_at < :until and f.healed_at is not null) as healed,"
    " count(*) filter (where f.healed_at is null) as open from fixity_findings f"
).bindparams(bindparam("since", type_=AT), bindparam("until", type_=AT))
COPIES = text(
    "select count(*) as copies, count(*) filter (where checked_at is null) as unchecked, min(checked_at) as oldest from scan_copies"
)


@dataclass(frozen=True, slots=True)
class FixityReport:
    """What was hashed in a period, and what follows from it."""

    objects: int
    bytes: int
    bad: int
    healed: int
    open: int
    copies: int
    unchecked: int
    oldest: datetime | None
    bad_share_at_most: float | None


@dataclass(frozen=True, slots=True)
class StoreReports:
    """As one caller."""

    database: Database
    me: Principal
    request_id: str

    async def drift(self, size: int, after: tuple[datetime, UUID] | None) -> tuple[list[Any], bool]:
        """Copies whose lock was another than we left it when last looked at, the longest so first; whether there are more.

        `after` is since when and which: a line that is put right meanwhile is no longer there to be asked.
        """
        after_at, copy = after or (None, None)
        async with self.database.transaction(self.me) as conn:
            rows = await conn.rows(DRIFTED, size=size + 1, after=copy, after_at=after_at)
            subjects = [row["scan_id"] for row in rows[:size]]
            await access.log(conn, self.me, "retentionDrift", AccessResult.GRANTED, subjects=subjects, request_id=self.request_id)
        return rows[:size], len(rows) > size

    async def fixity(self, period: Period) -> FixityReport:
        """Of the days of a period."""
        span = {"since": period.since, "until": period.until}
        async with self.database.transaction(self.me) as conn:
            runs, found, all_ = await conn.row(RUNS, **span), await conn.row(FINDINGS, **span), await conn.row(COPIES)
            assert runs is not None and found is not None and all_ is not None  # sums and counts
            about = {"first": period.first.isoformat(), "last": period.last.isoformat()}
            await access.log(conn, self.me, "fixityReport", AccessResult.GRANTED, detail=about, request_id=self.request_id)
        bound = share_at_most(runs["bad"], runs["objects"])
        return FixityReport(
            runs["objects"], runs["bytes"], runs["bad"], found["healed"], found["open"], all_["copies"], all_["unchecked"], all_["oldest"], bound,
        )  # fmt: skip
