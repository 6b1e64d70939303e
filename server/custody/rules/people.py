"""C0 to C6: who may act, and that no two of the duties meet in one person."""

from server.custody.moves import Move
from server.custody.policy import ranks
from server.custody.rules.groups import AT_THE_VAULT, DECIDING, DECISIONS, EVERY, EXITS, JUDGING, LEAVING, LIFTING, OVERRIDABLE, SEATED
from server.custody.rules.table import Rule, by_construction
from server.custody.transitions import SUBSTITUTES, WHO, seat_roles
from storage.terms import Action, Role, Seat

ROLES_CHANGE = (
    "tg_operation_seats_c0_administrators, tg_operation_seats_c0_role [an act without seats is its caller's, known to the server alone]"
)


def _has_role(m: Move) -> bool:
    if not (m.sitter or m.by).active:
        return False
    if m.ask.seat is Seat.OVERRIDE:  # whose permission is C50's
        return True
    if m.ask.overrides and m.action in WHO:
        return bool(m.by.roles & WHO[m.action])
    if m.required and m.ask.seat is None:  # none that is open fits: because it is taken, or because no seat is for the caller
        return bool(_roles_wanted(m) & m.by.roles)
    if m.required:
        return m.ask.seat is not None and bool(_roles_wanted(m) & m.by.roles)
    return bool(m.by.roles & WHO.get(m.action, frozenset()))  # an act of the other tier's seats is nobody's


def _roles_wanted(m: Move) -> frozenset[Role]:
    urgent = m.ask.emergency is not None
    if m.required and m.ask.seat is None:
        seats = (seat for seat in m.required if seat not in (Seat.RECEIVER, Seat.OVERRIDE))
        return frozenset(r for seat in seats for r in seat_roles(m.action, seat, emergency=urgent))
    return seat_roles(m.action, m.ask.seat, emergency=urgent) if m.required and m.ask.seat else WHO.get(m.action, frozenset())


def _keepers_on_duty(m: Move) -> bool:
    return all(m.seats[s].id in m.on_duty.get(s, frozenset()) or _substitutes(m, s) for s in (Seat.KEY, Seat.CODE) if s in m.seats)


def _substitutes(m: Move, seat: Seat) -> bool:
    return m.ask.emergency is not None and SUBSTITUTES[seat] in m.seats[seat].roles


def _all_different(m: Move) -> bool:
    keepers = [p.id for s, p in m.seats.items() if s is not Seat.CLERK]
    return len(set(keepers)) == len(keepers)


def _no_double_duty(m: Move) -> bool:
    both = m.on_duty.get(Seat.KEY, frozenset()) & m.on_duty.get(Seat.CODE, frozenset())
    return not both & {person.id for person in m.seats.values()}


def _releasers_are_others(m: Move) -> bool:
    if m.request is None:
        return True
    approvers, applicant = frozenset(m.request.approvals.values()), m.request.applicant
    hands = {seat: person.id for seat, person in m.seats.items() if seat is not Seat.RECEIVER}
    return not any(who in approvers or (who == applicant and seat is not Seat.OFFICER) for seat, who in hands.items())


def _clerk_is_another(m: Move) -> bool:
    clerk = m.seats.get(Seat.CLERK)
    return clerk is None or all(clerk.id != person.id for seat, person in m.seats.items() if seat is not Seat.CLERK)


def _needed(m: Move) -> frozenset[Role]:
    """By the matrix as it held when the request was made."""
    return (m.request.ranks if m.request else None) or ranks(m.record.tier, m.purpose)


def _approval_is_of_use(m: Move) -> bool:
    assert m.request is not None  # a decision names its request
    return bool((_needed(m) - set(m.request.approvals)) & m.by.roles)


def _fully_approved(m: Move) -> bool:
    return m.request is not None and _needed(m) <= set(m.request.approvals)


def _cancels_own(m: Move) -> bool:
    return m.request is not None and m.by.id == m.request.applicant


def _withdraws_own(m: Move) -> bool:
    return m.opened_by == m.by.id or any(person.id == m.by.id for person in m.seats.values())


