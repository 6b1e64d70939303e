"""How papers leave for good: the notice that a loan is settled, who received them, what took their place."""

from sqlalchemy import Date, Index, LargeBinary, Text, UniqueConstraint, text

from storage.tables.columns import INSTANT, SEALED, check, currency, key, may, money, need, one_of, org, ref, stamps, table
from storage.terms import RecipientCapacity, ReleaseState

settlement_notices = table(
    "settlement_notices",
    "Settlement notices (结清通知书): the paper is a first-tier record; it is filed once that lies in the vault, scanned.",
    key(),
    org("Branch of the loan."),
    ref("loan_id", "loans", "The loan that is settled.", index=True),
    need("number", Text, "Business number."),
    ref("record_id", "archive_records", "The paper."),
    ref("issued_by", "staff", "Who issued it."),
    need("issued_at", INSTANT, "When."),
    may("voided_at", INSTANT, "When a reversed payoff made it void (C52)."),
    *stamps(),
    UniqueConstraint("number"),
    UniqueConstraint("record_id"),
    Index("uq_settlement_notices_c36_one_live", "loan_id", unique=True, postgresql_where=text("voided_at is null")),
    Index("ix_settlement_notices_issued_at", "issued_at", "id"),
)

releases = table(
    "releases",
    "Who receives papers that leave for good, and the signed receipt (C37, C40); a draft until the papers are theirs.",
    key(),
    org("Unit of the request."),
    ref("request_id", "access_requests", "The request.", index=True),
    need("capacity", Text, "As what they receive: owner, attorney or court."),
    need("recipient_name", Text, "Name; in clear by decision."),
    may("identity_index", LargeBinary, "Blind index of the identity number; none for a court.", info=SEALED),
    may("identity_number_masked", Text, "Identity number, masked."),
    ref("authority_scan_id", "scans", "Scan of the power of attorney.", null=True),
    may("authority_until", Date, "Last day of the power of attorney."),
    ref("verified_by", "staff", "Who verified them."),
    need("verified_at", INSTANT, "When."),
    need("state", Text, "Life cycle.", server_default=text("'DRAFT'")),
    ref("receipt_scan_id", "scans", "Scan of the signed receipt.", null=True),
    ref("operation_id", "operations", "The operation that handed the papers over.", null=True),
    may("released_at", INSTANT, "When."),
    *stamps(),
    one_of("capacity", RecipientCapacity),
    one_of("state", ReleaseState),
    check("(capacity = 'COURT') = (identity_index is null)", "c37_identity"),
    check("(capacity = 'ATTORNEY') = (authority_scan_id is not null and authority_until is not null)", "c37_authority"),
    check("(state = 'DONE') = (num_nonnulls(receipt_scan_id, operation_id, released_at) = 3)", "c37_done"),
    check("receipt_scan_id <> authority_scan_id", "c37_receipt_is_another"),
    Index("uq_releases_c37_one_recipient", "request_id", unique=True, postgresql_where=text("capacity <> 'COURT'")),
)

substitutions = table(
    "substitutions",
    "What takes the place of the papers of a SUBSTITUTION request, and the value that its approvers saw (C39); append-only.",
    key(),
    ref("request_id", "access_requests", "The request."),
    ref("replacement_id", "archive_records", "The new paper.", index=True),
    money("value_amount", "Value of its collateral when the request was made."),
    currency(),
    UniqueConstraint("request_id"),
)
