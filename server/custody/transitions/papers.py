"""First-tier papers from their registration into the vault: F1, F2."""

from server.custody.transitions.chapter import KEEPERS, Chapter, Transition
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Tier

CHAPTER = Chapter(
    transitions=(Transition("F2", Tier.FIRST, S.PENDING_INTAKE, A.INTAKE, S.IN_VAULT),),
    seats={(A.INTAKE, Tier.FIRST): KEEPERS},
    entries=frozenset({A.INTAKE}),
)
