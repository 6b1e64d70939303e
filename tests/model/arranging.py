"""What plays need and the bank rarely has: brought about through the desk, as its people would."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from server.custody.moves import Ask, Placement
from server.custody.moves.handovers import OnHandover
from server.custody.moves.stocktakes import Item, OpenStocktake, PlaceCount, SubmitCount
from server.custody.moves.volumes import BatchNamed, Received, Tick
from server.custody.registration import NewItem, NewRecord, add_items, register_records
from storage.terms import Action as A
from storage.terms import DocumentType, HandoverKind, Purpose, RecordState, Role, Tier
from tests.custody import handing
from tests.harness import losses
from tests.harness.world import World
from tests.model.plays import NotNow

FIRST, SECOND = Tier.FIRST, Tier.SECOND
S = RecordState
DAY = timedelta(days=1)
KEEPERS = ("kay", "cody", "clerk")
HEADS = {Role.CREDIT_DEPT_HEAD: "head", Role.RISK_HEAD: "risk", Role.PRESIDENT_OFFICE: "office"}
COUNTERS = {"ann": Role.INSPECTOR, "opal": Role.OPS_HEAD}  # who count: one could also compare and sign
BLOCKED = "select exists (select from movements m join staff s on s.id = m.holder_id where s.org_id = $1 and m.closed_at is null and m.due_at < now() + $2)"
Made = Callable[[World], Coroutine[Any, Any, UUID]]


async def someone(bank: World, name: str, role: Role) -> UUID:
    """One more person of branch A."""
    if name not in bank.people:
        here = bank.branches["A"].id
        await bank.hire(name, {role}, here, (here,))
    return bank.people[name].staff_id


# Volumes -------------------------------------------------------------------------------------------------------------------
async def collecting(bank: World, loan: UUID | None = None, *, empty: bool = False) -> UUID:
    """A volume of the officer's, with one paper."""
    bank.number += 1
    officer, here, of = bank.people["officer"], bank.branches["A"].id, loan or await bank.loan()
    at = datetime.now(UTC) - timedelta(minutes=5)
    async with bank.database.transaction(officer) as conn:
        new = NewRecord(f"A2{bank.tag}{bank.number:06}", None, "信贷档案", of, here, here, pages=3)
        (made,) = await register_records(conn, officer, [new], at)
        if not empty:
            await add_items(conn, [NewItem(made, here, 1, DocumentType.CONTRACT, "合同", 3)], at)
    return made


async def submitted(bank: World) -> UUID:
    """Handed in, not yet taken over."""
    made = await collecting(bank)
    await bank.done("officer", Ask(A.SUBMIT_VOLUME, records=(made,)))
    return made


async def taken_over(bank: World, volume: UUID, by: str = "archivist") -> None:
    items = await bank.root.fetch("select id, pages from file_items where record_id = $1", volume)
    detail = Received(tuple(Tick(i["id"], i["pages"]) for i in items))
    await bank.done(by, Ask(A.ACCEPT_VOLUME, records=(volume,), location=bank.branches["A"].cabinet, detail=detail))


async def filed(bank: World) -> UUID:
    (made,) = await bank.volumes()
    return made


async def settled(bank: World, letter: str = "A", years: int = 25) -> UUID:
    """A volume on the shelf whose loan was paid off, so many years ago."""
    loan = await bank.loan(letter)
    (made,) = await bank.volumes(letter=letter, loan=loan)
    await losses.paid_off(bank, loan, days=1 + 366 * years)
    return made


async def closed(bank: World, letter: str = "A", years: int = 25) -> UUID:
    """A closed volume whose time has run out."""
    made = await settled(bank, letter, years)
    await bank.done(bank.of("archivist", letter), Ask(A.CLOSE_VOLUME, records=(made,)))
    return made


async def archived(bank: World) -> UUID:
    """A volume of B that A keeps as the archive department."""
    made, here = await closed(bank, "B"), bank.branches["A"]
    to = {"kind": HandoverKind.TO_ARCHIVE, "to_org": here.id}
    handover = await handing.opened(bank, [made], by="archivist_b", **to)
    go = Ask(A.SEND_HANDOVER, records=(made,), detail=OnHandover(handover, seal_no=handing.seal(bank)))
    await bank.done("archivist_b", go)
    await bank.done("archivist", Ask(A.RECEIVE_HANDOVER, records=(made,), location=here.cabinet, detail=OnHandover(handover)))
    return made


