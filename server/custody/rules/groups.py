"""Groups of acts, named as people say them. An act joins by what its chapter of `transitions` says of it."""

from server.custody.transitions import ADMINISTRATION, AT_THE_DESK, DECISIONS, ENTRIES, EXITS, FULFILLING, PART_OF, PARTS, RECORDLESS, SEATS
from server.custody.transitions.handovers import LETTING_GO, ON_LINES, SENDING
from storage.terms import Action as A

INTERNAL = frozenset({A.CONFIRM, A.REGISTER, A.STOP_DISPOSAL})
EVERY = frozenset(A) - INTERNAL
ON_RECORDS = EVERY - (RECORDLESS - {A.WITHDRAW})
ASKING = frozenset({A.REQUEST_CHECKOUT, A.REQUEST_READING, A.REQUEST_RELEASE, A.REQUEST_SUBSTITUTION})  # begin a request
DECIDING = frozenset({A.APPROVE, A.RESERVE, A.EXTEND, A.ENQUEUE})  # an approval, the last one included
JUDGING = frozenset({A.APPROVE_DISPOSAL, A.ACCEPT_VOLUME, A.DECLARE_LOST, A.CLOSE_LOST, A.SURRENDER})  # decide about a file, or inspect it
LEAVING = FULFILLING  # what was reserved leaves its place
TAKING = LEAVING | {A.RESERVE, A.SERVE}  # acts that make the record somebody's
LENDING = ASKING | {A.APPROVE, A.RESERVE, A.ENQUEUE, A.SERVE} | LEAVING
LIFTING = frozenset({A.LIFT_HOLD})
HANDING_OUT = frozenset({A.CHECK_OUT})  # to a reader who brings it back
SEATED = frozenset(action for action, _ in SEATS)
SEATED |= {part for part, whole in PART_OF.items() if whole in SEATED}  # done by whoever does the whole
AT_THE_VAULT = SEATED - AT_THE_DESK  # keepers open it
VAULT_ACTS = EXITS | ENTRIES
HANDING_OVER = ON_LINES  # lines of a handover: the papers of an envelope stay together
PROLONGING = frozenset({A.REQUEST_EXTENSION, A.EXTEND})
REFUSING_RETURN = frozenset({A.REJECT_RETURN, A.RETURN_MISSING})
OVERRIDES = {
    "C18": LENDING,
    "C20": LEAVING,
    "C21": HANDING_OUT | PROLONGING,
    "C23": PROLONGING,
    "C33": LETTING_GO,
}  # C50: in which acts the rule may be overridden
OVERRIDABLE = frozenset(action for acts in OVERRIDES.values() for action in acts)
SHELF_ACTS = frozenset({A.START_READING})  # leave a shelf, never a vault

__all__ = [
    "ADMINISTRATION", "ASKING", "AT_THE_DESK", "AT_THE_VAULT", "DECIDING", "DECISIONS", "ENTRIES", "EVERY", "EXITS", "HANDING_OUT", "HANDING_OVER",
    "INTERNAL", "JUDGING", "LEAVING", "LENDING", "LIFTING", "ON_RECORDS", "OVERRIDABLE", "OVERRIDES", "PARTS", "PROLONGING", "REFUSING_RETURN", "SEATED", "SENDING", "SHELF_ACTS", "TAKING",
    "VAULT_ACTS",
]  # fmt: skip
