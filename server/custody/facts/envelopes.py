"""Facts of envelopes: whether a seal is new, what would lie together, whether a slot is free."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, func, select, text

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.certificates import ChangedReturn
from server.custody.moves.envelopes import Contents, Opening, Resealing, Sealing, Seals, Slot, Slots
from server.errors import NotFound
from storage.statements import given
from storage.tables import sealed_envelopes
from storage.terms import Action as A
from storage.terms import RecordState

Found = Mapping[UUID | None, Any]
OWN_SLOTS = select(sealed_envelopes.c.id, sealed_envelopes.c.location_id).where(
    sealed_envelopes.c.id == func.any(given("ids", ARRAY(Uuid)))
)
TITLES = select(text("*")).select_from(func.title_facts(given("ids", ARRAY(Uuid))))
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
        case Sealing(seal_no=number):
            wanted = [number]
        case ChangedReturn():
            return {None: await _closing(g, g.ask.detail)}
        case Opening(seal_no=number, taken=taken, taken_seal_no=second):
            wanted = [number, *([second or ""] if taken or second else [])]
        case _:
            wanted = []
    return {None: Seals(await _fresh(g, wanted))}


async def _fresh(g: Gathering, wanted: Sequence[str]) -> bool:
    numbers = [n.strip() for n in wanted]
    return all(numbers) and len(set(numbers)) == len(numbers) and not await g.conn.value(USED, numbers=numbers)


async def _closing(g: Gathering, detail: ChangedReturn) -> Seals:
    """Of a changed return: one seal closes the one envelope into which something goes; electronic certificates have none."""
    paperless = {r["record_id"] for r in await g.conn.rows(TITLES, ids=g.ids) if r["is_electronic"]}
    lent = {r["id"]: r["envelope_id"] for r in g.records if r["state"] == RecordState.RETURN_PENDING}
    goes = [(c.old, c.new or c.old) for c in detail.changes]
    changed = {lent[old] for old, new in goes if lent.get(old) and new not in paperless}
    left = {envelope for id_, envelope in lent.items() if envelope and id_ not in detail.replaced}
    homes = sorted(changed) or sorted(left)
    if not homes:  # the seal of an envelope that nothing comes back into would close nothing
        return Seals(detail.seal_no is None)
    return Seals(len(changed) < 2 and await _fresh(g, [detail.seal_no or ""]), homes[0])


async def _contents(g: Gathering) -> Found:
    return {None: Contents(frozenset(r["collateral_id"] for r in g.records), frozenset(r["primary_loan_id"] for r in g.records))}


async def _slots(g: Gathering) -> Found:
    """The slot for each record's envelope; of an opening only what is taken out gets another."""
    found: dict[UUID | None, Slots] = {None: Slots(None)}
    opening = g.ask.detail if isinstance(g.ask.detail, Opening) else None
    places = {p.envelope: p.location for p in g.ask.placements}
    envelopes = {r["envelope_id"] for r in g.records if r["envelope_id"]}
    if not places.keys() <= envelopes:
        raise NotFound()
    own = {r["id"]: r["location_id"] for r in await g.conn.rows(OWN_SLOTS, ids=sorted(envelopes))}
    twice = {place for place in places.values() if list(places.values()).count(place) > 1}
    for record in g.records:
        envelope, place = record["envelope_id"], places.get(record["envelope_id"])
        if opening is not None:
            envelope, place = None, opening.taken_location if record["id"] in opening.taken else None
        slot = await _slot(g, envelope, place) if place else None
        if slot is not None and place in twice:
            slot = replace(slot, is_empty=False)
        found[record["id"]] = Slots(slot, own.get(record["envelope_id"]), place)
    return found


async def _slot(g: Gathering, envelope: UUID | None, place: UUID) -> Slot | None:
    row = await g.conn.row(SLOT, envelope=envelope, place=place)
    return Slot(row["is_slot"], row["is_empty"], row["vault_id"]) if row else None


SOURCES = (
    Source(Seals, frozenset({A.SEAL_ENVELOPE, A.OPEN_ENVELOPE, A.ACCEPT_CHANGED_RETURN, A.ACCEPT_RETURN}), _seals),
    Source(Contents, frozenset({A.SEAL_ENVELOPE}), _contents),
    Source(Slots, frozenset({A.INTAKE, A.MOVE_LOCATION, A.OPEN_ENVELOPE, A.RESOLVE_FOUND, A.RECORD_REISSUE}), _slots),
)
