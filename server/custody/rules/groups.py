"""Groups of acts, named as people say them."""

from server.custody.transitions import ADMINISTRATION, SEATS
from storage.terms import Action as A

INTERNAL = frozenset({A.LAPSE, A.CONFIRM, A.REGISTER})
EVERY = frozenset(A) - INTERNAL
ON_RECORDS = EVERY - {A.PLACE_HOLD, A.LIFT_HOLD} - ADMINISTRATION
ASKING = frozenset({A.REQUEST_CHECKOUT, A.REQUEST_READING})
DECIDING = frozenset({A.APPROVE, A.RESERVE, A.EXTEND})
DECISIONS = DECIDING | {A.REJECT, A.CANCEL, A.LIFT_HOLD}
LENDING = ASKING | {A.APPROVE, A.RESERVE, A.CHECK_OUT, A.START_READING}
TAKING = frozenset({A.RESERVE, A.CHECK_OUT, A.START_READING})  # acts that make the record somebody's
LIFTING = frozenset({A.LIFT_HOLD})
EXIT = frozenset({A.CHECK_OUT})
LEAVING = frozenset({A.CHECK_OUT, A.START_READING})
SEATED = frozenset(action for action, _ in SEATS)
VAULT_ACTS = frozenset({A.INTAKE, A.CHECK_OUT, A.ACCEPT_RETURN, A.REJECT_RETURN})
PROLONGING = frozenset({A.REQUEST_EXTENSION, A.EXTEND})
REFUSING_RETURN = frozenset({A.REJECT_RETURN, A.RETURN_MISSING})
