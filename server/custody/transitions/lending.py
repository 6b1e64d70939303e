"""Lending of both tiers, and reading in the room: F3 to F9, S3 to S5."""

from collections.abc import Iterable

from server.custody.transitions.chapter import EVERYONE, KEEPERS, Chapter, Transition, stays
from server.custody.transitions.everywhere import ENDED_BY, LIVE
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Seat, Tier

HELD = (S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING)
CODES = {
    Tier.FIRST: {A.RESERVE: "F3", A.CANCEL: "F4", A.LAPSE: "F4", A.CHECK_OUT: "F5", A.EXTEND: "F6", A.PRESENT_RETURN: "F7",
                 A.ACCEPT_RETURN: "F8", A.REJECT_RETURN: "F9", A.RETURN_MISSING: "F9"},
    Tier.SECOND: {A.RESERVE: "S4", A.CANCEL: "S4", A.LAPSE: "S4", A.CHECK_OUT: "S4", A.EXTEND: "F6", A.PRESENT_RETURN: "S5",
                  A.ACCEPT_RETURN: "S5", A.REJECT_RETURN: "S5", A.RETURN_MISSING: "S5"},
}  # fmt: skip


def _lending(tier: Tier, rest: S) -> Iterable[Transition]:
    """Both tiers lend alike; they differ in the name of the shelf and the numbers of the rows."""

    def row(start: S, action: A, finish: S) -> Transition:
        return Transition(CODES[tier].get(action, "–"), tier, start, action, finish)

    yield row(rest, A.RESERVE, S.RESERVED)
    yield row(S.RESERVED, A.LAPSE, rest)
    yield row(S.RESERVED, A.CANCEL, rest)
    yield row(S.RESERVED, A.CHECK_OUT, S.CHECKED_OUT)
    yield row(S.CHECKED_OUT, A.REQUEST_EXTENSION, S.CHECKED_OUT)
    yield row(S.CHECKED_OUT, A.EXTEND, S.CHECKED_OUT)
    yield row(S.CHECKED_OUT, A.PRESENT_RETURN, S.RETURN_PENDING)
    yield row(S.RETURN_PENDING, A.ACCEPT_RETURN, rest)
    yield row(S.RETURN_PENDING, A.REJECT_RETURN, S.CHECKED_OUT)
    yield row(S.RETURN_PENDING, A.RETURN_MISSING, S.MISSING)
    yield from stays(tier, (rest, *HELD), A.REQUEST_CHECKOUT, A.APPROVE)
    # A request can always be ended, whatever became of the paper since: nobody shall have one that never goes away.
    yield from (row(state, A.CANCEL, state) for state in (*LIVE[tier], *ENDED_BY[tier]) if state is not S.RESERVED)
    yield from stays(tier, (*LIVE[tier], *ENDED_BY[tier]), A.REJECT)


def _reading() -> Iterable[Transition]:
    yield from stays(Tier.SECOND, (S.FILED, *HELD, S.READING), A.REQUEST_READING)
    yield Transition("S3", Tier.SECOND, S.RESERVED, A.START_READING, S.READING)
    yield Transition("S3", Tier.SECOND, S.READING, A.END_READING, S.FILED)
    yield from stays(Tier.SECOND, (S.READING,), A.REQUEST_CHECKOUT, A.APPROVE)


APPLICANTS = frozenset({R.LOAN_OFFICER, R.LEGAL, R.AUDITOR, R.COLLECTIONS})
APPROVERS = frozenset({R.CREDIT_DEPT_HEAD, R.RISK_HEAD, R.BRANCH_HEAD, R.VICE_PRESIDENT, R.PRESIDENT})  # may stand in the matrix of C5
RECEIVERS = {Tier.FIRST: frozenset({R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE}), Tier.SECOND: frozenset({R.ARCHIVIST})}  # of what comes back
CHAPTER = Chapter(
    transitions=(*_lending(Tier.FIRST, S.IN_VAULT), *_lending(Tier.SECOND, S.FILED), *_reading()),
    seats={
        (A.CHECK_OUT, Tier.FIRST): (*KEEPERS, Seat.RECEIVER),
        (A.CHECK_OUT, Tier.SECOND): (Seat.ARCHIVIST,),
        (A.ACCEPT_RETURN, Tier.FIRST): KEEPERS,
        (A.ACCEPT_RETURN, Tier.SECOND): (Seat.ARCHIVIST,),
        (A.REJECT_RETURN, Tier.FIRST): (Seat.KEY, Seat.CODE),
        (A.REJECT_RETURN, Tier.SECOND): (Seat.ARCHIVIST,),
    },
    who={
        A.REQUEST_CHECKOUT: APPLICANTS,
        A.REQUEST_READING: APPLICANTS | {R.INSPECTOR, R.COMPLIANCE, R.RISK_HEAD},
        A.REQUEST_EXTENSION: EVERYONE,  # whoever holds it (C19)
        A.APPROVE: APPROVERS,
        A.RESERVE: APPROVERS,
        A.EXTEND: APPROVERS,
        A.REJECT: APPROVERS,
        A.CANCEL: EVERYONE,
        A.PRESENT_RETURN: RECEIVERS[Tier.FIRST] | RECEIVERS[Tier.SECOND],
        A.START_READING: frozenset({R.ARCHIVIST}),
        A.END_READING: frozenset({R.ARCHIVIST}),
    },
    exits=frozenset({A.CHECK_OUT}),
    entries=frozenset({A.ACCEPT_RETURN}),
    takes=frozenset({A.CHECK_OUT, A.START_READING}),
    decides=frozenset({A.APPROVE, A.RESERVE, A.EXTEND, A.REJECT, A.CANCEL}),
    parts=frozenset({A.RETURN_MISSING}),
    part_of={A.RETURN_MISSING: A.REJECT_RETURN},
)
