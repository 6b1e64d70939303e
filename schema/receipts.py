"""Proof of an event: its place in the ledger's tree under a signed checkpoint, and the promise before there is one."""

from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import func, literal, select

from schema.paging import col
from schema.reading.declare import Sql, reads
from server.compliance.receipts import key_of_receipts, receipt_of
from server.errors import NotFound
from storage.tables import ledger_checkpoints, ledger_leaves

_newest = (
    select(ledger_checkpoints.c.size, ledger_checkpoints.c.border, ledger_checkpoints.c.note)
    .where(ledger_checkpoints.c.stored_at.is_not(None))
    .order_by(ledger_checkpoints.c.number.desc())
    .limit(1)
    .subquery("newest")
)
RECEIPTS = (
    select(
        ledger_leaves.c.event_id.label("id"),
        ledger_leaves.c.leaf_index,
        ledger_leaves.c.entry,
        _newest.c.note.label("checkpoint"),
        func.ledger_proof(ledger_leaves.c.leaf_index, _newest.c.size, _newest.c.border).label("inclusion_proof"),
    )
    .join(_newest, ledger_leaves.c.leaf_index < _newest.c.size)
    .where(ledger_leaves.c.event_id.is_not(None))
    .subquery("receipts")
)


@reads(RECEIPTS, "receipt")
@strawberry.type(description="Where an event stands in the ledger; a client can check it without us (docs/ledger-format.md).")
class EventReceipt:
    """Of an event that a stored checkpoint has sealed."""

    leaf_index: int = col("Place in the tree, from 0.")
    leaf_entry: str = Sql(lambda row, me: func.encode(row.entry, literal("hex")), description="What is hashed into the leaf, hex.")
    checkpoint: str = col("The newest stored checkpoint, a signed note.")
    inclusion_proof: list[str] = col("Hashes from the leaf's sibling up, base64 (RFC 9162).")


@strawberry.type(description="A promise of an event, signed at once: it holds before a checkpoint has sealed the event.")
class SignedReceipt:
    """Kept by the client; `loanfile verify --receipt` looks for the event."""

    note: str = col("The signed note: event, chain, number, time and hash.")


async def signed_receipt(info: strawberry.Info, event: UUID) -> SignedReceipt | None:
    """Null for an event that is unknown or not visible."""
    context: Any = info.context
    settings = context.settings
    key = key_of_receipts(settings.ledger_origin, bytes.fromhex(settings.receipt_key.get_secret_value()))
    try:
        return SignedReceipt(note=await receipt_of(context.database, context.principal, event, key))
    except NotFound:
        return None
