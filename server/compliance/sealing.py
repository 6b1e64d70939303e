"""The sealer: moves what waits into leaves of one tree, signs checkpoints, and anchors them in their own locked bucket.

What waits is deleted where it is read, so an event that commits late is met by the next round and none twice; no horizon is needed.
One process seals at a time, by an advisory lock. A checkpoint is committed before it is stored: one that was not stored is stored by
whoever comes next, the same bytes under the same key, and nothing new is signed before.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from server.compliance import tree
from server.compliance.notes import BadNote, Checkpoint, Key
from storage.database import connect
from storage.objects import AlreadyTaken, CheckpointBucket, LockNotProven, ObjectStoreDown

log: Any = structlog.get_logger()
TICK_SECONDS, DOWN_SECONDS = 2.0, 5.0
SILENCE = timedelta(hours=1)
LATE = timedelta(seconds=2)  # after the end of its minute until a line of the access log is sealed; a later one makes another part
LEAVES_MAX = 10_000
SEALER = 0x6C65646765720001  # number of the advisory lock: "ledger" 1
LOCK, UNLOCK = "select pg_try_advisory_lock($1)", "select pg_advisory_unlock($1)"
LAST = "select * from ledger_checkpoints order by number desc limit 1"
UNSTORED = "select * from ledger_checkpoints where stored_at is null order by number"
SIZE_BEFORE = "select coalesce((select size from ledger_checkpoints where number = $1 - 1), 0)"
STORED = "update ledger_checkpoints set stored_at = clock_timestamp() where number = $1"
ENTRIES = "select entry from ledger_leaves where leaf_index >= $1 and leaf_index < $2 order by leaf_index"
NODES = """select level, position, hash from ledger_nodes
  join unnest($1::smallint[], $2::bigint[]) as asked(level, position) using (level, position)"""
EVENTS = """with taken as (delete from pending_events where event_id in (select event_id from pending_events order by event_id limit $1)
    returning event_id, hash)
  select event_id, hash from taken order by event_id"""
ACCESS = """with taken as (delete from pending_access where minute < date_trunc('minute', $1::timestamptz) and line_id in (
      select line_id from pending_access order by minute, line_id limit $2) returning line_id, minute, hash)
  select line_id, minute, hash from taken order by minute, line_id"""
PARTS = "select count(*) from ledger_leaves where event_id is null and entry >= $1 and entry < $2"
CLOCK = "select clock_timestamp()"


class LedgerForked(RuntimeError):
    """The bucket of checkpoints, or the last signature, knows another history than the database; nothing more is signed."""


@dataclass(frozen=True)
class Leaf:
    """What is appended: its entry, and the event or the lines that it stands for."""

    entry: bytes
    event: UUID | None = None
    lines: tuple[UUID, ...] | None = None


@dataclass(frozen=True)
class Sealer:
    """What sealing needs; `origin` names the ledger in its notes and before its keys in the bucket."""

    url: str
    bucket: CheckpointBucket
    key: Key
    years: int

    async def run(self) -> None:
        """Seals until it is cancelled; whatever fails is told, and tried again."""
        while True:
            pause = TICK_SECONDS
            try:
                async with self._alone() as conn:
                    while conn is not None:
                        if await self.seal(conn) < LEAVES_MAX:  # else a backlog: the next round at once
                            await asyncio.sleep(TICK_SECONDS)
            except (LedgerForked, LockNotProven) as error:
                log.error("ledger", alarm=str(error))
                pause = DOWN_SECONDS
            except (ObjectStoreDown, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("sealer", kind=type(error).__name__, reason=str(error) if isinstance(error, ObjectStoreDown) else None)
                pause = DOWN_SECONDS
            await asyncio.sleep(pause)

    async def seal_all(self) -> int:
        """Seals until nothing waits; answers how many leaves were made. For those who need not share: tests and tools."""
        made = 0
        async with self._alone() as conn:
            while conn is not None and (now := await self.seal(conn)):
                made += now
        return made

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator["asyncpg.Connection[Any] | None"]:
        """A connection that holds the lock of sealers; None while another has it."""
        conn, held = await connect(self.url), False
        try:
            held = await conn.fetchval(LOCK, SEALER)
            yield conn if held else None
        finally:
            if held:  # the session ends a moment after it was closed, and whoever seals next would find the lock taken
                with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                    await conn.fetchval(UNLOCK, SEALER)
            await conn.close()

    async def seal(self, conn: "asyncpg.Connection[Any]") -> int:
        """One round: stores what was not stored, then signs and stores what waits; answers how many leaves it made."""
        await self._store(conn)
        async with conn.transaction():
            made = await self._sign(conn)
        await self._store(conn)
        return made

    async def _sign(self, conn: "asyncpg.Connection[Any]") -> int:
        last = await conn.fetchrow(LAST)
        number, size = (last["number"] + 1, last["size"]) if last else (1, 0)
        now: datetime = await conn.fetchval(CLOCK)
        leaves = await self._waiting(conn, now)
        if not leaves and last is not None and now - last["signed_at"] < SILENCE:
            return 0
        nodes = await self._whole(conn, size)
        await self._agrees(last, nodes)
        if await self.bucket.has(self.name(number)):
            raise LedgerForked(f"checkpoint {number} is in the bucket already, and the database does not know it")
        if last is not None:  # a clock that was set back takes nothing back
            now = max(now, last["signed_at"] + timedelta(microseconds=1))
        appeared = list(tree.grown(size, nodes, (tree.leaf_hash(leaf.entry) for leaf in leaves)))
        nodes |= dict(appeared)
        border = tree.border_of(size + len(leaves), nodes)
        checkpoint = Checkpoint(self.key.name, number, size + len(leaves), tree.root(size + len(leaves), nodes), now)
        rows = [(at, leaf.entry, leaf.event, list(leaf.lines) if leaf.lines else None) for at, leaf in enumerate(leaves, size)]
        await conn.copy_records_to_table("ledger_leaves", records=rows, columns=("leaf_index", "entry", "event_id", "line_ids"))
        hashes = [(level, position, digest) for (level, position), digest in appeared]
        await conn.copy_records_to_table("ledger_nodes", records=hashes, columns=("level", "position", "hash"))
        signed = (number, checkpoint.size, checkpoint.root, border, self.key.signed(checkpoint.text()), now)
        columns = ("number", "size", "root", "border", "note", "signed_at")
        await conn.copy_records_to_table("ledger_checkpoints", records=[signed], columns=columns)
        return len(leaves)

    async def _agrees(self, last: Any, nodes: dict[tree.Place, bytes]) -> None:
        """What was signed last is what the nodes say."""
        if last is None:
            return
        try:
            self.key.opened(last["note"])
        except BadNote as error:
            raise LedgerForked(f"checkpoint {last['number']} of the database: {error}") from None
        if tree.root(last["size"], nodes) != last["root"]:
            raise LedgerForked(f"the nodes of the database do not have the root of checkpoint {last['number']}")

    async def _whole(self, conn: "asyncpg.Connection[Any]", size: int) -> dict[tree.Place, bytes]:
        places = tree.whole(size)
        rows = await conn.fetch(NODES, [level for level, _ in places], [position for _, position in places])
        if len(rows) < len(places):
            raise LedgerForked(f"nodes of a tree of {size} leaves are missing in the database")
        return {(row["level"], row["position"]): row["hash"] for row in rows}

    async def _waiting(self, conn: "asyncpg.Connection[Any]", now: datetime) -> list[Leaf]:
        """Events by time, so that each stands behind the one before it in its chain; then the minutes that are over."""
        events = [Leaf(tree.event_entry(row["event_id"], row["hash"]), row["event_id"]) for row in await conn.fetch(EVENTS, LEAVES_MAX)]
        if len(events) == LEAVES_MAX:
            return events
        lines = await conn.fetch(ACCESS, now - LATE, LEAVES_MAX)
        return events + [await self._minute(conn, minute, tuple(rows)) for minute, rows in groupby(lines, lambda row: row["minute"])]

    async def _minute(self, conn: "asyncpg.Connection[Any]", minute: datetime, rows: Sequence[Any]) -> Leaf:
        of, beyond = (tree.access_entry(at, 0, ())[:9] for at in (minute, minute + timedelta(minutes=1)))
        part = await conn.fetchval(PARTS, of, beyond)
        return Leaf(tree.access_entry(minute, part, [row["hash"] for row in rows]), None, tuple(row["line_id"] for row in rows))

    async def _store(self, conn: "asyncpg.Connection[Any]") -> None:
        """Into the bucket, the leaves before the checkpoint that signs them."""
        for row in await conn.fetch(UNSTORED):
            until = datetime.now(UTC) + timedelta(days=366 * self.years)
            try:
                before = await conn.fetchval(SIZE_BEFORE, row["number"])
                if before < row["size"]:
                    entries = b"".join([entry["entry"] for entry in await conn.fetch(ENTRIES, before, row["size"])])
                    await self.bucket.put(self.name(row["number"], "leaves"), entries, until)
                await self.bucket.put(self.name(row["number"]), row["note"].encode(), until)
            except AlreadyTaken as error:
                raise LedgerForked(f"{error} in the bucket holds other bytes than the database") from None
            await conn.execute(STORED, row["number"])

    def name(self, number: int, what: str = "checkpoints") -> str:
        """Key of a checkpoint, or of the leaves that it added, in the bucket."""
        return key_of(self.key.name, what, number)


def key_of(origin: str, what: str, number: int) -> str:
    """By number, so that keys sort as they were signed."""
    return f"{origin}/{what}/{number:012}"
