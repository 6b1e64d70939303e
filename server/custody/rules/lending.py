"""C8 to C22: what may leave its place, for whom, why and for how long."""

from server.custody.moves import Hold, Move
from server.custody.moves.lending import CourtPaper
from server.custody.policy import ASKS, FULFILS, LITIGATION, PURPOSES
from server.custody.rules.groups import (
    ASKING,
    AT_THE_VAULT,
    DECIDING,
    EXITS,
    HANDING_OUT,
    HANDING_OVER,
    LEAVING,
    LENDING,
    LIFTING,
    ON_RECORDS,
    PROLONGING,
    REFUSING_RETURN,
    SENDING,
    TAKING,
    VAULT_ACTS,
)
from server.custody.rules.table import Rule, as_asked, by_construction, count_ends
from server.custody.transitions import after
from storage.terms import Action, HoldKind, Purpose, RecordState, RequestKind, RequestState, Role, Seat

ENVELOPE_ACTS = (
    VAULT_ACTS
    | HANDING_OVER
    | (ASKING - {Action.REQUEST_READING})
    | {Action.RESERVE, Action.PRESENT_RETURN, Action.SURRENDER}
    | REFUSING_RETURN
)
ALONE = frozenset({RecordState.MISSING, RecordState.LOST})  # what is not there is found, or replaced, by itself
STEPS = {
    **dict.fromkeys((Action.APPROVE, Action.RESERVE, Action.EXTEND, Action.ENQUEUE, Action.REJECT), RequestState.SUBMITTED),
    Action.SERVE: RequestState.WAITING,
    **dict.fromkeys(LEAVING, RequestState.APPROVED),
}


def _permits(hold: Hold, m: Move) -> bool:
    """A hold lets its own purpose through: the court's exit, asked by its placer, seen by a vice president."""
    r = m.request
    return (
        hold.kind is HoldKind.LEGAL
        and r is not None
        and r.purpose in LITIGATION
        and r.applicant == hold.placer
        and (m.action not in LEAVING or Role.VICE_PRESIDENT in r.approvals)
    )


def _no_hold(m: Move) -> bool:
    reading = m.action is Action.REQUEST_READING or (m.request is not None and m.request.kind is RequestKind.READ_ON_SITE)
    asked_by_placer = m.action is Action.REQUEST_CHECKOUT and m.purpose in LITIGATION
    return reading or all(_permits(h, m) or (asked_by_placer and h.kind is HoldKind.LEGAL and h.placer == m.by.id) for h in m.holds)


def _purpose_fits(m: Move) -> bool:
    kind = m.request.kind if m.request else ASKS[m.action]
    return m.purpose in PURPOSES.get((m.record.tier, kind), ())


def _taken_by_another(m: Move) -> bool:
    taken = m.movement
    return taken is not None and taken.out_at is None and taken.request != (m.request.id if m.request else None)


def _no_other_operation(m: Move) -> bool:
    return m.movement is None or m.movement.operation in (None, m.ask.operation)


def _state_permits(m: Move) -> bool:
    lapsed = m.action in LEAVING and m.lapsed is not None  # said by C20
    return m.on is None or lapsed or after(m.on.tier, m.on.state, m.action) is not None


def _right_step(m: Move) -> bool:
    r = m.request
    if r is None:
        return False
    if m.action is Action.CANCEL:
        return r.state in (RequestState.SUBMITTED, RequestState.APPROVED, RequestState.WAITING)
    lapsed = m.action in LEAVING and r.state is RequestState.LAPSED  # said by C20
    return r.state is STEPS[m.action] or lapsed


def _of_this_checkout(m: Move) -> bool:
    """The papers may have come back since, and have left on another request; those of one envelope left on one."""
    r = m.request
    return r is None or r.kind is not RequestKind.EXTENSION or (m.movement is not None and m.movement.request == r.prolongs)


def _right_kind(m: Move) -> bool:
    return m.request is not None and m.request.kind is FULFILS[m.action]


def _not_lapsed(m: Move) -> bool:
    gone = m.lapsed is not None or (m.request is not None and m.request.state is RequestState.LAPSED)
    late = m.movement is not None and m.movement.out_at is None and m.movement.lapses_at <= m.at
    return not gone and not late


def _reservation_stands(m: Move) -> bool:
    """Nobody has displaced it, so it may still be used when somebody lets it."""
    reserved = m.lapsed or m.movement
    return m.request is not None and reserved is not None and reserved.request == m.request.id


