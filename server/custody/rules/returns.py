"""C25 to C28, C43: what comes back, how it is looked at, and what is not there."""

from server.custody.moves import Move
from server.custody.moves.claims import Bringer
from server.custody.rules.groups import REFUSING_RETURN, TAKING
from server.custody.rules.table import Rule, by_construction
from server.custody.transitions.lending import RECEIVERS
from storage.terms import Action, DiscrepancyKind, Role

PRESENT = frozenset({Action.PRESENT_RETURN})
ACCEPT = frozenset({Action.ACCEPT_RETURN})
COMING_BACK = ACCEPT | {Action.ACCEPT_CHANGED_RETURN, Action.RESOLVE_FOUND}


def _receivers(m: Move) -> frozenset[Role]:
    """Of a claim the head of operations may tell too what became of the paper."""
    return RECEIVERS[m.record.tier] | (frozenset({Role.OPS_HEAD}) if m.action is Action.RESOLVE_CLAIM else frozenset())


def _brings_by_right(m: Move) -> bool:
    return m.movement is not None and m.of(Bringer).ground is not None


def _another_receives(m: Move) -> bool:
    """Else a return would be one person's word: a head who is a keeper too would bring it to themself."""
    return m.ask.brought_by != m.by.id


def _inspected(m: Move) -> bool:
    return m.inspection is not None and m.inspection.passed


def _pages_are_all(m: Move) -> bool:
    """That it was inspected at all, and what else was wrong with it, other rows say; an unnumbered record has no pages to compare."""
    found = m.inspection
    uncompared = found is None or not found.passed or not m.record.pages or _is_changed(m)
    return uncompared or (found is not None and found.pages_counted == m.record.pages)


def _is_changed(m: Move) -> bool:
    """The same paper with other data: the registry may have added a page to it."""
    return m.action is Action.ACCEPT_CHANGED_RETURN and m.ask.detail.of(m.record.id) is not None


def _refusal_is_told(m: Move) -> bool:
    found = m.inspection
    return found is not None and not found.passed and bool(found.findings and found.findings.strip())


RULES: tuple[Rule, ...] = (
    Rule(
        "C0",
        "ROLE_REQUIRED",
        PRESENT | {Action.RESOLVE_CLAIM},
        "a paper comes back to a keeper of the vault, a volume to the archivist",
        lambda m: bool(m.by.roles & _receivers(m)),
        "[who calls is known to the server alone]",
        facts=("by", "record"),
        roles=_receivers,
    ),
    Rule(
        "C25",
        "NOT_CURRENT_HOLDER",
        PRESENT,
        "the recorded holder or a successor brings it back",
        _brings_by_right,
        "tg_movements_c25_holder_or_successor",
        facts=("movement",),
    ),
    Rule(
        "C25",
        "RETURN_TO_ONESELF",
        PRESENT,
        "whoever brings it back is not the one who receives it",
        _another_receives,
        "tg_movements_c25_another_receives",
    ),
    Rule(
        "C25",
        "NOT_CURRENT_HOLDER",
        frozenset({Action.RESOLVE_CLAIM}),
        "what nobody brings back was found in the vault, on a claim",
        by_construction,
        "ct_movements_c25_found_in_vault",
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
        "ck_movements_c26_inspected, ck_return_inspections_c26_passed, ct_movements_c26_inspection_passed, ct_movements_c26_ended_so",
        facts=("inspection",),
    ),
    Rule(
        "C26",
        "PAGES_DIFFER",
        COMING_BACK,
        "as many pages were counted as the register has, except of a certificate that came back changed",
        _pages_are_all,
        "tg_return_inspections_c26_pages, tg_archive_records_c26_pages",
        facts=("record", "inspection"),
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
