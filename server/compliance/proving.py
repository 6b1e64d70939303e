"""Whether the chains of a contract hold, as the database has them now: the last component of its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from server.compliance import tree
from storage.database import Connection

LINKS = """select e.chain_id, e.seq, e.id, e.prev_hash, e.hash, sha256(e.prev_hash || e.canonical) as made, l.entry,
    (l.leaf_index < coalesce((select size from ledger_checkpoints where stored_at is not null order by number desc limit 1), 0)) as anchored
  from events e left join ledger_leaves l on l.event_id = e.id where e.chain_id = any($1::uuid[]) order by e.chain_id, e.seq"""
CHAINS = "select coalesce(array_agg(loan_id), '{}') from loan_contracts where contract_id = $1"
HEADS = "select id, seq, head from chains where id = any($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at, and the first event that does not hold."""

    events: int
    anchored: int
    wrong: UUID | None = None
    told: str | None = None

    @property
    def holds(self) -> bool:
        """Whether all of it does."""
        return self.told is None


async def contract_proof(conn: Connection, contract: UUID) -> Proof:
    """Of the chains of its loans."""
    return await proof_of(conn, await conn.raw.fetchval(CHAINS, contract))


async def proof_of(conn: Connection, chains: Sequence[UUID]) -> Proof:
    """Numbers, links, hashes, heads and leaves; what only a signature can show is the verifier's, offline."""
    rows = await conn.raw.fetch(LINKS, list(chains))
    heads = {row["id"]: (row["seq"], row["head"]) for row in await conn.raw.fetch(HEADS, list(chains))}
    anchored, seen = 0, dict[UUID, tuple[int, bytes]]()
    for row in rows:
        seq, head = seen.get(row["chain_id"], (0, b""))
        if told := _wrong(row, seq, head):
            return Proof(len(rows), anchored, row["id"], told)
        seen[row["chain_id"]] = row["seq"], row["hash"]
        anchored += bool(row["anchored"])
    for chain in chains:
        if chain not in heads:  # the registration of its contract alone has made one
            return Proof(len(rows), anchored, None, f"chain {chain} is not there")
        if seen.get(chain, (0, b"")) != heads[chain]:
            return Proof(len(rows), anchored, None, f"chain {chain} has a head of number {heads[chain][0]}, its last event is another")
    return Proof(len(rows), anchored)


def _wrong(row: Any, seq: int, head: bytes) -> str | None:
    if row["seq"] != seq + 1:
        return f"number {row['seq']} comes after {seq}"
    if row["prev_hash"] != head:
        return "it does not continue the event before it"
    if row["made"] != row["hash"]:
        return "its bytes do not have its hash"
    if row["entry"] is not None and row["entry"] != tree.event_entry(row["id"], row["hash"]):
        return "another event was sealed in its leaf"
    return None
