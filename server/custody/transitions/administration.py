"""Changes of the bank's units, people, duties, places and parameters: proposed by one, confirmed by another."""

from server.custody.transitions.chapter import PAIR, Chapter
from storage.terms import Action as A
from storage.terms import Role as R
from storage.terms import Seat, Tier

ADMINISTRATION = frozenset(
    {A.CREATE_ORG_UNIT, A.REGISTER_STAFF, A.GRANT_ROLE, A.REVOKE_ROLE, A.DELEGATE, A.ASSIGN_DUTY, A.HAND_OVER_DUTY, A.DECLARE_RELATION,
     A.DEACTIVATE_STAFF, A.CREATE_LOCATIONS, A.PROPOSE_POLICY, A.GRANT_READING,
     A.TRANSFER_LOANS, A.CLOSE_ORG_UNIT}
)  # fmt: skip
ADMINISTERS = {Seat.PROPOSER: frozenset({R.ADMIN}), Seat.SECOND: frozenset({R.COMPLIANCE})}
CUSTODY_ROLES = frozenset({R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE, R.REGISTER_CLERK, R.ARCHIVIST})  # no service has them
CHAPTER = Chapter(
    seats={(action, tier): PAIR for action in sorted(ADMINISTRATION) for tier in Tier},
    seat_roles={(action, seat): roles for action in sorted(ADMINISTRATION) for seat, roles in ADMINISTERS.items()},
    at_desk=ADMINISTRATION,
    recordless=ADMINISTRATION,
)
