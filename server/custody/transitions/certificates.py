"""Certificates that change while they are lent, letters, claims, registry checks: F8b and what leaves the state as it is."""

from server.custody.transitions.chapter import EVERYONE, KEEPERS, Chapter, Transition, stays
from server.custody.transitions.lending import APPLICANTS
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Tier

KEEPS = frozenset({R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE})
CHAPTER = Chapter(
    transitions=(
        Transition("F8b", Tier.FIRST, S.RETURN_PENDING, A.REPLACE_RETURNED, S.REPLACED),
        Transition("F8b", Tier.FIRST, S.PENDING_INTAKE, A.ACCEPT_CHANGED_RETURN, S.IN_VAULT),
        Transition("F8b", Tier.FIRST, S.RETURN_PENDING, A.ACCEPT_CHANGED_RETURN, S.IN_VAULT),
        *stays(Tier.FIRST, (S.IN_VAULT, S.RESERVED), A.RECORD_REGISTRY_CHECK),
        *stays(Tier.FIRST, (S.IN_VAULT, S.RESERVED, S.CHECKED_OUT), A.REGISTER_BAILEE_LETTER),
        *(t for tier in Tier for t in stays(tier, (S.CHECKED_OUT, S.MISSING), A.CLAIM_RETURNED, A.RESOLVE_CLAIM)),
        Transition("F7", Tier.FIRST, S.CHECKED_OUT, A.RESOLVE_CLAIM, S.RETURN_PENDING),  # found in the vault
        Transition("S5", Tier.SECOND, S.CHECKED_OUT, A.RESOLVE_CLAIM, S.RETURN_PENDING),
    ),
    seats={(A.ACCEPT_CHANGED_RETURN, Tier.FIRST): KEEPERS},
    who={
        A.RECORD_REGISTRY_CHECK: KEEPS | {R.REGISTER_CLERK, R.LOAN_OFFICER, R.INSPECTOR},
        A.REGISTER_BAILEE_LETTER: APPLICANTS | {R.REGISTER_CLERK},
        A.CLAIM_RETURNED: EVERYONE,
        A.RESOLVE_CLAIM: KEEPS | {R.ARCHIVIST, R.OPS_HEAD},
    },
    entries=frozenset({A.ACCEPT_CHANGED_RETURN}),
    parts=frozenset({A.REPLACE_RETURNED}),
    part_of={A.REPLACE_RETURNED: A.ACCEPT_CHANGED_RETURN},
)
