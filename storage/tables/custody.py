"""Requests, operations, movements and what freezes them."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
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
    stamps,
    table,
    visible_to,
)
from storage.terms import (
    DiscrepancyKind,
    DiscrepancyState,
    HoldKind,
    HoldSubject,
    MovementEnd,
    MovementKind,
    OffBalanceDirection,
    OffBalanceState,
    OperationState,
    Purpose,
    RecordState,
    RequestKind,
    RequestState,
    Role,
    Seat,
    Tier,
)

acts = table(
    "acts",
    "Acts of the desk and of administration; loaded from server/custody/transitions.",
    need("action", Text, "The act.", primary_key=True),
    need(
        "is_exit",
        Boolean,
        "Leaves a vault or shelf: takes a ticket, and off balance when first tier (C10, C11).",
        server_default=text("false"),
    ),
    need("is_entry", Boolean, "Enters a vault or shelf: off balance when first tier (C11).", server_default=text("false")),
    need("at_desk", Boolean, "Its seats are taken at a desk, within working days.", server_default=text("false")),
)

act_seats = table(
    "act_seats",
    "Who must sit before an act moves anything (C1); loaded from server/custody/transitions.",
    need("action", Text, "The act.", ForeignKey("acts.action"), primary_key=True),
    need("tier", Text, "Tier.", primary_key=True),
    need("seat", Text, "A seat that must be taken.", primary_key=True),
)

transitions = table(
    "transitions",
    "The state machines of domain section 3; loaded from server/custody/transitions.py.",
    need("tier", Text, "Tier.", primary_key=True),
    need("start", Text, "State before.", primary_key=True),
    need("action", Text, "The act.", ForeignKey("acts.action"), primary_key=True),
    need("finish", Text, "State after."),
    need("code", Text, "Row of the specification, F5 or S4."),
    one_of("tier", Tier),
    one_of("start", RecordState),
    one_of("finish", RecordState),
)

purposes = table(
    "purposes",
    "Which purposes a tier allows for a kind of request (C13).",
    need("tier", Text, "Tier.", primary_key=True),
    need("kind", Text, "Kind of request.", primary_key=True),
    need("purpose", Text, "Purpose.", primary_key=True),
    one_of("tier", Tier),
    one_of("kind", RequestKind),
    one_of("purpose", Purpose),
)

approval_ranks = table(
    "approval_ranks",
    "Who must approve, per tier and purpose (C5).",
    need("tier", Text, "Tier.", primary_key=True),
    need("purpose", Text, "Purpose.", primary_key=True),
    need("role", Text, "A rank that must approve.", primary_key=True),
    one_of("role", Role),
)

access_requests = table(
    "access_requests",
    "Requests to take a record out or read it (调阅申请).",
    key(),
    org("Unit of the applicant."),
    visible_to(),
    need("kind", Text, "What is asked for."),
    need("tier", Text, "Tier of all its records."),
    need("purpose", Text, "Why (C13)."),
    may("reason", Text, "In words."),
    ref("applicant_id", "staff", "Who asks.", index=True),
    ref("reader_id", "staff", "Who will hold or read the papers (C19).", index=True),
    need("state", Text, "Life cycle.", server_default=text("'SUBMITTED'")),
    need("submitted_at", INSTANT, "When it was made."),
    may("decided_at", INSTANT, "When the last approval, the rejection or the cancellation came."),
    may("lapses_at", INSTANT, "End of the reservation (C20)."),
    may("decision_reason", Text, "Why it was rejected or cancelled."),
    ref("extends_id", "movements", "The checkout that an EXTENSION prolongs.", null=True, index=True, cycle=True),
    may("extends_until", INSTANT, "The due instant that an EXTENSION asks for."),
    *stamps(),
    one_of("kind", RequestKind),
    one_of("tier", Tier),
    one_of("state", RequestState),
    ForeignKeyConstraint(
        ["tier", "kind", "purpose"], ["purposes.tier", "purposes.kind", "purposes.purpose"], name="fk_access_requests_c13_purpose"
    ),
    UniqueConstraint("id", "applicant_id", name="uq_access_requests_for_c3"),
    check("purpose <> 'OTHER' or coalesce(length(trim(reason)), 0) > 0", "c13_other_in_words"),
    check("(kind = 'EXTENSION') = (extends_id is not null and extends_until is not null)", "extension_names_checkout"),
    Index("ix_access_requests_state", "state", "id"),
)

request_lines = table(
    "request_lines",
    "The records a request names.",
    key(),
    ref("request_id", "access_requests", "The request."),
    ref("record_id", "archive_records", "The record.", index=True),
    UniqueConstraint("request_id", "record_id"),
)

approvals = table(
    "approvals",
    "Approvals of requests, append-only (C48).",
    key(),
    need("request_id", Uuid, "The request."),
    need("rank", Text, "The rank that approved."),
    ref("approver_id", "staff", "Who approved.", index=True),
    need("applicant_id", Uuid, "The request's applicant, for C3."),
    need("approved_at", INSTANT, "When."),
    may("comment", Text, "In words."),
    one_of("rank", Role),
    UniqueConstraint("request_id", "rank", name="uq_approvals_c5_one_per_rank"),
    UniqueConstraint("request_id", "approver_id", name="uq_approvals_c3_one_each"),
    check("approver_id <> applicant_id", "c3_not_applicant"),
    ForeignKeyConstraint(
        ["request_id", "applicant_id"], ["access_requests.id", "access_requests.applicant_id"], name="fk_approvals_c3_applicant"
    ),
)

operations = table(
    "operations",
    "Acts that need more than one person; the payload is the ask, asked again by each seat.",
    key(),
    org("Unit of whoever opened it."),
    visible_to(),
    need("action", Text, "Which act.", ForeignKey("acts.action")),
    need("tier", Text, "Tier of its records."),
    ref("vault_id", "storage_locations", "The vault; first tier.", null=True),
    ref("request_id", "access_requests", "The request it fulfils.", null=True, index=True),
    need("record_ids", ARRAY(Uuid), "Its records; the set is fixed when it opens."),
    need("required_seats", ARRAY(Text), "Seats that must be taken."),
    need("ask", JSONB, "What was asked, as stored and asked again."),
    need("state", Text, "Life cycle.", server_default=text("'PENDING'")),
    ref("opened_by", "staff", "Who opened it."),
    need("opened_at", INSTANT, "When it was opened."),
    need("expires_at", INSTANT, "End of the confirmation window."),
    may("done_at", INSTANT, "When the last seat was taken."),
    may("done_in", XID8, "Transaction that took the last seat; kept by a trigger.", index=True),
    may("emergency_reason", Text, "Why substitutes took the seats (C1)."),
    *stamps(),
    one_of("tier", Tier),
    one_of("state", OperationState),
    check("(state = 'DONE') = (done_at is not null)", "done_at"),
    check("done_at is null or done_at <= expires_at", "c1_in_time"),
    Index("ix_operations_pending", "expires_at", postgresql_where=text("state = 'PENDING'")),
)

operation_seats = table(
    "operation_seats",
    "Who took which seat of an operation, append-only.",
    key(),
    ref("operation_id", "operations", "The operation."),
    need("seat", Text, "Which seat."),
    ref("staff_id", "staff", "Who took it; of an outsider's seat, the keeper who holds the signed receipt.", index=True),
    need("taken_at", INSTANT, "When."),
    one_of("seat", Seat),
    UniqueConstraint("operation_id", "seat", name="uq_operation_seats_c1_each_once"),
    UniqueConstraint("operation_id", "staff_id", name="uq_operation_seats_c1_c6_one_seat_each"),
)

movements = table(
    "movements",
    "Reservation, operation, reading, checkout and return of one record: phases of one row (Checkout in the API).",
    key(),
    org("Branch of the record."),
    visible_to(),
    ref("record_id", "archive_records", "The record."),
    need("kind", Text, "Lending, reading, or an act on a record nobody asked for."),
    ref("request_id", "access_requests", "The request that reserved it.", null=True, index=True),
    ref("holder_id", "staff", "Who has or will have the paper (C19).", null=True),
    need("on_site", Boolean, "Read at the vault, due today.", server_default=text("false")),
    need("reserved_at", INSTANT, "When the row was opened."),
    need("lapses_at", INSTANT, "When an unused reservation or act counts as gone (C20)."),
    ref("operation_id", "operations", "The operation that is pending on it now.", null=True),
    ref("exit_operation_id", "operations", "The operation that handed it out.", null=True),
    may("out_at", INSTANT, "When it was handed out."),
    may("due_at", INSTANT, "When it must be back (C21)."),
    need("extensions", Integer, "How often the due instant was moved (C22).", server_default=text("0")),
    may("returned_at", INSTANT, "When it was presented; stops overdue (C27)."),
    ref("returned_by", "staff", "Who brought it (C25).", null=True),
    ref("presented_to", "staff", "Who took it over the desk.", null=True),
    may("claimed_at", INSTANT, "When the holder said that it had been returned earlier (C25)."),
    ref("inspection_id", "return_inspections", "The inspection that let it back in (C26).", null=True, cycle=True),
    ref("entry_operation_id", "operations", "The operation that took it back.", null=True),
    may("closed_at", INSTANT, "When the movement ended."),
    may("ended_as", Text, "How it ended otherwise than by an accepted return; null for that, and for what was never used."),
    *stamps(),
    one_of("kind", MovementKind),
    one_of("ended_as", MovementEnd),
    check(
        "ended_as is null or (closed_at is not null and num_nonnulls(entry_operation_id, exit_operation_id) > 0)", "c1_ended_by_operation"
    ),
    Index("uq_movements_c14_one_open", "record_id", unique=True, postgresql_where=text("closed_at is null")),
    Index("ix_movements_record_id", "record_id"),
    Index("ix_movements_operation_id", "operation_id", postgresql_where=text("operation_id is not null")),
    Index("ix_movements_open_holder", "holder_id", postgresql_where=text("closed_at is null")),
    Index("ix_movements_due", "due_at", "id", postgresql_where=text("closed_at is null and out_at is not null")),
    check("kind in ('ACT', 'TRANSIT') or (request_id is not null and holder_id is not null)", "lending_names_request_and_holder"),
    check("kind <> 'ACT' or out_at is null", "act_is_never_out"),
    check("(out_at is null) = (exit_operation_id is null) or kind = 'READING'", "c1_exit_by_operation"),
    check("out_at is null or out_at <= lapses_at", "c20_before_lapse"),
    check("out_at is null or kind in ('RELEASE', 'SUBSTITUTION') or (due_at is not null and due_at > out_at)", "c21_due"),
    check(
        "ended_as not in ('RELEASED', 'SUBSTITUTED', 'SURRENDERED') or (ended_as, kind) in"
        " (('RELEASED', 'RELEASE'), ('SUBSTITUTED', 'SUBSTITUTION'), ('SURRENDERED', 'CHECKOUT'))",
        "c38_end_fits_kind",
    ),
    check("extensions between 0 and 99", "c22_extensions"),
    check("returned_by is null or returned_by = holder_id", "c25_holder_returns"),
    check("returned_at is null or (out_at is not null and returned_at >= out_at and returned_by is not null)", "c27_return_after_exit"),
    check(
        "closed_at is null or out_at is null or kind = 'READING' or (ended_as is not null and ended_as <> 'FOUND')"
        " or (inspection_id is not null and entry_operation_id is not null)",
        "c26_inspected",
    ),
    check(
        "closed_at is null or out_at is null or ended_as is not null or (returned_at is not null and closed_at >= returned_at)",
        "c27_close_after_return",
    ),
)

return_inspections = table(
    "return_inspections",
    "What was found when a record came back, append-only (C26).",
    key(),
    ref("movement_id", "movements", "Of which checkout.", index=True),
    ref("record_id", "archive_records", "Of which record.", index=True),
    ref("operation_id", "operations", "The operation in which it was made.", null=True),
    ref("inspected_by", "staff", "Who inspected."),
    need("inspected_at", INSTANT, "When."),
    need("numbers_match", Boolean, "Numbers on the paper match the register."),
    need("pages_match", Boolean, "All pages are there."),
    need("seal_intact", Boolean, "The seal is whole, or none was put on."),
    need("no_alterations", Boolean, "Nothing was altered."),
    need("no_damage", Boolean, "Nothing is damaged."),
    need("pages_counted", Integer, "Pages counted."),
    may("findings", Text, "In words."),
    need("passed", Boolean, "Whether it may go back."),
    check("not passed or (numbers_match and pages_match and seal_intact and no_alterations and no_damage)", "c26_passed"),
    check("passed or findings is not null", "c28_findings"),
)

tickets = table(
    "tickets",
    "Pre-numbered vault-out tickets (出库单), one per exit, without gaps, append-only (C10).",
    key(),
    org("Whose sequence."),
    need("ticket_no", BigInteger, "The next number of the unit; set by the trigger."),
    ref("operation_id", "operations", "The exit.", null=True),
    need("issued_at", INSTANT, "When."),
    need("is_void", Boolean, "A void keeps its number.", server_default=text("false")),
    may("void_reason", Text, "Why it is void."),
    UniqueConstraint("org_id", "ticket_no", name="uq_tickets_c10_number"),
    UniqueConstraint("operation_id", name="uq_tickets_c10_one_per_exit"),
    check("is_void = (void_reason is not null)", "c10_void_has_reason"),
    check("is_void or operation_id is not null", "c10_ticket_has_exit"),
)

ticket_counters = table(
    "ticket_counters",
    "The last ticket number of each unit; only the numbering trigger writes it.",
    ref("org_id", "org_units", "Whose sequence.", primary=True),
    need("last_no", BigInteger, "The last number given.", server_default=text("0")),
)

holds = table(
    "holds",
    "Holds (冻结) on a record, loan, collateral, customer or dealer; inherited by what comes later (C16).",
    key(),
    org("Unit of the placer."),
    need("kind", Text, "Why."),
    need("subject_kind", Text, "What it is on."),
    ref("record_id", "archive_records", "The record.", null=True),
    ref("loan_id", "loans", "The loan.", null=True),
    ref("collateral_id", "collateral", "The collateral.", null=True),
    ref("party_id", "parties", "The customer, in every branch.", null=True),
    ref("dealer_id", "dealers", "The dealer.", null=True),
    need("reason", Text, "In words; only for those who may know."),
    ref("placer_id", "staff", "Who placed it."),
    need("placed_at", INSTANT, "When."),
    may("lifted_at", INSTANT, "When it was lifted."),
    ref("lifted_by", "staff", "Who lifted it, another person.", null=True),
    may("lift_reason", Text, "Why."),
    *stamps(),
    one_of("kind", HoldKind),
    one_of("subject_kind", HoldSubject),
    check("num_nonnulls(record_id, loan_id, collateral_id, party_id, dealer_id) = 1", "one_subject"),
    check("lifted_by is null or lifted_by <> placer_id", "c16_second_person"),
    check("(lifted_at is null) = (lifted_by is null)", "c16_lifted_by"),
    *(
        Index(f"ix_holds_active_{column}", column, postgresql_where=text("lifted_at is null"))
        for column in ("record_id", "loan_id", "collateral_id", "party_id", "dealer_id")
    ),
)

discrepancies = table(
    "discrepancies",
    "Where the shelf differs from the list; an open one freezes the record (C43).",
    key(),
    org("Branch of the record."),
    visible_to(),
    ref("record_id", "archive_records", "The record."),
    need("kind", Text, "How it differs."),
    need("state", Text, "Life cycle.", server_default=text("'CASE'")),
    need("findings", Text, "In words."),
    ref("reported_by", "staff", "Who reported it."),
    need("reported_at", INSTANT, "When."),
    ref("owner_id", "staff", "Who must solve it.", null=True),
    need("deadline_at", INSTANT, "Until when."),
    may("resolved_at", INSTANT, "When it was solved."),
    may("resolution", Text, "How."),
    *stamps(),
    one_of("kind", DiscrepancyKind),
    one_of("state", DiscrepancyState),
    check("(state = 'RESOLVED') = (resolved_at is not null)", "resolved_at"),
    Index("uq_discrepancies_c43_one_open", "record_id", "kind", unique=True, postgresql_where=text("resolved_at is null")),
)

off_balance_entries = table(
    "off_balance_entries",
    "Outbox to core banking's off-balance register (表外登记), one per first-tier entry and exit (C11).",
    key(),
    org("The unit whose vault it is."),
    ref("record_id", "archive_records", "The record.", index=True),
    ref("operation_id", "operations", "The entry or exit."),
    need("direction", Text, "In or out."),
    need("state", Text, "What core banking has said.", server_default=text("'PENDING'")),
    may("serial_no", Text, "Serial of core banking."),
    need("queued_at", INSTANT, "When it was queued."),
    may("booked_at", INSTANT, "When it was booked."),
    *stamps(),
    one_of("direction", OffBalanceDirection),
    one_of("state", OffBalanceState),
    UniqueConstraint("operation_id", "record_id", name="uq_off_balance_entries_c11_one_each"),
    Index("ix_off_balance_entries_open", "queued_at", postgresql_where=text("state <> 'BOOKED'")),
)

idempotency_keys = table(
    "idempotency_keys",
    "Keys that were spent by an effect, kept for ever (C51).",
    ref("caller_id", "staff", "Who sent it.", primary=True),
    need("mutation", Text, "Which mutation.", primary_key=True),
    need("idempotency_key", Text, "The client's key.", primary_key=True),
    need("input_hash", LargeBinary, "SHA-256 of the canonical input."),
    may("outcome", JSONB, "Ids of what was made."),
    need("spent_at", INSTANT, "When.", server_default=NOW),
)
