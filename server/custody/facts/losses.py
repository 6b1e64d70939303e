"""What is known of what is not there: its discrepancy and case, its successor, and how its loan stands."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, func, select, text

from server.custody.facts.release import payoff_days
from server.custody.facts.sources import Gathering, Source
from server.custody.moves.losses import Case, CaseOpened, Item, ItemMissing, Loss, Reissue, Reissued, Settled
from server.custody.reading import AT
from server.errors import NotFound
from storage.statements import given
from storage.tables import discrepancies, file_items, loss_cases, staff
from storage.terms import Action as A
from storage.terms import DiscrepancyKind, LossState, RecordState

IDS = ARRAY(Uuid)
CASE = select(discrepancies).where(discrepancies.c.id == given("id"))
CASE_LOCKED = CASE.with_for_update()
OWNER = select(staff.c.active).where(staff.c.id == given("id"))
ITEM = select(file_items.c.id).where(file_items.c.id == given("id"), file_items.c.record_id == func.any(given("records", IDS)))
ITEM_CASE = select(discrepancies.c.id).where(
    discrepancies.c.item_id == given("id"), discrepancies.c.resolved_at.is_(None), discrepancies.c.kind == DiscrepancyKind.MISSING.value
)
LOSSES = select(loss_cases).where(loss_cases.c.record_id == func.any(given("ids", IDS))).order_by(loss_cases.c.opened_at, loss_cases.c.id)
LOSSES_LOCKED = LOSSES.with_for_update()
OWNERS = select(discrepancies.c.id, discrepancies.c.owner_id).where(discrepancies.c.id == func.any(given("ids", IDS)))
FITS = select(func.reissue_fits(given("lost"), given("reissued")))
SETTLED = select(text("*")).select_from(func.settled_for_good(given("ids", IDS), given("at", AT)))


async def cases(g: Gathering) -> Mapping[UUID | None, Case]:
    """The discrepancy that is named, locked after its record."""
    row = await g.conn.row(CASE_LOCKED if g.lock else CASE, id=g.ask.detail.discrepancy)
    if row is None or (row["record_id"] is not None and row["record_id"] not in g.ids):
        raise NotFound()
    active, deadline = True, None
    if isinstance(g.ask.detail, CaseOpened):
        found = await g.conn.value(OWNER, id=g.ask.detail.owner)
        if found is None:
            raise NotFound()
        active, deadline = bool(found), g.policy.close_of(g.ask.detail.deadline_on)
    case = Case(
        row["id"], DiscrepancyKind(row["kind"]), row["resolved_at"] is not None, row["item_id"] is not None, row["reported_by"],
        row["version"], active, deadline,
    )  # fmt: skip
    return {None: case}


async def items(g: Gathering) -> Mapping[UUID | None, Item]:
    """The paper that is named, in one of the volumes."""
    assert isinstance(g.ask.detail, ItemMissing)
    if await g.conn.value(ITEM, id=g.ask.detail.item, records=g.ids) is None:
        raise NotFound()
    return {None: Item(await g.conn.value(ITEM_CASE, id=g.ask.detail.item) is not None)}


async def losses(g: Gathering) -> Mapping[UUID | None, Loss]:
    """The newest case of each record; of a record that was never missing an empty one."""
    rows = {r["record_id"]: r for r in await g.conn.rows(LOSSES_LOCKED if g.lock else LOSSES, ids=g.ids)}
    owners = {r["id"]: r["owner_id"] for r in await g.conn.rows(OWNERS, ids=[r["discrepancy_id"] for r in rows.values()])}
    found: dict[UUID | None, Loss] = {
        record: Loss(
            r["id"], r["discrepancy_id"], LossState(r["state"]), owners.get(r["discrepancy_id"]), r["search_log"] is not None,
            r["responsibility"] is not None, r["notified_at"] is not None, r["original_found_at"] is not None, r["version"],
            RecordState(r["back_to"]) if g.ask.action is A.RESOLVE_FOUND and r["closed_at"] is None else None,
        )
        for record, r in rows.items()
    }  # fmt: skip
    return found | {None: Loss()}


async def successors(g: Gathering) -> Mapping[UUID | None, Reissued]:
    """Whether one of the two records may take the place of the other."""
    asked = g.ask.detail
    assert isinstance(asked, Reissue)
    named = {asked.lost, asked.reissued} == set(g.ids)
    return {None: Reissued(named and bool(await g.conn.value(FITS, lost=asked.lost, reissued=asked.reissued)))}


async def settled(g: Gathering) -> Mapping[UUID | None, Settled]:
    """Of every loan on it, in whatever branch; a record without a loan owes nothing."""
    rows = await g.conn.rows(SETTLED, ids=g.ids, at=g.at)
    await payoff_days(g)
    return {r["record_id"]: Settled(r["is_settled"], r["final_at"]) for r in rows}


SOURCES = (
    Source(Case, frozenset({A.OPEN_CASE, A.RESOLVE_DISCREPANCY}), cases),
    Source(Item, frozenset({A.REPORT_ITEM_MISSING}), items),
    Source(
        Loss,
        frozenset(
            {
                A.RECORD_SEARCH,
                A.NOTIFY_COMPLIANCE,
                A.RESOLVE_FOUND,
                A.DECLARE_LOST,
                A.RECORD_REISSUE,
                A.RECORD_VOIDED_ORIGINAL,
                A.CLOSE_LOST,
            }
        ),
        losses,
    ),
    Source(Reissued, frozenset({A.RECORD_REISSUE}), successors),
    Source(Settled, frozenset({A.CLOSE_LOST}), settled),
)
