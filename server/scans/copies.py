"""Copies of a scan as rows: what they share, where they lie, and what is recorded of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Date, Text, Uuid, column, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody import notices
from server.scans.retention import Lock, Terms
from storage.database import Connection, Principal
from storage.objects import LockedBucket, ObjectStore
from storage.statements import the
from storage.tables import scan_copies, scans
from storage.terms import CopyPlace, NoticeKind, RetentionClass, Role

log: Any = structlog.get_logger()
AT = TIMESTAMP(timezone=True)
IDS = ARRAY(Uuid)
c, s = scan_copies.c, scans.c
COPIES = select(
    c.id, c.scan_id, c.place, c.version_id, c.due_until, c.due_hold, c.observed_at, c.drifted_at, c.checked_at, c.bad_since,
    s.object_key, s.org_id, s.record_id, s.sha256, s.size_bytes, s.media_type,
    s.lock_until.label("scan_lock_until"),
).join(scans, s.id == c.scan_id)  # fmt: skip
TERMS: Any = select(column("scan_id"), column("chain"), column("matures_on"), column("final_at"), column("cutoff_at"), column("retention_class"), column("on_hold")).select_from(
    func.scan_terms(the("ids", IDS)).table_valued(
        column("scan_id", Uuid), column("chain", Uuid), column("matures_on", Date), column("final_at", AT), column("cutoff_at", AT),
        column("retention_class", Text), column("on_hold"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """By what a scan is kept, and the chain that its events go to."""

    chain: UUID
    terms: Terms


async def kept(conn: Connection, ids: list[UUID]) -> Mapping[UUID, Kept]:
    """Of these scans."""
    return {
        r["scan_id"]: Kept(
            r["chain"],
            Terms(
                r["matures_on"], r["final_at"], r["cutoff_at"], RetentionClass(r["retention_class"]) if r["retention_class"] else None,
                r["on_hold"],
            ),
        )
        for r in await conn.rows(TERMS, the_ids=ids)
    }  # fmt: skip


def bucket_of(objects: ObjectStore, place: str) -> LockedBucket | None:
    """Where the copy lies; None when no second store is named any more."""
    return objects.locked if place == CopyPlace.FIRST else objects.second


def places(objects: ObjectStore) -> list[str]:
    """The buckets that there are."""
    return [CopyPlace.FIRST.value] + ([CopyPlace.SECOND.value] if objects.second else [])


def due(row: Any) -> Lock:
    """The lock that the copy was left with."""
    return Lock(row["due_until"], row["due_hold"])


@dataclass(slots=True)
class Told:
    """What is recorded of one copy in one transaction."""

    conn: Connection
    by: Principal
    row: Any
    chain: UUID
    at: datetime
    events: list[tuple[Tag, dict[str, Any]]] = field(default_factory=list)

    def note(self, tag: Tag, **detail: Any) -> None:
        """An event about the scan, naming the copy."""
        self.events.append((tag, {"place": self.row["place"], **detail}))

    async def write(self) -> None:
        """Appends the events."""
        if not self.events:
            return
        chains = await Chains.lock(self.conn, [self.chain])
        for tag, detail in self.events:
            subject = ("scan", self.row["scan_id"])
            chains.note(self.chain, tag, subject=subject, by=self.by.staff_id, at=self.at, record=self.row["record_id"], **detail)
        await chains.write()

    async def alarm(self, kind: NoticeKind, **detail: Any) -> None:
        """A line for the operator, and a notice for compliance."""
        log.error("alarm", kind=kind.value, scan=str(self.row["scan_id"]), place=self.row["place"], **detail)
        who = await notices.people_for(self.conn, Role.COMPLIANCE, self.row["org_id"], self.at)
        occasion = f"{self.row['place']} {self.at:%Y-%m-%d}"
        about = {"record": self.row["record_id"], "occasion": occasion}
        await notices.tell(self.conn, who, kind, ("scan", self.row["scan_id"]), self.at, **about)
