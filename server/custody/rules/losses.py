"""C43, C44 and what they borrow: discrepancies are solved by somebody by a day, and a loss takes its whole procedure."""

from server.custody.moves import Move
from server.custody.moves.corrections import Corrected
from server.custody.moves.losses import Case, Item, Loss, Reissued, Settled
from server.custody.moves.papers import Checks
from server.custody.rules.table import Rule, by_construction
from storage.terms import Action, DiscrepancyKind, Role

CASES = frozenset({Action.OPEN_CASE, Action.RESOLVE_DISCREPANCY})
OPEN, RESOLVE = frozenset({Action.OPEN_CASE}), frozenset({Action.RESOLVE_DISCREPANCY})
SEARCH = frozenset({Action.RECORD_SEARCH, Action.NOTIFY_COMPLIANCE})
FOUND, LOST = frozenset({Action.RESOLVE_FOUND}), frozenset({Action.DECLARE_LOST})
REISSUE, CLOSE = frozenset({Action.RECORD_REISSUE}), frozenset({Action.CLOSE_LOST})
NUMBERING = frozenset({Action.REGISTER_FIRST_TIER, Action.RECORD_ARRIVAL, Action.ACCEPT_CHANGED_RETURN, Action.CORRECT})
ORIGINAL = frozenset({Action.RECORD_VOIDED_ORIGINAL})


def _by_owner(m: Move) -> bool:
    return m.by.id == m.of(Loss).owner or Role.OPS_HEAD in m.by.roles


def _has_owner_and_time(m: Move) -> bool:
    case = m.of(Case)
    return case.owner_active and case.deadline is not None and case.deadline > m.at


def _not_a_missing_record(m: Move) -> bool:
    case = m.of(Case)
    return case.kind is not DiscrepancyKind.MISSING or case.of_item


def _by_another(m: Move) -> bool:
    return m.by.id != m.of(Case).reported_by or not _not_a_missing_record(m)


def _two_heads(m: Move) -> bool:
    return len({person.id for person in m.seats.values()}) == len(m.seats)


def _inspected(m: Move) -> bool:
    return m.inspection is not None and m.inspection.passed


def _final(m: Move) -> bool:
    settled = m.of(Settled)
    return not settled.is_settled or settled.final_at is None or settled.final_at <= m.at


def _number_lives(m: Move) -> bool:
    """What is re-issued has been registered by then, and its number judged."""
    if m.action is Action.CORRECT:
        return not m.of(Corrected).void
    return not any(c.number_void for c in m.of(Checks).certificates)


RULES: tuple[Rule, ...] = (
    Rule(
        "C3",
        "SEGREGATION_OF_DUTIES",
        RESOLVE,
        "whoever reported a discrepancy does not resolve it",
        _by_another,
        "ck_discrepancies_c3_second_person",
    ),
    Rule(
        "C3",
        "SEGREGATION_OF_DUTIES",
        LOST | CLOSE,
        "the two heads who end a loss are two people",
        _two_heads,
        "uq_operation_seats_c1_c6_one_seat_each",
        facts=("seats",),
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        CASES,
        "the discrepancy is not resolved yet",
        lambda m: not m.of(Case).is_resolved,
        "tg_discrepancies_c48_final",
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        RESOLVE,
        "a record that is missing is found or declared lost, not resolved in words",
        _not_a_missing_record,
        "ct_archive_records_c15_state_is_rows",
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        FOUND,
        "what is found goes back to where it stood before",
        by_construction,
        "ct_archive_records_c15_back",
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        ORIGINAL,
        "the lost original was not recorded as found before",
        lambda m: not m.of(Loss).original_found,
        "tg_loss_cases_c48_final",
    ),
    Rule(
        "C26",
        "RETURN_INSPECTION_REQUIRED",
        FOUND,
        "what was found was inspected and found right in every respect",
        _inspected,
        "ct_archive_records_c26_found_inspected",
        facts=("inspection",),
    ),
    Rule(
        "C34",
        "LOAN_NOT_SETTLED",
        CLOSE,
        "every loan on what is lost is settled",
        lambda m: m.of(Settled).is_settled,
        "ct_archive_records_c34_lost_settled",
    ),
    Rule(
        "C35",
        "PAYOFF_NOT_FINAL",
        CLOSE,
        "no payoff of a loan on what is lost can bounce any more",
        _final,
        "ct_archive_records_c35_lost_final",
        earliest=lambda m: m.of(Settled).final_at,
    ),
    Rule(
        "C43",
        "CASE_INCOMPLETE",
        OPEN,
        "a case has an owner who is active, and a deadline that lies ahead",
        _has_owner_and_time,
        "ck_discrepancies_c43_case_is_owned, ck_discrepancies_c43_deadline_ahead",
    ),
    Rule(
        "C43",
        "RECORD_FROZEN",
        frozenset({Action.REPORT_ITEM_MISSING}),
        "no case of that paper is open already",
        lambda m: not m.of(Item).is_missing,
        "uq_discrepancies_c43_one_open_item",
    ),
    Rule(
        "C44",
        "ROLE_REQUIRED",
        SEARCH,
        "the owner of the case or the head of operations tells what was done",
        _by_owner,
        "[who calls is known to the server alone]",
        roles=lambda _: frozenset({Role.OPS_HEAD}),
    ),
    Rule(
        "C44",
        "LOSS_PROCEDURE_INCOMPLETE",
        LOST,
        "the search for it is on record",
        lambda m: m.of(Loss).is_searched,
        "ck_loss_cases_c44_searched, ck_loss_cases_c44_complete, ct_movements_c44_ended_so",
    ),
    Rule(
        "C44",
        "LOSS_PROCEDURE_INCOMPLETE",
        LOST,
        "a statement says who answers for it",
        lambda m: m.of(Loss).is_answered_for,
        "ck_loss_cases_c44_complete",
    ),
    Rule(
        "C44",
        "LOSS_PROCEDURE_INCOMPLETE",
        LOST,
        "compliance was told of it",
        lambda m: m.of(Loss).compliance_knows,
        "ck_loss_cases_c44_complete, tg_loss_cases_c44_step",
    ),
    Rule(
        "C44",
        "LOSS_PROCEDURE_INCOMPLETE",
        REISSUE,
        "one new paper of the same kind and collateral takes the place of one that was declared lost",
        lambda m: m.of(Reissued).fits,
        "ct_archive_records_c44_reissue_linked, tg_archive_records_c44_certificate",
    ),
    Rule(
        "C44",
        "CERTIFICATE_NUMBER_VOID",
        NUMBERING,
        "the number of what was lost is void for ever",
        _number_lives,
        "tg_collateral_certificates_c44_void_for_ever",
    ),
)
