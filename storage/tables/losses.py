"""Cases of records that are not where they should be: sought, then found or lost (挂失补办)."""

from sqlalchemy import Index, Text, UniqueConstraint, text

from storage.tables.columns import INSTANT, check, key, may, need, one_of, org, ref, stamps, table, visible_to
from storage.terms import LossOutcome, LossState, RecordState

loss_cases = table(
    "loss_cases",
    "What was done about a record that is not there (C44); opened by a trigger with its discrepancy.",
    key(),
    org("Branch of the record."),
    visible_to(),
    ref("discrepancy_id", "discrepancies", "The discrepancy."),
    ref("record_id", "archive_records", "The record.", index=True),
    need("state", Text, "Life cycle.", server_default=text("'OPEN'")),
    need("back_to", Text, "Where the record stood at rest before, and goes back to when it is found (S11)."),
    need("opened_at", INSTANT, "When it was opened."),
    may("search_log", Text, "Where it was sought, when and by whom."),
    may("responsibility", Text, "Statement of responsibility."),
    ref("searched_by", "staff", "Who recorded the search.", null=True),
    may("searched_at", INSTANT, "When."),
    ref("notified_by", "staff", "Who told COMPLIANCE.", null=True),
    may("notified_at", INSTANT, "When COMPLIANCE was told."),
    ref("lost_operation_id", "operations", "The operation that declared it lost.", null=True),
    may("lost_at", INSTANT, "When."),
    may("statement", Text, "Why it counts as lost, as the two heads declared it."),
    ref("reissued_as_id", "archive_records", "The paper that was issued in its place.", null=True, index=True),
    may("outcome", Text, "How it ended."),
    may("closed_at", INSTANT, "When."),
    may("original_found_at", INSTANT, "When the lost original, void by then, turned up."),
    ref("original_found_by", "staff", "Who recorded that.", null=True),
    may("original_note", Text, "Where it turned up, and what became of it."),
    *stamps(),
    UniqueConstraint("discrepancy_id"),
    one_of("state", LossState),
    one_of("outcome", LossOutcome),
    one_of("back_to", RecordState),
    check(
        "state = 'OPEN' or outcome is not distinct from 'FOUND' or num_nonnulls(search_log, searched_by, searched_at) = 3", "c44_searched"
    ),
    check(
        "not (state = 'LOST' or outcome in ('REPLACED', 'CLOSED_LOST'))"
        " or num_nonnulls(search_log, responsibility, notified_at, notified_by, lost_at, lost_operation_id) = 6",
        "c44_complete",
    ),
    check("(state = 'CLOSED') = (outcome is not null) and (state = 'CLOSED') = (closed_at is not null)", "closed"),
    check("(outcome is not distinct from 'REPLACED') = (reissued_as_id is not null)", "reissued"),
    check("original_found_at is null or lost_at is not null", "c44_original_is_lost"),
    check("num_nonnulls(original_found_at, original_found_by, original_note) in (0, 3)", "original"),
    Index("uq_loss_cases_one_open", "record_id", unique=True, postgresql_where=text("closed_at is null")),
)
