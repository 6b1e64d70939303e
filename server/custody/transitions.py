"""What may follow what: the F and S rows of the specification, who may ask, and who must sit.

Data only. PostgreSQL reads the same rows (table `transitions`), so the rule and its twin cannot differ.
"""

from collections.abc import Iterable
from typing import NamedTuple

from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Seat, Tier


class Transition(NamedTuple):
    """One row of domain section 3: `code` is its number there, or a dash where the state stays."""

    code: str
    tier: Tier
    start: S
    action: A
    finish: S


HELD = (S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING)
HOLDABLE_ACTS = (A.PLACE_HOLD, A.LIFT_HOLD)
REQUEST_ACTS = (A.REQUEST_CHECKOUT, A.APPROVE, A.REJECT)


def _lending(tier: Tier, rest: S, code: dict[A, str]) -> Iterable[Transition]:
    """Both tiers lend alike; they differ in the name of the shelf and the numbers of the rows."""

    def row(start: S, action: A, finish: S) -> Transition:
        return Transition(code.get(action, "–"), tier, start, action, finish)

    yield row(rest, A.RESERVE, S.RESERVED)
    yield row(S.RESERVED, A.LAPSE, rest)
    yield row(S.RESERVED, A.CANCEL, rest)
    yield row(S.RESERVED, A.CHECK_OUT, S.CHECKED_OUT)
    yield row(S.CHECKED_OUT, A.REQUEST_EXTENSION, S.CHECKED_OUT)
    yield row(S.CHECKED_OUT, A.EXTEND, S.CHECKED_OUT)
    yield row(S.CHECKED_OUT, A.CANCEL, S.CHECKED_OUT)
    yield row(S.RETURN_PENDING, A.CANCEL, S.RETURN_PENDING)
    yield row(rest, A.CANCEL, rest)
    yield row(S.CHECKED_OUT, A.PRESENT_RETURN, S.RETURN_PENDING)
    yield row(S.RETURN_PENDING, A.ACCEPT_RETURN, rest)
    yield row(S.RETURN_PENDING, A.REJECT_RETURN, S.CHECKED_OUT)
    yield row(S.RETURN_PENDING, A.RETURN_MISSING, S.MISSING)
    for state in (rest, *HELD):
        yield from (row(state, action, state) for action in (*REQUEST_ACTS, *HOLDABLE_ACTS, A.WITHDRAW))
        yield row(state, A.REPORT_MISSING, S.MISSING)
    yield from (row(S.MISSING, action, S.MISSING) for action in (*HOLDABLE_ACTS, A.WITHDRAW, A.REJECT, A.CANCEL))


FIRST = {
    A.REGISTER: "F1",
    A.INTAKE: "F2",
    A.RESERVE: "F3",
    A.CANCEL: "F4",
    A.LAPSE: "F4",
    A.CHECK_OUT: "F5",
    A.EXTEND: "F6",
    A.PRESENT_RETURN: "F7",
    A.ACCEPT_RETURN: "F8",
    A.REJECT_RETURN: "F9",
    A.RETURN_MISSING: "F9",
    A.REPORT_MISSING: "F14",
}
SECOND = {
    A.SUBMIT_VOLUME: "S1",
    A.ACCEPT_VOLUME: "S2",
    A.START_READING: "S3",
    A.END_READING: "S3",
    A.RESERVE: "S4",
    A.CANCEL: "S4",
    A.LAPSE: "S4",
    A.CHECK_OUT: "S4",
    A.EXTEND: "F6",
    A.PRESENT_RETURN: "S5",
    A.ACCEPT_RETURN: "S5",
    A.REJECT_RETURN: "S5",
    A.RETURN_MISSING: "S5",
    A.REPORT_MISSING: "S11",
}


def _all() -> Iterable[Transition]:
    yield Transition("F2", Tier.FIRST, S.PENDING_INTAKE, A.INTAKE, S.IN_VAULT)
    yield Transition("F14", Tier.FIRST, S.PENDING_INTAKE, A.REPORT_MISSING, S.MISSING)
    yield from (Transition("–", Tier.FIRST, S.PENDING_INTAKE, a, S.PENDING_INTAKE) for a in (*HOLDABLE_ACTS, A.WITHDRAW))
    yield from _lending(Tier.FIRST, S.IN_VAULT, FIRST)
    yield Transition("S1", Tier.SECOND, S.COLLECTING, A.SUBMIT_VOLUME, S.SUBMITTED)
    yield Transition("S2", Tier.SECOND, S.SUBMITTED, A.ACCEPT_VOLUME, S.FILED)
    yield Transition("S11", Tier.SECOND, S.SUBMITTED, A.REPORT_MISSING, S.MISSING)
    for state in (S.COLLECTING, S.SUBMITTED):
        yield from (Transition("–", Tier.SECOND, state, a, state) for a in HOLDABLE_ACTS)
    yield from _lending(Tier.SECOND, S.FILED, SECOND)
    yield from (Transition("–", Tier.SECOND, s, A.REQUEST_READING, s) for s in (S.FILED, *HELD, S.READING))
    yield Transition("S3", Tier.SECOND, S.RESERVED, A.START_READING, S.READING)
    yield Transition("S3", Tier.SECOND, S.READING, A.END_READING, S.FILED)
    yield Transition("S11", Tier.SECOND, S.READING, A.REPORT_MISSING, S.MISSING)
    yield from (Transition("–", Tier.SECOND, S.READING, a, S.READING) for a in (*HOLDABLE_ACTS, *REQUEST_ACTS, A.CANCEL))


