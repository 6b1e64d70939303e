"""Writes the ledger as JSON lines for whoever verifies it: leaves with their events, what waits, the state, the signed checkpoints.

A folder that was begun is gone on with: what was sealed does not change, so files of leaves that are there already are kept. The state
and the events that wait are read in one snapshot at the end.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import asyncpg
import orjson

from server.compliance import access, verifier
from server.compliance.sealing import key_of
from server.errors import Forbidden
from storage.database import PRINCIPAL_SQL, Database, Principal
from storage.objects import CheckpointBucket
from storage.terms import AccessResult, Role

EXPORTERS = frozenset({Role.COMPLIANCE, Role.AUDITOR})
CHUNK_LEAVES = 10_000
FETCH_ROWS = 2_000
FETCHES_MAX = 8
COLUMNS = ("id", "chain", "seq", "at", "tag", "subject_kind", "subject_id", "record", "actor", "cause")
EVENT_COLUMNS = """e.id, e.chain_id as chain, e.seq, e.happened_at as at, e.tag, e.subject_kind, e.subject_id, e.record_id as record,
  e.actor_id as actor, e.cause_id as cause, e.canonical, e.prev_hash, e.hash"""
ANCHORED = "select number, size from ledger_checkpoints where stored_at is not null order by number desc limit 1"
LEAVES = f"""select l.leaf_index, l.entry, l.line_ids, {EVENT_COLUMNS} from ledger_leaves l left join events e on e.id = l.event_id
  where l.leaf_index >= $1 and l.leaf_index < $2 order by l.leaf_index"""  # our own columns
LINES = "select id, canonical_access(a) as canonical from access_log a where id = any($1::uuid[])"
CHECKPOINT = "select number, size, root, note from ledger_checkpoints where number = $1"
NEXT = "select min(signed_at) from ledger_checkpoints where number > $1"
UNSEALED = f"""select {EVENT_COLUMNS} from events e where not exists (select from ledger_leaves l where l.event_id = e.id and l.leaf_index < $1)
  order by e.chain_id, e.seq"""  # our own columns
TABLES = {
    "chains": "select id, seq, encode(head, 'hex') as head from chains order by id",
    "archive_records": "select id, state from archive_records order by id",
    "open_movements": """select record_id as record, case when returned_at is not null then 'RETURN_PENDING' when out_at is null then 'RESERVED'
      when kind = 'READING' then 'READING' when kind = 'TRANSIT' then 'IN_TRANSIT' else 'CHECKED_OUT' end as phase
      from movements where kind <> 'ACT' and closed_at is null order by record_id""",
    "tickets": "select id, org_id as org, ticket_no as number, is_void as void from tickets order by org_id, ticket_no",
    "checkpoints": "select number, note from ledger_checkpoints where stored_at is not null order by number",
}
PROVEN = f"""select {EVENT_COLUMNS}, l.leaf_index, l.entry, ledger_proof(l.leaf_index, c.size, c.border) as proof
  from events e join ledger_leaves l on l.event_id = e.id join ledger_checkpoints c on c.number = $1 and l.leaf_index < c.size"""  # our own columns
Meter = Callable[[str, int, int], None]


class ExportFailed(RuntimeError):
    """One line about why the folder cannot be written."""


@dataclass(frozen=True)
class Export:
    """One export, in the name of somebody of compliance or audit; the access log knows of it."""

    database: Database
    bucket: CheckpointBucket
    origin: str
    folder: Path
    start: datetime | None = None
    end: datetime | None = None

    async def run(self, principal: Principal, meter: Meter) -> int:
        """Writes everything that is not there yet; answers the number of leaves. `meter` is told (what, done, of how many)."""
        await self._admit(principal)
        scope = {"format": verifier.FORMAT, "origin": self.origin, "from": _text(self.start), "to": _text(self.end)}
        self._begin(scope)
        async with snapshot(self.database, principal) as conn:
            made_at = await conn.fetchval("select clock_timestamp()")
            anchored = await conn.fetchrow(ANCHORED)
            number, size = (anchored["number"], anchored["size"]) if anchored else (0, 0)
            for first in range(0, size, CHUNK_LEAVES):
                await self._chunk(conn, first, min(first + CHUNK_LEAVES, size))
                meter("leaves", min(first + CHUNK_LEAVES, size), size)
            await self._unsealed(conn, size)
            await self._tables(conn)
        made_at = await self._before_the_next(principal, number, made_at)
        await self._checkpoints(meter)
        _write(self.folder / "export.json", [{**scope, "made_at": made_at.isoformat(), "leaves": size}])
        (self.folder / "begun.json").unlink()
        return size

    async def _before_the_next(self, principal: Principal, number: int, made_at: datetime) -> datetime:
        """What was signed before the export was made must be in it: so not later than a checkpoint that was on its way meanwhile.

        One that the bucket has and the database does not is no such: the database was set back.
        """
        async with snapshot(self.database, principal) as conn:
            following = await conn.fetchval(NEXT, number)
        return min(made_at, following - timedelta(microseconds=1)) if following else made_at

    async def _admit(self, principal: Principal) -> None:
        allowed = bool(EXPORTERS & principal.roles) and principal.everywhere
        async with self.database.transaction(principal) as conn:
            about = {"from": _text(self.start), "to": _text(self.end)}
            result = AccessResult.GRANTED if allowed else AccessResult.DENIED
            await access.log(conn, principal, "exportLedger", result, detail=about)
        if not allowed:
            raise Forbidden("The ledger is exported by compliance and audit of the head office.")

    def _begin(self, scope: Mapping[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        begun = self.folder / "begun.json"
        if (self.folder / "export.json").exists():
            raise ExportFailed(f"{self.folder} holds an export already; name another folder")
        if begun.exists():
            if json.loads(begun.read_text("utf-8")) != scope:
                raise ExportFailed(f"{self.folder} was begun for another ledger or period; name another folder")
        elif any(self.folder.iterdir()):
            raise ExportFailed(f"{self.folder} is not empty")
        _write(begun, [scope])

    def _ours(self, entry: bytes) -> bool:
        """Whether a leaf is of the period, by the time in it."""
        if self.start is None and self.end is None:
            return True
        at = verifier.time_of_entry(entry)
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)

    async def _chunk(self, conn: "asyncpg.Connection[Any]", first: int, stop: int) -> None:
        path = self.folder / f"leaves-{first:012}-{stop:012}.jsonl"
        if path.exists():
            return
        for shorter in self.folder.glob(f"leaves-{first:012}-*"):  # the last one of an earlier run, which knew fewer leaves
            shorter.unlink()
        rows = [row for row in await conn.fetch(LEAVES, first, stop) if self._ours(row["entry"])]
        ids = [id_ for row in rows for id_ in row["line_ids"] or ()]
        lines = {row["id"]: _decoded(row["canonical"]) for row in await conn.fetch(LINES, ids)} if ids else {}
        _write(path, (_leaf(row, lines) for row in rows))

    async def _unsealed(self, conn: "asyncpg.Connection[Any]", size: int) -> None:
        period = [event_of(row) async for row in conn.cursor(UNSEALED, size, prefetch=FETCH_ROWS) if self._ours(b"\x01" + row["id"].bytes)]
        _write(self.folder / "unsealed.jsonl", period)

    async def _tables(self, conn: "asyncpg.Connection[Any]") -> None:
        (self.folder / "tables").mkdir(exist_ok=True)
        for name, sql in TABLES.items():
            rows = [dict(row) async for row in conn.cursor(sql, prefetch=FETCH_ROWS)] if self._states(name) else []
            _write(self.folder / "tables" / f"{name}.jsonl", rows)

    def _states(self, table: str) -> bool:
        """A period shows no state; the copies of the checkpoints belong to every export."""
        return table == "checkpoints" or (self.start is None and self.end is None)

    async def _checkpoints(self, meter: Meter) -> None:
        """The bucket's own: also those that the database does not know, which tells that it was set back."""
        for what in ("checkpoints", "leaves"):
            (self.folder / what).mkdir(exist_ok=True)
        number = 1
        while True:
            found = await asyncio.gather(*(self._fetched(n) for n in range(number, number + FETCHES_MAX)))
            number += sum(found)
            meter("checkpoints", number - 1, number - 1)
            if not all(found):
                return

    async def _fetched(self, number: int) -> bool:
        """Whether there is a checkpoint of that number; its leaves before it, so that a file of it means both are here."""
        signed = self.folder / "checkpoints" / f"{number:012}"
        if signed.exists():
            return True
        note = await self.bucket.read(key_of(self.origin, "checkpoints", number))
        if note is None:
            return False
        leaves = await self.bucket.read(key_of(self.origin, "leaves", number))
        if leaves is not None:
            (self.folder / "leaves" / f"{number:012}").write_bytes(leaves)
        signed.write_bytes(note)
        return True