def _receiver_is_reader(m: Move) -> bool:
    receiver = m.seats.get(Seat.RECEIVER)
    return receiver is None or m.request is None or receiver.id == m.request.reader


def _extends_once(m: Move) -> bool:
    return m.movement is None or m.purpose in LITIGATION or m.movement.extensions < m.extensions_max


def _not_parted(m: Move) -> bool:
    """What is not there is told of by itself; the others of its envelope go on without it."""
    return m.mates <= m.together or m.record.state in ALONE or m.action is Action.RETURN_MISSING


def _within_term(m: Move) -> bool:
    """A court's paper names a day that no term of ours bounds."""
    if m.due_at is None or m.due_at_max is None:
        return True
    by_the_court = m.action in PROLONGING and m.purpose in LITIGATION and m.of(CourtPaper).on_file
    return m.at < m.due_at and (m.due_at <= m.due_at_max or by_the_court)


def _by_the_court(m: Move) -> bool:
    """What is named came since the lending, for no other extension; without a court's paper the court gets no more extensions than anybody."""
    paper = m.of(CourtPaper)
    first = m.purpose not in LITIGATION or m.movement is None or m.movement.extensions < m.extensions_max
    return paper.on_file or (first and not paper.named)


def _before_due(m: Move) -> bool:
    return m.movement is None or m.movement.due_at is None or m.at < m.movement.due_at


