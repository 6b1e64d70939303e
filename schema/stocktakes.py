"""Stocktakes (盘库): the list, what was counted, and where the two differ."""

from typing import Any

import strawberry
from sqlalchemy import ARRAY, Uuid, and_, case, cast, exists, false, func, or_, select, true

from schema.collateral import SealedEnvelope
from schema.losses import Discrepancy
from schema.organisation import OrgUnit, StaffMember, StorageLocation
from schema.paging import (
    Connection,
    DateTimeFilter,
    IDFilter,
    Node,
    StringFilter,
    Versioned,
    col,
    enum_filter,
    sort_keys,
    sort_of,
    where_of,
)
from schema.reading.declare import Many, One, Page, Sql, reads
from schema.records import ArchiveRecord
from schema.scalars import DateTime
from schema.visibility import own_unit
from storage import tables
from storage.terms import CountResult, Expectation, StocktakeState

STOCKTAKE_FIELDS = ("as_of", "updated_at")
StocktakeWhere = where_of(
    __name__, "StocktakeWhere", id=IDFilter, state=enum_filter(StocktakeState), as_of=DateTimeFilter, place_id=IDFilter, org_id=IDFilter
)
StocktakeSort = sort_of(__name__, "StocktakeSort", *STOCKTAKE_FIELDS)
STOCKTAKE_KEYS = sort_keys(*STOCKTAKE_FIELDS)
StocktakeLineWhere = where_of(
    __name__, "StocktakeLineWhere", id=IDFilter, result=enum_filter(CountResult), expectation=enum_filter(Expectation), barcode=StringFilter
)


def _of_this(name: str) -> Any:
    return lambda row, stocktake, me: row[name] == stocktake.id


def _left(stocktake: Any, me: Any) -> Any:
    """Places that are not done: for a counter those that they have not counted, for others those that one of the two has not."""
    places = tables.stocktake_places.alias()
    undone = case(
        (stocktake.first_counter_id == me.staff, places.c.first_counted_at.is_(None)),
        (stocktake.second_counter_id == me.staff, places.c.second_counted_at.is_(None)),
        else_=or_(places.c.first_counted_at.is_(None), places.c.second_counted_at.is_(None)),
    )
    counted = select(func.count()).select_from(places).where(places.c.stocktake_id == stocktake.id, undone)
    return counted.correlate_except(places).scalar_subquery()


def _again(place: Any, stocktake: Any, me: Any) -> Any:
    open_ = or_(place.first_counted_at.is_(None), place.second_counted_at.is_(None))
    return and_(place.stocktake_id == stocktake.id, place.round > 1, open_)


def _case_of(discrepancy: Any, row: Any, me: Any) -> Any:
    lines = tables.stocktake_lines.alias()
    return exists().where(lines.c.stocktake_id == row.id, lines.c.id == discrepancy.stocktake_line_id).correlate_except(lines)


def _line_shown(line: Any, me: Any) -> Any:
    hidden = cast(select(func.blind_places()).scalar_subquery(), ARRAY(Uuid))
    return case((and_(line.result.is_(None), line.location_id == func.any(hidden)), false()), else_=true())


def _count_shown(count: Any, me: Any) -> Any:
    return case((count.counter_id == me.staff, true()), else_=func.stocktakes_compared(count.stocktake_id))


@reads(tables.stocktake_places, "stockplace", visible=own_unit)
@strawberry.type(description="A slot or shelf that a stocktake counts.")
class StocktakePlace(Node):
    """A place."""

    location: StorageLocation | None = One("location_id", description="The slot or shelf.")
    cabinet: StorageLocation | None = One("cabinet_id", description="The cabinet that is frozen as one.")
    round: int = col("Rises when the two counts differ and both count again.")
    frozen_until: DateTime | None = col("Nothing moves in or out until then, unless the count ends before.")
    first_counted_at: DateTime | None = col("When the first counter had counted it in this round.")
    second_counted_at: DateTime | None = col("When the second counter had.")


@reads(tables.stocktake_lines, "stockline", visible=own_unit, blind=_line_shown)
@strawberry.type(description="A line of the list, or something that nobody expected; hidden from a counter until its place is counted.")
class StocktakeLine(Node):
    """A line."""

    expectation: Expectation = col("What the list says.")
    barcode: str | None = col("The label, as listed or, of what nobody expected, as read.")
    seal_no: str | None = col("The seal that the list names.")
    result: CountResult | None = col("What the comparison found; null until then.")
    found_seal_no: str | None = col("The seal that was read.")
    location: StorageLocation | None = One("location_id", description="Where it should lie.")
    found_location: StorageLocation | None = One("found_location_id", description="Where it was found.")
    envelope: SealedEnvelope | None = One("envelope_id", description="The envelope.")
    record: ArchiveRecord | None = One("record_id", description="The volume or electronic certificate.")
    cases: list[Discrepancy] = Many("stocktake_line_id", description="Its discrepancies.")


@reads(tables.stocktake_counts, "stockcount", visible=own_unit, blind=_count_shown)
@strawberry.type(description="A label that a counter read; the other's are hidden until the counts are compared.")
class StocktakeCount(Node):
    """A count."""

    round: int = col("Round of the place.")
    barcode: str | None = col("Label that was read; null: that was all.")
    seal_no: str | None = col("Seal that was read; null when there is none or it is broken.")
    counted_at: DateTime = col("When it was submitted.")
    location: StorageLocation | None = One("location_id", description="The slot or shelf.")
    counter: StaffMember | None = One("counter_id", description="Who counted.")


@reads(tables.stocktakes, "stocktake", visible=own_unit)
@strawberry.type(description="A blind double count of a cabinet or a vault (盘库).")
class Stocktake(Node, Versioned):
    """A stocktake."""

    state: StocktakeState = col("Life cycle.")
    as_of: DateTime = col("Instant of the list that is compared with.")
    compared_at: DateTime | None = col("When the counts were compared with the list.")
    signed_at: DateTime | None = col("When it was signed.")
    updated_at: DateTime = col("Last change.")
    places_left: int = Sql(_left, description="Places that the caller, when a counter, has yet to count; for others, that are not done.")
    place: StorageLocation | None = One("place_id", description="The cabinet or vault.")
    org_unit: OrgUnit | None = One("org_id", description="The unit that runs it.")
    opened_by: StaffMember | None = One("opened_by", description="Who opened it.")
    first_counter: StaffMember | None = One("first_counter_id", description="One counter.")
    second_counter: StaffMember | None = One("second_counter_id", description="The other counter.")
    compared_by: StaffMember | None = One("compared_by", description="Who compared.")
    signed_by: StaffMember | None = One("signed_by", description="Who signed; neither counter.")
    recounts: list[StocktakePlace] = Many(on=_again, description="Places on which the two differed: both count them again.")
    cases: list[Discrepancy] = Many(on=_case_of, description="Its discrepancies.")
    places: Connection[StocktakePlace] = Page(on=_of_this("stocktake_id"), description="What is counted.")
    lines: Connection[StocktakeLine] = Page(
        on=_of_this("stocktake_id"), where=StocktakeLineWhere, description="The list, and what was found."
    )
    counts: Connection[StocktakeCount] = Page(on=_of_this("stocktake_id"), description="What was read, oldest first.")
