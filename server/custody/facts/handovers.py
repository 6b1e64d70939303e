"""Facts of handovers: how a record stands on the list, and whose vault the act opens."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, func, or_, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.custody.facts.losses import settled
from server.custody.facts.sources import Gathering, Source
from server.custody.moves.handovers import Clearance, Line, NewHandover, OnHandover, Sides
from server.custody.moves.losses import Settled
from server.custody.transitions.handovers import (
    ARRIVING,
    BY_GIVER,
    COMING_BACK,
    LETTING_GO,
    LISTABLE,
    ON_LINES,
    SENDING,
    TAKING_OVER,
)
from server.errors import NotFound
from storage.statements import given
from storage.tables import handovers, org_units, sealed_envelopes, storage_locations
from storage.terms import Action, HandoverKind, HandoverLineState, HandoverState, RecordState, Seat, Tier

AT = TIMESTAMP(timezone=True)


HANDOVER = select(handovers).where(handovers.c.id == given("id"))
FACTS = select(text("*")).select_from(
    func.handover_facts(given("id"), given("ids", ARRAY(Uuid)), given("vault"), given("seal", Text), given("at", AT))
)
SIDES = select(text("*")).select_from(func.unit_facts(given("a"), given("b")))
_taken = select(sealed_envelopes.c.id).where(sealed_envelopes.c.location_id == storage_locations.c.id).exists()
PLACES = select(storage_locations.c.vault_id, storage_locations.c.org_id).where(
    storage_locations.c.id == func.any(given("ids", ARRAY(Uuid))), storage_locations.c.kind == "SLOT", ~_taken
)
VAULT_OF = (
    select(storage_locations.c.id)
    .where(storage_locations.c.org_id == given("org"), storage_locations.c.kind == "VAULT")
    .where(or_(given("named").is_(None), storage_locations.c.id == given("named")))
    .order_by(storage_locations.c.code)
    .limit(1)
)
CLEAR = select(func.unit_is_clear(given("unit")))
UNIT = select(org_units.c.id).where(org_units.c.id == given("id"))


async def _sides(g: Gathering) -> Mapping[UUID | None, Sides]:
    asked: NewHandover = g.ask.detail
    if await g.conn.value(UNIT, id=asked.to_org) is None:
        raise NotFound()
    row = await g.conn.row(SIDES, a=g.by.org, b=asked.to_org)
    return {None: Sides(row["a_open"], row["b_open"])}  # type: ignore[index]  # it always has one row


async def _clearance(g: Gathering) -> Mapping[UUID | None, Clearance]:
    assert g.ask.change is not None
    return {None: Clearance(bool(await g.conn.value(CLEAR, unit=UUID(str(g.ask.change["unit"])))))}


async def _lines(g: Gathering) -> Mapping[UUID | None, Line]:
    asked: OnHandover = g.ask.detail
    handover = await g.conn.row(HANDOVER, id=asked.handover)
    if handover is None:
        raise NotFound()
    vault, fit = await _vault(g, handover)
    rows = await g.conn.rows(FACTS, id=asked.handover, ids=g.ids, vault=vault, seal=asked.seal_no, at=g.at)
    archived = handover["kind"] == HandoverKind.TO_ARCHIVE and g.ask.action in LETTING_GO
    payoffs = await settled(g) if archived else {}
    return {row["record_id"]: _line(g, row, vault, fit, payoffs.get(row["record_id"])) for row in rows}


async def _vault(g: Gathering, handover: Any) -> tuple[UUID | None, bool]:
    """The vault that the act opens, and whether every place that is named lies in it."""
    if not g.records or Tier(g.records[0]["tier"]) is not Tier.FIRST or g.ask.action in (*LISTABLE, Action.REJECT_HANDOVER):
        return None, True
    asked: OnHandover = g.ask.detail
    own: UUID | None = g.records[0]["vault_id"]
    places = {p.location for p in g.ask.placements}
    found = await g.conn.rows(PLACES, ids=sorted(places))
    if g.ask.action not in TAKING_OVER - {Action.RECEIVE_CUSTODY}:
        return own, len(found) == len(places) and {row["vault_id"] for row in found} <= {own}
    vaults = {row["vault_id"] for row in found}
    fit = len(found) == len(places) and len(vaults) <= 1 and all(row["org_id"] == handover["to_org_id"] for row in found)
    chosen = await g.conn.value(VAULT_OF, org=handover["to_org_id"], named=asked.vault)
    if asked.vault and chosen is None:
        raise NotFound()
    return next(iter(vaults), None) or chosen, fit


def _line(g: Gathering, row: Any, vault: UUID | None, fit: bool, payoff: Settled | None) -> Line:
    asked: OnHandover = g.ask.detail
    stood_as = RecordState(row["stood_as"]) if row["stood_as"] else None
    archived = row["kind"] == HandoverKind.TO_ARCHIVE and g.ask.action in ARRIVING
    back = RecordState.FILED if stood_as is RecordState.CLOSED_VOLUME and _lives_again(g, row["record_id"]) else stood_as
    return Line(
        vault=vault,
        unit=row["from_org"] if g.ask.action in BY_GIVER else row["to_org"],
        on_duty={Seat.KEY: frozenset(row["keys"] or ()), Seat.CODE: frozenset(row["codes"] or ())},
        back=RecordState.ARCHIVED if archived else back if g.ask.action in ARRIVING | COMING_BACK else None,
        kind=HandoverKind(row["kind"]),
        state=HandoverState(row["state"]),
        from_org=row["from_org"],
        to_org=row["to_org"],
        to_has_vault=row["to_has_vault"],
        giver=row["giver"],
        taker=row["taker"],
        line=HandoverLineState(row["line"]) if row["line"] else None,
        stood_as=stood_as,
        shipped=row["shipped"] and not row["back"],
        complete=row["complete"],
        current=row["is_current"],
        elsewhere=row["elsewhere"],
        kept_by_giver=row["kept_by_giver"],
        fit_for_archive=row["fit_for_archive"],
        payoff_final_at=payoff.final_at if payoff else None,
        late=row["late"],
        seal_used=row["seal_used"],
        places_fit=fit and _placed(g, row["record_id"]),
        uncounted=row["not_counted"],
        seal_given=g.ask.action not in SENDING or bool(asked.seal_no and asked.seal_no.strip()),
        by_giver=g.ask.action in BY_GIVER,
    )


def _lives_again(g: Gathering, record: UUID) -> bool:
    """C52: whether the payoff of a closed volume was taken back on its way; it is filed again where it arrives, as it would be on a shelf."""
    return next(r["cutoff_at"] for r in g.records if r["id"] == record) is None


def _placed(g: Gathering, record: UUID) -> bool:
    """Whether the envelope of a paper that enters the vault has a slot; some lie in none."""
    if g.ask.action not in (Action.RECEIVE_HANDOVER, Action.TAKE_BACK, Action.RECEIVE_RESPONSIBILITY):
        return True
    found = next(r for r in g.records if r["id"] == record)
    return found["tier"] != Tier.FIRST or found["envelope_id"] is None or found["envelope_id"] in {p.envelope for p in g.ask.placements}


SOURCES = (
    Source(Clearance, frozenset({Action.CLOSE_ORG_UNIT}), _clearance),
    Source(Sides, frozenset({Action.CREATE_HANDOVER}), _sides),
    Source(Line, frozenset(LISTABLE) | ON_LINES, _lines),
)
