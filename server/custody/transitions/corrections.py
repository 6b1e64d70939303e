"""Corrections: one proposes, another confirms, in whatever state the record is."""

from server.custody.transitions.chapter import PAIR, Chapter, stays
from server.custody.transitions.everywhere import ENDED_BY, LIVE
from storage.terms import Action as A
from storage.terms import Role as R
from storage.terms import Seat, Tier

PROPOSERS = frozenset({R.LOAN_OFFICER, R.ARCHIVIST, R.REGISTER_CLERK, R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE, R.OPS_HEAD})
SECONDS = frozenset({R.CREDIT_DEPT_HEAD, R.OPS_HEAD, R.BRANCH_HEAD, R.COMPLIANCE})
CHAPTER = Chapter(
    transitions=tuple(t for tier in Tier for t in stays(tier, (*LIVE[tier], *ENDED_BY[tier]), A.CORRECT)),
    seats={(A.CORRECT, tier): PAIR for tier in Tier},
    seat_roles={(A.CORRECT, Seat.PROPOSER): PROPOSERS, (A.CORRECT, Seat.SECOND): SECONDS},
    at_desk=frozenset({A.CORRECT}),
    decides=frozenset({A.CORRECT}),
    recordless=frozenset({A.CORRECT}),
)
