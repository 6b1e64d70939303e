"""Contracts: the loan officer enters an amendment, a head approves it."""

from server.custody.transitions.chapter import PAIR, Chapter
from storage.terms import Action as A
from storage.terms import Role as R
from storage.terms import Seat, Tier

PROPOSERS = frozenset({R.LOAN_OFFICER})
SECONDS = frozenset({R.CREDIT_DEPT_HEAD, R.BRANCH_HEAD})
CHAPTER = Chapter(
    seats={(A.AMEND_CONTRACT, tier): PAIR for tier in Tier},
    seat_roles={(A.AMEND_CONTRACT, Seat.PROPOSER): PROPOSERS, (A.AMEND_CONTRACT, Seat.SECOND): SECONDS},
    at_desk=frozenset({A.AMEND_CONTRACT}),
    decides=frozenset({A.AMEND_CONTRACT}),
    recordless=frozenset({A.AMEND_CONTRACT}),
)
