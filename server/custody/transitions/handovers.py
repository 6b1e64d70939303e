"""Handovers: papers pass to another unit, to the archive department or to the next custodian (F10, S7, C30 to C33)."""

from server.custody.transitions.administration import CUSTODY_ROLES
from server.custody.transitions.chapter import KEEPERS, Chapter, Transition, stays
from server.custody.transitions.everywhere import ENDED_BY
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Seat, Tier

FIRST, SECOND = Tier.FIRST, Tier.SECOND
SHELVED = (S.FILED, S.CLOSED_VOLUME)  # where a volume stands that may be sent
CARED_FOR = {  # what a custodian answers for, and may pass on without moving it
    FIRST: (S.PENDING_INTAKE, S.IN_VAULT, S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING),
    SECOND: (S.SUBMITTED, S.FILED, S.READING, S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING, S.CLOSED_VOLUME),
}
LISTED = {  # what the next custodian takes over besides, though it is not there or comes back to nobody
    FIRST: CARED_FOR[FIRST],
    SECOND: (*CARED_FOR[SECOND], S.MISSING, S.LOST, S.ARCHIVED, S.DISPOSAL_PROPOSED, S.DISPOSAL_APPROVED),
}
PAST = {  # what a line may have become since: whatever it is, the list does not stay open for it
    FIRST: (S.IN_TRANSIT, S.MISSING, S.LOST, *ENDED_BY[FIRST]),
    SECOND: (S.IN_TRANSIT, *ENDED_BY[SECOND]),
}
LISTABLE = (A.ADD_HANDOVER_LINES, A.REMOVE_HANDOVER_LINES)
UNDOING = (A.REMOVE_HANDOVER_LINES, A.REJECT_HANDOVER, A.RECALL_RESPONSIBILITY)
SENDING = frozenset({A.SEND_HANDOVER, A.SEND_PENDING})  # on its way
LETTING_GO = SENDING | {A.SEND_RESPONSIBILITY}
ARRIVING = frozenset({A.RECEIVE_HANDOVER, A.RECEIVE_PENDING})
TAKING_OVER = ARRIVING | {A.RECEIVE_RESPONSIBILITY, A.RECEIVE_CUSTODY}
COMING_BACK = frozenset({A.TAKE_BACK, A.TAKE_BACK_PENDING})
ON_LINES = LETTING_GO | TAKING_OVER | COMING_BACK | {A.REJECT_HANDOVER, A.RECALL_RESPONSIBILITY}
BY_GIVER = LETTING_GO | COMING_BACK | {A.RECALL_RESPONSIBILITY}
OPENERS = CUSTODY_ROLES | {R.OPS_HEAD, R.BRANCH_HEAD}
ONE_KEEPER = (Seat.CLERK,)
ARCHIVIST = (Seat.ARCHIVIST,)
HOLDS_CUSTODY = frozenset({R.REGISTER_CLERK, R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE})
STILL = (A.SEND_RESPONSIBILITY, A.RECEIVE_RESPONSIBILITY, A.REJECT_HANDOVER, A.RECALL_RESPONSIBILITY)

CHAPTER = Chapter(
    transitions=(
        Transition("F10", FIRST, S.IN_VAULT, A.SEND_HANDOVER, S.IN_TRANSIT),
        Transition("F10", FIRST, S.PENDING_INTAKE, A.SEND_PENDING, S.IN_TRANSIT),
        Transition("F10", FIRST, S.IN_TRANSIT, A.RECEIVE_HANDOVER, S.IN_VAULT),
        Transition("F10", FIRST, S.IN_TRANSIT, A.RECEIVE_PENDING, S.PENDING_INTAKE),
        Transition("F10", FIRST, S.IN_TRANSIT, A.TAKE_BACK, S.IN_VAULT),
        Transition("F10", FIRST, S.IN_TRANSIT, A.TAKE_BACK_PENDING, S.PENDING_INTAKE),
        *(Transition("S7", SECOND, state, A.SEND_HANDOVER, S.IN_TRANSIT) for state in SHELVED),
        *(Transition("S7", SECOND, S.IN_TRANSIT, A.RECEIVE_HANDOVER, state) for state in (*SHELVED, S.ARCHIVED)),
        *(Transition("S7", SECOND, S.IN_TRANSIT, A.TAKE_BACK, state) for state in SHELVED),
        *(
            t
            for tier, states in LISTED.items()
            for t in stays(tier, states, A.ADD_HANDOVER_LINES, A.SEND_RESPONSIBILITY, A.RECEIVE_CUSTODY)
        ),
        *(t for tier, states in CARED_FOR.items() for t in stays(tier, states, A.RECEIVE_RESPONSIBILITY)),
        *(t for tier in Tier for t in stays(tier, (*LISTED[tier], *PAST[tier]), *UNDOING)),
    ),
    seats={
        (A.SEND_HANDOVER, FIRST): KEEPERS,
        (A.SEND_HANDOVER, SECOND): ARCHIVIST,
        (A.SEND_PENDING, FIRST): (Seat.OFFICER, Seat.CLERK),
        (A.RECEIVE_HANDOVER, FIRST): KEEPERS,
        (A.RECEIVE_HANDOVER, SECOND): ARCHIVIST,
        (A.RECEIVE_PENDING, FIRST): KEEPERS,
        (A.TAKE_BACK, FIRST): KEEPERS,
        (A.TAKE_BACK, SECOND): ARCHIVIST,
        (A.TAKE_BACK_PENDING, FIRST): (Seat.OFFICER, Seat.CLERK),
        **{(action, FIRST): ONE_KEEPER for action in STILL},
        **{(action, SECOND): ARCHIVIST for action in STILL},
        **{(A.RECEIVE_CUSTODY, tier): (Seat.RECEIVER, Seat.SUPERVISOR) for tier in Tier},
    },
    seat_roles={
        **{(action, Seat.CLERK): HOLDS_CUSTODY for action in STILL},
        (A.RECEIVE_CUSTODY, Seat.RECEIVER): CUSTODY_ROLES,
    },
    who={A.CREATE_HANDOVER: OPENERS, A.ADD_HANDOVER_LINES: OPENERS, A.REMOVE_HANDOVER_LINES: OPENERS},
    exits=frozenset({A.SEND_HANDOVER}),
    entries=frozenset({A.RECEIVE_HANDOVER, A.TAKE_BACK}),
    at_desk=frozenset({A.RECEIVE_CUSTODY, *STILL}),
    recordless=frozenset({A.CREATE_HANDOVER}),
    quiet=frozenset({A.CREATE_HANDOVER, *LISTABLE}),
)
