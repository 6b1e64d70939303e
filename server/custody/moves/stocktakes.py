"""Stocktakes: what is asked, and what their rules look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from storage.terms import Action, StocktakeState


@dataclass(frozen=True, slots=True)
class OpenStocktake:
    """OPEN_STOCKTAKE: which place, and who counts it."""

    place: UUID
    counters: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A label that was read, and the seal on it; no seal when there is none or it is broken."""

    barcode: str
    seal_no: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """What lies in a slot or on a shelf, by the code on its label; with `is_last` false more of it follows."""

    place: str
    items: tuple[Item, ...] = ()
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class SubmitCount:
    """SUBMIT_COUNT: a part of one counter's count."""

    stocktake: UUID
    counts: tuple[PlaceCount, ...]


@dataclass(frozen=True, slots=True)
class CompareCounts:
    """COMPARE_COUNTS: which stocktake."""

    stocktake: UUID


@dataclass(frozen=True, slots=True)
class SignStocktake:
    """SIGN_STOCKTAKE: which stocktake."""

    stocktake: UUID


DETAILS: Mapping[Action, type] = {
    Action.OPEN_STOCKTAKE: OpenStocktake,
    Action.SUBMIT_COUNT: SubmitCount,
    Action.COMPARE_COUNTS: CompareCounts,
    Action.SIGN_STOCKTAKE: SignStocktake,
}


@dataclass(frozen=True, slots=True)
class Team:
    """Fact: who would count, and what speaks against it; `places` says how many slots and shelves there are."""

    org: UUID
    places: int
    fit: frozenset[UUID]  # active people of the place's unit, or of one above it
    keepers: frozenset[UUID]  # keep the vault now, or volumes there
    interested: frozenset[UUID]  # in a loan of what lies there
    is_counted: bool = False  # by another stocktake


@dataclass(frozen=True, slots=True)
class Stand:
    """Fact: how the stocktake stands."""

    id: UUID
    org: UUID
    state: StocktakeState
    counters: frozenset[UUID]
    version: int = 1
    uncounted: int = 0  # places that one of the counters has not counted, or on which the two differ
    unresolved: int = 0  # discrepancies without a solution and without a case
    unchecked: int = 0  # electronic certificates that nobody has looked up since
    contradicted: bool = False  # what is submitted is not what the same counter has submitted before


@dataclass(frozen=True, slots=True)
class Finding:
    """Fact of a record: it is not where the list has it, so the comparison becomes a report that it is missing."""

    line: UUID | None
    becomes: Action


@dataclass(frozen=True, slots=True)
class Counted:
    """Fact: whether a place into which the act puts something is being counted."""

    named: bool
