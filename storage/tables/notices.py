"""What the clock has brought about: steps of overdue checkouts, and the notices that tell people."""

from sqlalchemy import Index, Integer, Text, UniqueConstraint, Uuid, text

from storage.tables.columns import INSTANT, XID8, key, may, need, one_of, org, ref, stamps, table
from storage.terms import AlarmKind, NoticeKind, OverdueStep

overdue_steps = table(
    "overdue_steps",
    "Steps of the ladder of C24 that a checkout has reached, append-only; each once.",
    key(),
    ref("movement_id", "movements", "The checkout."),
    need("step", Text, "Which step."),
    need("due_at", INSTANT, "The due instant that it is counted from."),
    need("reached_at", INSTANT, "When the desk met it."),
    one_of("step", OverdueStep),
    UniqueConstraint("movement_id", "step", "due_at", name="uq_overdue_steps_c24_once"),
)

alarms = table(
    "alarms",
    "What is wrong with the bank as a whole, each from when it was found until it was not found any more; one open of a kind.",
    key(),
    need("kind", Text, "What is wrong."),
    need("told", Text, "What was found first."),
    need("findings", Integer, "How many things were found when it was last looked at."),
    need("raised_at", INSTANT, "When it was found."),
    need("seen_at", INSTANT, "When it was last found."),
    may("cleared_at", INSTANT, "When it was not found any more."),
    one_of("kind", AlarmKind),
    Index("uq_alarms_one_open", "kind", unique=True, postgresql_where=text("cleared_at is null")),
)

notices = table(
    "notices",
    "What somebody is told (通知); each once a person, kind, thing and occasion.",
    key(),
    org("Unit of whoever is told."),
    ref("staff_id", "staff", "Who is told."),
    need("kind", Text, "Why."),
    need("subject_kind", Text, "What it is about: the prefix of its id."),
    need("subject_id", Uuid, "Of what it is about."),
    ref("record_id", "archive_records", "The record, where it is about one.", null=True, index=True),
    need("occasion", Text, "Tells two notices of one kind and thing apart: a step, a day."),
    need("made_at", INSTANT, "When it was made."),
    may("due_at", INSTANT, "Until when something should be done."),
    may("read_at", INSTANT, "When the person marked it read."),
    need(
        "transaction_id",
        XID8,
        "The transaction that made it: the order in which notices are told.",
        server_default=text("pg_current_xact_id()"),
    ),
    *stamps(),
    one_of("kind", NoticeKind),
    UniqueConstraint("staff_id", "kind", "subject_id", "occasion", name="uq_notices_once"),
    Index("ix_notices_staff_id_made_at", "staff_id", "made_at", "id"),
    Index("ix_notices_told", "staff_id", "transaction_id", "id"),
    Index("ix_notices_transaction_id", "transaction_id"),
)
