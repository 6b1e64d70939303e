"""Stocktakes: C41 to C43. A comparison finds records missing (F14, S11); nothing else of it moves one."""

from server.custody.transitions.chapter import EVERYONE, Chapter, Transition
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Tier

LISTED = {  # states of what the list has on its shelf
    Tier.FIRST: (S.IN_VAULT, S.RESERVED),
    Tier.SECOND: (S.FILED, S.RESERVED, S.CLOSED_VOLUME, S.ARCHIVED, S.DISPOSAL_PROPOSED, S.DISPOSAL_APPROVED),
}
CODES = {Tier.FIRST: "F14", Tier.SECOND: "S11"}
STOCKTAKERS = frozenset({R.OPS_HEAD, R.BRANCH_HEAD, R.VICE_PRESIDENT, R.PRESIDENT})  # who runs them: the heads of the ladder
ABOUT_STOCKTAKES = frozenset({A.OPEN_STOCKTAKE, A.SUBMIT_COUNT, A.COMPARE_COUNTS, A.SIGN_STOCKTAKE})
CHAPTER = Chapter(
    transitions=tuple(
        Transition(CODES[tier], tier, state, A.COUNT_MISSING, S.MISSING) for tier, states in LISTED.items() for state in states
    ),
    who={
        A.OPEN_STOCKTAKE: STOCKTAKERS,
        A.SUBMIT_COUNT: EVERYONE,  # whoever the stocktake names
        A.COMPARE_COUNTS: STOCKTAKERS,
        A.COUNT_MISSING: STOCKTAKERS,
        A.SIGN_STOCKTAKE: frozenset({R.OPS_HEAD}),
    },
    decides=frozenset({A.SIGN_STOCKTAKE}),
    parts=frozenset({A.COUNT_MISSING}),
    recordless=ABOUT_STOCKTAKES,
)