RULES: tuple[Rule, ...] = (
    Rule(
        "C8",
        "ENVELOPE_SPLIT_FORBIDDEN",
        ENVELOPE_ACTS,
        "all papers of the envelope move together",
        _not_parted,
        "ct_archive_records_c8_together",
        facts=("mates",),
    ),
    Rule(
        "C10",
        "TICKET_SEQUENCE_ERROR",
        EXITS,
        "each exit has the next number of its unit's tickets",
        by_construction,
        "tg_tickets_c10_next_number, uq_tickets_c10_number, uq_tickets_c10_one_per_exit, ct_operations_c10_exit_has_ticket, "
        "tg_tickets_c10_unit",
    ),
    Rule(
        "C11",
        "LEDGER_ENTRY_MISSING",
        VAULT_ACTS,
        "each first-tier entry and exit queues an off-balance entry",
        by_construction,
        "ct_operations_c11_off_balance, uq_off_balance_entries_c11_one_each, ct_off_balance_entries_c11_of_act",
    ),
    Rule(
        "C13",
        "PURPOSE_NOT_ALLOWED",
        LENDING,
        "the purpose is one of the tier's, for that kind of request",
        _purpose_fits,
        "fk_access_requests_c13_purpose, tg_request_lines_c13_tier",
        facts=("purpose",),
    ),
    Rule(
        "C13",
        "PURPOSE_NOT_ALLOWED",
        ASKING,
        "another purpose is told in words",
        lambda m: m.purpose is not Purpose.OTHER or bool(m.ask.reason and m.ask.reason.strip()),
        "ck_access_requests_c13_other_in_words",
        facts=("purpose",),
    ),
    Rule(
        "C14",
        "ALREADY_CHECKED_OUT",
        TAKING | EXITS,
        "the record has no open checkout",
        lambda m: m.movement is None or m.movement.out_at is None,
        "uq_movements_c14_one_open",
        facts=("movement",),
        earliest=lambda m: m.movement.due_at if m.movement else None,
    ),
    Rule(
        "C14",
        "RESERVED_BY_OTHER",
        TAKING | EXITS,
        "the record is not reserved for another request",
        lambda m: not _taken_by_another(m),
        "uq_movements_c14_one_open",
        facts=("movement",),
        earliest=lambda m: m.movement.lapses_at if m.movement else None,
    ),
    Rule(
        "C14",
        "RESERVED_BY_OTHER",
        AT_THE_VAULT,
        "no other operation is pending on the record",
        _no_other_operation,
        "uq_movements_c14_one_open, tg_movements_c14_one_pending",
        facts=("movement",),
        earliest=lambda m: m.movement.pending_until if m.movement else None,
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        ON_RECORDS,
        "the state permits the act",
        _state_permits,
        "tg_archive_records_c15_transition, ct_archive_records_c15_state_is_rows, tg_archive_records_c15_label",
        facts=("record",),
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        DECIDING | LEAVING | {Action.REJECT, Action.CANCEL, Action.SERVE},
        "the request is at the right step",
        _right_step,
        "tg_access_requests_c15_step",
        facts=("request",),
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        frozenset({Action.APPROVE, Action.EXTEND}),
        "an extension prolongs the checkout for which it was asked",
        _of_this_checkout,
        "tg_movements_c22_extension",
        facts=("request", "movement"),
    ),
    Rule(
        "C15",
        "INVALID_TRANSITION",
        LEAVING,
        "the request is of the kind of the act",
        _right_kind,
        "ct_movements_c15_request_kind, tg_movements_c15_birth",
        facts=("request",),
    ),
    Rule(
        "C16",
        "RECORD_ON_HOLD",
        LENDING | (EXITS - SENDING) | {Action.SURRENDER},  # a hold goes with the paper
        "no hold is active, or it permits this purpose",
        _no_hold,
        "tg_movements_c16_no_hold",
        facts=("holds",),
    ),
    Rule(
        "C16",
        "HOLD_NOT_LIFTABLE",
        LIFTING,
        "a hold is lifted by a second person",
        lambda m: m.hold is None or m.seats.get(Seat.SECOND, m.by).id != m.hold.placer or Seat.SECOND not in m.seats,
        "ck_holds_c16_second_person, ct_holds_c16_lifted_by_operation",
        facts=("seats",),
    ),
    Rule(
        "C16",
        "HOLD_NOT_LIFTABLE",
        LIFTING,
        "whoever proposed the lift is not its second",
        lambda m: len({person.id for person in m.seats.values()}) == len(m.seats),
        "uq_operation_seats_c1_c6_one_seat_each",
        facts=("seats",),
    ),
    Rule(
        "C17",
        "RECORD_FROZEN",
        (LENDING - ASKING) | EXITS | SENDING,
        "the record is not frozen by a discrepancy or a count",
        lambda m: not m.frozen,
        "tg_movements_c17_not_frozen",
        facts=("frozen", "counted_until"),
        earliest=count_ends,
    ),
    Rule(
        "C18",
        "BORROWER_BLOCKED",
        LENDING,
        "applicant and reader are active, and neither they nor their units are blocked for what is overdue",
        lambda m: not m.overdue and not m.inactive,
        "[from which day on somebody is blocked is a matter of the clock and a parameter]",
        facts=("overdue", "inactive"),
        overridable=as_asked,
    ),
    Rule(
        "C19",
        "HOLDER_MISMATCH",
        HANDING_OUT,
        "the receiver is the person the request names",
        _receiver_is_reader,
        "tg_operation_seats_c19_receiver, ct_movements_c19_holder",
        facts=("seats", "request"),
    ),
    Rule(
        "C20",
        "RESERVATION_EXPIRED",
        LEAVING,
        "the reservation has not lapsed",
        _not_lapsed,
        "ck_movements_c20_before_lapse, ct_movements_c20_overridden",
        facts=("lapsed",),
        overridable=_reservation_stands,
    ),
    Rule("C21", "DUE_DATE_REQUIRED", HANDING_OUT, "a due day is named", lambda m: m.due_at is not None, "ck_movements_c21_due"),
    Rule(
        "C21",
        "LOAN_TERM_EXCEEDED",
        HANDING_OUT | PROLONGING,
        "the due instant is after now and within the purpose's term",
        _within_term,
        "ck_movements_c21_due, tg_movements_c21_term",
        facts=("due_at", "due_at_max"),
        overridable=lambda m: m.due_at is not None and m.due_at > m.at,  # the term, never a due instant that is past
    ),
    Rule(
        "C22",
        "EXTENSION_TOO_LATE",
        PROLONGING,
        "the checkout is not yet due",
        _before_due,
        "tg_movements_c22_extension",
        facts=("movement",),
    ),
    Rule(
        "C22",
        "EXTENSION_LIMIT",
        PROLONGING,
        "the checkout was not extended before, or a court decides its end",
        _extends_once,
        "tg_movements_c22_extension",
        facts=("movement",),
    ),
    Rule(
        "C22",
        "COURT_PAPER_REQUIRED",
        PROLONGING,
        "a court's paper that is named came after the lending, for this extension alone, and without one the court has no further extension",
        _by_the_court,
        "tg_movements_c22_court_paper",
        facts=("movement",),
    ),
    Rule(
        "C19",
        "HOLDER_MISMATCH",
        frozenset({Action.REQUEST_EXTENSION}),
        "the holder asks for the extension",
        lambda m: m.movement is not None and m.by.id == m.movement.holder,
        "tg_movements_c22_extension",
        facts=("movement",),
    ),
)
