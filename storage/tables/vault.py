"""What accompanies first-tier papers: letters of those who keep them in trust, claims, receipts, checks, emergencies."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Identity, Index, Text, UniqueConstraint, text

from storage.tables.columns import INSTANT, check, key, may, need, one_of, org, ref, stamps, table
from storage.terms import BaileeKind, ClaimResolution, EmergencyFinding

bailee_letters = table(
    "bailee_letters",
    "Signed letters (受托保管函) by which somebody outside the bank keeps papers in trust and must return them, append-only (C40).",
    key(),
    org("Unit of whoever registered it."),
    ref("request_id", "access_requests", "The request under which the papers leave.", index=True),
    need("letter_no", Text, "Number on the letter."),
    need("kind", Text, "Who keeps the papers."),
    need("bailee", Text, "The office, court or firm, by name."),
    need("signed_on", Date, "Day of the signature."),
    need("return_by", Date, "Day by which the letter promises the return."),
    ref("scan_id", "scans", "Scan of the letter.", null=True, index=True),
    ref("registered_by", "staff", "Who registered it."),
    need("registered_at", INSTANT, "When."),
    one_of("kind", BaileeKind),
    UniqueConstraint("org_id", "letter_no"),
    check("return_by >= signed_on", "c40_return_duty"),
)

return_claims = table(
    "return_claims",
    "What a holder says who is asked for papers that they returned already (C25).",
    key(),
    ref("movement_id", "movements", "Of which checkout.", index=True),
    ref("claimed_by", "staff", "The holder."),
    need("claimed_at", INSTANT, "When."),
    need("statement", Text, "In words."),
    may("resolved_at", INSTANT, "When it was resolved."),
    ref("resolved_by", "staff", "Who resolved it, another person.", null=True),
    may("resolution", Text, "How it ended."),
    may("findings", Text, "What was found, in words."),
    *stamps(),
    one_of("resolution", ClaimResolution),
    check("num_nulls(resolved_at, resolved_by, resolution) in (0, 3)", "c25_resolved"),
    check("resolved_by is null or resolved_by <> claimed_by", "c25_second_person"),
    Index("uq_return_claims_c25_one_open", "movement_id", unique=True, postgresql_where=text("resolved_at is null")),
)

registry_checks = table(
    "registry_checks",
    "What the registry said of an electronic certificate, append-only (C55).",
    key(),
    ref("certificate_id", "collateral_certificates", "The certificate.", index=True),
    ref("record_id", "archive_records", "Its record.", index=True),
    ref("checked_by", "staff", "Who asked the registry."),
    need("checked_at", INSTANT, "When."),
    need("reference", Text, "Reference under which it was found."),
    need("is_valid", Boolean, "Whether the registry still shows the bank's right."),
    may("findings", Text, "In words."),
)

intake_receipts = table(
    "intake_receipts",
    "Three-part receipts of papers taken into a vault: for the keepers, the business officer and the borrower, append-only (F2).",
    key(),
    org("The unit whose vault it is."),
    Column("receipt_no", BigInteger, Identity(always=True), nullable=False, comment="Number on all three parts."),
    ref("operation_id", "operations", "The intake."),
    ref("keeper_id", "staff", "Who keeps the first part: the keeper with the key."),
    ref("officer_id", "staff", "Who gets the second part: the officer who delivered the papers.", null=True),
    ref("customer_id", "customers", "Who gets the third part: the borrower.", null=True, index=True),
    need("issued_at", INSTANT, "When."),
    UniqueConstraint("receipt_no"),
    UniqueConstraint("operation_id"),
)

emergency_reviews = table(
    "emergency_reviews",
    "Emergencies in which substitutes took the seats of keepers, and their review by somebody else (C1).",
    key(),
    org("The unit of the operation."),
    ref("operation_id", "operations", "The operation."),
    need("reason", Text, "Why it was an emergency."),
    need("opened_at", INSTANT, "When."),
    need("due_at", INSTANT, "Until when it must be reviewed."),
    may("reviewed_at", INSTANT, "When it was reviewed."),
    ref("reviewed_by", "staff", "Who reviewed it.", null=True),
    may("finding", Text, "What the review found."),
    may("comment", Text, "In words."),
    *stamps(),
    one_of("finding", EmergencyFinding),
    UniqueConstraint("operation_id"),
    check("num_nulls(reviewed_at, reviewed_by, finding) in (0, 3)", "c1_reviewed"),
    Index("ix_emergency_reviews_due_at", "due_at", "id"),
    Index("ix_emergency_reviews_opened_at", "opened_at", "id"),
    Index("ix_emergency_reviews_open", "due_at", postgresql_where=text("reviewed_at is null")),
)
