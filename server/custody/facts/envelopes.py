"""Facts of envelopes: whether a seal is new, what would lie together, whether a slot is free."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, func, select, text

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.certificates import ChangedReturn
from server.custody.moves.envelopes import Contents, Opening, Resealing, Sealing, Seals, Slot, Slots
from server.errors import NotFound
from storage.terms import Action as A

Found = Mapping[UUID | None, Any]
USED = select(func.seals_used(bindparam("numbers", type_=ARRAY(Text), required=True)))
SLOT = select(text("*")).select_from(
    func.slot_facts(bindparam("envelope", type_=Uuid, required=True), bindparam("place", type_=Uuid, required=True))
)


async def _seals(g: Gathering) -> Found:
    match g.ask.detail:
        case None:  # of a return that nobody opened
            return {None: Seals(True)}
        case Resealing(seals=seals):
            if not {s.envelope for s in seals} <= {r["envelope_id"] for r in g.records}:
                raise NotFound()
            wanted = [s.seal_no for s in seals]
        case Sealing(seal_no=number) | ChangedReturn(seal_no=number):
            wanted = [number]
        case Opening(seal_no=number, taken=taken, taken_seal_no=second):
            wanted = [number, *([second or ""] if taken or second else [])]
        case _:
            wanted = []
    numbers = [n.strip() for n in wanted]
    fresh = all(numbers) and len(set(numbers)) == len(numbers) and not await g.conn.value(USED, numbers=numbers)
    return {None: Seals(fresh)}


async def _contents(g: Gathering) -> Found:
    return {None: Contents(frozenset(r["collateral_id"] for r in g.records), frozenset(r["primary_loan_id"] for r in g.records))}


async def _slots(g: Gathering) -> Found:
    """The slot for each record's envelope; of an opening only what is taken out gets another."""
    found: dict[UUID | None, Slots] = {None: Slots(None)}
    opening = g.ask.detail if isinstance(g.ask.detail, Opening) else None
    places = {p.envelope: p.location for p in g.ask.placements}
    for record in g.records:
        envelope, place = record["envelope_id"], places.get(record["envelope_id"])
        if opening is not None:
            envelope, place = None, opening.taken_location if record["id"] in opening.taken else None
        found[record["id"]] = Slots(await _slot(g, envelope, place) if place else None)
    return found


async def _slot(g: Gathering, envelope: UUID | None, place: UUID) -> Slot | None:
    row = await g.conn.row(SLOT, envelope=envelope, place=place)
    return Slot(row["is_slot"], row["is_empty"], row["vault_id"]) if row else None


SOURCES = (
    Source(Seals, frozenset({A.SEAL_ENVELOPE, A.OPEN_ENVELOPE, A.ACCEPT_CHANGED_RETURN, A.ACCEPT_RETURN}), _seals),
    Source(Contents, frozenset({A.SEAL_ENVELOPE}), _contents),
    Source(Slots, frozenset({A.INTAKE, A.MOVE_LOCATION, A.OPEN_ENVELOPE}), _slots),
)