async def proposed(bank: World, kept: Made) -> UUID:
    """On a list of what is to be destroyed."""
    await someone(bank, "office", Role.PRESIDENT_OFFICE)
    made = await kept(bank)
    await bank.done("archivist", Ask(A.PROPOSE_DISPOSAL, records=(made,), reason="保管期满"))
    return made


async def approved_by(bank: World, volume: UUID, heads: Sequence[str]) -> UUID:
    """Its list, approved by those heads."""
    found = await bank.root.fetchrow(
        "select b.id, encode(b.list_hash, 'hex') as hash from disposal_batches b join disposal_lines l on l.batch_id = b.id"
        " where l.record_id = $1 and l.is_open", volume,
    )  # fmt: skip
    assert found is not None
    for who in heads:
        await bank.done(who, Ask(A.APPROVE_DISPOSAL, records=(volume,), detail=BatchNamed(found["id"], found["hash"])))
    return volume


# In each state -----------------------------------------------------------------------------------------------------------
async def waiting(bank: World) -> UUID:
    (made,), _ = await bank.registered()
    return made


async def in_vault(bank: World) -> UUID:
    (made,) = await bank.papers()
    return made


async def _at_rest(bank: World, tier: Tier) -> UUID:
    """Something that may be lent."""
    if await bank.sql(BLOCKED, bank.branches["A"].id, bank.desk.shift):
        raise NotNow
    return await (in_vault if tier is FIRST else filed)(bank)


def reserved(tier: Tier) -> Made:
    async def make(bank: World) -> UUID:
        made = await _at_rest(bank, tier)
        await bank.approved([made], tier=tier)
        return made

    return make


def out(tier: Tier) -> Made:
    async def make(bank: World) -> UUID:
        made = await _at_rest(bank, tier)
        await bank.out([made], tier=tier)
        return made

    return make


def presented(tier: Tier) -> Made:
    async def make(bank: World) -> UUID:
        made = await out(tier)(bank)
        await bank.presented([made], tier=tier)
        return made

    return make


