"""C25 to C28, C43: what comes back, how it is looked at, and what is not there."""

from server.custody.moves import Move
from server.custody.rules.groups import REFUSING_RETURN, TAKING
from server.custody.rules.table import Rule
from storage.terms import Action, DiscrepancyKind

PRESENT = frozenset({Action.PRESENT_RETURN})
ACCEPT = frozenset({Action.ACCEPT_RETURN})


def _holder_brings(m: Move) -> bool:
    return m.movement is not None and m.ask.brought_by == m.movement.holder


def _inspected(m: Move) -> bool:
    return m.inspection is not None and m.inspection.passed


def _refusal_is_told(m: Move) -> bool:
    found = m.inspection
    return found is not None and not found.passed and bool(found.findings and found.findings.strip())


RULES: tuple[Rule, ...] = (
    Rule(
        "C25",
        "NOT_CURRENT_HOLDER",
        PRESENT,
        "the recorded holder brings it back",
        _holder_brings,
        "ck_movements_c25_holder_returns",
        facts=("movement",),
    ),
    Rule(
        "C25",
        "CLAIM_UNRESOLVED",
        TAKING | {Action.REQUEST_EXTENSION, Action.EXTEND},
        "no claim of an earlier return is open",
        lambda m: m.movement is None or not m.movement.claimed,
        "tg_movements_c22_extension, uq_movements_c14_one_open",
        facts=("movement",),
    ),
    Rule(
        "C26",
        "RETURN_INSPECTION_REQUIRED",
        ACCEPT,
        "the returned record was inspected and found right in every respect",
        _inspected,
        "ck_movements_c26_inspected, ck_return_inspections_c26_passed, ct_movements_c26_inspection_passed",
        facts=("inspection",),
    ),
    Rule(
        "C27",
        "RETURN_NOT_CLOSED",
        TAKING,
        "the last return is closed",
        lambda m: m.movement is None or m.movement.returned_at is None,
        "ck_movements_c27_close_after_return, uq_movements_c14_one_open",
        facts=("movement",),
    ),
    Rule(
        "C28",
        "PARTIAL_RETURN",
        REFUSING_RETURN,
        "what is not accepted is told item by item",
        _refusal_is_told,
        "ck_return_inspections_c28_findings",
        facts=("inspection",),
    ),
    Rule(
        "C43",
        "RECORD_FROZEN",
        frozenset({Action.REPORT_MISSING, Action.RETURN_MISSING}),
        "no case of a missing record is open already",
        lambda m: DiscrepancyKind.MISSING not in m.frozen,
        "uq_discrepancies_c43_one_open",
        facts=("frozen",),
    ),
)
