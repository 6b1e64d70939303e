"""Fourteen ways to change history as superuser, past every trigger and constraint; each tells which event a verifier must name first."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from server.compliance import tree
from server.compliance.events import CANONICAL_TAG, body_of, canonical, event_id
from server.compliance.notes import Checkpoint, Key
from tests.harness.ledger import Ledger, leaves_of

Root: TypeAlias = "asyncpg.Connection[Any]"
Event = dict[str, Any]
Attack: TypeAlias = "Callable[[Ledger, Root, list[Event]], Awaitable[str]]"
ATTACKS: dict[str, Attack] = {}


def attack(run: Attack) -> Attack:
    ATTACKS[run.__name__] = run
    return run


async def _free(root: Root) -> None:
    """What stands in the way of a superuser is taken out of it."""
    await root.execute("alter table events drop constraint ck_events_c48_hash, drop constraint ck_events_seq_positive")


def _some(events: list[Event]) -> Event:
    """An event in the middle of its chain, told of a record."""
    last = {event["chain"]: event["seq"] for event in events}
    return next(event for event in events[len(events) // 2 :] if event["record"] and 1 < event["seq"] < last[event["chain"]])


@attack
async def edit_body(ledger: Ledger, root: Root, events: list[Event]) -> str:
    await _free(root)
    event = _some(events)
    text = event["canonical"].encode().replace(b'"detail":{', b'"detail":{"a":1,', 1)
    await root.execute("update events set canonical = $2 where id = $1", event["id"], text)
    return str(event["id"])


@attack
async def edit_time(ledger: Ledger, root: Root, events: list[Event]) -> str:
    event = _some(events)
    await root.execute("update events set happened_at = happened_at - interval '1 microsecond' where id = $1", event["id"])
    return str(event["id"])


@attack
async def edit_actor(ledger: Ledger, root: Root, events: list[Event]) -> str:
    event = _some(events)
    await root.execute("update events set actor_id = (select id from staff where id <> actor_id limit 1) where id = $1", event["id"])
    return str(event["id"])


@attack
async def delete_first(ledger: Ledger, root: Root, events: list[Event]) -> str:
    await root.execute("delete from events where id = $1", events[0]["id"])
    return str(events[0]["id"])


@attack
async def delete_middle(ledger: Ledger, root: Root, events: list[Event]) -> str:
    event = _some(events)
    await root.execute("delete from events where id = $1", event["id"])
    await root.execute("delete from ledger_leaves where event_id = $1", event["id"])  # and every trace of it
    return str(event["id"])


@attack
async def delete_last_sealed(ledger: Ledger, root: Root, events: list[Event]) -> str:
    """With its leaf, its nodes, and the head of its chain set back."""
    event = events[-1]
    at = await root.fetchval("delete from ledger_leaves where event_id = $1 returning leaf_index", event["id"])
    await root.execute("delete from ledger_nodes where level = 0 and position = $1", at)
    await root.execute("delete from events where id = $1", event["id"])
    head = bytes.fromhex(event["prev_hash"])
    await root.execute("update chains set seq = $2, head = $3 where id = $1", event["chain"], event["seq"] - 1, head)
    return str(event["id"])


@attack
async def truncate(ledger: Ledger, root: Root, events: list[Event]) -> str:
    await root.execute("truncate events cascade")
    return str(events[0]["id"])


@attack
async def swap(ledger: Ledger, root: Root, events: list[Event]) -> str:
    """Two neighbours of a chain change their places."""
    one = _some(events)
    other = next(e for e in events if e["chain"] == one["chain"] and e["seq"] == one["seq"] + 1)
    for id_, seq in ((one["id"], 1_000_000), (other["id"], one["seq"]), (one["id"], other["seq"])):
        await root.execute("update events set seq = $2 where id = $1", id_, seq)
    return str(one["id"])


@attack
async def insert_back_dated(ledger: Ledger, root: Root, events: list[Event]) -> str:
    """A whole history of its own, whose hashes are right, dated back, and duly sealed by the next round of the sealer."""
    like, chain = _some(events), UUID(int=7)
    at = await root.fetchval("select happened_at - interval '40 days' from events where id = $1", like["id"])
    body = body_of(like["canonical"].encode()) | {"id": event_id(at), "chain": chain, "seq": 1, "at": at}
    await _put(root, like["id"], body, b"")
    await root.execute("insert into chains (id, kind, org_id, seq, head, last_at) select $1, 'LOAN', org_id, 1, e.hash, e.happened_at"
                       " from events e where e.id = $2", chain, body["id"])  # fmt: skip
    await root.execute("insert into pending_events (event_id, hash) select id, hash from events where id = $1", body["id"])
    await ledger.sealer.seal_all()
    return str(body["id"])


async def _put(root: Root, like: str, body: dict[str, Any], prev: bytes) -> None:
    """An event as the desk would have written it."""
    text = canonical(body)
    await root.execute(
        """insert into events (chain_id, seq, id, happened_at, tag, subject_kind, subject_id, record_id, actor_id, org_id, cause_id,
             canonical, prev_hash, hash)
           select $2, $3, $4, $5, tag, subject_kind, subject_id, record_id, actor_id, org_id, cause_id, $6, $7, $8 from events where id = $1""",
        like, body["chain"], body["seq"], body["id"], body["at"], text, prev, sha256(prev + text).digest(),
    )  # fmt: skip


@attack
async def renumber(ledger: Ledger, root: Root, events: list[Event]) -> str:
    """The tail of a chain moves up by one, as if there had been one more."""
    event = _some(events)
    await root.execute("update events set seq = seq + 1000000 where chain_id = $1 and seq >= $2", event["chain"], event["seq"])
    await root.execute("update events set seq = seq - 999999 where chain_id = $1 and seq >= 1000000", event["chain"])
    return str(event["id"])


@attack
async def rewrite_with_recomputed_hashes(ledger: Ledger, root: Root, events: list[Event]) -> str:
    """One event says something else, and everything behind it in its chain is hashed anew."""
    event = _some(events)
    await _rewritten(root, event)
    return str(event["id"])


async def _rewritten(root: Root, event: Event) -> list[tuple[UUID, bytes]]:
    """Ids and new hashes of the event and of all behind it."""
    rows = await root.fetch("select * from events where chain_id = $1 and seq >= $2 order by seq", event["chain"], event["seq"])
    prev, made = rows[0]["prev_hash"], []
    for row in rows:
        body = json.loads(row["canonical"].removeprefix(CANONICAL_TAG))
        if not made:
            body["detail"]["pages"] = 99
        text = canonical(body)
        digest = sha256(prev + text).digest()
        await root.execute("update events set canonical = $2, prev_hash = $3, hash = $4 where id = $1", row["id"], text, prev, digest)
        made.append((row["id"], digest))
        prev = digest
    await root.execute("update chains set head = $2 where id = $1", event["chain"], prev)
    return made


@attack
async def rewrite_a_whole_chain(ledger: Ledger, root: Root, events: list[Event]) -> str:
    """From its first event on, with the leaves, every node of the tree, and the roots of the database's checkpoints."""
    chain = _some(events)["chain"]
    first = next(e for e in events if e["chain"] == chain)
    for id_, digest in await _rewritten(root, first):
        await root.execute("update ledger_leaves set entry = $2 where event_id = $1", id_, tree.event_entry(id_, digest))
    entries = [row["entry"] for row in await root.fetch("select entry from ledger_leaves order by leaf_index")]
    await root.execute("truncate ledger_nodes")
    nodes = dict(tree.grown(0, {}, map(tree.leaf_hash, entries)))
    await root.executemany("insert into ledger_nodes values ($1, $2, $3)", [(level, at, digest) for (level, at), digest in nodes.items()])
    for row in await root.fetch("select number, size from ledger_checkpoints"):
        some = dict(tree.grown(0, {}, map(tree.leaf_hash, entries[: row["size"]])))
        sizes = row["number"], tree.root(row["size"], some), tree.border_of(row["size"], some)
        await root.execute("update ledger_checkpoints set root = $2, border = $3 where number = $1", *sizes)
    return str(first["id"])


