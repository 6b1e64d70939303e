"""The events of a period for whoever examines the bank: parts of JSON lines, made one by one, each kept before the next is begun.

Which events there are is fixed by the period, the checkpoint and what the asker sees: a part that was made twice is the same part.
Events carry no personal data and no words (docs/ledger-format.md), so they are told as they were hashed.
"""

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from server.compliance.exporting import ANCHORED, CHECKPOINT, PROVEN, line_of, proven, snapshot
from server.compliance.packing import Pack
from storage.database import Database, Principal

PART_EVENTS = 20_000
PAGE = 1_000
COUNT = """select count(*) as events, count(*) filter (where l.leaf_index is null or l.leaf_index >= $3) as waiting
  from events e left join ledger_leaves l on l.event_id = e.id where e.happened_at >= $1 and e.happened_at < $2"""
PAGE_OF = f"""{PROVEN} where e.happened_at >= $2 and e.happened_at < $3 and (e.happened_at, e.id) > ($4, $5)
  order by e.happened_at, e.id limit $6"""
# What was begun before an instant may still write that it happened before it. Seen of our own writers; others write no events.
UNDERWAY = """select exists (select from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and xact_start < $1::timestamptz + interval '1 second')"""
NIL = UUID(int=0)


@dataclass(frozen=True)
class Begun:
    """How many events there are, and the checkpoint that proves them."""

    events: int
    checkpoint: int


@dataclass(frozen=True)
class Part:
    """The bytes of a part lie in its pack; `last` is the event behind which the next one begins."""

    events: int
    last: tuple[datetime, UUID]


@dataclass(frozen=True)
class Period:
    """From one instant to another, as somebody sees it."""

    database: Database
    by: Principal
    start: datetime
    end: datetime

    async def begin(self) -> Begun | None:
        """None while an event of it waits for its checkpoint, or may still be written."""
        if await is_underway(self.database, self.by, self.end):
            return None
        async with snapshot(self.database, self.by) as conn:
            newest = await conn.fetchrow(ANCHORED)
            found = await conn.fetchrow(COUNT, self.start, self.end, newest["size"] if newest else 0)
        if newest is None or found is None or found["waiting"]:
            return None
        return Begun(found["events"], newest["number"])

    async def part(self, pack: Pack, number: int, checkpoint: int, after: tuple[datetime, UUID] | None) -> Part | None:
        """The next part, as a member of the pack; None when there is no event left."""
        sink, events, last = pack.sink(), 0, after or (self.start, NIL)
        with gzip.GzipFile(fileobj=cast(Any, sink), mode="wb", filename="", mtime=0) as file:
            async with snapshot(self.database, self.by) as conn:
                while events < PART_EVENTS:
                    rows = await conn.fetch(PAGE_OF, checkpoint, self.start, self.end, *last, min(PAGE, PART_EVENTS - events))
                    for row in rows:
                        file.write(line_of(proven(row)))
                    events += len(rows)
                    if not rows:
                        break
                    last = rows[-1]["at"], rows[-1]["id"]
        if not events:
            return None
        pack.members.append(sink.member(name_of(number)))
        return Part(events, last)

    async def told(self, pack: Pack, begun: Begun, export: UUID, purpose: str, asked_at: datetime) -> dict[str, Any]:
        """What the manifest says; the checkpoint goes in front of the parts."""
        async with snapshot(self.database, self.by) as conn:
            checkpoint: Any = await conn.fetchrow(CHECKPOINT, begun.checkpoint)
        pack.add("checkpoint", checkpoint["note"].encode())
        pack.add_verifier("events_readme.txt")
        return {
            "kind": "events", "export": export, "purpose": purpose, "asked_at": asked_at, "made_at": datetime.now(UTC),
            "by": {"id": self.by.staff_id, "no": self.by.staff_no, "name": self.by.name},
            "from": self.start, "to": self.end, "units": None if self.by.everywhere else list(self.by.branches),
            "dense": self.by.everywhere, "events": begun.events,
            "checkpoint": {"number": checkpoint["number"], "size": checkpoint["size"], "root": checkpoint["root"].hex()},
        }  # fmt: skip


async def is_underway(database: Database, by: Principal, until: datetime) -> bool:
    """Whether something that was begun by then is not committed yet; ask it before the moment that is read."""
    async with database.transaction(by) as conn:
        return bool(await conn.raw.fetchval(UNDERWAY, until))


def name_of(number: int) -> str:
    """Of a part, so that names sort as they were made."""
    return f"events-{number:06}.jsonl.gz"
