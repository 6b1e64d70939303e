"""The evidence of a contract: its history and what proves it, its scans, and how to verify all of it without us.

Read as whoever asked, in one moment of the database, up to the instant of asking; the scans are fetched afterwards. Of a line that names
another contract's things the pack tells what is this contract's, and keeps the hash alone for the chain (docs/ledger-format.md).
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

import asyncpg
import structlog

from server.compliance import history, tree
from server.compliance.events import body_of, plain_json
from server.compliance.exporting import ANCHORED, CHECKPOINT, PROVEN, line_of, place_of, proven, snapshot
from server.compliance.kin import SCANS, Kin
from server.compliance.packing import Pack, Sink
from server.compliance.periods import is_underway
from server.compliance.proving import proof_of
from server.compliance.verifier import ACCESS_TAG
from server.failpoints import reach
from server.papers import evidence as paper
from storage.database import Connection, Database, Principal
from storage.objects import Digest, LockedBucket, ObjectStore, ObjectStoreDown, deadline
from storage.terms import MediaType, ScanStatus

log: Any = structlog.get_logger()
PAGE, PATIENCE_SECONDS = 500, 30.0
SUFFIX = {MediaType.PDF: "pdf", MediaType.TIFF: "tif", MediaType.JPEG: "jpg", MediaType.PNG: "png"}
CHAINS = "select coalesce(array_agg(loan_id), '{}') from loan_contracts where contract_id = $1"
WAITING = """select exists (select from events e left join ledger_leaves l on l.event_id = e.id
  where e.chain_id = any($1::uuid[]) and e.happened_at <= $2 and (l.leaf_index is null or l.leaf_index >= $3))"""
PROVEN_OF = f"{PROVEN} where e.id = any($2::uuid[])"
LINKS = "select id, chain_id, seq, hash, canonical from events where id = any($1::uuid[])"
WORDS = "select event_id, name, key, words from event_words where event_id = any($1::uuid[])"
LOGGED = """select id, subject_ids, canonical_access(a) as canonical, date_trunc('minute', logged_at) as minute from access_log a
  where id = any($1::uuid[])"""
MINUTE = """select l.leaf_index, l.entry, l.line_ids, ledger_proof(l.leaf_index, c.size, c.border) as proof
  from ledger_leaves l join ledger_checkpoints c on c.number = $1 and l.leaf_index < c.size
  where l.event_id is null and l.entry >= $2 and l.entry < $3"""
HASHES = "select id, sha256('\\x00'::bytea || canonical_access(a)) as hash from access_log a where id = any($1::uuid[])"
Meter = Callable[[int, int], Awaitable[None]]


class NotSealed(RuntimeError):
    """Events of it wait for their checkpoint: try again."""


class NotProven(RuntimeError):
    """The history does not hold as the database has it: nothing is signed of it."""


@dataclass(frozen=True)
class Asked:
    """What somebody asked for, and by what name it goes."""

    export: UUID
    contract: UUID
    by: Principal
    purpose: str
    at: datetime


@dataclass
class Evidence:
    """One pack in the making."""

    database: Database
    objects: ObjectStore
    asked: Asked
    pack: Pack
    meter: Meter
    ends: dict[str, int] = field(default_factory=dict)  # of each loan's chain, as far as it is told
    events: int = 0

    async def make(self) -> dict[str, Any]:
        """Fills the pack; answers what its manifest says of it.

        NotSealed while an event waits, NotFound where nothing is visible, NotProven where something was taken out or changed.
        """
        if await is_underway(self.database, self.asked.by, self.asked.at):
            raise NotSealed
        async with snapshot(self.database, self.asked.by) as conn:
            checkpoint = await self._checkpoint(conn)
            proof = await proof_of(Connection(conn), self.loans)
            if proof.told:
                raise NotProven(f"event {proof.wrong}: {proof.told}" if proof.wrong else proof.told)
            kin = await Kin.of(conn, self.asked.contract)
            file = await paper.facts(Connection(conn), self.asked.contract)
            self.pack.add("checkpoint", checkpoint["note"].encode())
            scans = await conn.fetch(SCANS, self.asked.contract, self.asked.at)
            await kin.learn(conn, [[scan["title"] for scan in scans], file])
            file = {name: [_shown(row, kin) for row in rows] if isinstance(rows, list) else rows for name, rows in file.items()}
            told = [_scan(scan, kin) for scan in scans]
            page = await self._history(conn, kin, checkpoint["number"], file)
        reach("evidence_read")
        await self._scans(scans, told)
        page.write(paper.foot(told))
        self.pack.members.insert(1, page.member("history.html"))
        self.pack.add("scans.jsonl", [f"{plain_json(line)}\n".encode() for line in told])
        self.pack.add_verifier("evidence_readme.txt")
        return {
            "kind": "evidence", "export": self.asked.export, "purpose": self.asked.purpose, "asked_at": self.asked.at,
            "made_at": datetime.now(UTC), "by": {"id": self.asked.by.staff_id, "no": self.asked.by.staff_no, "name": self.asked.by.name},
            "contract": {"id": self.asked.contract, "number": file["number"]}, "chains": self.ends, "events": self.events,
            "checkpoint": {"number": checkpoint["number"], "size": checkpoint["size"], "root": checkpoint["root"].hex()},
        }  # fmt: skip

    async def _checkpoint(self, conn: "asyncpg.Connection[Any]") -> Any:
        """The newest one that is stored; everything that is told stands under it."""
        self.loans: list[UUID] = await conn.fetchval(CHAINS, self.asked.contract)
        self.ends = {str(loan): 0 for loan in self.loans}
        newest = await conn.fetchrow(ANCHORED)
        if newest is None or await conn.fetchval(WAITING, self.loans, self.asked.at, newest["size"]):
            raise NotSealed
        return await conn.fetchrow(CHECKPOINT, newest["number"])

    async def _history(self, conn: "asyncpg.Connection[Any]", kin: Kin, checkpoint: int, file: dict[str, Any]) -> Sink:
        """Line by line: as JSON, each event with its proof, and as a paper that its reader still ends."""
        lines, events, access, page = (self.pack.sink() for _ in range(4))
        page.write(paper.head(file, self.asked.purpose, self.asked.by.name, self.asked.at, checkpoint))
        async for entries in self._pages(conn):
            told = Told(kin, frozenset(self.loans), *await _sources(conn, entries, checkpoint))
            await kin.learn(conn, told.texts(entries))
            for entry in entries:
                line, proof = told.line(entry)
                if line is None:
                    continue
                lines.write(f"{plain_json(line)}\n".encode())
                page.write(paper.row(line))
                if proof is not None and entry.chain_id is None:
                    access.write(line_of(proof))
                elif proof is not None:
                    self._prove(events, entry, proof)
        self.pack.members += [lines.member("history.jsonl"), events.member("events.jsonl"), access.member("access.jsonl")]
        return page

    async def _pages(self, conn: "asyncpg.Connection[Any]") -> AsyncIterator[Sequence[history.Entry]]:
        reading, after = history.Reading(self.asked.contract, None, self.asked.at), None
        while entries := await history.entries_of(Connection(conn), reading, PAGE, after):
            after = entries[-1].happened_at, entries[-1].id
            yield entries

    def _prove(self, events: Sink, entry: history.Entry, proof: dict[str, Any]) -> None:
        """A loan's chain has each of its events, withheld ones as their hash; of another chain only what is told."""
        if entry.chain_id in self.loans:
            chain, seq = str(entry.chain_id), cast(int, entry.seq)
            if seq != self.ends[chain] + 1:  # whoever asks sees all of it, so the verifier demands it
                raise NotProven(f"chain {chain}: number {seq} comes after {self.ends[chain]}")
            self.ends[chain] = seq
        events.write(line_of(proof))
        self.events += 1

    async def _scans(self, rows: Sequence[Any], told: list[dict[str, Any]]) -> None:
        """The bytes of those that are stored and nobody else's, one behind the other; a damaged copy is told, and not handed out."""
        wanted = [(row, line) for row, line in zip(rows, told, strict=True) if line["lacks"] is None]
        sink = self.pack.sink()
        for done, (row, line) in enumerate(wanted):
            await self.meter(done + 1, len(wanted) + 2)
            name = f"scans/{row['id']}-v{row['scan_version']}.{SUFFIX[MediaType(row['media_type'])]}"
            if await self._fetched(row, sink):
                line["member"] = name
                self.pack.members.append(sink.member(name))
            else:
                line["lacks"] = "DAMAGED"
        await self.meter(len(wanted) + 1, len(wanted) + 2)

    async def _fetched(self, row: Any, sink: Sink) -> bool:
        """From the first bucket, else from its copy."""
        copies: list[tuple[LockedBucket | None, str | None]]
        copies = [(self.objects.locked, row["version_id"]), (self.objects.second, row["second_version_id"])]
        down: ObjectStoreDown | None = None
        for bucket, version in copies:
            if bucket is None or version is None:
                continue
            start = sink.file.tell()
            try:
                with deadline(PATIENCE_SECONDS, size_bytes=row["size_bytes"]):
                    found = await bucket.fetch(row["object_key"], version, cast(BinaryIO, sink))
            except ObjectStoreDown as error:
                found, down = None, error
            if found == Digest(row["sha256"], row["size_bytes"]):
                return True
            log.error("scan not in the evidence: its bytes are bad or gone", scan=str(row["id"]), at=start)
            sink.member("")  # the next copy begins anew
        if down is not None:
            raise down
        return False


