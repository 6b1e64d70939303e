"""C48: what was written is never changed; what was mistyped is put right by two people, and both are told."""

from server.custody.moves import Move
from server.custody.moves.corrections import Corrected
from server.custody.rules.table import Rule
from storage.terms import Action

CORRECTING = frozenset({Action.CORRECT})


def _explained(m: Move) -> bool:
    return bool(m.ask.reason and m.ask.reason.strip()) and m.of(Corrected).evidence


RULES: tuple[Rule, ...] = (
    Rule(
        "C48",
        "HISTORY_IMMUTABLE",
        CORRECTING,
        "what is corrected is one of the facts that may be mistyped",
        lambda m: m.of(Corrected).correctable,
        "tg_operations_c48_correctable",
    ),
    Rule(
        "C48",
        "CORRECTION_INCOMPLETE",
        CORRECTING,
        "a correction has a reason, and a stored scan of its record, or of one of its loans, as evidence",
        _explained,
        "ck_corrections_c48_reason, tg_operations_c48_evidence",
    ),
    Rule(
        "C48",
        "CORRECTION_CHANGES_NOTHING",
        CORRECTING,
        "the new value is another than the one that stands there",
        lambda m: m.of(Corrected).before != m.ask.detail.value,
        "ck_corrections_c48_changes",
    ),
    Rule(
        "C48",
        "CORRECTION_NUMBER_TAKEN",
        CORRECTING,
        "the new number is nobody else's",
        lambda m: not m.of(Corrected).taken,
        "[the unique constraints of the numbers themselves]",
    ),
)
