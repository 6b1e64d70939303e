"""Second-tier volumes from the loan officer to the shelf, closed with their loan, and their end: S1, S2, S6, S8 to S10."""

from server.custody.transitions.chapter import PAIR, Chapter, Transition, stays
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Seat, Tier

SECOND = Tier.SECOND
KEPT = (S.CLOSED_VOLUME, S.ARCHIVED)  # from where a volume may be proposed for disposal, and goes back to
OFFICER, ARCHIVIST = frozenset({R.LOAN_OFFICER}), frozenset({R.ARCHIVIST})
HEADS = frozenset({R.CREDIT_DEPT_HEAD, R.RISK_HEAD, R.PRESIDENT_OFFICE})
CHAPTER = Chapter(
    transitions=(
        *stays(SECOND, (S.COLLECTING,), A.ADD_FILE_ITEM),
        Transition("S1", SECOND, S.COLLECTING, A.SUBMIT_VOLUME, S.SUBMITTED),
        Transition("S2", SECOND, S.SUBMITTED, A.ACCEPT_VOLUME, S.FILED),
        Transition("S2", SECOND, S.SUBMITTED, A.RETURN_VOLUME, S.COLLECTING),
        Transition("S6", SECOND, S.FILED, A.CLOSE_VOLUME, S.CLOSED_VOLUME),
        Transition("S6", SECOND, S.CLOSED_VOLUME, A.REOPEN_VOLUME, S.FILED),
        *(Transition("S8", SECOND, state, A.PROPOSE_DISPOSAL, S.DISPOSAL_PROPOSED) for state in KEPT),
        Transition("S8", SECOND, S.DISPOSAL_PROPOSED, A.APPROVE_DISPOSAL, S.DISPOSAL_PROPOSED),
        Transition("S8", SECOND, S.DISPOSAL_PROPOSED, A.APPROVE_DISPOSAL, S.DISPOSAL_APPROVED),
        Transition("S9", SECOND, S.DISPOSAL_APPROVED, A.EXECUTE_DISPOSAL, S.DESTROYED),
        *(
            Transition("S10", SECOND, state, action, back)
            for state in (S.DISPOSAL_PROPOSED, S.DISPOSAL_APPROVED)
            for action in (A.REJECT_DISPOSAL, A.STOP_DISPOSAL)
            for back in KEPT
        ),
    ),
    seats={(A.EXECUTE_DISPOSAL, SECOND): PAIR},
    seat_roles={
        (A.EXECUTE_DISPOSAL, Seat.PROPOSER): ARCHIVIST,
        (A.EXECUTE_DISPOSAL, Seat.SECOND): frozenset({R.AUDITOR, R.COMPLIANCE, R.RISK_HEAD, R.OPS_HEAD}),
    },
    who={
        A.REGISTER_SECOND_TIER: OFFICER,
        A.ADD_FILE_ITEM: OFFICER,
        A.SUBMIT_VOLUME: OFFICER,
        A.ACCEPT_VOLUME: ARCHIVIST,
        A.RETURN_VOLUME: ARCHIVIST,
        A.RECORD_ELEMENT_CHECK: frozenset({R.LOAN_OFFICER, R.CREDIT_DEPT_HEAD, R.ARCHIVIST}),
        A.CLOSE_VOLUME: ARCHIVIST,
        A.REOPEN_VOLUME: ARCHIVIST,
        A.PROPOSE_DISPOSAL: ARCHIVIST,
        A.APPROVE_DISPOSAL: HEADS,
        A.REJECT_DISPOSAL: HEADS,
    },
    at_desk=frozenset({A.EXECUTE_DISPOSAL}),
    decides=frozenset({A.APPROVE_DISPOSAL, A.REJECT_DISPOSAL, A.CLOSE_VOLUME}),
    parts=frozenset({A.STOP_DISPOSAL}),  # by a new hold, in every branch that it reaches
    recordless=frozenset({A.REGISTER_SECOND_TIER, A.RECORD_ELEMENT_CHECK}),
)
