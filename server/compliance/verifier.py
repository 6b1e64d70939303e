"""Verifies an export of the ledger without its database and without us: `python verifier.py EXPORT --key KEYS`.

It needs Python 3.11 and the package `cryptography`, and imports nothing of Loanfile; docs/ledger-format.md says what is hashed and
signed. EXPORT is the folder that `loanfile export-ledger` writes, or a pack: one zip file with the evidence of a contract, or with the
events of a period. KEYS is a file of public keys in the form `name+id+base64`, kept from a time when they were trusted. With
--checkpoints the signed checkpoints are read from another folder: a copy of the bucket, fetched by the auditor. Each --receipt is a
signed receipt that somebody holds for an event.

Exit status: 0 when everything holds, 1 when something was tampered with, 2 when the input cannot be read.
"""

import argparse
import base64
import gzip
import io
import json
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest as keyed
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EVENT_TAG, ACCESS_TAG, RECEIPT_TAG = "loanfile event 1\0", "loanfile access 1\0", "loanfile receipt 1"
FORMAT, PACK = "loanfile export 1", "loanfile pack 1"
EVENT, ACCESS, ENTRY_BYTES = 1, 2, 49
TOLD_MAX = 20
SEALED_WITHIN = timedelta(hours=24)  # of its time; what says that it is older was put in later
BACKLOG_LEAVES = 10_000  # that a checkpoint seals when more waits: what the next one seals has waited too
RECEIPTS = "/receipts"  # ends the name of the key that signs receipts, and of no other
SAME = {"id": "id", "chain": "chain", "seq": "seq", "at": "at", "tag": "tag", "by": "actor", "record": "record", "cause": "cause"}
PHASES = {"RESERVED", "CHECKED_OUT", "RETURN_PENDING", "READING", "IN_TRANSIT"}  # states that an open movement makes
HIDDEN = {"MISSING", "LOST"}  # states that may stand over an open movement
Line = dict[str, Any]


# What the standard library says of values that are none of ours.
NONSENSE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Unreadable(Exception):
    """The input is not an export, or a part of it is missing or damaged beyond reading."""


@dataclass(frozen=True)
class Finding:
    """Something that does not hold, and the event that shows it."""

    where: str
    told: str


# Hashes and signatures --------------------------------------------------------------------------------------------------
def leaf_hash(entry: bytes) -> bytes:
    """RFC 9162, 2.1.1."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162, 2.1.1."""
    return sha256(b"\1" + left + right).digest()


class Tree:
    """A Merkle tree that grows; only the roots of its whole subtrees are kept."""

    def __init__(self) -> None:
        self.size, self._whole = 0, list[tuple[int, bytes]]()

    def add(self, leaf: bytes) -> None:
        """Appends a leaf hash."""
        height, self.size = 0, self.size + 1
        while self._whole and self._whole[-1][0] == height:
            leaf, height = node_hash(self._whole.pop()[1], leaf), height + 1
        self._whole.append((height, leaf))

    def root(self) -> bytes:
        """Of everything that was appended."""
        if not self._whole:
            return sha256().digest()
        made = self._whole[-1][1]
        for _, left in reversed(self._whole[:-1]):
            made = node_hash(left, made)
        return made


def root_from(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); None when the proof has another length."""
    if not 0 <= index < size:
        return None
    here, last, made, rest = index, size - 1, leaf, list(proof)
    while last:
        if here & 1 or here < last:
            if not rest:
                return None
            made = node_hash(rest.pop(0), made) if here & 1 else node_hash(made, rest.pop(0))
        here, last = here >> 1, last >> 1
    return None if rest else made


class Keys:
    """Public keys by name and id."""

    def __init__(self, text: str) -> None:
        self._known: dict[tuple[str, bytes], Ed25519PublicKey] = {}
        for line in filter(None, map(str.strip, text.splitlines())):
            try:
                name, id_, encoded = line.split("+", 2)
                raw = base64.b64decode(encoded, validate=True)
                self._known[name, bytes.fromhex(id_)] = Ed25519PublicKey.from_public_bytes(raw[1:])
            except ValueError:
                raise Unreadable(f"{line[:80]!r} is not a public key of the form name+id+base64") from None
            if raw[:1] != b"\1" or sha256(name.encode() + b"\n" + raw).digest()[:4].hex() != id_:
                raise Unreadable(f"the key of {name} does not have the id {id_}")
        if not self._known:
            raise Unreadable("no public key was given")

    def text_of(self, note: str, name: str | None = None) -> str | None:
        """The text of a note that one of the keys (the one of that name) has signed, else None."""
        text, _, signatures = note.rpartition("\n\n")
        for line in signatures.splitlines():
            try:
                dash, signer, encoded = line.split(" ")
                raw = base64.b64decode(encoded, validate=True)
                key = self._known.get((signer, raw[:4]))
                if dash == "\N{EM DASH}" and key is not None and name in (None, signer):
                    key.verify(raw[4:], f"{text}\n".encode())
                    return f"{text}\n"
            except (ValueError, InvalidSignature):
                continue
        return None


# Files ------------------------------------------------------------------------------------------------------------------
def lines_of(path: Path) -> Iterator[Line]:
    """The JSON lines of a file."""
    try:
        with path.open(encoding="utf-8") as file:
            yield from objects_of(file, path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path}: {error}") from None


def objects_of(file: Iterable[str], name: str) -> Iterator[Line]:
    """The objects in JSON lines."""
    for number, text in enumerate(file, 1):
        try:
            line = json.loads(text)
        except ValueError as error:
            raise Unreadable(f"{name}, line {number}: {error}") from None
        if not isinstance(line, dict):
            raise Unreadable(f"{name}, line {number}: not an object")
        yield line


def instant(text: str) -> datetime:
    """An ISO 8601 instant with its zone."""
    made = datetime.fromisoformat(text)
    if made.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return made.astimezone(UTC)


def time_of(id_: UUID) -> datetime:
    """The time that an event's id tells, to the microsecond: 48 bits of milliseconds, 12 bits of their fraction."""
    number = int(id_)
    micros = (number >> 80) * 1000 + ((number >> 64 & 0xFFF) * 1000 + 4095) // 4096
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def weight_of(added: bytes) -> int:
    """How many events and lines of the access log these leaves are."""
    entries = (added[at : at + ENTRY_BYTES] for at in range(0, len(added), ENTRY_BYTES))
    return sum(int.from_bytes(entry[13:17]) if entry[0] == ACCESS else 1 for entry in entries)


