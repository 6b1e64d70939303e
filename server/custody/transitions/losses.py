"""What is not where it should be: F14 to F18, S11."""

from server.custody.transitions.chapter import EVERYONE, KEEPERS, PAIR, Chapter, Transition, stays
from server.custody.transitions.everywhere import ENDED, LIVE
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Seat, Tier

SOUGHT = {  # where a record may be found missing
    Tier.FIRST: (S.PENDING_INTAKE, S.IN_VAULT, S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING, S.IN_TRANSIT),
    Tier.SECOND: (S.SUBMITTED, S.FILED, S.READING, S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING, S.IN_TRANSIT, S.CLOSED_VOLUME, S.ARCHIVED,
                  S.DISPOSAL_PROPOSED, S.DISPOSAL_APPROVED),
}  # fmt: skip
REST = {
    Tier.FIRST: (S.IN_VAULT, S.PENDING_INTAKE),
    Tier.SECOND: (S.FILED, S.SUBMITTED, S.CLOSED_VOLUME, S.ARCHIVED),
}  # where what is found may go back to
CODES = {
    Tier.FIRST: {A.REPORT_MISSING: "F14", A.RESOLVE_FOUND: "F15", A.DECLARE_LOST: "F16", A.CLOSE_LOST: "F18"},
    Tier.SECOND: dict.fromkeys((A.REPORT_MISSING, A.RESOLVE_FOUND, A.DECLARE_LOST, A.CLOSE_LOST), "S11"),
}
HEADS = {Seat.PROPOSER: frozenset({R.OPS_HEAD}), Seat.SECOND: frozenset({R.VICE_PRESIDENT})}
ENDINGS = frozenset({A.DECLARE_LOST, A.CLOSE_LOST})
GONE = {tier: (S.LOST, S.CLOSED_LOST, *((S.REPLACED,) if tier is Tier.FIRST else ())) for tier in Tier}


def _rows(tier: Tier) -> tuple[Transition, ...]:
    def row(start: S, action: A, finish: S) -> Transition:
        return Transition(CODES[tier][action], tier, start, action, finish)

    every = (
        *LIVE[tier],
        *sorted(ENDED - ({S.DESTROYED} if tier is Tier.FIRST else {S.RELEASED, S.SUBSTITUTED, S.SURRENDERED, S.REPLACED})),
    )
    return (
        *(row(state, A.REPORT_MISSING, S.MISSING) for state in SOUGHT[tier]),
        *(row(S.MISSING, A.RESOLVE_FOUND, state) for state in REST[tier]),
        row(S.MISSING, A.DECLARE_LOST, S.LOST),
        row(S.LOST, A.CLOSE_LOST, S.CLOSED_LOST),
        *stays(tier, (S.MISSING,), A.RECORD_SEARCH, A.NOTIFY_COMPLIANCE),
        *stays(tier, GONE[tier], A.RECORD_VOIDED_ORIGINAL),
        *stays(tier, every, A.OPEN_CASE, A.RESOLVE_DISCREPANCY),
    )


CHAPTER = Chapter(
    transitions=(
        *_rows(Tier.FIRST),
        *_rows(Tier.SECOND),
        Transition("F17", Tier.FIRST, S.LOST, A.RECORD_REISSUE, S.REPLACED),
        Transition("F17", Tier.FIRST, S.PENDING_INTAKE, A.RECORD_REISSUE, S.IN_VAULT),
        *stays(Tier.SECOND, (*SOUGHT[Tier.SECOND], S.COLLECTING), A.REPORT_ITEM_MISSING),
    ),
    seats={
        (A.RESOLVE_FOUND, Tier.FIRST): KEEPERS,
        (A.RESOLVE_FOUND, Tier.SECOND): (Seat.ARCHIVIST,),
        (A.RECORD_REISSUE, Tier.FIRST): KEEPERS,
        **{(action, tier): PAIR for action in sorted(ENDINGS) for tier in Tier},
    },
    seat_roles={(action, seat): roles for action in sorted(ENDINGS) for seat, roles in HEADS.items()},
    who={
        A.REPORT_MISSING: EVERYONE,
        A.REPORT_ITEM_MISSING: EVERYONE,
        A.OPEN_CASE: frozenset({R.OPS_HEAD}),
        A.RESOLVE_DISCREPANCY: frozenset({R.OPS_HEAD, R.ARCHIVIST, R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE}),
        A.RECORD_SEARCH: EVERYONE,
        A.NOTIFY_COMPLIANCE: EVERYONE,
        A.RECORD_VOIDED_ORIGINAL: frozenset({R.OPS_HEAD, R.ARCHIVIST, R.REGISTER_CLERK, R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE}),
    },
    entries=frozenset({A.RESOLVE_FOUND, A.RECORD_REISSUE}),
    at_desk=ENDINGS,
    decides=ENDINGS | {A.OPEN_CASE, A.RESOLVE_DISCREPANCY},
    recordless=frozenset({A.OPEN_CASE, A.RESOLVE_DISCREPANCY}),  # a label that nobody knows is of no record
)
