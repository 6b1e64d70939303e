"""Second-tier volumes from the loan officer to the archivist's shelf: S1, S2."""

from server.custody.transitions.chapter import Chapter, Transition
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Tier

CHAPTER = Chapter(
    transitions=(
        Transition("S1", Tier.SECOND, S.COLLECTING, A.SUBMIT_VOLUME, S.SUBMITTED),
        Transition("S2", Tier.SECOND, S.SUBMITTED, A.ACCEPT_VOLUME, S.FILED),
    ),
    who={A.SUBMIT_VOLUME: frozenset({R.LOAN_OFFICER}), A.ACCEPT_VOLUME: frozenset({R.ARCHIVIST})},
)