def time_of_entry(entry: bytes) -> datetime:
    """The time of an event's leaf, or the minute of the access log's."""
    try:
        if entry[0] == EVENT:
            return time_of(UUID(bytes=entry[1:17]))
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=int.from_bytes(entry[1:9]))
    except OverflowError:  # no entry of ours: its root will not be the signed one
        return datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Checkpoint:
    """What a note says."""

    number: int
    size: int
    root: bytes
    at: datetime


def checkpoint_of(text: str, origin: str) -> Checkpoint:
    """ValueError when the text is not a checkpoint of this ledger."""
    named, size, root, number, time, *rest = text.splitlines()
    if named != origin or rest or not number.startswith("number ") or not time.startswith("time "):
        raise ValueError("not a checkpoint of this ledger")
    return Checkpoint(int(number[7:]), int(size), base64.b64decode(root, validate=True), instant(time[5:]))


# The checks -------------------------------------------------------------------------------------------------------------
@dataclass
class Chain:
    """Where a chain has come to."""

    seq: int = 0
    head: bytes = b""
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(kw_only=True)
class Events:
    """Events as they are met, each against the one before it in its chain; `findings` are in the order of the ledger."""

    findings: list[Finding] = field(default_factory=list)
    chains: dict[str, Chain] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    tickets: dict[str, Any] = field(default_factory=dict)
    voids: set[str] = field(default_factory=set)
    held: dict[str, bytes] = field(default_factory=dict)  # hashes of the events that receipts name
    events: int = 0
    whole: bool = True

    def _event(self, event: Line, entry: bytes | None) -> list[str]:
        """What is wrong with an event: against its leaf, its columns, and the event before it in its chain."""
        self.events += 1
        told = list[str]()
        text = str(event["canonical"])
        prev, stored = bytes.fromhex(event["prev_hash"]), bytes.fromhex(event["hash"])
        hashed = sha256(prev + text.encode("utf-8", "surrogateescape")).digest()
        if event["id"] in self.held:
            self.held[event["id"]] = hashed
        if entry is not None and UUID(event["id"]).bytes != entry[1:17]:
            told.append(f"it was sealed; event {event['id']} stands in its place")
        if hashed != stored:
            told.append("its bytes do not have its hash")
        elif entry is not None and hashed != entry[17:]:
            told.append("its bytes are not the ones that were sealed")
        chain = self.chains.setdefault(event["chain"], Chain())
        if self.whole or chain.seq:
            if event["seq"] != chain.seq + 1:
                told.append(f"its number is {event['seq']}, after {chain.seq}")
            elif prev != chain.head:
                told.append("it does not continue the event before it in its chain")
        at = instant(event["at"])
        if at <= chain.at:
            told.append("it is not later than the event before it in its chain")
        chain.seq, chain.head, chain.at = int(event["seq"]), stored if entry is None else entry[17:], at
        return told + self._body(event, text)

    def _body(self, event: Line, text: str) -> list[str]:
        """The columns say what the bytes say; the state goes on."""
        if not text.startswith(EVENT_TAG):
            return ["its bytes are not an event of version 1"]
        try:
            body = json.loads(text[len(EVENT_TAG) :])
            detail = body["detail"]
            told = [f"its column {column} is not what its bytes say" for name, column in SAME.items() if body.get(name) != event[column]]
            if body["subject"] != [event["subject_kind"], event["subject_id"]]:
                told.append("its columns of the subject are not what its bytes say")
            if time_of(UUID(body["id"])) != instant(body["at"]):
                told.append("its id is of another time")
        except (ValueError, KeyError, TypeError):
            return ["its bytes are not an event of version 1"]
        record = body.get("record")
        if record and "to" in detail:
            if self.whole and self.states.get(record) != detail.get("from"):
                told.append(f"it takes record {record} from {detail.get('from')}, which was {self.states.get(record)}")
            self.states[record] = detail["to"]
        for given in ("ticket", "instead"):
            if detail.get(given):
                self.tickets[detail[given]] = detail.get(f"{given}_no")
        if body["tag"] == "ticket:void:done":
            self.voids.add(body["subject"][1])
        return told


