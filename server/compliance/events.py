"""The only writer of events: canonical bytes, one hash chain per loan or, without a loan, per org unit.

Lock order of a transaction: idempotency key, request or operation, records by id, chains by id, the ticket number last.
Canonical bytes, version 1: a tag, then RFC 8785 JSON of ASCII keys, strings, integers, booleans and null; no floats.
"""

import hmac
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from secrets import randbits, token_bytes
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, column, func, select
from sqlalchemy.sql import ClauseElement

from server.compliance.tags import Tag
from storage import tables
from storage.database import Connection

CANONICAL_TAG = b"loanfile event 1\0"
TICK = timedelta(microseconds=1)
WHOLE_MAX = 2**53 - 1  # of RFC 8785
LOCK: ClauseElement = select(column("id"), column("seq"), column("head"), column("last_at"), column("org_id")).select_from(
    func.lock_chains(bindparam("ids", type_=ARRAY(Uuid), required=True))
)


BECAME = " → "  # in words, between what was and what is


class Words(str):
    """What somebody wrote: the event carries a hash under a key of its own, the words stand beside it (`event_words`)."""

    __slots__ = ()


def canonical(body: dict[str, Any]) -> bytes:
    """The bytes that are hashed: the same body gives the same bytes for ever."""
    return CANONICAL_TAG + plain_json(body).encode()


def plain_json(value: Any) -> str:
    """RFC 8785 of what events and packs hold."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def body_of(canonical_bytes: bytes) -> dict[str, Any]:
    """What an event's canonical bytes say; ValueError when they are not version 1."""
    if not canonical_bytes.startswith(CANONICAL_TAG):
        raise ValueError("not an event of version 1")
    return dict(json.loads(canonical_bytes.removeprefix(CANONICAL_TAG)))


def _plain(value: Any) -> Any:
    if isinstance(value, int) and abs(value) > WHOLE_MAX:
        raise TypeError("an event cannot carry an integer beyond 2**53 - 1")
    if value is None or isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(inner) for inner in value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID | date | Decimal):
        return str(value)
    raise TypeError(f"an event cannot carry {type(value).__name__}")


def event_id(at: datetime) -> UUID:
    """A UUIDv7 whose first 60 bits are the event's time to the microsecond: along a chain ids rise as events do."""
    micros = int(at.timestamp()) * 1_000_000 + at.microsecond
    millis, rest = divmod(micros, 1000)
    return UUID(int=millis << 80 | 0x7 << 76 | (rest * 4096 // 1000) << 64 | 0b10 << 62 | randbits(62))


class Chains:
    """The heads of the chains that this transaction has locked, and the events it will append to them."""

    def __init__(self, conn: Connection, heads: dict[UUID, tuple[int, bytes, datetime, UUID]]) -> None:
        self._conn, self._heads = conn, heads
        self._rows: list[dict[str, Any]] = []
        self._words: list[dict[str, Any]] = []

    @classmethod
    async def lock(cls, conn: Connection, ids: Iterable[UUID]) -> "Chains":
        """Locks the chains of these loans or org units, in id order, making those that do not exist yet."""
        rows = await conn.rows(LOCK, ids=sorted(set(ids)))
        return cls(conn, {r["id"]: (r["seq"], r["head"], r["last_at"], r["org_id"]) for r in rows})

    def note(
        self,
        chain: UUID,
        tag: Tag,
        *,
        subject: tuple[str, UUID],
        by: UUID,
        at: datetime,
        record: UUID | None = None,
        cause: UUID | None = None,
        **detail: Any,
    ) -> UUID:
        """Appends an event to a locked chain; answers its id. `detail` carries references and facts, no personal data: see `Words`."""
        seq, head, last, org_id = self._heads[chain]
        seq, at = seq + 1, max(at.astimezone(UTC), last + TICK)  # a clock set back cannot disorder history
        kind, subject_id = subject
        id_ = event_id(at)
        text = canonical(
            {
                "id": id_,
                "chain": chain,
                "seq": seq,
                "at": at,
                "tag": tag.value,
                "subject": [kind, subject_id],
                "by": by,
                **({"record": record} if record else {}),
                **({"cause": cause} if cause else {}),
                "detail": {name: self._told(id_, name, value) for name, value in detail.items() if value is not None},
            }
        )
        digest = sha256(head + text).digest()
        self._heads[chain] = seq, digest, at, org_id
        self._rows.append(
            {
                "chain_id": chain,
                "seq": seq,
                "id": id_,
                "happened_at": at,
                "tag": tag.value,
                "subject_kind": kind,
                "subject_id": subject_id,
                "record_id": record,
                "actor_id": by,
                "org_id": org_id,
                "cause_id": cause,
                "canonical": text,
                "prev_hash": head,
                "hash": digest,
            }
        )
        return id_

    def _told(self, event: UUID, name: str, value: Any) -> Any:
        if not isinstance(value, Words):
            return value
        key = token_bytes(32)
        self._words.append({"event_id": event, "name": name, "key": key, "words": str(value)})
        return {"words": hmac.digest(key, value.encode(), "sha256").hex()}

    async def write(self) -> list[UUID]:
        """Inserts what was noted; answers the ids in order."""
        rows, self._rows = self._rows, []
        words, self._words = self._words, []
        await self._conn.insert(tables.events, rows)
        await self._conn.insert(tables.event_words, words)
        return [row["id"] for row in rows]
