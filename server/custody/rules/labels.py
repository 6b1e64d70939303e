"""C0, C17, C48: who replaces a label, and when; what was a label once stays one that was."""

from server.custody.rules.table import Rule, by_construction
from server.custody.transitions.labels import LABELLERS
from storage.terms import Action

LABELLING = frozenset({Action.REPLACE_BARCODE})

RULES: tuple[Rule, ...] = (
    Rule(
        "C0",
        "ROLE_REQUIRED",
        LABELLING,
        "a label is put on a paper by a keeper of the vault, on a volume by the archivist",
        lambda m: bool(m.by.roles & LABELLERS[m.record.tier]),
        "[who calls is known to the server alone]",
        facts=("by", "record"),
        roles=lambda m: LABELLERS[m.record.tier],
    ),
    Rule(
        "C17",
        "RECORD_FROZEN",
        LABELLING,
        "no label is replaced while its place is counted: the count reads the one that was listed",
        lambda m: "COUNT" not in m.frozen,
        "tg_archive_records_c17_label",
        facts=("frozen", "counted_until"),
        earliest=lambda m: m.counted_until,
    ),
    Rule(
        "C48",
        "HISTORY_IMMUTABLE",
        LABELLING,
        "a label is a printed one that nothing ever had, and the one that it replaces is retired for ever",
        by_construction,
        "tg_archive_records_c48_label",
    ),
)
