"""C4, C15, C17, C41, C42, C55: who counts, what is frozen meanwhile, and when a stocktake is done."""

from datetime import datetime

from server.custody.moves import Move
from server.custody.moves.stocktakes import Counted, OpenStocktake, Stand, Team
from server.custody.rules.groups import ENTRIES
from server.custody.rules.table import Rule, by_construction
from storage.terms import Action, Role
from storage.terms import StocktakeState as State

OPEN, SUBMIT = frozenset({Action.OPEN_STOCKTAKE}), frozenset({Action.SUBMIT_COUNT})
COMPARE = frozenset({Action.COMPARE_COUNTS, Action.COUNT_MISSING})
SIGN = frozenset({Action.SIGN_STOCKTAKE})
STEPS = {
    Action.SUBMIT_COUNT: (State.OPEN, State.COUNTING),
    Action.COMPARE_COUNTS: (State.COUNTING,),
    Action.COUNT_MISSING: (State.COUNTING,),
    Action.SIGN_STOCKTAKE: (State.COMPARED,),
}


def _counters(m: Move) -> frozenset[object]:
    asked = m.ask.detail
    assert isinstance(asked, OpenStocktake)
    return frozenset(asked.counters)


def _two_are_named(m: Move) -> bool:
    return len(m.ask.detail.counters) == 2 and len(_counters(m)) == 2


def _slot_is_free(m: Move) -> bool:
    named = m.known.get(Counted)
    return "COUNT" not in m.frozen and not (named is not None and named.named)


def _slot_is_free_again(m: Move) -> datetime | None:
    """Of the record's own place alone: who counts the one that is named learns nothing of it."""
    named = m.known.get(Counted)
    return None if named is not None and named.named else m.counted_until


RULES: tuple[Rule, ...] = (
    Rule(
        "C4",
        "CONFLICT_OF_INTEREST",
        OPEN,
        "no counter has an interest in a loan of what is counted",
        lambda m: not m.of(Team).interested & _counters(m),
        "tg_stocktakes_c4_no_interest",
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        SUBMIT | COMPARE | SIGN,
        "the stocktake is at the right step",
        lambda m: m.of(Stand).state in STEPS[m.action],
        "tg_stocktakes_c15_step",
    ),
    Rule(
        "C17",
        "RECORD_FROZEN",
        OPEN,
        "no other stocktake counts the place",
        lambda m: not m.of(Team).is_counted,
        "uq_stocktake_places_c17_one_count",
    ),
    Rule(
        "C17",
        "RECORD_FROZEN",
        ENTRIES,
        "nothing is put into a place that is being counted",
        _slot_is_free,
        "tg_movements_c17_slot_counted, tg_sealed_envelopes_c17_slot_counted, ct_archive_records_c17_place",
        facts=("frozen", "counted_until"),
        earliest=_slot_is_free_again,
    ),
    Rule(
        "C41",
        "STOCKTAKE_TEAM_INVALID",
        OPEN,
        "two different people count",
        _two_are_named,
        "ck_stocktakes_c41_two_counters",
    ),
    Rule(
        "C41",
        "STOCKTAKE_TEAM_INVALID",
        OPEN,
        "each counter is an active person of the place's unit or of one above it",
        lambda m: _counters(m) <= m.of(Team).fit,
        "tg_stocktakes_c41_team",
    ),
    Rule(
        "C41",
        "STOCKTAKE_TEAM_INVALID",
        OPEN,
        "no counter keeps what is counted",
        lambda m: not m.of(Team).keepers & _counters(m),
        "tg_stocktakes_c41_team",
    ),
    Rule(
        "C41",
        "STOCKTAKE_TEAM_INVALID",
        SUBMIT,
        "only a counter of the stocktake counts",
        lambda m: m.by.id in m.of(Stand).counters,
        "tg_stocktake_counts_c41_team",
    ),
    Rule(
        "C41",
        "STOCKTAKE_TEAM_INVALID",
        COMPARE | SIGN,
        "neither counter compares or signs",
        lambda m: m.by.id not in m.of(Stand).counters,
        "ck_stocktakes_c41_signer",
    ),
    Rule(
        "C41",
        "COUNT_CONTRADICTED",
        SUBMIT,
        "a counter counts a place once in a round, and a label in one place",
        lambda m: not m.of(Stand).contradicted,
        "tg_stocktake_counts_c41_once",
    ),
    Rule(
        "C41",
        "COUNT_INCOMPLETE",
        COMPARE,
        "both counters have counted every place, and agree",
        lambda m: not m.of(Stand).uncounted,
        "tg_stocktakes_c41_counted",
    ),
    Rule(
        "C42",
        "STOCKTAKE_OPEN_DISCREPANCY",
        SIGN,
        "each discrepancy is resolved or has a case with an owner and a deadline",
        lambda m: not m.of(Stand).unresolved,
        "tg_stocktakes_c42_cases",
        roles=lambda m: frozenset({Role.OPS_HEAD}),
    ),
    Rule(
        "C43",
        "RECORD_FROZEN",
        COMPARE,
        "whatever differs from the list becomes a discrepancy",
        by_construction,
        "ct_stocktakes_c43_discrepancies, tg_discrepancies_c43_of_line",
    ),
    Rule(
        "C55",
        "REGISTRY_REFERENCE_MISSING",
        SIGN,
        "each electronic certificate of the list was looked up in the registry since",
        lambda m: not m.of(Stand).unchecked,
        "tg_stocktakes_c55_registry",
    ),
)
