"""Stocktakes: opened, counted by two, compared both ways, signed; C17, C41 to C43, F14, S11."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from server.custody.moves import Ask
from server.custody.moves.losses import CaseOpened
from server.custody.moves.stocktakes import CompareCounts
from server.custody.transitions.stocktakes import LISTED
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Tier
from tests.harness.world import World
from tests.model import arranging
from tests.model.arranging import COUNTERS, MAKE, Made
from tests.model.plays import Play, Spoil
from tests.model.plays.looking import here
from tests.model.plays.spoiling import VERSION, by, me, row
from tests.model.stage import Stage, Try

BOTH = tuple(COUNTERS)
TAKES = "select id, place_id, version, first_counter_id, second_counter_id from stocktakes where org_id = $1 and state = any($2) order by id desc"
EMPTY_CABINETS = """select l.id from storage_locations l where l.org_id = $1 and l.kind = 'CABINET' and l.id <> $2
  and exists (select from places_to_count(l.id)) and not exists (select from places_to_count(l.id) p where place_is_counted(p.location_id))
  order by l.id desc limit 5"""


def _takes(stage: Stage, *states: str) -> list[Any]:
    return stage.rows(TAKES, here(stage), list(states))


def _named(take: Any) -> dict[str, Any]:
    return {"stocktakeId": f"stocktake_{take['id']}"}


def _id(what: Try) -> UUID:
    return UUID(what.input["stocktakeId"].removeprefix("stocktake_"))


def _team(stage: Stage, *names: str) -> list[str]:
    return [f"staff_{me(stage, name)}" for name in names]


# Opened ----------------------------------------------------------------------------------------------------------------------
async def _to_count(bank: World) -> None:
    await arranging.moved_to_cabinet(bank, await arranging.in_vault(bank))
    for name, role in COUNTERS.items():
        await arranging.someone(bank, name, role)


def _opened(stage: Stage) -> Iterator[Try]:
    if all(name in stage.bank.people for name in BOTH):
        for place in stage.rows(EMPTY_CABINETS, here(stage), stage.bank.branches["A"].cabinet):
            yield Try("ops", "openStocktake", {"placeId": f"location_{place['id']}", "counterIds": _team(stage, *BOTH)})


def _knows_a_borrower(stage: Stage, what: Try) -> AbstractContextManager[None]:
    place = UUID(what.input["placeId"].removeprefix("location_"))
    party = stage.sql(
        "select c.party_id from places_to_count($1) p join archive_records r on p.location_id = coalesce((select e.location_id from sealed_envelopes e"
        " where e.id = r.envelope_id), r.location_id) join loans l on l.id = r.primary_loan_id join customers c on c.id = l.customer_id limit 1", place,
    )  # fmt: skip
    return row(stage, "staff_relations", staff_id=me(stage, "ann"), party_id=party, kind="SPOUSE")


def _counted_already(stage: Stage, right: Try) -> Try:
    if not _takes(stage, "OPEN", "COUNTING"):
        stage.run(arranging.counting(arranging.in_vault)(stage.bank))
    return right.but(placeId=f"location_{_takes(stage, 'OPEN', 'COUNTING')[0]['place_id']}")


def _counted_by(*names: str) -> Callable[[Stage, Try], Try]:
    return lambda stage, right: right.but(counterIds=_team(stage, *names))


# Counted ---------------------------------------------------------------------------------------------------------------------
def _shelf(stage: Stage, take: UUID) -> list[dict[str, Any]]:
    places = stage.run(arranging.on_shelf(stage.bank, take))
    return [
        {"place": p.place, "items": [{"barcode": i.barcode, **({"sealNo": i.seal_no} if i.seal_no else {})} for i in p.items]}
        for p in places
    ]


def _counts(stage: Stage) -> Iterator[Try]:
    for take in _takes(stage, "OPEN", "COUNTING"):
        for who in BOTH:
            if not stage.sql(
                "select exists (select from stocktake_counts where stocktake_id = $1 and counter_id = $2)", take["id"], me(stage, who)
            ):
                yield Try(who, "submitCount", {**_named(take), "counts": _shelf(stage, take["id"])})


def _done_with(stage: Stage, right: Try) -> Try:
    """A stocktake that is compared already."""
    take = stage.run(_compared(arranging.in_vault)(stage.bank))
    return right.but(stocktakeId=f"stocktake_{take}", counts=_shelf(stage, take))


def _says_otherwise(stage: Stage, right: Try) -> Try:
    """What the same counter has counted as it is, told with another seal."""
    take = stage.run(arranging.counting(arranging.in_vault, ["ann"])(stage.bank))
    other = [{**p, "items": [{**i, "sealNo": "X999"} for i in p["items"]]} for p in _shelf(stage, take)]
    return right.but("ann", stocktakeId=f"stocktake_{take}", counts=other)


# Compared and signed -----------------------------------------------------------------------------------------------------------
READY = """select t.id from stocktakes t where t.org_id = $1 and t.state = 'COUNTING' and stocktake_places_open(t.id) = 0
  and exists (select from stocktake_findings(t.id) f join archive_records r on r.id = f.record_id or r.envelope_id = f.envelope_id
    where f.result = 'MISSING' and r.tier = $2 and r.state = $3) order by t.id desc"""


def _compares(tier: Tier, state: S) -> Callable[[Stage], Iterator[Try]]:
    def offers(stage: Stage) -> Iterator[Try]:
        for take in stage.rows(READY, here(stage), tier.value, state.value):
            yield Try("ops", "compareCounts", _named(take))

    return offers


def _half_counted(stage: Stage, right: Try) -> Try:
    take = stage.run(arranging.counting(arranging.in_vault, ["ann"])(stage.bank))
    return right.but(stocktakeId=f"stocktake_{take}")


def _compared(make: Made, *, lies: bool = True) -> Callable[[World], Any]:
    async def arrange(bank: World) -> UUID:
        take = await arranging.counting(make, BOTH, lies=lies)(bank)
        await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
        return take

    return arrange


async def _with_a_case(bank: World) -> None:
    """Something is missing, and somebody must solve it by a day."""
    take = await _compared(arranging.in_vault, lies=False)(bank)
    for d in await bank.root.fetch("select d.id, d.record_id from discrepancies d join stocktake_lines l on l.id = d.stocktake_line_id"
                                   " where l.stocktake_id = $1", take):  # fmt: skip
        opened = CaseOpened(d["id"], bank.people["clerk"].staff_id, arranging.ahead(bank))
        await bank.done("ops", Ask(A.OPEN_CASE, records=(d["record_id"],), detail=opened))


def _signs(stage: Stage) -> Iterator[Try]:
    for take in _takes(stage, "COMPARED"):
        if not stage.sql("select stocktake_cases_open($1) + stocktake_unchecked($1)", take["id"]):
            yield Try("ops", "signStocktake", {**_named(take), "expectedVersion": str(take["version"])})


def _unsolved(stage: Stage, right: Try) -> Try:
    take = stage.run(_compared(arranging.in_vault, lies=False)(stage.bank))
    return right.but(stocktakeId=f"stocktake_{take}", expectedVersion=_version(stage, take))


def _version(stage: Stage, take: UUID) -> str:
    return str(stage.sql("select version from stocktakes where id = $1", take))


def _still_counting(stage: Stage, right: Try) -> Try:
    take = stage.run(arranging.counting(arranging.in_vault, BOTH)(stage.bank))
    return right.but(stocktakeId=f"stocktake_{take}", expectedVersion=_version(stage, take))


def _electronic(stage: Stage, what: Try) -> AbstractContextManager[None]:
    """The list names a certificate of the registry, and nobody has looked it up."""
    paper = stage.sql("select id from archive_records where custody_org_id = $1 and tier = 'FIRST' limit 1", here(stage))
    return row(stage, "stocktake_lines", org_id=here(stage), stocktake_id=_id(what), expectation="REGISTRY", record_id=paper)


STEP = "the stocktake is at the right step"
OTHERS = "neither counter compares or signs"
PLAYS = (
    Play("open a stocktake", _opened, (
        Spoil("no counter has an interest in a loan of what is counted", world=_knows_a_borrower),
        Spoil("no other stocktake counts the place", _counted_already),
        Spoil("two different people count", _counted_by("ann")),
        Spoil("each counter is an active person of the place's unit or of one above it", _counted_by("ann", "archivist_b")),
        Spoil("no counter keeps what is counted", _counted_by("ann", "kay")),
    ), _to_count),
    Play("count", _counts, (
        Spoil(STEP, _done_with),
        Spoil("only a counter of the stocktake counts", by("risk")),
        Spoil("a counter counts a place once in a round, and a label in one place", _says_otherwise),
    ), arranging.counting(arranging.in_vault)),
    *(
        Play(f"count and miss: {tier} {state}", _compares(tier, state), (
            (
                Spoil(OTHERS, by("opal")),
                Spoil("both counters have counted every place, and agree", _half_counted),
            ) if state in (S.IN_VAULT, S.FILED) else ()
        ), arranging.counting(MAKE[tier, state], BOTH, lies=False))
        for tier, states in LISTED.items() for state in states
    ),
    Play("sign", _signs, (
        Spoil(STEP, _still_counting),
        Spoil(OTHERS, by("opal")),
        Spoil("each discrepancy is resolved or has a case with an owner and a deadline", _unsolved),
        Spoil("each electronic certificate of the list was looked up in the registry since", world=_electronic),
        VERSION,
    ), _with_a_case),
)  # fmt: skip
