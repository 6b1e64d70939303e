"""Stocktakes: opened, counted, compared, signed."""

from collections.abc import Sequence
from typing import Any

import strawberry

from schema.custody_mutations.acting import UNSET, ActPayload, CasePayload, act, field
from schema.reading.declare import One
from schema.results import KeyedInput, given, id_of, ids_of, version_of
from schema.stocktakes import Stocktake
from server.custody.labels import is_misread
from server.custody.moves import Ask
from server.custody.moves.stocktakes import CompareCounts, Item, OpenStocktake, PlaceCount, SignStocktake, SubmitCount
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A

LABELS_MAX = 500


class StocktakePayload(ActPayload):
    """Acts on stocktakes."""

    stocktake: Stocktake | None = One(given="stocktake", description="The stocktake, as it stands now.")


class ComparisonPayload(CasePayload):
    """What the comparison found."""

    stocktake: Stocktake | None = One(given="stocktake", description="The stocktake, as it stands now.")


@strawberry.input(description="Input of openStocktake.")
class OpenStocktakeInput(KeyedInput):
    """What is counted, by whom."""

    place_id: strawberry.ID = field("The cabinet or vault.")
    counter_ids: list[strawberry.ID] = field("The two who count; neither keeps what is counted.")


@strawberry.input(description="A label that was read.")
class CountedItemInput:
    """An envelope or volume."""

    barcode: str = field("Label of the envelope or volume, known or not.")
    seal_no: str | None = field("Seal on the envelope; left out when there is none or it is broken.", UNSET)


@strawberry.input(description="What lies in one slot or on one shelf.")
class PlaceCountInput:
    """One place."""

    place: str = field("Code on the label of the slot or shelf.")
    items: list[CountedItemInput] = field("Everything in it; empty for an empty place.")
    is_last: bool = strawberry.field(description="False when more of this place follows in another call.", default=True)


@strawberry.input(description="Input of submitCount.")
class SubmitCountInput(KeyedInput):
    """A part of one counter's count."""

    stocktake_id: strawberry.ID = field("The stocktake.")
    counts: list[PlaceCountInput] = field("Places in any order; at most 500 labels a call.")


@strawberry.input(description="Input of compareCounts.")
class CompareCountsInput(KeyedInput):
    """Both counts against the list."""

    stocktake_id: strawberry.ID = field("The stocktake.")


@strawberry.input(description="Input of signStocktake.")
class SignStocktakeInput(KeyedInput):
    """A decision made on a screen."""

    stocktake_id: strawberry.ID = field("The stocktake.")
    expected_version: str = field("Version of the stocktake last seen.")


async def _open(info: strawberry.Info, i: OpenStocktakeInput) -> Ask:
    counters = ids_of(i.counter_ids, "staff", "counterIds")
    return Ask(A.OPEN_STOCKTAKE, detail=OpenStocktake(id_of(i.place_id, "location"), counters))


async def count_ask(info: strawberry.Info, i: Any) -> Ask:
    """Also of a line of a batch."""
    counts = tuple(PlaceCount(c.place.strip(), tuple(_item(x) for x in c.items), c.is_last) for c in i.counts)
    _check(counts)
    return Ask(A.SUBMIT_COUNT, detail=SubmitCount(id_of(i.stocktake_id, "stocktake"), counts))


def _item(i: CountedItemInput) -> Item:
    seal = given(i.seal_no)
    return Item(i.barcode.strip().upper(), seal.strip() or None if seal else None)


def _check(counts: Sequence[PlaceCount]) -> None:
    """InvalidInput for nothing, too much, a label or place named twice, and a label that was misread."""
    labels = [(n, k, item.barcode) for n, c in enumerate(counts) for k, item in enumerate(c.items)]
    if not counts:
        raise InvalidInput([InputProblem(("counts",), "EMPTY")])
    if len(labels) > LABELS_MAX:
        raise InvalidInput([InputProblem(("counts",), "TOO_MANY")])
    wrong, seen = [], set()
    for n, place in enumerate(c.place for c in counts):
        if (None, place) in seen:
            wrong.append(InputProblem(("counts", str(n), "place"), "DUPLICATE"))
        seen.add((None, place))
    read: set[str] = set()
    for n, k, code in labels:
        path = ("counts", str(n), "items", str(k), "barcode")
        problem = "EMPTY" if not code else "DUPLICATE" if code in read else "BARCODE_MISREAD" if is_misread(code) else None
        wrong += [InputProblem(path, problem)] if problem else []
        read.add(code)
    if wrong:
        raise InvalidInput(wrong)


async def _compare(info: strawberry.Info, i: CompareCountsInput) -> Ask:
    return Ask(A.COMPARE_COUNTS, detail=CompareCounts(id_of(i.stocktake_id, "stocktake")))


async def _sign(info: strawberry.Info, i: SignStocktakeInput) -> Ask:
    version = version_of(i.expected_version)
    return Ask(A.SIGN_STOCKTAKE, expected_version=version, detail=SignStocktake(id_of(i.stocktake_id, "stocktake")))


@strawberry.type
class StocktakeMutations:
    """Acts of stocktakes."""

    open_stocktake = act(
        "openStocktake", OpenStocktakeInput, StocktakePayload, _open, requires=WHO[A.OPEN_STOCKTAKE],
        description="Begin to count a cabinet or a vault (盘库); the list is taken at this instant, and a cabinet is frozen while it is counted.",
    )  # fmt: skip
    submit_count = act(
        "submitCount", SubmitCountInput, StocktakePayload, count_ask,
        description="Say what lies where, blind, in any order; each of the two counters for themself. What was said before is not said twice.",
    )  # fmt: skip
    compare_counts = act(
        "compareCounts", CompareCountsInput, ComparisonPayload, _compare, requires=WHO[A.COMPARE_COUNTS],
        description="Compare list and shelf both ways; what differs is a discrepancy, and frozen.",
    )  # fmt: skip
    sign_stocktake = act(
        "signStocktake", SignStocktakeInput, StocktakePayload, _sign, requires=WHO[A.SIGN_STOCKTAKE],
        description="Sign a stocktake whose discrepancies are resolved or have cases.",
    )  # fmt: skip
