"""Whether contracts are whole, and lists of volumes whose time has run out."""

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Integer, LargeBinary, Text, UniqueConstraint, text

from storage.tables.columns import INSTANT, check, key, may, need, one_of, org, ref, stamps, table, visible_to
from storage.terms import BatchState, Element, ElementGrade, ElementResult, RecordState, Role

contract_elements = table(
    "contract_elements",
    "The checklist of contract elements (合同要素); loaded from server/custody/elements.",
    need("element", Text, "What a contract must have.", primary_key=True),
    need("grade", Text, "Whether a gap blocks the file."),
    need("position", Integer, "Place in the list."),
    one_of("element", Element),
    one_of("grade", ElementGrade),
)

contract_element_checks = table(
    "contract_element_checks",
    "Checks of a contract for omissions (漏项), append-only; the newest counts (C29).",
    key(),
    org(index=False),
    ref("contract_id", "contracts", "The contract."),
    ref("checked_by", "staff", "Who checked."),
    need("checked_at", INSTANT, "When."),
    Index("ix_contract_element_checks_contract_id", "contract_id", "checked_at"),
    Index("ix_contract_element_checks_checked_at", "checked_at", "id"),
    Index("ix_contract_element_checks_org_id", "org_id", "id"),
)

contract_element_items = table(
    "contract_element_items",
    "What a check found of each element, append-only.",
    key(),
    ref("check_id", "contract_element_checks", "The check."),
    need("element", Text, "Which element."),
    need("result", Text, "What was found."),
    may("reason", Text, "In words; required where it does not apply."),
    may("deadline_at", INSTANT, "Until when a correctable gap must be put right."),
    one_of("element", Element),
    one_of("result", ElementResult),
    check("result <> 'NOT_APPLICABLE' or reason is not null", "c29_reason"),
    UniqueConstraint("check_id", "element"),
    Index("ix_contract_element_items_gaps", "deadline_at", postgresql_where=text("result in ('MISSING', 'INCONSISTENT')")),
)

disposal_batches = table(
    "disposal_batches",
    "Lists of volumes to be destroyed (销毁清册), C45 to C47.",
    key(),
    org("Unit of whoever proposed it."),
    visible_to(),
    need("state", Text, "Life cycle.", server_default=text("'PROPOSED'")),
    need("list_hash", LargeBinary, "SHA-256 of the ids of its records, in order: what the heads approve."),
    need("appraisal", Text, "Why nothing of it need be kept."),
    ref("proposed_by", "staff", "Who drew up the list."),
    need("proposed_at", INSTANT, "When."),
    may("decided_at", INSTANT, "When the last head approved it, or it was rejected."),
    may("decision_reason", Text, "Why it was rejected."),
    *stamps(),
    one_of("state", BatchState),
    check("octet_length(list_hash) = 32", "list_hash"),
    check("(state = 'PROPOSED') = (decided_at is null)", "decided"),
    UniqueConstraint("id", "list_hash"),
    Index("ix_disposal_batches_proposed_at", "proposed_at", "id"),
)

disposal_lines = table(
    "disposal_lines",
    "Volumes of a list, written once.",
    key(),
    ref("batch_id", "disposal_batches", "The list."),
    ref("record_id", "archive_records", "The volume.", index=True),
    need("back_to", Text, "Where it goes back to when it is not destroyed (S10)."),
    need("is_open", Boolean, "False once it went back or was destroyed.", server_default=text("true")),
    one_of("back_to", RecordState),
    UniqueConstraint("batch_id", "record_id"),
    Index("uq_disposal_lines_c46_one_list", "record_id", unique=True, postgresql_where=text("is_open")),
)

disposal_approvals = table(
    "disposal_approvals",
    "What the heads of business, risk and the president's office approved, append-only (C46).",
    key(),
    ref("batch_id", "disposal_batches", "The list."),
    need("list_hash", LargeBinary, "The list as it was approved."),
    need("role", Text, "In which rank."),
    ref("staff_id", "staff", "Who."),
    need("approved_at", INSTANT, "When."),
    one_of("role", (Role.CREDIT_DEPT_HEAD, Role.RISK_HEAD, Role.PRESIDENT_OFFICE)),
    UniqueConstraint("batch_id", "role", name="uq_disposal_approvals_c46_one_per_rank"),
    UniqueConstraint("batch_id", "staff_id", name="uq_disposal_approvals_c46_one_each"),
    ForeignKeyConstraint(
        ["batch_id", "list_hash"], ["disposal_batches.id", "disposal_batches.list_hash"], name="fk_disposal_approvals_c46_exact_list"
    ),
)