@dataclass
class Verification(Events):
    """One export under verification."""

    export: Path
    checkpoints: Path
    keys: Keys
    receipts: list[Path]
    later: list[Finding] = field(default_factory=list)  # of what stands in no leaf
    entries: bytearray = field(default_factory=bytearray)
    signed: list[Checkpoint] = field(default_factory=list)
    catching_up: list[bool] = field(default_factory=list)  # of each that was signed, whether more waited than it could seal
    newest: dict[int, datetime] = field(default_factory=dict)  # by kind, of the leaves before `passed`
    passed: int = 0
    unsealed: int = 0
    newer_receipts: int = 0
    lines: int = 0

    def run(self) -> list[Finding]:
        """Everything that is wrong, the first in the ledger first."""
        try:
            self.about = json.loads((self.export / "export.json").read_text("utf-8"))
            if self.about["format"] != FORMAT:
                raise Unreadable(f"export.json: the format is {self.about['format']}, this verifier reads {FORMAT}")
            self.origin, self.made_at, self.leaves = str(self.about["origin"]), instant(self.about["made_at"]), int(self.about["leaves"])
            self.period = tuple(instant(self.about[end]) if self.about[end] else None for end in ("from", "to"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"{self.export / 'export.json'}: {type(error).__name__}: {error}") from None
        if self.origin.endswith(RECEIPTS):
            return [Finding("export.json", f"{self.origin} is a key that signs receipts, and no ledger")]
        self.whole = self.period == (None, None)
        promised = self._receipts()
        self._checkpoints()
        self._scope()
        self._leaves()
        self._unsealed()
        if self.whole:
            self._heads()
            self._state()
        self._copies()
        self._promised(promised)
        return self.findings + self.later

    def _wrong(self, where: str, told: str, *, sealed: bool = True) -> None:
        (self.findings if sealed else self.later).append(Finding(where, told))

    def _named(self, leaf: int) -> str:
        """The event, or the minute of the access log, of a leaf."""
        entry = bytes(self.entries[leaf * ENTRY_BYTES : (leaf + 1) * ENTRY_BYTES])
        if len(entry) < ENTRY_BYTES:
            return f"leaf {leaf}"
        if entry[0] == EVENT:
            return f"event {UUID(bytes=entry[1:17])} (leaf {leaf})"
        return f"access log of {time_of_entry(entry):%Y-%m-%d %H:%M} (leaf {leaf})"

    def _checkpoints(self) -> None:
        """Signatures, numbers, times, and that each root is the root of the leaves so far: hence each tree continues the one before."""
        tree, folder, leaves = Tree(), self.checkpoints / "checkpoints", self.checkpoints / "leaves"
        try:
            names = sorted(path.name for path in folder.iterdir())
        except OSError as error:
            raise Unreadable(f"{folder}: {error}") from None
        last = Checkpoint(0, 0, b"", datetime(1970, 1, 1, tzinfo=UTC))
        for name in names:
            start = len(self.entries) // ENTRY_BYTES
            bundle = leaves / name
            added = bundle.read_bytes() if bundle.exists() else b""
            if len(added) % ENTRY_BYTES:
                raise Unreadable(f"leaves/{name} does not hold entries of {ENTRY_BYTES} bytes")
            self.entries += added
            for at in range(0, len(added), ENTRY_BYTES):
                tree.add(leaf_hash(added[at : at + ENTRY_BYTES]))
            told = self._checkpoint(name, (folder / name).read_bytes(), last, tree)
            if isinstance(told, Checkpoint):
                last = told
                self.signed.append(told)
                self.catching_up.append(weight_of(added) >= BACKLOG_LEAVES)
            else:
                self._wrong(self._named(start) if added else f"checkpoint {name}", f"checkpoint {name}: {told}")
                last = Checkpoint(last.number + 1, tree.size, b"", last.at)
        if not names:
            raise Unreadable(f"{folder} holds no checkpoint")

    def _checkpoint(self, name: str, raw: bytes, last: Checkpoint, tree: Tree) -> "Checkpoint | str":
        text = self.keys.text_of(raw.decode("utf-8", "replace"), self.origin)
        if text is None:
            return "the signature is not of the ledger's key"
        try:
            found = checkpoint_of(text, self.origin)
        except ValueError as error:
            return str(error)
        if found.number != last.number + 1 or name != f"{found.number:012}":
            return f"it is number {found.number}, expected is {last.number + 1}"
        if found.at <= last.at:
            return "it was not signed after the one before"
        if found.size != tree.size:
            return f"it signs {found.size} leaves, but {tree.size} are there"
        return found if found.root == tree.root() else "its root is not the root of the leaves"

    def _scope(self) -> None:
        """What export.json says of how far the export reaches is what a checkpoint says: it is signed by nobody itself."""
        reached = [one for one in self.signed if one.size == self.leaves]
        if self.leaves and not reached:
            self._wrong("export.json", f"it tells of {self.leaves} leaves, which no checkpoint signs", sealed=False)
        elif reached and self.made_at < reached[0].at:
            self._wrong("export.json", f"it says an older time than checkpoint {reached[0].number}, which is in it", sealed=False)

    def _sealed_by(self, leaf: int) -> int | None:
        """Which of the checkpoints has sealed a leaf."""
        low, high = 0, len(self.signed)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.signed[middle].size > leaf else (middle + 1, high)
        return low if low < len(self.signed) else None

    def _belongs(self, leaf: int) -> bool:
        """Whether the export must hold this leaf: it was sealed before the export was made, and is of its period."""
        sealed_by = self._sealed_by(leaf)
        if leaf >= self.leaves and (sealed_by is None or self.signed[sealed_by].at > self.made_at):
            return False
        entry = bytes(self.entries[leaf * ENTRY_BYTES : (leaf + 1) * ENTRY_BYTES])
        at = time_of_entry(entry)
        start, end = self.period
        return (start is None or at >= start) and (end is None or at < end)

    def _missing(self, start: int, stop: int) -> None:
        for leaf in range(start, stop):
            if self._belongs(leaf):
                self._wrong(self._named(leaf), "it was sealed, and is missing")
                if len(self.findings) > TOLD_MAX:
                    return

    def _leaves(self) -> None:
        """Each leaf of the export against what was sealed, and each event against its chain."""
        expected, sealed = 0, len(self.entries) // ENTRY_BYTES
        for path in sorted(self.export.glob("leaves-*.jsonl")):
            for line in lines_of(path):
                try:
                    leaf = int(line["leaf"])
                    if leaf < expected:
                        self._wrong(self._named(leaf), "it stands in the export twice, or out of order")
                        continue
                    self._missing(expected, min(leaf, sealed))
                    expected = leaf + 1
                    entry = bytes(self.entries[leaf * ENTRY_BYTES : expected * ENTRY_BYTES])
                    self._leaf(leaf, line, entry)
                except (KeyError, TypeError, ValueError) as error:
                    raise Unreadable(f"{path.name}, leaf {line.get('leaf')}: {type(error).__name__}: {error}") from None
        self._missing(expected, sealed)

    def _leaf(self, leaf: int, line: Line, entry: bytes) -> None:
        if not entry:
            self._wrong(f"leaf {leaf}", "no checkpoint has sealed it")
        elif leaf >= self.leaves:
            self._wrong(self._named(leaf), f"the export tells of {self.leaves} leaves, and this one is behind them")
        elif line.get("event") is not None and entry[0] == EVENT:
            told = self._event(line["event"], entry)
            for one in told:
                self._wrong(f"{self._named(leaf)}, chain {line['event']['chain']}, number {line['event']['seq']}", one)
            if not told and (late := self._late(leaf, entry)):
                self._wrong(self._named(leaf), late)
        elif line.get("access") is not None and entry[0] == ACCESS:
            if told_of := self._minute(line["access"], entry) or self._late(leaf, entry):
                self._wrong(self._named(leaf), told_of)
        else:
            self._wrong(self._named(leaf), "it was sealed, and is missing")
        if entry and line["entry"] != entry.hex() and not (self.findings and self.findings[-1].where.startswith(self._named(leaf))):
            self._wrong(self._named(leaf), "the database's leaf is not the one that was sealed")

    def _late(self, leaf: int, entry: bytes) -> str | None:
        """Whether it says another time than when it was sealed: a day before the checkpoint before it, or before what is sealed already.

        Behind a checkpoint that could not seal all that waited, the one before that counts: what waits is sealed by its time.
        """
        sealed_by, at = self._sealed_by(leaf), time_of_entry(entry)
        if sealed_by is None:
            return None
        before = sealed_by - 1
        while before >= 0 and self.catching_up[before]:
            before -= 1
        since = max(self.signed[before].at if before >= 0 else at, self._newest_before(leaf, entry[0]) or at)
        if since - at > SEALED_WITHIN:
            return f"it says an older time than may be: what came before it was sealed is of {since:%Y-%m-%d %H:%M}"
        if at - self.signed[sealed_by].at > SEALED_WITHIN:
            return f"it says a later time than may be: it was sealed on {self.signed[sealed_by].at:%Y-%m-%d %H:%M}"
        return None

    def _newest_before(self, leaf: int, kind: int) -> datetime | None:
        """The newest time of the leaves of this kind before it, none of them newer than its seal."""
        while self.passed < leaf:
            entry = bytes(self.entries[self.passed * ENTRY_BYTES : (self.passed + 1) * ENTRY_BYTES])
            sealed_by = self._sealed_by(self.passed)
            at = min(time_of_entry(entry), self.signed[sealed_by].at) if sealed_by is not None else time_of_entry(entry)
            self.newest[entry[0]] = max(self.newest.get(entry[0], at), at)
            self.passed += 1
        return self.newest.get(kind)

    def _minute(self, access: Line, entry: bytes) -> str | None:
        """The lines of the access log of a minute have the root that was sealed."""
        tree, count = Tree(), int.from_bytes(entry[13:17])
        for line in access["lines"]:
            tree.add(leaf_hash(str(line).encode("utf-8", "surrogateescape")))
            self.lines += 1
            if not str(line).startswith(ACCESS_TAG):
                return "a line is not of version 1"
        if tree.size != count:
            return f"{count} lines were sealed, {tree.size} are there"
        return None if tree.root() == entry[17:] else "its lines are not the ones that were sealed"

    def _unsealed(self) -> None:
        """Events that wait for a checkpoint: each continues its chain, and none says that it is old."""
        last = self.signed[-1].at if self.signed else datetime(1970, 1, 1, tzinfo=UTC)
        for line in lines_of(self.export / "unsealed.jsonl"):
            try:
                told = self._event(line, None)
                self.unsealed += 1
                if not told and last - instant(line["at"]) > SEALED_WITHIN:
                    told = [f"it was never sealed, and says an older time than may be: a checkpoint was signed on {last:%Y-%m-%d %H:%M}"]
                for one in told:
                    self._wrong(f"event {line['id']} (unsealed), chain {line['chain']}, number {line['seq']}", one, sealed=False)
            except (KeyError, TypeError, ValueError) as error:
                raise Unreadable(f"unsealed.jsonl: {type(error).__name__}: {error}") from None

    def _table(self, name: str) -> Iterator[Line]:
        return lines_of(self.export / "tables" / f"{name}.jsonl")

    def _heads(self) -> None:
        """The heads of the chains are the last events."""
        stored = {row["id"]: row for row in self._table("chains")}
        for id_, chain in self.chains.items():
            row = stored.pop(id_, None)
            if row is None or (row["seq"], row["head"]) != (chain.seq, chain.head.hex()):
                told = f"the chain has {chain.seq} events, its head knows {row['seq'] if row else 'none'}"
                self._wrong(f"event after number {chain.seq} of chain {id_}", told, sealed=False)
        for id_, row in stored.items():
            if row["seq"]:
                self._wrong(f"event 1 of chain {id_}", f"its head knows {row['seq']} events, none are there", sealed=False)

    def _state(self) -> None:
        """The state that the events lead to is the state of the tables."""
        open_, rows = dict[str, list[str]](), {row["id"]: row for row in self._table("archive_records")}
        for row in self._table("open_movements"):
            open_.setdefault(row["record"], []).append(row["phase"])
        for id_ in sorted(rows.keys() | self.states.keys()):
            state, folded = rows.get(id_, {}).get("state"), self.states.get(id_)
            if state != folded:
                self._wrong(f"record {id_}", f"its events lead to {folded}, the table says {state}", sealed=False)
                continue
            phases = open_.get(id_, [])
            if len(phases) > 1 or (state not in HIDDEN and phases != ([state] if state in PHASES else [])):
                self._wrong(f"record {id_}", f"it is {state}, its open movements are {', '.join(phases) or 'none'}", sealed=False)
        self._ticket_numbers()

    def _ticket_numbers(self) -> None:
        numbers, known = dict[str, list[int]](), set[str]()
        for row in self._table("tickets"):
            known.add(row["id"])
            numbers.setdefault(row["org"], []).append(row["number"])
            if row["void"] != (row["id"] in self.voids):
                self._wrong(f"ticket {row['id']}", f"the table says void: {row['void']}, its events do not", sealed=False)
            if row["id"] not in self.tickets:
                self._wrong(f"ticket {row['id']}", f"number {row['number']} of unit {row['org']} stands in no event", sealed=False)
            elif self.tickets.get(row["id"]) not in (None, row["number"]):
                told = f"its event gave number {self.tickets[row['id']]}, the table says {row['number']}"
                self._wrong(f"ticket {row['id']}", told, sealed=False)
        for id_ in sorted(self.tickets.keys() - known):
            self._wrong(f"ticket {id_}", "an event gave it, the table does not have it", sealed=False)
        for org, given in sorted(numbers.items()):
            if sorted(given) != list(range(1, len(given) + 1)):
                self._wrong(f"tickets of unit {org}", "their numbers have gaps", sealed=False)

    def _copies(self) -> None:
        """The database's own copies of the checkpoints, which receipts quote, are the ones of the bucket."""
        for row in self._table("checkpoints"):
            path = self.checkpoints / "checkpoints" / f"{row['number']:012}"
            if not path.exists() or path.read_bytes() != str(row["note"]).encode():
                self._wrong(f"checkpoint {row['number']}", "the database's copy is not the one of the bucket", sealed=False)

    def _receipts(self) -> list[tuple[Path, dict[str, str]]]:
        """What the receipts say that are signed by one of the keys."""
        found = []
        for path in self.receipts:
            try:
                text = self.keys.text_of(path.read_text("utf-8"), self.origin + RECEIPTS)
            except (OSError, UnicodeDecodeError) as error:
                raise Unreadable(f"{path}: {error}") from None
            if text is None:
                self._wrong(f"receipt {path.name}", f"the signature is not of the key {self.origin}{RECEIPTS}", sealed=False)
                continue
            head, *rest = text.splitlines()
            told = dict(line.partition(" ")[::2] for line in rest)
            if head != RECEIPT_TAG or not {"event", "chain", "seq", "hash"} <= told.keys():
                raise Unreadable(f"{path} is not a receipt")
            self.held[told["event"]] = b""
            found.append((path, told))
        return found

    def _promised(self, receipts: list[tuple[Path, dict[str, str]]]) -> None:
        """Each event that somebody holds a receipt for is there, with the hash that was promised."""
        for _, told in receipts:
            there, where = self.held[told["event"]], f"event {told['event']}, chain {told['chain']}, number {told['seq']}"
            if not there:
                if self._covers(time_of(UUID(told["event"]))):
                    self._wrong(where, "a signed receipt promised it, and it is missing", sealed=False)
                else:
                    self.newer_receipts += 1
            elif there and there.hex() != told["hash"]:
                self._wrong(where, "a signed receipt promised another hash", sealed=False)

    def _covers(self, at: datetime) -> bool:
        """Whether what happened then is in the export."""
        start, end = self.period
        return (start is None or at >= start) and (end is None or at < end) and at <= self.made_at

    def summary(self) -> str:
        """What was verified, in one line."""
        last, scope = self.signed[-1], "everything" if self.whole else f"the period {self.about['from']} to {self.about['to']}"
        behind = f", {last.size - self.leaves} of them sealed after the export was made" if last.size > self.leaves else ""
        told = f"; {self.newer_receipts} receipts for events that are not of it" if self.newer_receipts else ""
        return (
            f"{scope} of {self.origin}: {self.events} events in {len(self.chains)} chains, {self.unsealed} of them not sealed yet; {self.lines}"
            f" lines of the access log; {last.size} leaves under {len(self.signed)} checkpoints, the last of {last.at:%Y-%m-%d %H:%M:%S}"
            f" UTC{behind}; {len(self.states)} records as their events left them; made on {self.made_at:%Y-%m-%d %H:%M:%S} UTC{told}"
        )


# Packs ------------------------------------------------------------------------------------------------------------------
# One zip file whose every byte follows from its manifest: members are stored as they are, in its order, behind headers that say nothing else.
MANIFEST, NOTE = "manifest.json", "manifest.note"
MADE_BY, FROM_32, FROM_64 = 0x0314, 20, 45  # versions of the zip format
NAMES_ARE_UTF8, DAY_ONE, PLAIN_FILE = 0x0800, 0x0021, 0o100644 << 16
LARGE = 0xFFFFFFFF  # from here on an offset stands in its ZIP64 field
MANY = 0xFFFF
MANIFEST_BYTES_MAX = 64 << 20
PIECE_BYTES = 1 << 20
DIRECTORY = "the end of the archive"


def local_header(name: str, size: int, crc: int) -> bytes:
    """What stands before the bytes of a member."""
    raw = name.encode()
    fixed = struct.pack("<4s5H3L2H", b"PK\3\4", FROM_32, NAMES_ARE_UTF8, 0, 0, DAY_ONE, crc, size, size, len(raw), 0)
    return fixed + raw


def directory_entry(name: str, size: int, crc: int, offset: int) -> bytes:
    """What the directory at the end of the archive says of a member."""
    raw, far = name.encode(), offset >= LARGE
    extra = struct.pack("<2HQ", 1, 8, offset) if far else b""
    fixed = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", MADE_BY, FROM_64 if far else FROM_32, NAMES_ARE_UTF8, 0, 0, DAY_ONE, crc, size, size, len(raw), len(extra),
        0, 0, 0, PLAIN_FILE, 0xFFFFFFFF if far else offset,
    )  # fmt: skip
    return fixed + raw + extra


