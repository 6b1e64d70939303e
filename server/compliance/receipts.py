"""Signed receipts: what we promise of an event before any checkpoint holds it, for whoever may see the event."""

from uuid import UUID

from sqlalchemy import select

from server.compliance.notes import Key
from server.errors import NotFound
from storage.database import Database, Principal
from storage.statements import given
from storage.tables import events

EVENT = select(events.c.id, events.c.chain_id, events.c.seq, events.c.happened_at, events.c.hash).where(events.c.id == given("event"))
FIRST_LINE = "loanfile receipt 1"


def key_of_receipts(origin: str, seed: bytes) -> Key:
    """A key of its own: those who answer clients need not have the one of checkpoints."""
    return Key(f"{origin}/receipts", seed)


async def receipt_of(database: Database, principal: Principal, event: UUID, key: Key) -> str:
    """The signed note; NotFound for an event that the caller does not see."""
    async with database.transaction(principal) as conn:
        row = await conn.row(EVENT, event=event)
    if row is None:
        raise NotFound()
    told = {
        "event": row["id"],
        "chain": row["chain_id"],
        "seq": row["seq"],
        "at": row["happened_at"].isoformat(),
        "hash": row["hash"].hex(),
    }
    return key.signed("".join(f"{line}\n" for line in (FIRST_LINE, *(f"{name} {value}" for name, value in told.items()))))
