"""Acts that any live record admits: a hold, and the end of an operation that nobody will finish."""

from server.custody.transitions.chapter import EVERYONE, PAIR, Chapter, stays
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Tier

ENDED_BY = {
    Tier.FIRST: (S.RELEASED, S.SUBSTITUTED, S.SURRENDERED, S.REPLACED, S.CLOSED_LOST),
    Tier.SECOND: (S.DESTROYED, S.CLOSED_LOST),
}
ENDED = frozenset(state for states in ENDED_BY.values() for state in states)  # nothing follows
SHARED = (S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING, S.IN_TRANSIT, S.MISSING, S.LOST)
LIVE = {
    Tier.FIRST: (S.AWAITED, S.PENDING_INTAKE, S.IN_VAULT, *SHARED),
    Tier.SECOND: (S.COLLECTING, S.SUBMITTED, S.FILED, S.READING, S.CLOSED_VOLUME, S.ARCHIVED, S.DISPOSAL_PROPOSED, S.DISPOSAL_APPROVED,
                  *SHARED),
}  # fmt: skip
HOLD_KEEPERS = frozenset({R.LEGAL, R.COMPLIANCE, R.AUDITOR, R.RISK_HEAD})
CHAPTER = Chapter(
    transitions=tuple(t for tier, states in LIVE.items() for t in stays(tier, states, A.PLACE_HOLD, A.LIFT_HOLD, A.WITHDRAW)),
    seats={(A.LIFT_HOLD, tier): PAIR for tier in Tier},
    seat_roles={(A.LIFT_HOLD, seat): HOLD_KEEPERS for seat in PAIR},
    who={A.PLACE_HOLD: HOLD_KEEPERS, A.WITHDRAW: EVERYONE},
    at_desk=frozenset({A.LIFT_HOLD}),
    decides=frozenset({A.LIFT_HOLD}),
    recordless=frozenset({A.PLACE_HOLD, A.LIFT_HOLD, A.WITHDRAW}),
)
