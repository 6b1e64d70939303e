"""First-tier papers from their registration into the vault, and inside it: F0 to F2, F19."""

from server.custody.transitions.chapter import KEEPERS, Chapter, Transition, stays
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Seat, Tier

OFFICERS = frozenset({R.LOAN_OFFICER})
CHAPTER = Chapter(
    transitions=(
        Transition("F0", Tier.FIRST, S.AWAITED, A.RECORD_ARRIVAL, S.PENDING_INTAKE),
        Transition("F1b", Tier.FIRST, S.PENDING_INTAKE, A.REFUSE_INTAKE, S.AWAITED),
        Transition("F2", Tier.FIRST, S.PENDING_INTAKE, A.SEAL_ENVELOPE, S.PENDING_INTAKE),
        Transition("F2", Tier.FIRST, S.PENDING_INTAKE, A.INTAKE, S.IN_VAULT),
        Transition("F19", Tier.FIRST, S.IN_VAULT, A.MOVE_LOCATION, S.IN_VAULT),
        *stays(Tier.FIRST, (S.IN_VAULT,), A.OPEN_ENVELOPE),
        *stays(Tier.FIRST, (S.PENDING_INTAKE, S.IN_VAULT, S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING, S.IN_TRANSIT), A.REPORT_BROKEN_SEAL),
    ),
    seats={
        (A.SEAL_ENVELOPE, Tier.FIRST): (Seat.KEY, Seat.CODE),
        (A.INTAKE, Tier.FIRST): KEEPERS,
        (A.OPEN_ENVELOPE, Tier.FIRST): (Seat.KEY, Seat.CODE),
        (A.MOVE_LOCATION, Tier.FIRST): KEEPERS,
    },
    who={
        A.EXPECT_PAPER: OFFICERS,
        A.RECORD_ARRIVAL: OFFICERS,
        A.REGISTER_FIRST_TIER: OFFICERS,
        A.REFUSE_INTAKE: frozenset({R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE}),
        A.REPORT_BROKEN_SEAL: frozenset({R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE, R.REGISTER_CLERK, R.AUDITOR, R.INSPECTOR, R.OPS_HEAD}),
    },
    entries=frozenset({A.INTAKE}),
    recordless=frozenset({A.EXPECT_PAPER, A.REGISTER_FIRST_TIER}),
)