@attack
async def replace_a_checkpoint(ledger: Ledger, root: Root, events: list[Event]) -> str:
    """History is rewritten, and the copy of the bucket that the auditor is handed fits it; but who signs is somebody else."""
    await rewrite_a_whole_chain(ledger, root, events)
    return "replaced"


def replaced(export: Path, ledger: Ledger) -> str:
    """The handed copy: leaves and checkpoints of the rewritten history, signed by a key of the same name."""
    forger = Key(ledger.key.name, b"f" * 32)
    entries, first = list[bytes](), ""
    lines = leaves_of(export)
    for note in sorted((export / "checkpoints").iterdir()):
        _, size, _, number, time = note.read_text().split("\n\n")[0].splitlines()
        added = [bytes.fromhex(line["entry"]) for line in lines[len(entries) : int(size)]]
        entries += added
        (export / "leaves" / note.name).write_bytes(b"".join(added))
        at = datetime.fromisoformat(time.removeprefix("time "))
        made = Checkpoint(forger.name, int(number.removeprefix("number ")), int(size), tree.root_of([*map(tree.leaf_hash, entries)]), at)
        note.write_text(forger.signed(made.text()))
        first = first or next(line["event"]["id"] for line in lines if line["event"])
    return first


@attack
async def roll_back(ledger: Ledger, root: Root, events: list[Event]) -> str:
    """An older backup is put in the database's place; see the test, which takes it."""
    return "older"
