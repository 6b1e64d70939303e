"""Labels: a torn or unreadable one gets a new one, by whoever has the paper in hand; nothing is moved by it."""

from server.custody.transitions.chapter import Chapter, stays
from storage.terms import Action as A
from storage.terms import RecordState as S
from storage.terms import Role as R
from storage.terms import Tier

LABELLERS = {Tier.FIRST: frozenset({R.VAULT_KEEPER_KEY, R.VAULT_KEEPER_CODE}), Tier.SECOND: frozenset({R.ARCHIVIST})}
IN_HAND = {  # what is awaited, on its way, missing or lost nobody has; what is out comes to the desk with the label that cannot be read
    Tier.FIRST: (S.PENDING_INTAKE, S.IN_VAULT, S.RESERVED, S.CHECKED_OUT, S.RETURN_PENDING),
    Tier.SECOND: (S.COLLECTING, S.SUBMITTED, S.FILED, S.RESERVED, S.READING, S.CHECKED_OUT, S.RETURN_PENDING, S.CLOSED_VOLUME, S.ARCHIVED,
                  S.DISPOSAL_PROPOSED, S.DISPOSAL_APPROVED),
}  # fmt: skip
CHAPTER = Chapter(
    transitions=tuple(t for tier, states in IN_HAND.items() for t in stays(tier, states, A.REPLACE_BARCODE)),
    who={A.REPLACE_BARCODE: frozenset().union(*LABELLERS.values())},
    decides=frozenset({A.REPLACE_BARCODE}),
)