TRANSITIONS: tuple[Transition, ...] = tuple(_all())
_NEXT = {(t.tier, t.start, t.action): t for t in TRANSITIONS}


def after(tier: Tier, state: S, action: A) -> S | None:
    """The state that follows, or None where the table has no row."""
    row = _NEXT.get((tier, state, action))
    return row and row.finish


ADMINISTRATION = frozenset(
    {A.CREATE_ORG_UNIT, A.REGISTER_STAFF, A.GRANT_ROLE, A.REVOKE_ROLE, A.DELEGATE, A.ASSIGN_DUTY, A.HAND_OVER_DUTY, A.DECLARE_RELATION,
     A.DEACTIVATE_STAFF, A.CREATE_LOCATIONS, A.PROPOSE_POLICY, A.GRANT_READING}
)  # fmt: skip
KEEPERS = (Seat.KEY, Seat.CODE, Seat.CLERK)
PAIR = (Seat.PROPOSER, Seat.SECOND)
SEATS: dict[tuple[A, Tier], tuple[Seat, ...]] = {
    (A.INTAKE, Tier.FIRST): KEEPERS,
    (A.CHECK_OUT, Tier.FIRST): (*KEEPERS, Seat.RECEIVER),
    (A.CHECK_OUT, Tier.SECOND): (Seat.ARCHIVIST,),
    (A.ACCEPT_RETURN, Tier.FIRST): KEEPERS,
    (A.ACCEPT_RETURN, Tier.SECOND): (Seat.ARCHIVIST,),
    (A.REJECT_RETURN, Tier.FIRST): (Seat.KEY, Seat.CODE),
    (A.REJECT_RETURN, Tier.SECOND): (Seat.ARCHIVIST,),
    **{(action, tier): PAIR for action in (A.LIFT_HOLD, *sorted(ADMINISTRATION)) for tier in Tier},
}
HOLD_KEEPERS = frozenset({R.LEGAL, R.COMPLIANCE, R.AUDITOR, R.RISK_HEAD})
SEAT_ROLES: dict[Seat, frozenset[R]] = {
    Seat.KEY: frozenset({R.VAULT_KEEPER_KEY}),
    Seat.CODE: frozenset({R.VAULT_KEEPER_CODE}),
    Seat.CLERK: frozenset({R.REGISTER_CLERK}),
    Seat.ARCHIVIST: frozenset({R.ARCHIVIST}),
    Seat.PROPOSER: HOLD_KEEPERS,
    Seat.SECOND: HOLD_KEEPERS,
    Seat.RECEIVER: frozenset(R) - {R.SYSTEM, R.EXAMINER},  # whoever the request names (C19)
}

ADMINISTERS = {Seat.PROPOSER: frozenset({R.ADMIN}), Seat.SECOND: frozenset({R.COMPLIANCE})}
CUSTODY_ROLES = frozenset({R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE, R.REGISTER_CLERK, R.ARCHIVIST})  # no service has them


def seat_roles(action: A, seat: Seat) -> frozenset[R]:
    """Who may take the seat in that act."""
    return ADMINISTERS[seat] if action in ADMINISTRATION else SEAT_ROLES[seat]


EVERYONE = frozenset(R) - {R.SYSTEM, R.EXAMINER}
APPLICANTS = frozenset({R.LOAN_OFFICER, R.LEGAL, R.AUDITOR, R.COLLECTIONS})
APPROVERS = frozenset({R.CREDIT_DEPT_HEAD, R.RISK_HEAD, R.VICE_PRESIDENT})
WHO: dict[A, frozenset[R]] = {  # acts with seats ask for the seat's role instead
    A.SUBMIT_VOLUME: frozenset({R.LOAN_OFFICER}),
    A.ACCEPT_VOLUME: frozenset({R.ARCHIVIST}),
    A.REQUEST_CHECKOUT: APPLICANTS,
    A.REQUEST_READING: APPLICANTS | {R.INSPECTOR, R.COMPLIANCE, R.RISK_HEAD},
    A.REQUEST_EXTENSION: APPLICANTS,
    A.APPROVE: APPROVERS,
    A.RESERVE: APPROVERS,
    A.EXTEND: APPROVERS,
    A.REJECT: APPROVERS,
    A.CANCEL: EVERYONE,
    A.WITHDRAW: EVERYONE,
    A.PRESENT_RETURN: frozenset({R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE, R.ARCHIVIST}),
    A.START_READING: frozenset({R.ARCHIVIST}),
    A.END_READING: frozenset({R.ARCHIVIST}),
    A.PLACE_HOLD: HOLD_KEEPERS,
    A.REPORT_MISSING: EVERYONE,
}
EXITS = frozenset({A.CHECK_OUT})  # each takes a ticket
ENTRIES = frozenset({A.INTAKE, A.ACCEPT_RETURN})
AT_THE_DESK = frozenset({A.LIFT_HOLD}) | ADMINISTRATION  # window in working days, not in minutes; occupies no record