def end_record(count: int, size: int, offset: int) -> bytes:
    """What stands behind the directory: how many entries it has, its size and its place."""
    large = b""
    if count >= MANY or size >= LARGE or offset >= LARGE:
        large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, FROM_64, FROM_64, 0, 0, count, count, size, offset)
        large += struct.pack("<4sLQL", b"PK\6\7", 0, offset + size, 1)
        count, size, offset = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF
    return large + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, offset, 0)


class Slice(io.RawIOBase):
    """The bytes of one member."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._at, self._stop = file, start, start + size

    def readable(self) -> bool:
        """They are."""
        return True

    def readinto(self, into: Any) -> int:
        """From where the last read ended, whoever else moves the file."""
        self._file.seek(self._at)
        read = self._file.read(min(len(into), self._stop - self._at))
        into[: len(read)] = read
        self._at += len(read)
        return len(read)


@dataclass(frozen=True)
class Member:
    """What the manifest says of a member, and where its bytes begin."""

    name: str
    size: int
    crc: int
    sha256: str
    header_at: int

    @property
    def start(self) -> int:
        """Behind its header."""
        return self.header_at + len(self.header)

    @property
    def header(self) -> bytes:
        """As it must be."""
        return local_header(self.name, self.size, self.crc)


class Broken(Exception):
    """Nothing behind this can be told of."""


@dataclass
class PackVerification(Events):
    """One pack under verification: first each of its bytes, then what it says."""

    pack: Path
    keys: Keys
    members: dict[str, Member] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)  # canonical bytes by event, of a contract
    logged: dict[str, Line] = field(default_factory=dict)  # bodies of lines of the access log
    redacted: int = 0
    unproven: int = 0  # lines of the access log that are told without proof
    whole: bool = field(default=False, kw_only=True)

    def run(self) -> list[Finding]:
        """Everything that is wrong, in the order of the archive."""
        try:
            with self.pack.open("rb") as self.file:
                self.size = self.file.seek(0, io.SEEK_END)
                self._recognize()
                try:
                    self._manifest()
                except Broken:
                    return self.findings
                self._bytes()
                self._directory()
                if not self.findings:
                    self._says()
        except OSError as error:
            raise Unreadable(f"{self.pack}: {error}") from None
        return self.findings

    def _wrong(self, where: str, told: str) -> None:
        self.findings.append(Finding(where, told))

    def _break(self, where: str, told: str) -> Broken:
        self._wrong(where, told)
        return Broken()

    def _read(self, at: int, size: int) -> bytes:
        self.file.seek(at)
        return self.file.read(size)

    def _recognize(self) -> None:
        """By one of its ends: the other may be what was tampered with."""
        if self._read(0, 4) != b"PK\3\4" and b"PK\5\6" not in self._read(max(0, self.size - 22), 22):
            raise Unreadable(f"{self.pack} is neither a folder nor a pack")

    # Its bytes -----------------------------------------------------------------------------------------------------------
    def _manifest(self) -> None:
        """The two members that nothing else tells of; then the places of all others are known."""
        manifest = self._first(MANIFEST, 0)
        note = self._first(NOTE, manifest.start + manifest.size)
        body, signed = self._read(manifest.start, manifest.size), self._read(note.start, note.size)
        text = self.keys.text_of(signed.decode("utf-8", "replace"))
        if text is None or not _is_strict(signed):
            raise self._break(NOTE, "the signature is not of one of the keys")
        if text != f"{PACK}\nmanifest {sha256(body).hexdigest()}\n":
            raise self._break(MANIFEST, "it is not the manifest that was signed")
        try:
            self.about = json.loads(body)
            if self.about["format"] != PACK:
                raise Unreadable(f"{MANIFEST}: the format is {self.about['format']}, this verifier reads {PACK}")
            at = note.start + note.size
            for told in self.about["members"]:
                made = Member(str(told["name"]), int(told["size"]), int(told["crc32"], 16), str(told["sha256"]), at)
                self.members[made.name], at = made, made.start + made.size
            self.origin, self.end = str(self.about["origin"]), at
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"{MANIFEST}: {type(error).__name__}: {error}") from None
        if self.origin.endswith(RECEIPTS):
            raise self._break(MANIFEST, f"{self.origin} is a key that signs receipts, and no ledger")
        if self.keys.text_of(signed.decode(), self.origin) is None:
            raise self._break(NOTE, f"the signature is not of the key of {self.origin}")

    def _first(self, name: str, at: int) -> Member:
        header = self._read(at, len(local_header(name, 0, 0)))
        crc, size = struct.unpack_from("<2L", header, 14) if len(header) > 22 else (0, 0)
        made = Member(name, size, crc, "", at)
        if header != made.header:
            raise self._break(name, "its header is not as it must be")
        if size > MANIFEST_BYTES_MAX or made.start + size > self.size or zlib.crc32(self._read(made.start, size)) != crc:
            raise self._break(name, "its bytes are not the ones that its header tells of")
        self.members[name] = made
        return made

    def _bytes(self) -> None:
        """Each member is there, behind its header and with its hash, and nothing between two of them."""
        for member in list(self.members.values())[2:]:
            if self._read(member.header_at, len(member.header)) != member.header:
                self._wrong(member.name, "its header is not as it must be, or something else stands in its place")
            hashed, crc, piece = sha256(), 0, b""
            for at in range(member.start, member.start + member.size, PIECE_BYTES):
                piece = self._read(at, min(PIECE_BYTES, member.start + member.size - at))
                hashed.update(piece)
                crc = zlib.crc32(piece, crc)
            if member.start + member.size > self.size:
                self._wrong(member.name, "the archive ends before it does")
            elif (hashed.hexdigest(), crc) != (member.sha256, member.crc):
                self._wrong(member.name, "its bytes do not have the hash that the manifest tells")

    def _directory(self) -> None:
        """The directory says of each member what its header does, and behind it is nothing."""
        at = self.end
        for member in self.members.values():
            entry = directory_entry(member.name, member.size, member.crc, member.header_at)
            if self._read(at, len(entry)) != entry:
                self._wrong(member.name, "its entry in the directory of the archive is not as it must be")
            at += len(entry)
        record = end_record(len(self.members), at - self.end, self.end)
        if self._read(at, len(record)) != record:
            self._wrong(DIRECTORY, "it is not as it must be")
        if self.size > at + len(record):
            self._wrong(DIRECTORY, f"{self.size - at - len(record)} bytes stand behind it")

    # What it says --------------------------------------------------------------------------------------------------------
    def _says(self) -> None:
        try:
            found = self._checkpoint()
            if found is None:
                return
            self.checkpoint = found
            for name in self.members:
                if name.startswith("events") and ".jsonl" in name:
                    for line in self._lines(name):
                        self._sealed(name, line)
            self._complete()
            if self.about["kind"] == "evidence":
                self._access()
                self._history()
                self._scans()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unreadable(f"{self.pack}: {type(error).__name__}: {error}") from None

    def _lines(self, name: str) -> Iterator[Line]:
        member = self.members[name]
        raw: Any = io.BufferedReader(Slice(self.file, member.start, member.size), PIECE_BYTES)
        try:
            opened = gzip.GzipFile(fileobj=raw) if name.endswith(".gz") else raw
            yield from objects_of(io.TextIOWrapper(opened, "utf-8"), name)
        except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
            raise Unreadable(f"{name}: {error}") from None

    def _checkpoint(self) -> Checkpoint | None:
        """Signed by the ledger, and the one that the manifest names."""
        member = self.members["checkpoint"]
        text = self.keys.text_of(self._read(member.start, member.size).decode("utf-8", "replace"), self.origin)
        if text is None:
            self._wrong("checkpoint", "the signature is not of the ledger's key")
            return None
        found, told = checkpoint_of(text, self.origin), self.about["checkpoint"]
        if (found.number, found.size, found.root.hex()) != (told["number"], told["size"], told["root"]):
            self._wrong("checkpoint", "it is not the one that the manifest names")
        return found

    def _sealed(self, name: str, line: Line) -> None:
        """An event: its hash, its chain, its place in the tree; or the hash alone of one that is withheld."""
        if line.get("redacted"):
            self._link(name, line)
            return
        event, entry, leaf = line["event"], bytes.fromhex(line["entry"]), int(line["leaf"])
        where = f"{name}: event {event['id']}, chain {event['chain']}, number {event['seq']}"
        chain = self.chains.get(event["chain"])
        if chain is None and event["chain"] in self.about.get("chains", {}) and (event["seq"] != 1 or event["prev_hash"]):
            self._wrong(where, "the chain does not begin with it")
        if chain and event["seq"] > chain.seq + 1 and not self._dense(event["chain"]):  # others stand between, which the pack does not tell
            self.chains[event["chain"]] = Chain(event["seq"] - 1, bytes.fromhex(event["prev_hash"]), chain.at)
        for told in self._event(event, entry):
            self._wrong(where, told)
        if self.about["kind"] == "evidence":
            self.texts[event["id"]] = event["canonical"]
        proof = [bytes.fromhex(one) for one in line["proof"]]
        if len(entry) != ENTRY_BYTES or entry[0] != EVENT:
            self._wrong(where, "its leaf is not the leaf of an event")
        elif root_from(leaf, self.checkpoint.size, leaf_hash(entry), proof) != self.checkpoint.root:
            self._wrong(where, f"its proof does not lead to the root of checkpoint {self.checkpoint.number}")

    def _link(self, name: str, line: Line) -> None:
        """What is withheld of a chain is still its link: the event behind it continues this hash."""
        self.redacted += 1
        chain = self.chains.setdefault(line["chain"], Chain())
        if self._dense(line["chain"]) and line["seq"] != chain.seq + 1:
            self._wrong(f"{name}: withheld event of chain {line['chain']}", f"its number is {line['seq']}, after {chain.seq}")
        chain.seq, chain.head = int(line["seq"]), bytes.fromhex(line["hash"])

    def _dense(self, chain: str) -> bool:
        """Whether nothing may be left out between two events of the chain."""
        return bool(self.about.get("dense")) or chain in self.about.get("chains", {})

    def _complete(self) -> None:
        """As many events as the manifest tells, and the chains that it calls whole from the first event to the last."""
        if self.events + self.redacted != self.about["events"]:
            self._wrong(MANIFEST, f"it tells of {self.about['events']} events, {self.events + self.redacted} are there")
        if self.about["kind"] == "evidence" and not self.about["chains"]:
            self._wrong(MANIFEST, "it calls no chain whole")
        for id_, seq in self.about.get("chains", {}).items():
            met = self.chains.get(id_, Chain())
            if met.seq != seq:
                self._wrong(f"chain {id_}", f"the manifest tells of {seq} events, the last that is there is number {met.seq}")

    def _access(self) -> None:
        """Each line of the access log is in the tree of its minute, and that minute in the ledger's."""
        for line in self._lines("access.jsonl"):
            text, entry = str(line["line"]), bytes.fromhex(line["entry"])
            if not text.startswith(ACCESS_TAG) or len(entry) != ENTRY_BYTES or entry[0] != ACCESS:
                self._wrong("access.jsonl", "a line is not of version 1, or its leaf is not a minute of the access log")
                continue
            body = json.loads(text[len(ACCESS_TAG) :])
            inner, proof = ([bytes.fromhex(one) for one in line[name]] for name in ("inner", "proof"))
            if root_from(int(line["place"]), int.from_bytes(entry[13:17]), leaf_hash(text.encode()), inner) != entry[17:]:
                self._wrong("access.jsonl", f"line {body['id']} is not one of those that were sealed for its minute")
            if root_from(int(line["leaf"]), self.checkpoint.size, leaf_hash(entry), proof) != self.checkpoint.root:
                self._wrong("access.jsonl", f"the proof of line {body['id']} does not lead to the root of the checkpoint")
            self.logged[body["id"]] = body

    def _told(self, number: int, line: Line) -> None:
        """A line of the history about a line of the access log."""
        body = self.logged.pop(line["line"], None)
        if body is None:
            self._wrong(f"history.jsonl, line {number}", f"line {line['line']} of the access log is not in the pack, or is told twice")
        elif (line["at"], line["tag"], line["by"]["id"], line["result"], line["purpose"], line["detail"]) != tuple(
            body[name] for name in ("at", "action", "by", "result", "purpose", "detail")
        ):
            self._wrong(f"history.jsonl, line {number}", f"it is not what line {line['line']} of the access log says")

    def _history(self) -> None:
        """Each line of the history says what its event says, and each event has its line; so with the access log."""
        left = dict(self.texts)
        for number, line in enumerate(self._lines("history.jsonl"), 1):
            if line.get("proven"):
                self._told(number, line)
            elif "line" in line:
                self.unproven += 1
            if line.get("redacted") or "event" not in line:
                continue
            text = left.pop(line["event"], None)
            if text is None:
                self._wrong(f"history.jsonl, line {number}", f"event {line['event']} is not in the pack, or is told twice")
                continue
            body = json.loads(text[len(EVENT_TAG) :])
            same = ("at", "tag", "subject", "detail", "chain", "seq")
            if any(line[name] != body[name] for name in same) or line["by"]["id"] != body["by"]:
                self._wrong(f"history.jsonl, line {number}", f"it is not what event {line['event']} says")
            told = {*line.get("words", {}), *line.get("words_withheld", ())}
            for name, value in body["detail"].items():
                if isinstance(value, dict) and value.keys() == {"words"} and name not in told:
                    self._wrong(f"history.jsonl, line {number}", f"the words {name} of event {line['event']} are neither told nor withheld")
            for name, said in line.get("words", {}).items():
                if body["detail"].get(name) != {"words": keyed(bytes.fromhex(said["key"]), said["words"].encode(), "sha256").hex()}:
                    self._wrong(f"history.jsonl, line {number}", f"its words are not the ones that event {line['event']} was written with")
        for event in left:
            self._wrong("history.jsonl", f"event {event} is not told")
        for id_ in self.logged:
            self._wrong("history.jsonl", f"line {id_} of the access log is not told")

    def _scans(self) -> None:
        """Each scan is the bytes that its row tells, which is the hash that its event told when it was registered."""
        told = dict[str, str]()
        for text in self.texts.values():
            body = json.loads(text[len(EVENT_TAG) :])
            if body["tag"] == "scan:register:done":
                told[body["subject"][1]] = body["detail"]["sha256"]
        for scan in self._lines("scans.jsonl"):
            if "sha256" not in scan:  # with papers of other contracts on it: told to be there, and nothing else
                continue
            if scan["member"] is not None and self.members[scan["member"]].sha256 != scan["sha256"]:
                self._wrong(scan["member"], "it is not the scan that scans.jsonl tells of")
            if told.get(scan["id"], scan["sha256"]) != scan["sha256"]:
                self._wrong("scans.jsonl", f"scan {scan['id']} was registered with other bytes")

    def summary(self) -> str:
        """What was verified, in one line."""
        about = self.about
        scope = f"evidence of contract {about['contract']['number']}" if about["kind"] == "evidence" else (
            f"events of the period {about['from']} to {about['to']}"
        )  # fmt: skip
        held = f", {len(about['chains'])} of them whole" if about["kind"] == "evidence" else ""
        held += f", {self.redacted} more withheld" if self.redacted else ""
        held += f", {self.unproven} lines of the access log without proof" if self.unproven else ""
        return (
            f"{scope} of {self.origin}: {self.events} events in {len(self.chains)} chains{held}; {len(self.members)} members; all of them under checkpoint"
            f" {self.checkpoint.number}; made on {instant(about['made_at']):%Y-%m-%d %H:%M:%S} UTC for {about['purpose']}"
        )


