"""C0 to C3 and C32 for administration: two people change the bank, nobody changes themself, custody is handed over first."""

from server.custody.moves import Move
from server.custody.rules.table import Rule
from server.custody.transitions import ADMINISTRATION, CUSTODY_ROLES
from storage.terms import Action, StaffKind

DUTIES = frozenset({Action.ASSIGN_DUTY, Action.HAND_OVER_DUTY})
GIVING_ROLES = frozenset({Action.REGISTER_STAFF, Action.GRANT_ROLE, Action.DELEGATE}) | DUTIES


def _is_another(m: Move) -> bool:
    return not m.touched & {m.by.id, *(person.id for person in m.seats.values())}


def _no_service_in_custody(m: Move) -> bool:
    service = m.subject is not None and m.subject.kind is StaffKind.SERVICE
    return not service or (m.action not in DUTIES and not m.asked_roles & CUSTODY_ROLES)


RULES: tuple[Rule, ...] = (
    Rule(
        "C0",
        "SELF_CHANGE_FORBIDDEN",
        ADMINISTRATION,
        "nobody proposes or confirms a change of themself",
        _is_another,
        "tg_operation_seats_c0_not_oneself",
    ),
    Rule(
        "C1",
        "SERVICE_NOT_ALLOWED",
        GIVING_ROLES,
        "a service account gets no custody role and no duty",
        _no_service_in_custody,
        "tg_staff_c1_no_service_in_custody",
        facts=("subject",),
    ),
    Rule(
        "C2",
        "KEEPER_DUTY_CONFLICT",
        DUTIES,
        "the keeper has no other duty for the vault in that time",
        lambda m: m.subject is None or not m.subject.has_duty_then,
        "ex_keeper_duties_c2_one_seat_per_keeper",
        facts=("subject",),
    ),
    Rule(
        "C2",
        "KEEPER_DUTY_CONFLICT",
        DUTIES,
        "nobody has the key and the code of one vault on one day",
        lambda m: m.subject is None or not m.subject.has_other_seat,
        "tg_keeper_duties_c2_one_seat_a_day",
        facts=("subject",),
    ),
    Rule(
        "C3",
        "SEGREGATION_OF_DUTIES",
        ADMINISTRATION | {Action.CORRECT, Action.AMEND_CONTRACT},
        "whoever proposed a change does not confirm it",
        lambda m: len({person.id for person in m.seats.values()}) == len(m.seats),
        "uq_operation_seats_c1_c6_one_seat_each",
        facts=("seats",),
    ),
    Rule(
        "C32",
        "CUSTODY_NOT_CLEARED",
        frozenset({Action.DEACTIVATE_STAFF}),
        "a leaver holds no paper, no duty, no shelf and no open case",
        lambda m: m.subject is None or not m.subject.has_custody,
        "tg_staff_c32_custody_cleared, tg_movements_c32_holder",
        facts=("subject",),
    ),
)
