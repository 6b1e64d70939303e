"""History: events in hash chains, who saw what, and every version of every row."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.tables.columns import (
    INSTANT,
    NOW,
    XID8,
    check,
    key,
    may,
    need,
    one_of,
    org,
    ref,
    table,
)
from storage.terms import AccessResult, ChainKind

chains = table(
    "chains",
    "Heads of the hash chains: one per loan, and one per org unit for what has no loan.",
    need("id", Uuid, "Id of the loan or org unit.", primary_key=True),
    need("kind", Text, "Whether it belongs to a loan or a unit."),
    org("The unit that owns the history now."),
    need("seq", BigInteger, "Number of the last event.", server_default=text("0")),
    need("head", LargeBinary, "Hash of the last event.", server_default=text(r"'\x'::bytea")),
    need("last_at", INSTANT, "Time of the last event.", server_default=text("'epoch'::timestamptz")),
    may(
        "transferred_at",
        INSTANT,
        "When the loan came from another unit; its older events were written there.",
    ),
    one_of("kind", ChainKind),
    Index("ix_chains_transferred", "org_id", postgresql_where=text("transferred_at is not null")),
)

events = table(
    "events",
    "What changed, append-only: canonical bytes linked by hash (C48).",
    need("chain_id", Uuid, "The chain."),
    need("seq", BigInteger, "Number in the chain, from 1, without gaps."),
    need("id", Uuid, "Opaque id, UUIDv7.", server_default=text("uuidv7()")),
    need("happened_at", INSTANT, "Event time; rises strictly along a chain."),
    need("tag", Text, "subject:action:outcome, from a closed list."),
    need("subject_kind", Text, "Kind of the subject."),
    need("subject_id", Uuid, "Id of the subject."),
    ref("record_id", "archive_records", "The record, when the subject is one.", null=True),
    ref("actor_id", "staff", "Who did it."),
    org("The unit whose chain it is in, when it happened."),
    may("cause_id", Uuid, "The event that brought it about, in another chain."),
    need("canonical", LargeBinary, "Canonical bytes, version 1."),
    need("prev_hash", LargeBinary, "Hash of the event before; empty for the first."),
    need("hash", LargeBinary, "SHA-256 of prev_hash and canonical."),
    need(
        "transaction_id", XID8, "Transaction that wrote it; readers stay below the snapshot.", server_default=text("pg_current_xact_id()")
    ),
    PrimaryKeyConstraint("chain_id", "seq", name="pk_events"),
    UniqueConstraint("id"),
    Index("ix_events_record_id", "record_id"),
    Index("ix_events_subject_id", "subject_id"),
    Index("ix_events_happened_at", "happened_at", "id"),
    Index("ix_events_transaction_id", "transaction_id", "id"),
    Index("ix_events_cause_id", "chain_id", "cause_id", postgresql_where=text("cause_id is not null")),
    check("hash = sha256(prev_hash || canonical)", "c48_hash"),
    check("seq > 0", "seq_positive"),
)

pending_events = table(
    "pending_events",
    "Events that no checkpoint has sealed yet; written by a trigger in the transaction of the event.",
    need("event_id", Uuid, "The event.", primary_key=True),
    need("transaction_id", XID8, "Transaction that wrote it.", server_default=text("pg_current_xact_id()")),
    need("hash", LargeBinary, "Hash of the event."),
    need("noted_at", INSTANT, "When it began to wait.", server_default=NOW),
)

event_words = table(
    "event_words",
    "What somebody wrote, of which an event carries only a keyed hash; append-only (C48).",
    need("event_id", Uuid, "The event.", ForeignKey("events.id")),
    need("name", Text, "Member of the event's detail."),
    need("key", LargeBinary, "Key of the hash, made for these words."),
    need("words", Text, "The words."),
    PrimaryKeyConstraint("event_id", "name", name="pk_event_words"),
    check("length(key) = 32", "key"),
)

pending_access = table(
    "pending_access",
    "Lines of the access log that no leaf of their minute has sealed yet; written by a trigger in the transaction of the line.",
    need("line_id", Uuid, "The line.", primary_key=True),
    need("minute", INSTANT, "The minute it was logged in."),
    need("hash", LargeBinary, "Leaf hash of the line in the tree of its minute."),
    Index("ix_pending_access_minute", "minute", "line_id"),
)

ledger_leaves = table(
    "ledger_leaves",
    "Leaves of the ledger's tree in their order, without gaps, append-only: each event once, and the access log by the minute (C48).",
    need("leaf_index", BigInteger, "From 0.", primary_key=True, autoincrement=False),
    need("entry", LargeBinary, "What is hashed into the leaf, 49 bytes: docs/ledger-format.md."),
    may("event_id", Uuid, "The event."),
    may("line_ids", ARRAY(Uuid), "The lines of the access log, in the order of their tree."),
    UniqueConstraint("event_id"),
    Index("ix_ledger_leaves_access", "entry", postgresql_where=text("event_id is null")),
    check("length(entry) = 49", "entry"),
    check("(event_id is null) <> (line_ids is null)", "kind"),
)

ledger_nodes = table(
    "ledger_nodes",
    "Hashes of the whole subtrees of the ledger's tree, append-only: a proof reads one row a level (RFC 9162).",
    need("level", SmallInteger, "0: leaves."),
    need("position", BigInteger, "From 0 in its level."),
    need("hash", LargeBinary, "SHA-256."),
    PrimaryKeyConstraint("level", "position", name="pk_ledger_nodes"),
)

ledger_checkpoints = table(
    "ledger_checkpoints",
    "Signed sizes and roots of the ledger's tree; what counts is the copy in the bucket of checkpoints.",
    need("number", BigInteger, "From 1, without gaps.", primary_key=True, autoincrement=False),
    need("size", BigInteger, "Leaves of the tree."),
    need("root", LargeBinary, "Root of the tree."),
    need("border", ARRAY(LargeBinary), "By level: hash of the last subtree where it is not whole, else empty."),
    need("note", Text, "The signed note: C2SP tlog-checkpoint."),
    need("signed_at", INSTANT, "When, as the note says."),
    may("stored_at", INSTANT, "When it was seen in the bucket."),
    Index("ix_ledger_checkpoints_unstored", "number", postgresql_where=text("stored_at is null")),
)

access_log = table(
    "access_log",
    "Sensitive reads, grants and refusals, append-only (C48, C49).",
    key(),
    need("logged_at", INSTANT, "When.", server_default=NOW),
    ref("staff_id", "staff", "Who.", index=True),
    org("Unit of the caller."),
    need("action", Text, "What was tried, e.g. checkOut or issueScanLink."),
    need("result", Text, "Granted, denied, or refused by a rule."),
    may("purpose", Text, "Why, as the caller said."),
    need("subject_ids", ARRAY(Uuid), "What it was about: records, request, scan, contract.", server_default=text("'{}'::uuid[]")),
    need("detail", JSONB, "Rules that refused, fields that were read.", server_default=text("'{}'::jsonb")),
    may("request_id", Text, "Id of the HTTP request."),
    one_of("result", AccessResult),
    Index("ix_access_log_subject_ids", "subject_ids", postgresql_using="gin"),
    Index("ix_access_log_logged_at", "logged_at", "id"),
)

row_versions = table(
    "row_versions",
    "Every version of every row that has a history; written by triggers since the first migration.",
    need("id", BigInteger, "Order of recording.", primary_key=True, autoincrement=True),
    need("table_name", Text, "Which table."),
    need("row_id", Uuid, "Which row."),
    need("recorded_at", INSTANT, "Since when this version holds.", server_default=NOW),
    need("operation", Text, "I, U or D."),
    need("transaction_id", XID8, "Transaction that wrote it.", server_default=text("pg_current_xact_id()")),
    need("content", JSONB, "The row; ciphertext stays ciphertext."),
    check("operation in ('I', 'U', 'D')", "operation"),
    Index("ix_row_versions_row", "table_name", "row_id", "recorded_at"),
    Index(
        "ix_row_versions_parent",
        text("row_parent(table_name, content)"),
        "table_name",
        postgresql_where=text("row_parent(table_name, content) is not null"),
    ),
    Index("ix_row_versions_staff_roles", text("(content->>'staff_id')"), postgresql_where=text("table_name = 'staff_roles'")),
)