NAMING_A_READER = frozenset({Action.REQUEST_CHECKOUT, Action.REQUEST_READING})
BY_ROLE = "the caller has a role for this act or seat"
RULES: tuple[Rule, ...] = (
    Rule(
        "C0",
        "ROLE_REQUIRED",
        EVERY,
        BY_ROLE,
        _has_role,
        ROLES_CHANGE,
        facts=("by", "required"),
        roles=_roles_wanted,
    ),
    Rule(
        "C0",
        "ROLE_REQUIRED",
        frozenset({Action.CANCEL}),
        "only the applicant cancels a request",
        _cancels_own,
        "[who calls is known to the server alone]",
        facts=("request",),
    ),
    Rule(
        "C0",
        "ROLE_REQUIRED",
        frozenset({Action.WITHDRAW}),
        "only who opened or joined an operation withdraws it",
        _withdraws_own,
        "[who calls is known to the server alone]",
        facts=("seats",),
    ),
    Rule(
        "C0",
        "SEAT_NOT_OPEN",
        SEATED | OVERRIDABLE,
        "the caller takes an open seat of the operation",
        lambda m: not m.required or m.ask.seat in m.open_seats,
        "uq_operation_seats_c1_each_once, tg_operation_seats_c1_on_duty",
        facts=("open_seats",),
    ),
    Rule(
        "C0",
        "SEAT_NOT_OPEN",
        frozenset({Action.WITHDRAW}),
        "the operation is still pending",
        lambda m: m.opened_by is not None,
        "tg_operations_c15_step",
        facts=("seats",),
    ),
    Rule(
        "C0",
        "HOLD_NOT_LIFTABLE",
        LIFTING,
        "the hold is active",
        lambda m: m.hold is not None,
        "ck_holds_c16_lifted_by",
        facts=("hold",),
    ),
    Rule(
        "C1",
        "DUAL_CONTROL_REQUIRED",
        AT_THE_VAULT,
        "KEY and CODE are two different keepers on duty now, or their substitutes in an emergency",
        lambda m: _keepers_on_duty(m) and _all_different(m),
        "tg_operation_seats_c1_on_duty, uq_operation_seats_c1_c6_one_seat_each, ct_operations_c1_all_seats, ck_operations_c1_in_time, "
        "ck_movements_c1_exit_by_operation, ct_movements_c1_done, tg_operations_c1_seats_of_act, ct_archive_records_c1_by_operation, "
        "ck_movements_c1_ended_by_operation, ct_operations_c1_emergency_reviewed, tg_operations_c1_vault, tg_operations_c1_window, "
        "tg_archive_records_c1_vault",
        facts=("seats", "on_duty"),
    ),
    Rule(
        "C1",
        "SERVICE_NOT_ALLOWED",
        SEATED,
        "a service takes no seat",
        lambda m: not (m.sitter or m.by).service,
        "tg_operation_seats_c1_no_service",
    ),
    Rule(
        "C1",
        "SERVICE_NOT_ALLOWED",
        NAMING_A_READER,
        "papers are lent to a person",
        lambda m: not m.for_a_service,
        "tg_access_requests_c1_no_service",
        facts=("for_a_service",),
    ),
    Rule(
        "C2",
        "KEEPER_DUTY_CONFLICT",
        AT_THE_VAULT,
        "nobody seated has KEY and CODE duty for one vault",
        _no_double_duty,
        "ex_keeper_duties_c2_one_seat_per_keeper",
        facts=("on_duty",),
    ),
    Rule(
        "C3",
        "SEGREGATION_OF_DUTIES",
        DECIDING | {Action.REJECT},
        "the approver is neither the applicant, nor whom the papers are for, nor an earlier approver",
        lambda m: m.request is not None and m.by.id not in {m.request.applicant, m.request.reader, *m.request.approvals.values()},
        "ck_approvals_c3_not_applicant, tg_approvals_c3_not_reader, uq_approvals_c3_one_each, fk_approvals_c3_applicant",
        facts=("request",),
    ),
    Rule(
        "C3",
        "SEGREGATION_OF_DUTIES",
        EXITS,
        "whoever hands out has not approved, nor, but for the officer of a release, applied",
        _releasers_are_others,
        "tg_operation_seats_c3_releaser",
        facts=("request", "seats"),
    ),
    Rule(
        "C4",
        "CONFLICT_OF_INTEREST",
        DECIDING | AT_THE_VAULT | JUDGING,
        "the caller has no interest in the loan",
        lambda m: m.ask.seat is Seat.RECEIVER or m.by.id not in m.interested,
        "tg_approvals_c4_no_interest, tg_operation_seats_c4_no_interest, tg_operation_seats_c4_deciding, "
        "tg_disposal_approvals_c4_no_interest, tg_archive_records_c4_taken_over",
    ),
    Rule(
        "C5",
        "APPROVAL_INSUFFICIENT",
        DECIDING,
        "the approver holds a rank that the request still needs",
        _approval_is_of_use,
        "uq_approvals_c5_one_per_rank, tg_approvals_c5_rank_held",
        facts=("request",),
        roles=_needed,
    ),
    Rule(
        "C5",
        "APPROVAL_INSUFFICIENT",
        LEAVING | {Action.SERVE},
        "every rank of the matrix has approved",
        _fully_approved,
        "ct_access_requests_c5_all_ranks, tg_request_lines_c5_before_approval, ct_movements_c5_approved",
        facts=("request",),
        roles=_needed,
    ),
    Rule(
        "C6",
        "REGISTER_CLERK_CONFLICT",
        AT_THE_VAULT,
        "the clerk is not one of the keepers",
        _clerk_is_another,
        "uq_operation_seats_c1_c6_one_seat_each",
        facts=("seats",),
    ),
)

VERSIONS: tuple[Rule, ...] = (
    Rule(
        "C51",
        "VERSION_CONFLICT",
        DECISIONS,
        "the version is the one that was read",
        lambda m: m.ask.expected_version in (None, m.version_now),
        "[what the caller has read is known to the caller alone]",
    ),
    Rule(
        "C51",
        "IDEMPOTENCY_CONFLICT",
        EVERY,
        "a key is spent once, on one input",
        by_construction,
        "pk_idempotency_keys, tg_idempotency_keys_c51_once",
    ),
)
