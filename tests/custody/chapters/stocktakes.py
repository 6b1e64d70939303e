"""Stocktakes: what makes an example right, the rows broken one at a time, and the attacks on their twins."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from server.custody.labels import label
from server.custody.moves import Ask, Move
from server.custody.moves.stocktakes import (
    CompareCounts,
    Counted,
    Item,
    OpenStocktake,
    PlaceCount,
    Stand,
    SubmitCount,
    Team,
)
from storage.terms import Action as A
from storage.terms import LabelKind, Role, StocktakeState, Tier
from tests.custody.attacking import Attack, operation, twin, who
from tests.custody.breaking import Break
from tests.harness.world import World

FIRST, SECOND = Tier.FIRST, Tier.SECOND
ONE, TWO, ELSE, SHELF, TAKE, ORG = (UUID(int=i) for i in range(101, 107))
STATES = {A.SUBMIT_COUNT: StocktakeState.OPEN, A.SIGN_STOCKTAKE: StocktakeState.COMPARED}


def _open(m: Move) -> Move:
    ask = replace(m.ask, detail=OpenStocktake(SHELF, (ONE, TWO)))
    return replace(m, ask=ask, known={Team: Team(ORG, 3, frozenset({ONE, TWO}), frozenset(), frozenset())})


def _stand(m: Move) -> Move:
    state = STATES.get(m.action, StocktakeState.COUNTING)
    counters = frozenset({m.by.id if m.action is A.SUBMIT_COUNT else ONE, TWO})
    return replace(m, known={Stand: Stand(TAKE, ORG, state, counters)})


ADJUST = {A.OPEN_STOCKTAKE: _open, **dict.fromkeys((A.SUBMIT_COUNT, A.COMPARE_COUNTS, A.COUNT_MISSING, A.SIGN_STOCKTAKE), _stand)}


def team(**changes: Any) -> Any:
    return lambda m: {"known": {Team: replace(m.of(Team), **changes)}}


def stand(**changes: Any) -> Any:
    return lambda m: {"known": {Stand: replace(m.of(Stand), **changes)}}


def counters(*ids: UUID) -> Any:
    return lambda m: {"ask": replace(m.ask, detail=OpenStocktake(SHELF, ids))}


STEP, FREE = "the stocktake is at the right step", "nothing is put into a place that is being counted"
FIT, KEEPER = "each counter is an active person of the place's unit or of one above it", "no counter keeps what is counted"
OTHER, DONE = "neither counter compares or signs", "both counters have counted every place, and agree"
BREAKS = (
    Break("no counter has an interest in a loan of what is counted", A.OPEN_STOCKTAKE, FIRST, team(interested=frozenset({TWO}))),
    Break("no other stocktake counts the place", A.OPEN_STOCKTAKE, FIRST, team(is_counted=True)),
    Break("two different people count", A.OPEN_STOCKTAKE, FIRST, counters(ONE, ONE)),
    Break("two different people count", A.OPEN_STOCKTAKE, FIRST, counters(ONE)),
    Break(FIT, A.OPEN_STOCKTAKE, FIRST, team(fit=frozenset({ONE}))),
    Break(KEEPER, A.OPEN_STOCKTAKE, FIRST, team(keepers=frozenset({ONE}))),
    Break(STEP, A.SUBMIT_COUNT, FIRST, stand(state=StocktakeState.COMPARED)),
    Break(STEP, A.COMPARE_COUNTS, FIRST, stand(state=StocktakeState.OPEN)),
    Break(STEP, A.SIGN_STOCKTAKE, FIRST, stand(state=StocktakeState.COUNTING)),
    Break("only a counter of the stocktake counts", A.SUBMIT_COUNT, FIRST, stand(counters=frozenset({ONE, TWO}))),
    Break(OTHER, A.COMPARE_COUNTS, FIRST, lambda m: {"known": {Stand: replace(m.of(Stand), counters=frozenset({m.by.id, TWO}))}}),
    Break(OTHER, A.SIGN_STOCKTAKE, FIRST, lambda m: {"known": {Stand: replace(m.of(Stand), counters=frozenset({m.by.id, TWO}))}}),
    Break("a counter counts a place once in a round, and a label in one place", A.SUBMIT_COUNT, FIRST, stand(contradicted=True)),
    Break(DONE, A.COMPARE_COUNTS, FIRST, stand(uncounted=1)),
    Break(DONE, A.COUNT_MISSING, SECOND, stand(uncounted=1)),
    Break("each discrepancy is resolved or has a case with an owner and a deadline", A.SIGN_STOCKTAKE, FIRST, stand(unresolved=1)),
    Break("each electronic certificate of the list was looked up in the registry since", A.SIGN_STOCKTAKE, FIRST, stand(unchecked=2)),
    Break(FREE, A.ACCEPT_RETURN, FIRST, lambda m: {"frozen": frozenset({"COUNT"})}),
    Break(FREE, A.INTAKE, FIRST, lambda m: {"known": {**m.known, Counted: Counted(True)}}),
)


# Attacks ------------------------------------------------------------------------------------------------------------------
async def heads(bank: World) -> None:
    """People of branch A who run stocktakes and count: they keep nothing and lend nothing."""
    here = bank.branches["A"].id
    for name, roles in (("ops", {Role.OPS_HEAD}), ("ann", {Role.INSPECTOR}), ("bob", {Role.RISK_HEAD}), ("chief", {Role.BRANCH_HEAD})):
        if name not in bank.people:
            await bank.hire(name, roles, here, (here,))


async def opened(bank: World, papers: int = 1) -> tuple[UUID, list[UUID], list[tuple[str, str, str]]]:
    """A stocktake of the cabinet, its papers, and what lies where: code of the slot, label, seal."""
    await heads(bank)
    ids = [p for _ in range(papers) for p in await bank.papers()]
    detail = OpenStocktake(bank.branches["A"].cabinet, (who(bank, "ann"), who(bank, "bob")))
    made = await bank.done("ops", Ask(A.OPEN_STOCKTAKE, detail=detail))
    return UUID(made["stocktake"]), ids, await shelf(bank)


async def shelf(bank: World) -> list[tuple[str, str, str]]:
    rows = await bank.root.fetch(
        "select l.code, e.barcode, e.seal_no from storage_locations l left join sealed_envelopes e on e.location_id = l.id"
        " where l.parent_id = $1 order by l.code", bank.branches["A"].cabinet,
    )  # fmt: skip
    return [tuple(r) for r in rows]


def count(take: UUID, lies: list[tuple[str, str, str]]) -> Ask:
    counts = tuple(PlaceCount(code, (Item(barcode, seal),) if barcode else ()) for code, barcode, seal in lies)
    return Ask(A.SUBMIT_COUNT, detail=SubmitCount(take, counts))


async def counted(bank: World, take: UUID, lies: list[tuple[str, str, str]]) -> None:
    for name in ("ann", "bob"):
        await bank.done(name, count(take, lies))


async def compared(bank: World) -> tuple[UUID, list[UUID]]:
    """A stocktake with one envelope missing, compared."""
    take, ids, lies = await opened(bank)
    await counted(bank, take, [(lies[0][0], "", "")])
    await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
    return take, ids


OPEN = (
    "insert into stocktakes (org_id, place_id, freeze_hours, as_of, opened_by, first_counter_id, second_counter_id)"
    " values ($1, $2, 4, clock_timestamp(), $3, $4, $5)"
)
COUNT = (
    "insert into stocktake_counts (org_id, stocktake_id, location_id, counter_id, round, barcode, counted_at)"
    " values ($1, $2, (select id from storage_locations where code = $3), $4, $5, $6, clock_timestamp())"
)
COMPARE = "update stocktakes set state = 'COMPARED', compared_at = clock_timestamp(), compared_by = $2 where id = $1"
SIGN = "update stocktakes set state = 'SIGNED', signed_at = clock_timestamp(), signed_by = $2 where id = $1"


def opening(bank: World, first: str, second: str) -> tuple[Any, ...]:
    here = bank.branches["A"]
    return (OPEN, here.id, here.cabinet, who(bank, "ops"), who(bank, first), who(bank, second))


@twin("ck_stocktakes_c41_two_counters")
async def _(bank: World) -> Attack:
    await heads(bank)
    return Attack("ops", (opening(bank, "ann", "ann"),))


@twin("tg_stocktakes_c41_team")
async def _(bank: World) -> Attack:
    await heads(bank)
    return Attack("ops", (opening(bank, "ann", "kay"),))


@twin("tg_stocktakes_c4_no_interest")
async def _(bank: World) -> Attack:
    await heads(bank)
    await bank.papers(loan=await bank.loan(manager="ann"))
    return Attack("ops", (opening(bank, "ann", "bob"),))


@twin("uq_stocktake_places_c17_one_count")
async def _(bank: World) -> Attack:
    await opened(bank)
    return Attack("ops", (opening(bank, "ann", "bob"),))


@twin("tg_stocktake_counts_c41_team")
async def _(bank: World) -> Attack:
    take, _, lies = await opened(bank)
    return Attack("ann", ((COUNT, bank.branches["A"].id, take, lies[0][0], who(bank, "bob"), 1, lies[0][1]),))


@twin("tg_stocktake_counts_c41_once")
async def _(bank: World) -> Attack:
    take, _, lies = await opened(bank)
    await bank.done("ann", count(take, lies))
    return Attack("ann", ((COUNT, bank.branches["A"].id, take, lies[0][0], who(bank, "ann"), 1, label(LabelKind.ENVELOPE, 77)),))


@twin("tg_stocktakes_c15_step")
async def _(bank: World) -> Attack:
    take, _, _ = await opened(bank)
    return Attack("ops", (("update stocktakes set state = 'COUNTING' where id = $1", take),))


@twin("tg_stocktakes_c41_counted")
async def _(bank: World) -> Attack:
    take, _, lies = await opened(bank)
    await bank.done("ann", count(take, lies))
    return Attack("ops", ((COMPARE, take, who(bank, "ops")),))


@twin("ck_stocktakes_c41_signer")
async def _(bank: World) -> Attack:
    take, _, lies = await opened(bank)
    await counted(bank, take, lies)
    return Attack("ops", ((COMPARE, take, who(bank, "ann")),))


@twin("ct_stocktakes_c43_discrepancies")
async def _(bank: World) -> Attack:
    take, _, lies = await opened(bank)
    await counted(bank, take, [(lies[0][0], "", "")])
    return Attack("ops", ((COMPARE, take, who(bank, "ops")),))


@twin("tg_stocktakes_c42_cases")
async def _(bank: World) -> Attack:
    take, _ = await compared(bank)
    return Attack("ops", ((SIGN, take, who(bank, "ops")),))


@twin("tg_stocktakes_c55_registry")
async def _(bank: World) -> Attack:
    await heads(bank)
    electronic = await electronic_certificate(bank)
    detail = OpenStocktake(bank.branches["A"].vault, (who(bank, "ann"), who(bank, "bob")))
    take = UUID((await bank.done("ops", Ask(A.OPEN_STOCKTAKE, detail=detail)))["stocktake"])
    assert await bank.sql("select record_id from stocktake_lines where stocktake_id = $1 and expectation = 'REGISTRY'", take) == electronic
    await counted(bank, take, await shelf(bank) or [("", "", "")])
    await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
    return Attack("ops", ((SIGN, take, who(bank, "ops")),))


@twin("tg_movements_c17_slot_counted")
async def _(bank: World) -> Attack:
    papers = await bank.papers()
    await bank.out(papers)
    await bank.presented(papers)
    await opened(bank, papers=0)
    op, step = operation(bank, A.ACCEPT_RETURN, FIRST, papers, ["KEY", "CODE", "CLERK"])
    close = "update movements set entry_operation_id = $2, closed_at = clock_timestamp(), operation_id = null where record_id = $1 and closed_at is null"
    return Attack("kay", (step, (close, papers[0], op)))


@twin("tg_sealed_envelopes_c17_slot_counted")
async def _(bank: World) -> Attack:
    await opened(bank)
    slot = await bank.sql("select id from storage_locations where parent_id = $1 limit 1", bank.branches["A"].cabinet)
    _, envelope = await bank.registered()
    return Attack("kay", (("update sealed_envelopes set location_id = $2 where id = $1", envelope, slot),))


async def electronic_certificate(bank: World) -> UUID:
    """A certificate that exists in the registry alone."""
    ids = await bank.papers()
    certificate = await bank.sql(
        "insert into collateral_certificates (org_id, collateral_id, number, kind, issuer, issued_on, is_electronic, registry_reference)"
        " select org_id, collateral_id, 'E' || left(id::text, 8), 'OTHER_RIGHT', '不动产登记中心', '2024-01-01', true, 'REF-1'"
        " from archive_records where id = $1 returning id", ids[0],
    )  # fmt: skip
    await bank.past_the_triggers(
        f"update sealed_envelopes set location_id = null where id = (select envelope_id from archive_records where id = '{ids[0]}');"
        f" update archive_records set kind = 'CERTIFICATE', envelope_id = null, certificate_id = '{certificate}' where id = '{ids[0]}'"
    )
    return ids[0]