async def being_read(bank: World) -> UUID:
    made = await _at_rest(bank, SECOND)
    asked = await bank.done("officer", Ask(A.REQUEST_READING, records=(made,), purpose=Purpose.AUDIT))
    request = UUID(asked["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    await bank.done("archivist", Ask(A.START_READING, request=request))
    return made


def sent(tier: Tier, make: Made) -> Made:
    """On its way from A to B."""

    async def send(bank: World) -> UUID:
        made = await make(bank)
        await handing.sent(bank, [made], tier)
        return made

    return send


async def sent_waiting(bank: World) -> UUID:
    """A paper that waits for the vault, on its way to B's."""
    made = await waiting(bank)
    handover = await handing.opened(bank, [made])
    go = Ask(A.SEND_PENDING, records=(made,), detail=OnHandover(handover, seal_no=handing.seal(bank)))
    await bank.seated(go, ["officer", "clerk"])
    return made


def on_list(kept: Made, heads: Sequence[str] = ()) -> Made:
    async def make(bank: World) -> UUID:
        return await approved_by(bank, await proposed(bank, kept), heads)

    return make


MAKE: dict[tuple[Tier, RecordState], Made] = {
    (FIRST, S.PENDING_INTAKE): waiting,
    (FIRST, S.IN_VAULT): in_vault,
    (FIRST, S.RESERVED): reserved(FIRST),
    (FIRST, S.CHECKED_OUT): out(FIRST),
    (FIRST, S.RETURN_PENDING): presented(FIRST),
    (FIRST, S.IN_TRANSIT): sent(FIRST, in_vault),
    (SECOND, S.SUBMITTED): submitted,
    (SECOND, S.FILED): filed,
    (SECOND, S.READING): being_read,
    (SECOND, S.RESERVED): reserved(SECOND),
    (SECOND, S.CHECKED_OUT): out(SECOND),
    (SECOND, S.RETURN_PENDING): presented(SECOND),
    (SECOND, S.IN_TRANSIT): sent(SECOND, filed),
    (SECOND, S.CLOSED_VOLUME): closed,
    (SECOND, S.ARCHIVED): archived,
    (SECOND, S.DISPOSAL_PROPOSED): on_list(closed),
    (SECOND, S.DISPOSAL_APPROVED): on_list(closed, tuple(HEADS.values())),
}


# Losses ------------------------------------------------------------------------------------------------------------------
def missing(make: Made) -> Made:
    async def report(bank: World) -> UUID:
        made = await make(bank)
        await losses.missing(bank, made)
        return made

    return report


def sought(make: Made) -> Made:
    """Missing, and everything was done that must come before it is declared lost."""

    async def search(bank: World) -> UUID:
        made = await missing(make)(bank)
        await losses.searched(bank, made)
        return made

    return search


def lost(make: Made, *, paid: bool = False) -> Made:
    async def declare(bank: World) -> UUID:
        made = await sought(make)(bank)
        await bank.seated(Ask(A.DECLARE_LOST, records=(made,), reason="经查找无着"), ["ops", "vice"])
        if paid:
            await losses.paid_off(bank, await bank.sql("select primary_loan_id from archive_records where id = $1", made))
        return made

    return declare


async def successor(bank: World, record: UUID) -> tuple[UUID, UUID]:
    """A paper that may take the place of a lost one, and its envelope."""
    of = await bank.root.fetchrow("select primary_loan_id, collateral_id from archive_records where id = $1", record)
    assert of is not None
    (made,), envelope = await bank.registered(loan=of["primary_loan_id"], collateral=of["collateral_id"])
    return made, envelope


# Stocktakes --------------------------------------------------------------------------------------------------------------
async def moved_to_cabinet(bank: World, record: UUID) -> UUID:
    """Into a cabinet of its own, as if it had always stood there."""
    here = bank.branches["A"]
    cabinet: UUID = await bank._place(here.id, "CABINET", here.vault, here.vault)
    envelope = await bank.sql("select envelope_id from archive_records where id = $1", record)
    if envelope is None:
        await bank.past_the_triggers(f"update archive_records set location_id = '{cabinet}' where id = '{record}'")
    else:
        slot = await bank._place(here.id, "SLOT", cabinet, here.vault)
        await bank.past_the_triggers(f"update sealed_envelopes set location_id = '{slot}' where id = '{envelope}'")
    return cabinet


def counting(make: Made, by: Sequence[str] = (), *, lies: bool = True) -> Made:
    """A stocktake of a cabinet with one thing in it, counted by those; answers the stocktake."""

    async def open_it(bank: World) -> UUID:
        cabinet = await moved_to_cabinet(bank, await make(bank))
        team = tuple([await someone(bank, name, role) for name, role in COUNTERS.items()])
        take = UUID((await bank.done("ops", Ask(A.OPEN_STOCKTAKE, detail=OpenStocktake(cabinet, team))))["stocktake"])
        for who in by:
            counts = tuple(c if lies else PlaceCount(c.place) for c in await on_shelf(bank, take))
            await bank.done(who, Ask(A.SUBMIT_COUNT, detail=SubmitCount(take, counts)))
        return take

    return open_it


SHELF = """select c.code, coalesce(e.barcode, r.barcode) as barcode, e.seal_no from stocktake_places p join storage_locations c on c.id = p.location_id
  left join sealed_envelopes e on e.location_id = c.id left join archive_records r on r.location_id = c.id where p.stocktake_id = $1 order by 1"""


async def on_shelf(bank: World, take: UUID) -> tuple[PlaceCount, ...]:
    """What lies where, in the places that are counted; one thing in each."""
    rows = await bank.root.fetch(SHELF, take)
    return tuple(PlaceCount(r["code"], (Item(r["barcode"], r["seal_no"]),) if r["barcode"] else ()) for r in rows)


# Operations ----------------------------------------------------------------------------------------------------------------
def but_the_last(ask: Callable[[World], Awaitable[tuple[Ask, Sequence[str]]]]) -> Callable[[World], Any]:
    """An operation of which all seats but the last are taken."""

    async def make(bank: World) -> None:
        asked, people = await ask(bank)
        await bank.seated(asked, people[:-1])

    return make


async def slot_for(bank: World, record: UUID, letter: str = "A") -> tuple[Placement, ...]:
    """A new slot for its envelope."""
    envelope = await bank.sql("select envelope_id from archive_records where id = $1", record)
    return (Placement(envelope, await bank.slot(letter)),)


def ahead(bank: World, days: int = 5) -> date:
    return bank.day(days)


async def car(bank: World) -> tuple[str, str, str]:
    """A loan, the car that secures it, and the car's VIN."""
    customer, _ = await bank.customer()
    loan, asset = await bank.loan(customer=customer), await bank.collateral()
    await bank.sql("update collateral set owner_id = $2 where id = $1", asset, customer)
    await bank.sql(
        "insert into loan_collateral (org_id, loan_id, collateral_id, amount) values ($1, $2, $3, 100000)",
        bank.branches["A"].id, loan, asset,
    )  # fmt: skip
    return f"loan_{loan}", f"collateral_{asset}", await bank.sql("select vin from collateral where id = $1", asset)