@asynccontextmanager
async def snapshot(database: Database, principal: Principal) -> "AsyncIterator[asyncpg.Connection[Any]]":
    """One moment of the database, as the principal sees it."""
    async with database.writers.acquire() as raw, raw.transaction(isolation="repeatable_read", readonly=True):
        await raw.fetchrow(PRINCIPAL_SQL, *principal.settings, principal.version, principal.staff_id)
        await raw.execute("set local statement_timeout = 0")
        yield cast("asyncpg.Connection[Any]", raw)  # what the pool lends is a connection in all but its type


def proven(row: Any) -> dict[str, Any]:
    """The line of an event that is proven by itself: `EVENT_COLUMNS`, its leaf, and the proof of it."""
    return {**place_of(row), "event": event_of(row)}


def place_of(row: Any) -> dict[str, Any]:
    """A leaf, and its proof under the checkpoint."""
    return {"leaf": row["leaf_index"], "entry": row["entry"].hex(), "proof": [base64.b64decode(one).hex() for one in row["proof"]]}


def _leaf(row: Any, lines: Mapping[UUID, str]) -> dict[str, Any]:
    told = {"leaf": row["leaf_index"], "entry": row["entry"].hex()}
    if row["line_ids"] is not None:
        return {**told, "access": {"lines": [lines[id_] for id_ in row["line_ids"] if id_ in lines]}}
    return {**told, "event": event_of(row) if row["id"] is not None else None}


def event_of(row: Any) -> dict[str, Any]:
    """An event as an export tells it."""
    told = {name: row[name] for name in COLUMNS}
    return {
        **told,
        "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        "canonical": _decoded(row["canonical"]),
        "prev_hash": row["prev_hash"].hex(),
        "hash": row["hash"].hex(),
    }


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")  # what is no text was tampered with, and must be told as it is


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.writelines(line_of(row) for row in rows)
    part.replace(path)


def line_of(row: Mapping[str, Any]) -> bytes:
    """One line of JSON."""
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # bytes that are no text: orjson has no surrogates
        return json.dumps(row, default=str).encode() + b"\n"


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
