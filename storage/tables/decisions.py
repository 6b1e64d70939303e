"""Why acts were let through: what was judged, what was overridden, what was corrected."""

from sqlalchemy import ARRAY, Date, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from storage.tables.columns import INSTANT, check, currency, key, may, money, need, one_of, org, ref, table, visible_to
from storage.terms import CorrectionSubject

OVERRIDABLE = ("C18", "C20", "C21", "C23", "C33")

decisions = table(
    "decisions",
    "What was judged when an act was let through, and the parameters that were read: one row an act, append-only (C48).",
    key(),
    org("Unit of the caller."),
    need("action", Text, "Which act."),
    ref("caller_id", "staff", "Who called.", index=True),
    ref("operation_id", "operations", "The operation, when the act has seats.", null=True, index=True),
    need("decided_at", INSTANT, "The instant that the rules were judged at."),
    need("event_ids", ARRAY(Uuid), "Events that the act wrote."),
    need("moves", JSONB, "What was judged: the ask and one move for each record; no free text, no personal data."),
    need("parameters", JSONB, "Parameters that were read, with their values and the rows that held them."),
    Index("ix_decisions_event_ids", "event_ids", postgresql_using="gin"),
)

override_permissions = table(
    "override_permissions",
    "Who may override which rule, where no parameter says otherwise (C50); loaded from server/custody/policy.py.",
    need("rule", Text, "The rule.", primary_key=True),
    need("role", Text, "A role that may.", primary_key=True),
    check(f"rule in {OVERRIDABLE}", "c50_rule"),
)

overrides = table(
    "overrides",
    "Rules that were broken for a record because a second person let them be, append-only (C50).",
    key(),
    org("Unit of whoever confirmed it."),
    visible_to(),
    ref("operation_id", "operations", "The operation."),
    ref("record_id", "archive_records", "For which record.", index=True),
    need("rule", Text, "Which rule."),
    need("code", Text, "How it was broken."),
    need("comment", Text, "Why, in words."),
    ref("asked_by", "staff", "Whose act it is.", index=True),
    ref("confirmed_by", "staff", "The second person, with the permission of the rule.", index=True),
    need("overridden_at", INSTANT, "When.", index=True),
    check(f"rule in {OVERRIDABLE}", "c50_rule"),
    check("length(trim(comment)) > 0", "c50_comment"),
    UniqueConstraint("operation_id", "record_id", "rule", "code"),
)

contract_amendments = table(
    "contract_amendments",
    "What was agreed anew and approved by a second person, append-only (C48); written by the trigger of the operation alone.",
    key(),
    ref("contract_id", "contracts", "The contract."),
    need("number", Text, "Number of the supplementary agreement (补充协议)."),
    need("signed_on", Date, "Day of its signature."),
    need("summary", Text, "What it changes, in words."),
    money("amount_before", "Amount of the contract before."),
    money("amount", "Amount from then on."),
    currency(),
    need("loan_ids", ARRAY(Uuid), "Loans that joined.", server_default=text("'{}'::uuid[]")),
    ref("evidence_id", "scans", "The scan of it."),
    ref("proposed_by", "staff", "Who entered it.", index=True),
    ref("approved_by", "staff", "Who approved it.", index=True),
    need("amended_at", INSTANT, "When it was approved."),
    check("length(trim(summary)) > 0", "c48_summary"),
    check("amount <> amount_before or cardinality(loan_ids) > 0", "c48_changes"),
    UniqueConstraint("contract_id", "number"),
    Index("ix_contract_amendments_contract_id_amended_at", "contract_id", "amended_at", "id"),
)

corrections = table(
    "corrections",
    "What was mistyped and put right by two people, append-only (C48); written by the trigger of the operation alone.",
    key(),
    org("Unit of whoever proposed it."),
    visible_to(),
    ref("operation_id", "operations", "The operation of the two."),
    need("subject_kind", Text, "What was corrected."),
    need("subject_id", Uuid, "Its id.", index=True),
    ref("record_id", "archive_records", "The record that it belongs to.", null=True, index=True),
    need("field", Text, "Which field, or which fact of an event."),
    may("old_value", Text, "What stood there."),
    need("new_value", Text, "What is right."),
    need("reason", Text, "Why, in words."),
    ref("evidence_id", "scans", "The scan that shows it."),
    ref("proposed_by", "staff", "Who proposed it.", index=True),
    ref("confirmed_by", "staff", "Who confirmed it.", index=True),
    need("corrected_at", INSTANT, "When it was confirmed."),
    one_of("subject_kind", CorrectionSubject),
    check("length(trim(reason)) > 0", "c48_reason"),
    check("old_value is distinct from new_value", "c48_changes"),
    UniqueConstraint("operation_id"),
    Index("ix_corrections_corrected_at", "corrected_at", "id"),
    Index(
        "ix_corrections_before",
        text("search_plain(old_value)"),
        postgresql_where=text("field in ('number', 'archive_no', 'barcode', 'seal_no')"),
    ),
)
