"""What must hold of the books at the end of every test: the fold of the events is the state, chains and tickets are whole."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg

from server.compliance.events import body_of
from server.compliance.folding import Fold
from server.compliance.tags import DETAIL


async def sound(root: "asyncpg.Connection[Any]", units: Sequence[UUID] | None = None) -> None:
    """I1 to I7, I10 of domain section 4, over everything that was committed; of `units` alone where they are named."""
    ours = "($1::uuid[] is null or org_id = any($1))"
    rows = await root.fetch(f"select chain_id, seq, prev_hash, hash, canonical from events where {ours} order by chain_id, seq", units)
    fold = Fold()
    chain, head, seq = None, b"", 0
    for row in rows:
        if row["chain_id"] != chain:
            chain, head, seq = row["chain_id"], b"", 0
        seq += 1
        assert (row["seq"], row["prev_hash"]) == (seq, head), f"chain {chain} breaks at {row['seq']}"
        assert row["hash"] == sha256(head + row["canonical"]).digest()
        head, body = row["hash"], body_of(row["canonical"])
        unknown = body["detail"].keys() - DETAIL
        assert not unknown, f"{body['tag']} tells {sorted(unknown)}, which the closed list does not have"
        told = fold.add(body)
        assert told is None, told
    stored = {str(r["id"]): r["state"] for r in await root.fetch(f"select id, state from archive_records where {ours}", units)}
    assert stored == {r: fold.states.get(r) for r in stored}, "state is not the fold of the events"
    assert not await root.fetch("select 1 from movements where closed_at is null group by record_id having count(*) > 1")
    assert not await root.fetch("select 1 from movements where out_at is not null and due_at is null and closed_at is null")
    gaps = await root.fetch("select org_id from tickets group by org_id having max(ticket_no) <> count(*)")
    assert not gaps, "ticket numbers have gaps"
