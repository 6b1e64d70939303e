"""What leaves for good: F11 released on settlement, F12 substituted, F13 surrendered to the court; and core banking's word."""

from server.custody.transitions.chapter import KEEPERS, Chapter, Transition, stays
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Seat, Tier

FIRST = Tier.FIRST
CHAPTER = Chapter(
    transitions=(
        *stays(FIRST, (S.IN_VAULT, S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING), A.REQUEST_RELEASE, A.REQUEST_SUBSTITUTION),
        *stays(FIRST, (S.IN_VAULT, S.RESERVED), A.VERIFY_RECIPIENT),
        Transition("F11", FIRST, S.RESERVED, A.RELEASE, S.RELEASED),
        Transition("F12", FIRST, S.RESERVED, A.SUBSTITUTE, S.SUBSTITUTED),
        Transition("F13", FIRST, S.CHECKED_OUT, A.SURRENDER, S.SURRENDERED),
    ),
    seats={
        (A.RELEASE, FIRST): (*KEEPERS, Seat.OFFICER),
        (A.SUBSTITUTE, FIRST): KEEPERS,
        (A.SURRENDER, FIRST): (Seat.PROPOSER, Seat.SECOND),
    },
    seat_roles={(A.SURRENDER, Seat.PROPOSER): frozenset({R.LEGAL}), (A.SURRENDER, Seat.SECOND): frozenset({R.OPS_HEAD})},
    who={
        A.POST_POSITION: frozenset({R.SYSTEM}),
        A.ISSUE_NOTICE: frozenset({R.LOAN_OFFICER}),
        A.REQUEST_RELEASE: frozenset({R.LOAN_OFFICER}),
        A.REQUEST_SUBSTITUTION: frozenset({R.LOAN_OFFICER}),
        A.VERIFY_RECIPIENT: frozenset({R.LOAN_OFFICER, R.REGISTER_CLERK}),
    },
    exits=frozenset({A.RELEASE, A.SUBSTITUTE}),
    at_desk=frozenset({A.SURRENDER}),
    takes=frozenset({A.RELEASE, A.SUBSTITUTE}),
    decides=frozenset({A.RELEASE, A.SUBSTITUTE}),
    recordless=frozenset({A.POST_POSITION, A.ISSUE_NOTICE}),
)