def _is_strict(note: bytes) -> bool:
    """One signature, written in the one way that there is: what decodes to the same may be other bytes."""
    try:
        text, _, line = note.decode().rpartition("\n\n")
        dash, name, encoded = line.removesuffix("\n").split(" ")
        return note.decode() == f"{text}\n\n{dash} {name} {base64.b64encode(base64.b64decode(encoded)).decode()}\n"
    except ValueError:
        return False


def main(argv: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="verifier", description="Verifies an export of the Loanfile ledger, offline.")
    parser.add_argument("export", type=Path, help="folder that loanfile export-ledger wrote, or a pack: one zip file")
    parser.add_argument("--key", type=Path, required=True, help="file of public keys, one a line: name+id+base64")
    parser.add_argument("--checkpoints", type=Path, help="copy of the bucket of checkpoints; left out: the one inside the export")
    parser.add_argument("--receipt", type=Path, action="append", default=[], help="signed receipt of an event; may be repeated")
    parser.add_argument("--origin", help="name of the ledger that it must be of; left out: the one that it names, which is told")
    given = parser.parse_args(argv)
    try:
        try:
            keys = Keys(given.key.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"{given.key}: {error}") from None
        verification: Verification | PackVerification
        if given.export.is_file():
            if given.receipt or given.checkpoints:
                raise Unreadable("a pack has its own checkpoint and its own events: --receipt and --checkpoints are for a folder")
            verification = PackVerification(given.export, keys)
        else:
            verification = Verification(given.export, given.checkpoints or given.export, keys, given.receipt)
        findings = verification.run()
        if not findings and given.origin not in (None, verification.origin):
            raise Unreadable(f"it is of the ledger {verification.origin}, and not of {given.origin}")
    except NONSENSE as error:
        print(f"unreadable: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except Unreadable as error:
        print(f"unreadable: {error}", file=sys.stderr)
        return 2
    if not findings:
        print(f"whole: {verification.summary()}")
        return 0
    print(f"TAMPERED: {findings[0].where}: {findings[0].told}")
    for finding in findings[1:TOLD_MAX]:
        print(f"  and {finding.where}: {finding.told}")
    if len(findings) > TOLD_MAX:
        print(f"  and {len(findings) - TOLD_MAX} more")
    return 1


if __name__ == "__main__":
    sys.exit(main())
