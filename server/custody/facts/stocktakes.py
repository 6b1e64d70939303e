"""Facts of stocktakes: the team, how a stocktake stands, what its comparison finds, and which places are being counted."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from server.custody.facts.sources import Gathering, Source
from server.custody.moves import Ask
from server.custody.moves.stocktakes import Counted, Finding, OpenStocktake, Stand, SubmitCount, Team
from server.custody.reading import AT
from server.custody.transitions import ENTRIES
from server.errors import InputProblem, InvalidInput, NotFound
from storage.database import Connection
from storage.terms import Action as A
from storage.terms import StocktakeState

PLACE = text(  # as the caller: a place of the caller's units
    "select org_id from storage_locations where id = :place and case when app_everywhere() then true else org_id = any (app_branches()) end"
).bindparams(bindparam("place", type_=Uuid))
TEAM = text("select * from stocktake_team(:place, :counters, :at)").bindparams(
    bindparam("place", type_=Uuid), bindparam("counters", type_=ARRAY(Uuid)), bindparam("at", type_=AT)
)
PLACES = text(
    "select count(*) as places, coalesce(bool_or(place_is_counted(location_id)), false) as counted from places_to_count(:place)"
).bindparams(bindparam("place", type_=Uuid))
STAND = text("select * from stocktakes where id = :id").bindparams(bindparam("id", type_=Uuid))
LOCKED = text("select * from stocktakes where id = :id for update").bindparams(bindparam("id", type_=Uuid))
OPEN_ENDS = text(
    "select stocktake_places_open(:id) as uncounted, stocktake_cases_open(:id) as unresolved, stocktake_unchecked(:id) as unchecked"
).bindparams(bindparam("id", type_=Uuid))
MISSING = text(  # a paper may be missing alone, and is not found missing again
    "select f.line_id, r.id from stocktake_findings(:id) f join archive_records r on r.id = f.record_id or r.envelope_id = f.envelope_id"
    " where f.result = 'MISSING' and r.state not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED', 'REPLACED', 'CLOSED_LOST', 'DESTROYED', 'LOST', 'MISSING')"
).bindparams(bindparam("id", type_=Uuid))
# Where each code is, what the caller has counted there in this round, and where else the caller has counted a label.
MINE = text(
    "select l.code, p.location_id, p.round, case when t.first_counter_id = app_staff() then p.first_counted_at else p.second_counted_at end"
    " is not null as is_done, (select coalesce(jsonb_object_agg(c.barcode, c.seal_no), '{}') from stocktake_counts c"
    " where c.stocktake_id = t.id and c.location_id = p.location_id and c.round = p.round and c.counter_id = app_staff()"
    " and c.barcode is not null) as items"
    " from stocktakes t join stocktake_places p on p.stocktake_id = t.id join storage_locations l on l.id = p.location_id"
    " where t.id = :id and l.code = any (:codes)"
).bindparams(bindparam("id", type_=Uuid), bindparam("codes", type_=ARRAY(Text)))
ELSEWHERE = text(
    "select c.barcode, l.code from stocktake_counts c join stocktake_places p on p.stocktake_id = c.stocktake_id"
    " and p.location_id = c.location_id and p.round = c.round join storage_locations l on l.id = c.location_id"
    " where c.stocktake_id = :id and c.counter_id = app_staff() and c.barcode = any (:labels)"
).bindparams(bindparam("id", type_=Uuid), bindparam("labels", type_=ARRAY(Text)))
NAMED = text("select coalesce(bool_or(is_counted(id, :at)), false) from unnest(cast(:places as uuid[])) id").bindparams(
    bindparam("places", type_=ARRAY(Uuid)), bindparam("at", type_=AT)
)


async def team(g: Gathering) -> Mapping[UUID | None, Any]:
    """Who would count; NotFound for a place of another unit."""
    asked = g.ask.detail
    assert isinstance(asked, OpenStocktake)
    org = await g.conn.value(PLACE, place=asked.place)
    if org is None:
        raise NotFound()
    found = await g.conn.row(PLACES, place=asked.place)
    rows = await g.conn.rows(TEAM, place=asked.place, counters=sorted(set(asked.counters)), at=g.at)
    assert found is not None
    if not found["places"]:
        raise InvalidInput([InputProblem(("placeId",), "NOTHING_TO_COUNT")])
    fit, keepers, interested = (frozenset(r["staff_id"] for r in rows if r[name]) for name in ("is_fit", "is_keeper", "is_interested"))
    return {None: Team(org, found["places"], fit, keepers, interested, found["counted"])}


async def stand(g: Gathering) -> Mapping[UUID | None, Any]:
    """How the stocktake that the act names stands."""
    row = await _stocktake(g.conn, g.ask.detail.stocktake, g.lock)
    ends = await g.conn.row(OPEN_ENDS, id=row["id"])
    assert ends is not None
    contradicted = await _contradicted(g.conn, g.ask.detail) if g.ask.action is A.SUBMIT_COUNT else False
    counters = frozenset({row["first_counter_id"], row["second_counter_id"]})
    found = Stand(row["id"], row["org_id"], StocktakeState(row["state"]), counters, row["version"], **ends, contradicted=contradicted)
    return {None: found}


async def missing(g: Gathering) -> Mapping[UUID | None, Any]:
    """The records that the comparison does not find."""
    rows = await g.conn.rows(MISSING, id=g.ask.detail.stocktake)
    return {None: None, **{r["id"]: Finding(r["line_id"], A.COUNT_MISSING) for r in rows}}


async def counted(g: Gathering) -> Mapping[UUID | None, Any]:
    """Whether a place that an entry names is being counted."""
    places = [p.location for p in g.ask.placements] + ([g.ask.location] if g.ask.location else [])
    return {None: Counted(bool(places) and bool(await g.conn.value(NAMED, places=places, at=g.at)))}


async def records_missing(conn: Connection, ask: Ask, lock: bool) -> Sequence[UUID]:
    """Which records a comparison moves: the stocktake is locked before them."""
    row = await _stocktake(conn, ask.detail.stocktake, lock)
    return [r["id"] for r in await conn.rows(MISSING, id=row["id"])] if row["state"] == StocktakeState.COUNTING else []


async def places_of(conn: Connection, asked: SubmitCount) -> dict[str, Any]:
    """By code, each place of the ask as the caller has counted it so far; InvalidInput for a place that is not of the stocktake."""
    rows = await conn.rows(MINE, id=asked.stocktake, codes=[c.place for c in asked.counts])
    found = {r["code"]: r for r in rows}
    if strange := [n for n, c in enumerate(asked.counts) if c.place not in found]:
        raise InvalidInput([InputProblem(("counts", str(n), "place"), "NOT_OF_STOCKTAKE") for n in strange])
    return found


async def _stocktake(conn: Connection, id_: UUID, lock: bool) -> Any:
    row = await conn.row(LOCKED if lock else STAND, id=id_)
    if row is None:
        raise NotFound()
    return row


async def _contradicted(conn: Connection, asked: SubmitCount) -> bool:
    found = await places_of(conn, asked)
    for count in asked.counts:
        before, now = found[count.place], {i.barcode: i.seal_no for i in count.items}
        given = dict(before["items"])
        if any(label in given and given[label] != seal for label, seal in now.items()):
            return True
        if before["is_done"] and (set(now) - set(given) or (count.is_last and set(given) != set(now))):
            return True
    where = {i.barcode: c.place for c in asked.counts for i in c.items}
    return any(where[r["barcode"]] != r["code"] for r in await conn.rows(ELSEWHERE, id=asked.stocktake, labels=list(where)))


SOURCES = (
    Source(Team, frozenset({A.OPEN_STOCKTAKE}), team),
    Source(Stand, frozenset({A.SUBMIT_COUNT, A.COMPARE_COUNTS, A.SIGN_STOCKTAKE}), stand),
    Source(Finding, frozenset({A.COMPARE_COUNTS}), missing),
    Source(Counted, ENTRIES, counted),
)
NAMES = {A.COMPARE_COUNTS: records_missing}