def _shown(row: dict[str, Any], kin: Kin) -> dict[str, Any]:
    """A row of what the contract is, without texts that name something strange."""
    return {name: "" if isinstance(value, str) and kin.strange(value) else value for name, value in row.items()}


def _scan(row: Any, kin: Kin) -> dict[str, Any]:
    """A line about a scan; `lacks` says why its bytes are not in the pack."""
    lacks = "SHARED" if row["is_shared"] else None if row["status"] == ScanStatus.STORED else row["status"]
    if row["is_shared"]:  # with papers of other contracts on it
        return {"id": row["id"], "version": row["scan_version"], "status": row["status"], "member": None, "lacks": lacks}
    return {
        "id": row["id"], "subject": [row["subject_kind"], row["subject_id"]], "version": row["scan_version"],
        "title": None if kin.strange(row["title"]) else row["title"], "media_type": row["media_type"], "sha256": row["sha256"].hex(),
        "size": row["size_bytes"], "pages": row["pages"], "status": row["status"], "registered_at": row["registered_at"],
        "stored_at": row["stored_at"], "member": None, "lacks": lacks,
    }  # fmt: skip


async def _sources(conn: "asyncpg.Connection[Any]", entries: Sequence[history.Entry], checkpoint: int) -> tuple[Any, ...]:
    """What stands behind a page: events with their proofs, links, words; lines of the access log, and theirs."""
    ids = [entry.id for entry in entries if entry.chain_id is not None]
    words = dict[UUID, list[Any]]()
    for row in await conn.fetch(WORDS, ids):
        words.setdefault(row["event_id"], []).append(row)
    logged = await conn.fetch(LOGGED, [entry.id for entry in entries if entry.chain_id is None])
    return (
        {row["id"]: row for row in await conn.fetch(PROVEN_OF, checkpoint, ids)},
        {row["id"]: row for row in await conn.fetch(LINKS, ids)},
        words,
        {row["id"]: row for row in logged},
        await _minutes(conn, logged, checkpoint),
    )


