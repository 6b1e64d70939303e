"""What is not where it should be: F14, S11."""

from server.custody.transitions.chapter import EVERYONE, Chapter, Transition
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Tier

SOUGHT = {  # where a record may be found missing
    Tier.FIRST: (S.PENDING_INTAKE, S.IN_VAULT, S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING, S.IN_TRANSIT),
    Tier.SECOND: (S.SUBMITTED, S.FILED, S.READING, S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING, S.IN_TRANSIT, S.CLOSED_VOLUME, S.ARCHIVED,
                  S.DISPOSAL_PROPOSED, S.DISPOSAL_APPROVED),
}  # fmt: skip
CODES = {Tier.FIRST: "F14", Tier.SECOND: "S11"}
CHAPTER = Chapter(
    transitions=tuple(
        Transition(CODES[tier], tier, state, A.REPORT_MISSING, S.MISSING) for tier, states in SOUGHT.items() for state in states
    ),
    who={A.REPORT_MISSING: EVERYONE},
)
