"""C29 to C31 of volumes, C45 to C47: handed in whole, taken over item by item, closed with the loan, destroyed by list."""

from server.custody.moves import Move
from server.custody.moves.volumes import HEADS, Batch, BatchNamed, Closing, Contents, Origin, Received, Term
from server.custody.rules.table import Rule, count_ends
from storage.terms import Action, HoldKind, RetentionClass

SUBMIT, ACCEPT = frozenset({Action.SUBMIT_VOLUME}), frozenset({Action.ACCEPT_VOLUME})
CLOSE, APPROVE = frozenset({Action.CLOSE_VOLUME}), frozenset({Action.APPROVE_DISPOSAL})
EXECUTE = frozenset({Action.EXECUTE_DISPOSAL})
DISPOSING = APPROVE | EXECUTE | {Action.PROPOSE_DISPOSAL}
LENGTHS = (RetentionClass.FIVE_YEARS, RetentionClass.TWENTY_YEARS, RetentionClass.PERMANENT)


def _ticked(m: Move) -> bool:
    received = m.ask.detail
    if not isinstance(received, Received):
        return False
    seen = {tick.item: tick.pages for tick in received.items}
    return all(seen.get(item) == pages for item, pages in m.of(Contents).items.items())


def _no_hold(m: Move) -> bool:
    """A claim that lives keeps the archive from being destroyed, not the volume from being closed."""
    return all(m.action in CLOSE and hold.kind is HoldKind.RECOVERY for hold in m.holds)


def _long_enough(m: Move) -> bool:
    asked = m.ask.detail.retention if isinstance(m.ask.detail, Closing) else None
    return asked is None or LENGTHS.index(asked) >= LENGTHS.index(m.of(Term).least)


def _run_out(m: Move) -> bool:
    until = m.of(Term).keep_until
    return until is not None and until <= m.at


def _is_of_use(m: Move) -> bool:
    return bool((HEADS - set(m.of(Batch).approved)) & m.by.roles)


def _another_head(m: Move) -> bool:
    return m.by.id not in {m.of(Batch).proposed_by, *m.of(Batch).approved.values()}


def _exact_list(m: Move) -> bool:
    named, batch = m.ask.detail, m.of(Batch)
    read = isinstance(named, BatchNamed) and named.list_hash == batch.list_hash
    return read and batch.list_now == batch.list_hash and m.together == batch.records


def _ticked_for_the_fire(m: Move) -> bool:
    named = m.ask.detail
    two = len({person.id for person in m.seats.values()}) == len(m.seats)
    return two and isinstance(named, BatchNamed) and frozenset(named.ticked) == m.of(Batch).records


RULES: tuple[Rule, ...] = (
    Rule(
        "C3",
        "SEGREGATION_OF_DUTIES",
        ACCEPT,
        "whoever submitted a volume does not take it over",
        lambda m: m.by.id != m.record.submitted_by,
        "ct_archive_records_c3_archivist_is_another, tg_archive_records_c3_submitter",
        facts=("record",),
    ),
    Rule(
        "C3",
        "SEGREGATION_OF_DUTIES",
        APPROVE,
        "a head who approves a disposal neither proposed it nor approved it in another rank",
        _another_head,
        "uq_disposal_approvals_c46_one_each, tg_disposal_approvals_c3_not_proposer",
    ),
    Rule(
        "C16",
        "RECORD_ON_HOLD",
        CLOSE | DISPOSING,
        "nothing that is held is closed or disposed of",
        _no_hold,
        "tg_archive_records_c16_closing",
        facts=("holds",),
    ),
    Rule(
        "C17",
        "RECORD_FROZEN",
        CLOSE | DISPOSING,
        "nothing with an open discrepancy is closed or disposed of",
        lambda m: not m.frozen,
        "tg_archive_records_c17_closing",
        facts=("frozen", "counted_until"),
        earliest=count_ends,
    ),
    Rule(
        "C29",
        "CONTRACT_ELEMENTS_INCOMPLETE",
        SUBMIT,
        "no contract of the volume lacks a blocking element",
        lambda m: not m.of(Contents).gaps,
        "tg_archive_records_c29_elements",
    ),
    Rule(
        "C30",
        "HANDOVER_LIST_INCOMPLETE",
        SUBMIT,
        "the list of the volume names every paper with its place, pages and copies; a rebuilt one holds copies alone",
        lambda m: m.of(Contents).itemised,
        "tg_archive_records_c30_volume",
    ),
    Rule(
        "C31",
        "HANDOVER_NOT_ACKNOWLEDGED",
        ACCEPT,
        "the archivist has ticked every paper of the volume, with its pages as listed",
        _ticked,
        "ct_archive_records_c31_item_by_item, tg_file_items_c31_collecting",
    ),
    Rule(
        "C34",
        "LOAN_NOT_SETTLED",
        CLOSE,
        "the loan of a volume that is closed is settled or written off",
        lambda m: m.of(Term).ended,
        "tg_archive_records_c34_closing",
    ),
    Rule(
        "C44",
        "LOSS_PROCEDURE_INCOMPLETE",
        frozenset({Action.REGISTER_SECOND_TIER}),
        "a volume is rebuilt only for a lost one of the same loan",
        lambda m: m.of(Origin).rebuilds_lost,
        "tg_archive_records_c44_rebuilds_lost",
    ),
    Rule(
        "C45",
        "RETENTION_NOT_EXPIRED",
        CLOSE,
        "a volume is kept at least as long as the term of its loan asks for",
        _long_enough,
        "tg_archive_records_c45_class, tg_archive_records_c45_cutoff",
    ),
    Rule(
        "C45",
        "RETENTION_NOT_EXPIRED",
        DISPOSING,
        "the time for which it must be kept has run out",
        _run_out,
        "tg_archive_records_c45_expired",
        earliest=lambda m: m.of(Term).keep_until,
    ),
    Rule(
        "C46",
        "DISPOSAL_APPROVALS_MISSING",
        APPROVE,
        "the head approves for business, risk or the president's office, whichever is still missing",
        _is_of_use,
        "uq_disposal_approvals_c46_one_per_rank, tg_disposal_approvals_c46_rank_held",
        roles=lambda m: HEADS - set(m.of(Batch).approved),
    ),
    Rule(
        "C46",
        "DISPOSAL_APPROVALS_MISSING",
        EXECUTE,
        "three different heads have approved the list",
        lambda m: set(m.of(Batch).approved) >= HEADS,
        "ct_archive_records_c46_approved",
        roles=lambda m: HEADS - set(m.of(Batch).approved),
    ),
    Rule(
        "C46",
        "DISPOSAL_LIST_CHANGED",
        APPROVE | EXECUTE,
        "the list is the one that was read and approved",
        _exact_list,
        "fk_disposal_approvals_c46_exact_list, ct_disposal_lines_c46_list_hash",
    ),
    Rule(
        "C47",
        "DISPOSAL_WITNESS_REQUIRED",
        EXECUTE,
        "two witnesses have ticked every volume of the list",
        _ticked_for_the_fire,
        "ct_archive_records_c1_by_operation [what was ticked is known when it is done]",
        facts=("seats",),
    ),
)