async def _minutes(conn: "asyncpg.Connection[Any]", logged: Sequence[Any], checkpoint: int) -> dict[UUID, dict[str, Any]]:
    """The proof of each line that is sealed: in the tree of its minute, and of that leaf; none for one whose minute was not over."""
    found = dict[UUID, dict[str, Any]]()
    for minute in sorted({row["minute"] for row in logged}):
        of, beyond = (tree.access_entry(at, 0, ())[:9] for at in (minute, minute + timedelta(minutes=1)))
        for leaf in await conn.fetch(MINUTE, checkpoint, of, beyond):
            wanted = {row["id"] for row in logged} & set(leaf["line_ids"])
            hashes = {row["id"]: row["hash"] for row in await conn.fetch(HASHES, leaf["line_ids"])} if wanted else {}
            if wanted and (gone := [id_ for id_ in leaf["line_ids"] if id_ not in hashes]):
                raise NotProven(f"line {gone[0]} of the access log was sealed in leaf {leaf['leaf_index']}, and is not there")
            if wanted and tree.root_of([hashes[id_] for id_ in leaf["line_ids"]]) != leaf["entry"][-32:]:
                raise NotProven(
                    f"a line of the access log of {minute:%Y-%m-%d %H:%M} UTC is another than was sealed in leaf {leaf['leaf_index']}"
                )
            for id_ in wanted:
                place = leaf["line_ids"].index(id_)
                inner = [one.hex() for one in tree.path(place, [hashes[other] for other in leaf["line_ids"]])]
                found[id_] = {**place_of(leaf), "place": place, "inner": inner}
    return found


