"""Handovers under a transfer register (移交登记): lists of papers that pass from one custodian to another."""

from sqlalchemy import Boolean, Index, Integer, Text, UniqueConstraint, text

from storage.tables.columns import INSTANT, check, key, may, need, one_of, org, ref, stamps, table, visible_to
from storage.terms import HandoverKind, HandoverLineState, HandoverState, RecordState, Tier

handovers = table(
    "handovers",
    "Handovers of papers between units, to the archive department, or from one custodian to the next (移交).",
    key(),
    org("The unit that gives."),
    visible_to(),
    need("kind", Text, "What passes."),
    ref("to_org_id", "org_units", "The unit that takes; the same for a change of custodian.", index=True),
    ref("giver_id", "staff", "The custodian who leaves; change of custodian only (C32).", null=True),
    ref("taker_id", "staff", "The custodian who follows; change of custodian only (C32).", null=True),
    need("in_town", Boolean, "Whether both are in one town: the limit of a transit depends on it (C33)."),
    may("reason", Text, "In words."),
    need("state", Text, "Life cycle; follows from its lines, kept by a trigger.", server_default=text("'DRAFT'")),
    ref("created_by", "staff", "Who opened it."),
    *stamps(),
    one_of("kind", HandoverKind),
    one_of("state", HandoverState),
    check("(kind = 'CUSTODIAN') = (org_id = to_org_id)", "c31_two_sides"),
    check(
        "(kind = 'CUSTODIAN') = (num_nonnulls(giver_id, taker_id) = 2) and (giver_id is null or giver_id <> taker_id)", "c32_two_custodians"
    ),
    Index("ix_handovers_printed", text("upper(right(id::text, 12))")),
)

shipments = table(
    "shipments",
    "What went on its way together: up to 500 lines of one vault or shelf, under a seal of its own (C33).",
    key(),
    org("The unit that gives."),
    visible_to(),
    ref("handover_id", "handovers", "The handover.", index=True),
    ref("operation_id", "operations", "The operation that sent it."),
    need("tier", Text, "Tier of its records."),
    need("seal_no", Text, "Seal of the box or bag; never used twice."),
    need("lines", Integer, "How many lines it carries."),
    need("sent_at", INSTANT, "When it left."),
    need("due_at", INSTANT, "When it must have arrived (C33)."),
    *stamps(),
    one_of("tier", Tier),
    UniqueConstraint("seal_no", name="uq_shipments_c7_seal"),
    UniqueConstraint("operation_id"),
    check("due_at > sent_at", "c33_due"),
    check("lines between 1 and 500", "c33_lines"),
)

handover_lines = table(
    "handover_lines",
    "Lines of a handover's list: number, copies, pages, original or copy and seal, taken from the rows by a trigger (C30).",
    key(),
    org("The unit that gives."),
    visible_to(),
    ref("handover_id", "handovers", "The handover."),
    ref("record_id", "archive_records", "The paper or volume."),
    ref("shipment_id", "shipments", "With what it was sent; null while listed, and for what did not move.", null=True, index=True),
    need("tier", Text, "Tier."),
    need("archive_no", Text, "Number."),
    need("barcode", Text, "Label."),
    need("copies", Integer, "How many papers: one, or those in the volume."),
    need("pages", Integer, "Pages of all of them."),
    need("is_original", Boolean, "Whether all are originals."),
    may("seal_no", Text, "Seal of the envelope; first tier, but for what lies in none: settlement notices and electronic certificates."),
    need("stood_as", Text, "State of the record when it was listed; where it goes back to."),
    need("state", Text, "Life cycle.", server_default=text("'LISTED'")),
    ref("sent_operation_id", "operations", "The operation by which the giver let it go (C31).", null=True, index=True),
    ref("decided_operation_id", "operations", "The operation that took, rejected or recalled it (C31).", null=True, index=True),
    ref("back_operation_id", "operations", "The operation that took a rejected one back.", null=True),
    may("decided_at", INSTANT, "When it was taken, rejected or recalled."),
    may("reasons", Text, "Why it was rejected."),
    *stamps(),
    one_of("tier", Tier),
    one_of("stood_as", RecordState),
    one_of("state", HandoverLineState),
    UniqueConstraint("handover_id", "record_id"),
    Index("uq_handover_lines_c31_one_open", "record_id", unique=True, postgresql_where=text("state = 'SENT'")),
    Index("ix_handover_lines_record_id", "record_id"),
    check("copies > 0 and pages > 0", "c30_complete"),
    check("(state = 'REJECTED') = (reasons is not null)", "c31_rejected_with_reasons"),
    check("(state = 'LISTED') = (sent_operation_id is null)", "c31_sent_by_operation"),
    check("(state in ('LISTED', 'SENT')) = (decided_operation_id is null)", "c31_decided_by_operation"),
)
