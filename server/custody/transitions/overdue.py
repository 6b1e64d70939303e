"""What the clock brings about while a record is out: asked back, and sought when it does not come (C24)."""

from server.custody.transitions.chapter import Chapter, Transition, stays
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Tier

RECALLERS = frozenset(
    {R.ARCHIVIST, R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE, R.CREDIT_DEPT_HEAD, R.RISK_HEAD, R.OPS_HEAD, R.VICE_PRESIDENT, R.COMPLIANCE}
)
CHAPTER = Chapter(
    transitions=(
        *(row for tier in Tier for row in stays(tier, (S.CHECKED_OUT,), A.RECALL)),
        Transition("F14", Tier.FIRST, S.CHECKED_OUT, A.OVERDUE_SEARCH, S.MISSING),
        *(Transition("S11", Tier.SECOND, start, A.OVERDUE_SEARCH, S.MISSING) for start in (S.CHECKED_OUT, S.READING)),
    ),
    who={A.RECALL: RECALLERS | {R.SYSTEM}, A.OVERDUE_SEARCH: frozenset({R.SYSTEM})},
)
