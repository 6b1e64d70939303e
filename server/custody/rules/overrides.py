"""C50: which rules may be overridden, and by whom. The broken rule is recorded as overridden; it never counts as kept."""

from server.custody.moves import Move, Person
from server.custody.rules.groups import OVERRIDABLE, OVERRIDES
from server.custody.rules.table import Rule
from storage.terms import Role, Seat


def _second(m: Move) -> Person | None:
    return m.seats.get(Seat.OVERRIDE)


def _may_be_overridden(m: Move) -> bool:
    return all(m.action in OVERRIDES.get(o.rule, frozenset()) and m.overriders.get(o.rule) for o in m.ask.overrides)


def _permitted(m: Move) -> bool:
    who = _second(m)
    return who is None or all(m.overriders.get(o.rule, frozenset()) & who.roles for o in m.ask.overrides)


def _permissions(m: Move) -> frozenset[Role]:
    wanted = [m.overriders.get(o.rule, frozenset()) for o in m.ask.overrides]
    return frozenset.intersection(*wanted) if wanted else frozenset()


def _is_another(m: Move) -> bool:
    who = _second(m)
    if who is None:
        return True
    others = {person.id for seat, person in m.seats.items() if seat is not Seat.OVERRIDE}
    if m.ask.operation is None:  # nobody begins an act by letting a rule be broken
        return False
    gain = {m.request.applicant, m.request.reader} if m.request else {m.ask.reader}
    return who.id not in others | gain | m.interested


RULES: tuple[Rule, ...] = (
    Rule(
        "C50",
        "OVERRIDE_NOT_PERMITTED",
        OVERRIDABLE,
        "an override names a rule of this act that the bank lets override",
        _may_be_overridden,
        "ck_overrides_c50_rule, ct_overrides_c50_second_person",
    ),
    Rule(
        "C50",
        "OVERRIDE_NOT_EXPLAINED",
        OVERRIDABLE,
        "an override says why",
        lambda m: all(o.comment.strip() for o in m.ask.overrides),
        "ck_overrides_c50_comment",
    ),
    Rule(
        "C50",
        "OVERRIDE_NOT_PERMITTED",
        OVERRIDABLE,
        "whoever confirms an override has the permission of each rule",
        _permitted,
        "tg_operation_seats_c50_permitted",
        roles=_permissions,
    ),
    Rule(
        "C50",
        "OVERRIDE_NOT_PERMITTED",
        OVERRIDABLE,
        "whoever confirms an override gains nothing by it and has no other part in the act",
        _is_another,
        "tg_operation_seats_c50_another",
        roles=_permissions,
    ),
)