@dataclass(frozen=True)
class Told:
    """A page of the history as the pack tells it."""

    kin: Kin
    loans: frozenset[UUID]
    proven: dict[UUID, Any]
    links: dict[UUID, Any]
    words: dict[UUID, list[Any]]
    logged: dict[UUID, Any]
    minutes: dict[UUID, dict[str, Any]]

    def texts(self, entries: Sequence[history.Entry]) -> list[Any]:
        """Everything that a name of something else could stand in."""
        found: list[Any] = [body_of(row["canonical"]) for row in self.links.values()]
        found += [row["words"] for rows in self.words.values() for row in rows]
        found += [(e.purpose, e.parameters, e.detail, e.changes) for e in entries]
        return found + [json.loads(row["canonical"][len(ACCESS_TAG) :]) for row in self.logged.values()]

    def line(self, entry: history.Entry) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """The line, and the line that proves it: of an event, or of the access log where that is sealed and names nothing strange."""
        if entry.chain_id is None:
            text = self.logged[entry.id]["canonical"].decode()
            about = {**json.loads(text[len(ACCESS_TAG) :]), "id": None, "request": None}  # which says nothing of a contract
            proof = None if self.kin.strange(about) else self.minutes.get(entry.id)
            return {**self._logged(entry), "proven": proof is not None}, {**proof, "line": text} if proof else None
        body = body_of(self.links[entry.id]["canonical"])
        if self.kin.strange({**body, "id": None}):
            return self._withheld(entry, body)
        if entry.id not in self.proven:
            raise NotSealed
        told = {**self._common(entry), **self._event(entry, body), "event": entry.id}
        return {**told, **{name: body[name] for name in ("chain", "seq")}, "hash": cast(bytes, entry.hash).hex()}, proven(
            self.proven[entry.id]
        )

    def _withheld(self, entry: history.Entry, body: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """What of it is the contract's; of a loan's chain its link too, of another chain nothing when its subject is strange."""
        link = None
        if entry.chain_id in self.loans:
            link = {"redacted": True, "chain": entry.chain_id, "seq": entry.seq, "hash": cast(bytes, entry.hash).hex()}
        if self.kin.strange([body["subject"], body.get("record")]):
            return link, link
        detail, withheld = self.kin.part_of(body["detail"])
        withheld += [name for name in ("cause", "chain") if self.kin.strange(str(body.get(name, "")))]
        kept = {"words": {}, "changes": [], "words_withheld": sorted(_hashed(detail))}  # no bytes in the pack prove them
        told = {**self._common(entry), **self._event(entry, {**body, "detail": detail}), **kept, "withheld": withheld}
        return {**told, **(link or {"redacted": True})}, link

    def _event(self, entry: history.Entry, body: dict[str, Any]) -> dict[str, Any]:
        said, kept, hashed = {}, [], _hashed(body["detail"])
        for row in self.words.get(entry.id, ()):
            if row["name"] not in hashed:
                continue
            if self.kin.strange(row["words"]):
                kept.append(row["name"])
            else:
                said[row["name"]] = {"words": row["words"], "key": row["key"].hex()}
        if gone := hashed - said.keys() - set(kept):
            raise NotProven(f"event {entry.id}: what was written as {min(gone)} is not there")
        changes = [change._asdict() for change in entry.changes if not self.kin.strange(change)]
        told = {"words": said, "evidence": [id_ for id_ in entry.evidence if not self.kin.strange(id_)], "changes": changes}
        return {**{name: body[name] for name in ("at", "tag", "subject", "detail")}, **told, **({"words_withheld": kept} if kept else {})}

    def _logged(self, entry: history.Entry) -> dict[str, Any]:
        detail, withheld = self.kin.part_of(entry.detail)
        about = [id_ for id_ in self.logged[entry.id]["subject_ids"] if self.kin.known(id_)]
        told = {"line": entry.id, "at": entry.happened_at, "tag": entry.tag, "result": entry.result}
        return {**self._common(entry), **told, "detail": detail, "about": about, **({"withheld": withheld} if withheld else {})}

    def _common(self, entry: history.Entry) -> dict[str, Any]:
        own = {"parameters": entry.parameters, "purpose": entry.purpose}
        delegated = [{"role": role, "by": by} for role, by in entry.delegated]
        by = {"id": entry.actor_id, "name": entry.actor_name, "roles": list(entry.roles), "delegated": delegated}
        told = {name: None if text and self.kin.strange(text) else text for name, text in own.items()}
        return {"component": entry.component.value, "by": by, "since": entry.since, **told}


def _hashed(detail: Mapping[str, Any]) -> set[str]:
    """The members of which an event has the keyed hash alone."""
    return {name for name, value in detail.items() if isinstance(value, dict) and value.keys() == {"words"}}
