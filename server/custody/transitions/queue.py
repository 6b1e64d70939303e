"""Requests that wait for a record which somebody else has, and what they wait for: part of F3 and S4."""

from server.custody.transitions.chapter import EVERYONE, Chapter, Transition, stays
from server.custody.transitions.lending import APPROVERS, HELD
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Tier

CHAPTER = Chapter(
    transitions=(
        *stays(Tier.FIRST, (S.IN_VAULT, *HELD), A.ENQUEUE),
        *stays(Tier.SECOND, (S.FILED, *HELD, S.READING), A.ENQUEUE),
        Transition("F3", Tier.FIRST, S.IN_VAULT, A.SERVE, S.RESERVED),
        Transition("S4", Tier.SECOND, S.FILED, A.SERVE, S.RESERVED),
        *stays(Tier.FIRST, (S.IN_VAULT,), A.LAPSE),  # a reservation past its time counts as gone before a job tidies it
        *stays(Tier.SECOND, (S.FILED,), A.LAPSE),
    ),
    # SERVE is never a client's to ask: whoever frees the record brings it about, a job what was missed.
    who={A.ENQUEUE: APPROVERS, A.SERVE: EVERYONE | {R.SYSTEM}, A.LAPSE: frozenset({R.SYSTEM})},
    decides=frozenset({A.ENQUEUE}),
)
