"""The slow answer: graphql-core's own executor and plain Python over the rows of every table. Shares no code with the compiler."""

import base64
import datetime as dt
import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from graphql import GraphQLSchema, build_schema, execute, get_named_type, parse

from schema.notices import TITLES
from storage.terms import NoticeKind, Role
from tests.compliance import second
from tests.reading import offices
from tests.reading.pages import View, uuid_of
from tests.reading.rows import SOURCES, Row, snake

MASKED = {
    Role.LOAN_OFFICER,
    Role.CREDIT_DEPT_HEAD,
    Role.RISK_HEAD,
    Role.COLLECTIONS,
    Role.LEGAL,
    Role.COMPLIANCE,
    Role.AUDITOR,
    Role.EXAMINER,
}
CORRECTED = {"EVENT": "event", "RECORD": "record", "FILE_ITEM": "item", "CERTIFICATE": "certificate", "CONTRACT": "contract"}
MONEY = {
    ("Loan", "principal"): "principal_amount", ("Loan", "instalment"): "instalment_amount", ("Contract", "amount"): "amount",
    ("ContractAmendment", "amount"): "amount", ("ContractAmendment", "amountBefore"): "amount_before",
    ("Collateral", "value"): "value_amount", ("CollateralValuation", "amount"): "amount", ("CertificateVersion", "rightAmount"): "right_amount", ("CollateralCertificate", "rightAmount"): "right_amount",
    **{("LoanPosition", name): f"{name}_amount" for name in ("principal", "interest", "fees", "overdue")},
}  # fmt: skip
POINTERS = {  # field of a type: (table, our column)
    "CollateralValuation.recordedBy": ("staff", "recorded_by"),
    "Hold.record": ("archive_records", "record_id"), "Hold.loan": ("loans", "loan_id"), "Hold.collateral": ("collateral", "collateral_id"),
    "Hold.dealer": ("dealers", "dealer_id"), "AccessRequest.courtPaperScan": ("scans", "court_paper_scan_id"),
    "LoanPosition.reversalOf": ("loan_positions", "reversal_of_id"),
    "Loan.customer": ("customers", "customer_id"), "Loan.product": ("loan_products", "product_id"), "Loan.orgUnit": ("org_units", "org_id"),
    "Loan.manager": ("staff", "manager_id"), "Loan.dealer": ("dealers", "dealer_id"), "Collateral.orgUnit": ("org_units", "org_id"),
    "Collateral.owner": ("customers", "owner_id"), "CollateralCertificate.collateral": ("collateral", "collateral_id"),
    "SealedEnvelope.location": ("storage_locations", "location_id"), "FileItem.contract": ("contracts", "contract_id"),
    "AccessRequest.orgUnit": ("org_units", "org_id"), "AccessRequest.applicant": ("staff", "applicant_id"),
    "AccessRequest.reader": ("staff", "reader_id"), "Approval.approver": ("staff", "approver_id"), "OperationSeat.staff": ("staff", "staff_id"),
    "Ticket.orgUnit": ("org_units", "org_id"), "Operation.openedBy": ("staff", "opened_by"),
    "Operation.request": ("access_requests", "request_id"), "ReturnInspection.inspectedBy": ("staff", "inspected_by"),
    "Checkout.record": ("archive_records", "record_id"), "Checkout.request": ("access_requests", "request_id"),
    "Checkout.holder": ("staff", "holder_id"), "Checkout.exitOperation": ("operations", "exit_operation_id"),
    "BaileeLetter.registeredBy": ("staff", "registered_by"), "BaileeLetter.request": ("access_requests", "request_id"),
    "BaileeLetter.scan": ("scans", "scan_id"), "ReturnClaim.claimedBy": ("staff", "claimed_by"), "ReturnClaim.resolvedBy": ("staff", "resolved_by"),
    "ReturnClaim.checkout": ("movements", "movement_id"), "RegistryCheck.checkedBy": ("staff", "checked_by"),
    "RegistryCheck.certificate": ("collateral_certificates", "certificate_id"), "RegistryCheck.record": ("archive_records", "record_id"),
    "IntakeReceipt.keeper": ("staff", "keeper_id"), "IntakeReceipt.officer": ("staff", "officer_id"),
    "IntakeReceipt.borrower": ("customers", "customer_id"), "IntakeReceipt.operation": ("operations", "operation_id"),
    "OffBalanceEntry.orgUnit": ("org_units", "org_id"), "OffBalanceEntry.record": ("archive_records", "record_id"),
    "OffBalanceEntry.operation": ("operations", "operation_id"), "EmergencyReview.orgUnit": ("org_units", "org_id"),
    "EmergencyReview.reviewedBy": ("staff", "reviewed_by"), "EmergencyReview.operation": ("operations", "operation_id"),
    "CollateralCertificate.replaces": ("collateral_certificates", "replaces_id"),
    "CustodyEvent.actor": ("staff", "actor_id"), "CustodyEvent.record": ("archive_records", "record_id"),
    "ContractAmendment.proposedBy": ("staff", "proposed_by"), "ContractAmendment.approvedBy": ("staff", "approved_by"),
    "ContractAmendment.evidence": ("scans", "evidence_id"),
    "ContractElementCheck.checkedBy": ("staff", "checked_by"), "ContractElementCheck.contract": ("contracts", "contract_id"),
    "DisposalBatch.orgUnit": ("org_units", "org_id"), "DisposalBatch.proposedBy": ("staff", "proposed_by"),
    "DisposalApproval.staff": ("staff", "staff_id"), "SecondTierRecord.rebuilds": ("archive_records", "rebuilds_id"),
    "Discrepancy.owner": ("staff", "owner_id"), "Discrepancy.record": ("archive_records", "record_id"),
    "Discrepancy.orgUnit": ("org_units", "org_id"), "Discrepancy.reportedBy": ("staff", "reported_by"),
    "Discrepancy.signedBy": ("staff", "signed_by"), "Discrepancy.resolvedBy": ("staff", "resolved_by"),
    "Discrepancy.item": ("file_items", "item_id"), "LossCase.orgUnit": ("org_units", "org_id"),
    "LossCase.discrepancy": ("discrepancies", "discrepancy_id"), "LossCase.record": ("archive_records", "record_id"),
    "LossCase.reissuedAs": ("archive_records", "reissued_as_id"), "LossCase.lostOperation": ("operations", "lost_operation_id"),
    "LossCase.searchedBy": ("staff", "searched_by"), "LossCase.notifiedBy": ("staff", "notified_by"),
    "LossCase.originalFoundBy": ("staff", "original_found_by"),
    "Scan.uploadedBy": ("staff", "uploaded_by"), "Scan.lockedBy": ("staff", "locked_by_id"), "Scan.supersedes": ("scans", "supersedes_id"), "Scan.record": ("archive_records", "record_id"),
    "InspectionReport.orgUnit": ("org_units", "org_id"), "InspectionReport.loan": ("loans", "loan_id"),
    "InspectionReport.draftedBy": ("staff", "drafted_by"), "ReportSignOff.staff": ("staff", "staff_id"), "OrgUnit.parent": ("org_units", "parent_id"),
    "OrgUnit.presidentInCharge": ("staff", "president_in_charge_id"), "StaffMember.orgUnit": ("org_units", "org_id"),
    "StorageLocation.orgUnit": ("org_units", "org_id"), "StorageLocation.parent": ("storage_locations", "parent_id"),
    "Correction.record": ("archive_records", "record_id"), "Correction.evidence": ("scans", "evidence_id"),
    "Correction.proposedBy": ("staff", "proposed_by"), "Correction.confirmedBy": ("staff", "confirmed_by"),
    "SettlementNotice.loan": ("loans", "loan_id"), "SettlementNotice.record": ("archive_records", "record_id"),
    "SettlementNotice.issuedBy": ("staff", "issued_by"), "SettlementNotice.orgUnit": ("org_units", "org_id"),
    "Release.verifiedBy": ("staff", "verified_by"), "Release.request": ("access_requests", "request_id"),
    "Release.operation": ("operations", "operation_id"), "Release.authorityScan": ("scans", "authority_scan_id"),
    "Release.receiptScan": ("scans", "receipt_scan_id"),
    "PolicyVersion.orgUnit": ("org_units", "org_id"), "PolicyVersion.approvedBy": ("staff", "approved_by"),
    "Decision.caller": ("staff", "caller_id"), "RuleOverride.record": ("archive_records", "record_id"),
    "RuleOverride.askedBy": ("staff", "asked_by"), "RuleOverride.confirmedBy": ("staff", "confirmed_by"),
    "Shipment.operation": ("operations", "operation_id"), "HandoverLine.record": ("archive_records", "record_id"),
    "HandoverLine.shipment": ("shipments", "shipment_id"), "Handover.fromUnit": ("org_units", "org_id"),
    "Handover.toUnit": ("org_units", "to_org_id"), "Handover.giver": ("staff", "giver_id"), "Handover.taker": ("staff", "taker_id"),
    "Handover.createdBy": ("staff", "created_by"),
    "Notice.record": ("archive_records", "record_id"), "Export.contract": ("contracts", "contract_id"),
    "Viewer.staff": ("staff", "id"), "Viewer.orgUnit": ("org_units", "org_id"),
    "Stocktake.place": ("storage_locations", "place_id"), "Stocktake.orgUnit": ("org_units", "org_id"),
    **{f"Stocktake.{name}": ("staff", column) for name, column in (
        ("openedBy", "opened_by"), ("firstCounter", "first_counter_id"), ("secondCounter", "second_counter_id"),
        ("comparedBy", "compared_by"), ("signedBy", "signed_by"))},
    "StocktakePlace.location": ("storage_locations", "location_id"), "StocktakePlace.cabinet": ("storage_locations", "cabinet_id"),
    "StocktakeLine.location": ("storage_locations", "location_id"), "StocktakeLine.foundLocation": ("storage_locations", "found_location_id"),
    "StocktakeLine.envelope": ("sealed_envelopes", "envelope_id"), "StocktakeLine.record": ("archive_records", "record_id"),
    "StocktakeCount.location": ("storage_locations", "location_id"), "StocktakeCount.counter": ("staff", "counter_id"),
    **{f"{tier}.{field}": target for tier in ("FirstTierRecord", "SecondTierRecord") for field, target in {
        "primaryLoan": ("loans", "primary_loan_id"), "custodyOrg": ("org_units", "custody_org_id"),
        "certificate": ("collateral_certificates", "certificate_id"), "collateral": ("collateral", "collateral_id"),
        "envelope": ("sealed_envelopes", "envelope_id"), "vault": ("storage_locations", "vault_id"),
        "controller": ("org_units", "org_id"), "custodian": ("staff", "custodian_id")}.items()},
}  # fmt: skip


def plain_schema(sdl: str) -> GraphQLSchema:
    """The same SDL without strawberry: every enum and scalar is what stands in the document."""
    return build_schema(sdl)


COUNTED = {
    "orgUnit": ("org_units", "org_id"),
    "custodyOrg": ("org_units", "custody_org_id"),
    "location": ("storage_locations", "location_id"),
}


# Fields that are more than a column ------------------------------------------------------------------------------------
def _by_id(view: View, text: str) -> Row | None:
    prefix, uuid = text.rpartition("_")[0], uuid_of(text)
    table = next((t for t, p in SOURCES.values() if p == prefix), None)
    return view.by[table].get(uuid) if table and uuid else None


def _one(view: View, table: str, by: dict[str, Any]) -> Row | None:
    ((name, value),) = by.items()
    wanted = uuid_of(value) if name == "id" else value
    rows = view.rows[table] if table != "collateral_certificates" or name == "id" else [r for r in view.rows[table] if r["is_live"]]
    return next((r for r in rows if r[snake(name)] == wanted), None)


ROOT: dict[str, Callable[[View, dict[str, Any]], Any]] = {
    "viewer": lambda v, a: dict(v.by["staff"][v.me.staff_id], __table="viewer"),
    "node": lambda v, a: _by_id(v, a["id"]),
    "nodes": lambda v, a: [_by_id(v, i) for i in a["ids"]],
    "loan": lambda v, a: _one(v, "loans", a["by"]),
    "contract": lambda v, a: _one(v, "contracts", a["by"]),
    "archiveRecord": lambda v, a: _one(v, "archive_records", a["by"]),
    "collateralCertificate": lambda v, a: _one(v, "collateral_certificates", a["by"]),
    "loans": lambda v, a: v.page("Loan", v.rows["loans"], a),
    "contracts": lambda v, a: v.page("Contract", v.rows["contracts"], a),
    "archiveRecords": lambda v, a: v.page("ArchiveRecord", v.rows["archive_records"], a),
    "recordCounts": lambda v, a: v.counts(a),
    "customers": lambda v, a: v.page("Customer", v.rows["customers"], a),
    "collateralCertificates": lambda v, a: v.page("CollateralCertificate", v.rows["collateral_certificates"], a),
    "sealedEnvelopes": lambda v, a: v.page("SealedEnvelope", v.rows["sealed_envelopes"], a),
    "scans": lambda v, a: v.page("Scan", v.rows["scans"], a),
    "holds": lambda v, a: v.page("Hold", v.rows["holds"], a),
    "inspectionReports": lambda v, a: v.page("InspectionReport", v.rows["inspection_reports"], a),
    "checkouts": lambda v, a: v.page("Checkout", [m for m in v.rows["movements"] if m["kind"] != "ACT"], a),
    "accessRequests": lambda v, a: v.page("AccessRequest", v.rows["access_requests"], a),
    "custodyEvents": lambda v, a: v.page("CustodyEvent", filter(v.tells, v.rows["events"]), a),
    "corrections": lambda v, a: v.page("Correction", v.rows["corrections"], a),
    "operations": lambda v, a: v.page("Operation", v.rows["operations"], a),
    "settlementNotices": lambda v, a: v.page("SettlementNotice", v.rows["settlement_notices"], a),
    "handovers": lambda v, a: v.page("Handover", v.rows["handovers"], a),
    "tickets": lambda v, a: v.page("Ticket", v.rows["tickets"], a),
    "offBalanceEntries": lambda v, a: v.page("OffBalanceEntry", v.rows["off_balance_entries"], a),
    "emergencyReviews": lambda v, a: v.page("EmergencyReview", v.rows["emergency_reviews"], a),
    "discrepancies": lambda v, a: v.page("Discrepancy", v.rows["discrepancies"], a),
    "lossCases": lambda v, a: v.page("LossCase", v.rows["loss_cases"], a),
    "contractElementChecks": lambda v, a: v.page("ContractElementCheck", v.rows["contract_element_checks"], a),
    "disposalBatches": lambda v, a: v.page("DisposalBatch", v.rows["disposal_batches"], a),
    "stocktakes": lambda v, a: v.page("Stocktake", v.rows["stocktakes"], a),
    **offices.ROOT,
}
Special = Callable[[View, Row, dict[str, Any]], Any]


def _holder(v: View, r: Row) -> Row | None:
    move = v.open_movement(r)
    return v.by["staff"].get(move["holder_id"]) if move and move["out_at"] and not move["returned_at"] else None


def _place(v: View, record: Row) -> Any:
    """The slot of its envelope, else its shelf."""
    envelopes = v.rows["sealed_envelopes"] if v.policies else v.every["sealed_envelopes"]
    return next((e["location_id"] for e in envelopes if e["id"] == record["envelope_id"]), None) or record["location_id"]


def _secured(v: View, record: Row) -> list[Row]:
    """Its primary loan, and those of its collateral."""
    links = v.rows["loan_collateral"] if v.policies else v.every["loan_collateral"]
    ids = {record["primary_loan_id"], *(x["loan_id"] for x in links if x["collateral_id"] == record["collateral_id"] is not None)}
    return [loan for loan in v.rows["loans"] if loan["id"] in ids]


def _ordered(rows: Iterable[Row], key: str) -> list[Row]:
    return sorted(rows, key=lambda r: (r[key], r["id"]))


def _detail(row: Row, name: str) -> Any:
    return json.loads(bytes(row["canonical"])[17:])["detail"].get(name)


def _stored(v: View, column: str, r: Row) -> list[Row]:
    return _ordered((s for s in v.kids("scans", column, r) if s["status"] == "STORED"), "id")


def _left(v: View, stocktake: Row) -> int:
    mine = {stocktake["first_counter_id"]: ("first",), stocktake["second_counter_id"]: ("second",)}.get(v.me.staff_id, ("first", "second"))
    return sum(any(p[f"{one}_counted_at"] is None for one in mine) for p in v.kids("stocktake_places", "stocktake_id", stocktake))


def _cases(v: View, lines: list[Row]) -> list[Row]:
    ids = {line["id"] for line in lines}
    return _ordered((d for d in v.rows["discrepancies"] if d["stocktake_line_id"] in ids), "id")


SPECIAL: dict[str, Special] = {
    "Contract.elementCheck": lambda v, r, a: max(
        v.kids("contract_element_checks", "contract_id", r), key=lambda c: c["checked_at"], default=None
    ),
    "Contract.amendments": lambda v, r, a: _ordered(v.kids("contract_amendments", "contract_id", r), "amended_at"),
    "ContractAmendment.joined": lambda v, r, a: _ordered((loan for loan in v.rows["loans"] if loan["id"] in r["loan_ids"]), "number"),
    "Contract.elementChecks": lambda v, r, a: v.page("ContractElementCheck", v.kids("contract_element_checks", "contract_id", r), a),
    "ContractElementCheck.items": lambda v, r, a: _ordered(v.kids("contract_element_items", "check_id", r), "element"),
    "ContractElementCheck.gaps": lambda v, r, a: _ordered(
        (i for i in v.kids("contract_element_items", "check_id", r) if i["result"] in ("MISSING", "INCONSISTENT")), "element"
    ),
    "ContractElementCheck.isNewest": lambda v, r, a: v.computed("ContractElementCheck", r, "isNewest"),
    "ContractElementCheck.isWhole": lambda v, r, a: v.computed("ContractElementCheck", r, "isWhole"),
    "ContractElementItem.grade": lambda v, r, a: next(e["grade"] for e in v.rows["contract_elements"] if e["element"] == r["element"]),
    "ContractElementItem.isLate": lambda v, r, a: bool(r["deadline_at"] and r["deadline_at"] < v.now),
    "DisposalBatch.listHash": lambda v, r, a: r["list_hash"].hex(),
    "DisposalBatch.records": lambda v, r, a: _ordered(v.linked("disposal_lines", "batch_id", "record_id", "archive_records", r), "id"),
    "DisposalBatch.approvals": lambda v, r, a: _ordered(v.kids("disposal_approvals", "batch_id", r), "approved_at"),
    "SecondTierRecord.isReconstructed": lambda v, r, a: r["rebuilds_id"] is not None,
    "Discrepancy.lossCase": lambda v, r, a: next(iter(v.kids("loss_cases", "discrepancy_id", r)), None),
    "Discrepancy.inspections": lambda v, r, a: _ordered(v.kids("return_inspections", "discrepancy_id", r), "inspected_at"),
    "FileItem.state": lambda v, r, a: (
        "MISSING" if any(c["resolved_at"] is None and c["kind"] == "MISSING" for c in v.kids("discrepancies", "item_id", r)) else "PRESENT"
    ),
    "Stocktake.placesLeft": lambda v, r, a: _left(v, r),
    "Stocktake.recounts": lambda v, r, a: _ordered(
        (
            p
            for p in v.kids("stocktake_places", "stocktake_id", r)
            if p["round"] > 1 and None in (p["first_counted_at"], p["second_counted_at"])
        ),
        "id",
    ),
    "Stocktake.cases": lambda v, r, a: _cases(v, v.kids("stocktake_lines", "stocktake_id", r)),
    "Stocktake.places": lambda v, r, a: v.page("StocktakePlace", v.kids("stocktake_places", "stocktake_id", r), a),
    "Stocktake.lines": lambda v, r, a: v.page("StocktakeLine", v.kids("stocktake_lines", "stocktake_id", r), a),
    "Stocktake.counts": lambda v, r, a: v.page("StocktakeCount", v.kids("stocktake_counts", "stocktake_id", r), a),
    "StocktakeLine.cases": lambda v, r, a: _cases(v, [r]),
    "Loan.position": lambda v, r, a: v.position(r),
    "Loan.isOverdue": lambda v, r, a: v.computed("Loan", r, "isOverdue"),
    "Loan.settlementFinalAt": lambda v, r, a: _shown(v.final_at(r["id"]), "DateTime"),
    "Loan.settlementNotices": lambda v, r, a: _ordered(v.kids("settlement_notices", "loan_id", r), "issued_at"),
    "SettlementNotice.state": lambda v, r, a: v.notice_state(r),
    "AccessRequest.release": lambda v, r, a: next((x for x in v.kids("releases", "request_id", r) if x["capacity"] != "COURT"), None),
    "AccessRequest.replacement": lambda v, r, a: next(
        iter(v.linked("substitutions", "request_id", "replacement_id", "archive_records", r)), None
    ),
    "Release.identityNumberMasked": lambda v, r, a: r["identity_number_masked"] if MASKED & v.me.roles else None,
    "Loan.contracts": lambda v, r, a: v.page("Contract", v.linked("loan_contracts", "loan_id", "contract_id", "contracts", r), a),
    "Loan.collateral": lambda v, r, a: _ordered(v.linked("loan_collateral", "loan_id", "collateral_id", "collateral", r), "id"),
    "Loan.archiveRecords": lambda v, r, a: v.page("ArchiveRecord", v.kids("archive_records", "primary_loan_id", r), a),
    "Loan.inspectionReports": lambda v, r, a: v.page("InspectionReport", v.kids("inspection_reports", "loan_id", r), a),
    "Loan.openCheckouts": lambda v, r, a: _ordered(v.open_checkouts(r), "id"),
    "Customer.loans": lambda v, r, a: v.page("Loan", v.kids("loans", "customer_id", r), a),
    "Contract.loans": lambda v, r, a: v.page("Loan", v.linked("loan_contracts", "contract_id", "loan_id", "loans", r), a),
    "Collateral.certificates": lambda v, r, a: _ordered(v.kids("collateral_certificates", "collateral_id", r), "issued_on"),
    "Collateral.loans": lambda v, r, a: v.page("Loan", v.linked("loan_collateral", "collateral_id", "loan_id", "loans", r), a),
    "CollateralCertificate.record": lambda v, r, a: next(iter(v.kids("archive_records", "certificate_id", r)), None),
    "SealedEnvelope.records": lambda v, r, a: _ordered(v.kids("archive_records", "envelope_id", r), "archive_no"),
    "SecondTierRecord.items": lambda v, r, a: _ordered(v.kids("file_items", "record_id", r), "position"),
    "FileItem.scans": lambda v, r, a: _stored(v, "subject_id", r),
    "AccessRequest.records": lambda v, r, a: _ordered(v.linked("request_lines", "request_id", "record_id", "archive_records", r), "id"),
    "AccessRequest.approvals": lambda v, r, a: _ordered(v.kids("approvals", "request_id", r), "approved_at"),
    "Operation.state": lambda v, r, a: v.operation_state(r),
    "Operation.openSeats": lambda v, r, a: [
        s for s in r["required_seats"] if s not in {x["seat"] for x in v.kids("operation_seats", "operation_id", r)}
    ],
    "Operation.change": lambda v, r, a: None,
    "Operation.proposedOverrides": lambda v, r, a: None,
    "Operation.overrides": lambda v, r, a: _ordered(v.kids("overrides", "operation_id", r), "id"),
    "CustodyEvent.correctedBy": lambda v, r, a: _ordered(v.kids("corrections", "subject_id", r), "id"),
    "Correction.subjectId": lambda v, r, a: f"{CORRECTED[r['subject_kind']]}_{r['subject_id']}",
    "CustodyEvent.receipt": lambda v, r, a: _receipt(*r["sealed"]) if "sealed" in r else None,
    "CustodyEvent.decision": lambda v, r, a: next((d for d in v.rows["decisions"] if r["id"] in d["event_ids"]), None),
    "PolicyVersion.name": lambda v, r, a: r["key"],
    "PolicyVersion.number": lambda v, r, a: int(r["value"]) if r["value"].isdigit() else None,
    "PolicyVersion.roles": lambda v, r, a: None if r["value"].isdigit() else json.loads(r["value"]),
    "PolicyVersion.since": lambda v, r, a: _shown(r["effective_from"], "DateTime"),
    "Operation.seats": lambda v, r, a: _ordered(v.kids("operation_seats", "operation_id", r), "taken_at"),
    "Operation.records": lambda v, r, a: _ordered((x for x in v.rows["archive_records"] if x["id"] in r["record_ids"]), "id"),
    "Operation.ticket": lambda v, r, a: next((t for t in v.kids("tickets", "operation_id", r) if not t["is_void"]), None),
    "Operation.review": lambda v, r, a: next(iter(v.kids("emergency_reviews", "operation_id", r)), None),
    "Operation.receipt": lambda v, r, a: next(iter(v.kids("intake_receipts", "operation_id", r)), None),
    "AccessRequest.baileeLetters": lambda v, r, a: _ordered(v.kids("bailee_letters", "request_id", r), "registered_at"),
    "Checkout.isClaimed": lambda v, r, a: r["claimed_at"] is not None,
    "Checkout.claims": lambda v, r, a: _ordered(v.kids("return_claims", "movement_id", r), "claimed_at"),
    "CollateralCertificate.replacedBy": lambda v, r, a: next(iter(v.kids("collateral_certificates", "replaces_id", r)), None),
    "CollateralCertificate.registryChecks": lambda v, r, a: _ordered(v.kids("registry_checks", "certificate_id", r), "checked_at"),
    "FirstTierRecord.offBalanceEntries": lambda v, r, a: _ordered(v.kids("off_balance_entries", "record_id", r), "queued_at"),
    "OffBalanceEntry.isOpen": lambda v, r, a: r["state"] != "BOOKED",
    "EmergencyReview.isOpen": lambda v, r, a: r["reviewed_at"] is None,
    "EmergencyReview.isOverdue": lambda v, r, a: v.review_late(r),
    "Checkout.phase": lambda v, r, a: v.phase(r),
    "Checkout.isOverdue": lambda v, r, a: v.late(r),
    "Checkout.inspections": lambda v, r, a: _ordered(v.kids("return_inspections", "movement_id", r), "id"),
    "CustodyEvent.fromState": lambda v, r, a: _detail(r, "from"),
    "CustodyEvent.toState": lambda v, r, a: _detail(r, "to"),
    "CustodyEvent.hash": lambda v, r, a: bytes(r["hash"]).hex(),
    "Shipment.isOverdue": lambda v, r, a: v.not_arrived(r),
    "Handover.lines": lambda v, r, a: v.page("HandoverLine", v.kids("handover_lines", "handover_id", r), a),
    "Handover.shipments": lambda v, r, a: _ordered(v.kids("shipments", "handover_id", r), "sent_at"),
    "Collateral.valuations": lambda v, r, a: sorted(
        v.kids("collateral_valuations", "collateral_id", r), key=lambda x: (x["during"].lower, x["id"])
    ),
    "CollateralCertificate.versions": lambda v, r, a: sorted(
        v.kids("certificate_versions", "certificate_id", r), key=lambda x: (x["since"], x["id"])
    ),
    "Collateral.plates": lambda v, r, a: sorted(v.kids("collateral_plates", "collateral_id", r), key=lambda x: (x["since"], x["id"])),
    "CollateralValuation.holdsFrom": lambda v, r, a: r["during"].lower,
    "CollateralValuation.holdsUntil": lambda v, r, a: r["during"].upper,
    "Hold.isActive": lambda v, r, a: r["lifted_at"] is None,
    **{f"Decision.{name}": lambda v, r, a, n=name: r[n] for name in ("moves", "parameters")},
    **{f"Hold.{name}": lambda v, r, a, n=name: r[snake(n)] if v.told_of(r) else None for name in ("kind", "reason", "liftReason")},
    "Hold.placedBy": lambda v, r, a: v.by["staff"].get(r["placer_id"]) if v.told_of(r) else None,
    "Hold.liftedBy": lambda v, r, a: v.by["staff"].get(r["lifted_by"]) if v.told_of(r) else None,
    "Hold.customers": lambda v, r, a: _ordered([c for c in v.rows["customers"] if c["party_id"] == r["party_id"]], "id"),
    "Scan.sha256": lambda v, r, a: bytes(r["sha256"]).hex(),
    "Export.sha256": lambda v, r, a: bytes(r["sha256"]).hex() if r["sha256"] else None,
    "InspectionReport.signOffs": lambda v, r, a: _ordered(v.kids("report_sign_offs", "report_id", r), "signed_at"),
    "StaffMember.roles": lambda v, r, a: sorted(x["role"] for x in v.rows["staff_roles"] if x["staff_id"] == r["id"]),
    "AccessRequest.queuePosition": offices.queue_position,
    "Notice.title": lambda v, r, a: TITLES[NoticeKind(r["kind"])][0],
    "Notice.isRead": lambda v, r, a: r["read_at"] is not None,
    "Notice.subject": lambda v, r, a: _by_id(v, f"{r['subject_kind']}_{r['subject_id']}"),
    "Expiring.daysLeft": lambda v, r, a: (r["expires_on"] - offices.today(v)).days,
    "Expiring.subject": offices.expiring_paper,
    "Viewer.notices": lambda v, r, a: v.page("Notice", v.rows["notices"], a),
    "Viewer.roles": lambda v, r, a: sorted(role.value for role in v.me.roles),
    "Viewer.seesEverything": lambda v, r, a: v.me.everywhere,
    **{
        f"Customer.{snake_name}": (lambda column: lambda v, r, a: r[column] if MASKED & v.me.roles else None)(snake(snake_name))
        for snake_name in ("identityNumberMasked", "phoneMasked", "addressMasked")
    },
}
OF_RECORDS: dict[str, Special] = {
    "currentHolder": lambda v, r, a: _holder(v, r),
    "openCheckout": lambda v, r, a: v.open_movement(r),
    "checkouts": lambda v, r, a: v.page("Checkout", [m for m in v.kids("movements", "record_id", r) if m["kind"] != "ACT"], a),
    "isOverdue": lambda v, r, a: v.late(v.open_movement(r)),
    "onHold": lambda v, r, a: v.on_hold(r),
    "location": lambda v, r, a: v.by["storage_locations"].get(_place(v, r)),
    "loans": lambda v, r, a: _ordered(_secured(v, r), "number"),
    "holds": lambda v, r, a: _ordered([h for h in v.holds_on(r) if h["id"] in v.by["holds"]], "placed_at"),
    "isFrozen": lambda v, r, a: v.frozen(r),
    "isAwaitedLate": lambda v, r, a: v.awaited_late(r),
    "releaseReadySince": lambda v, r, a: _shown(v.ready_since(r), "DateTime"),
    "scans": lambda v, r, a: _stored(v, "record_id", r),
    "custodyEvents": lambda v, r, a: v.page("CustodyEvent", v.kids("events", "record_id", r), a),
}


def _receipt(index: int, entries: list[bytes], note: str) -> Row:
    """By the second reading of the format, and not by nodes that were stored."""
    proof = [base64.b64encode(digest).decode() for digest in second.path(index, entries)]
    told = {"leaf_index": index, "leaf_entry": entries[index].hex(), "checkpoint": note, "inclusion_proof": proof}
    return {"__table": "receipts", **told}


UNSTORED = {
    "certificate_versions": "CertificateVersion",
    "collateral_plates": "CollateralPlate",
    "receipts": "EventReceipt",
    "viewer": "Viewer",
    "counts": "RecordCount",
    "expiring": "Expiring",
}  # of no table


def typename(row: Row, *_: Any) -> str:
    if row["__table"] in UNSTORED:
        return UNSTORED[row["__table"]]
    if row["__table"] == "archive_records":
        return "FirstTierRecord" if row["tier"] == "FIRST" else "SecondTierRecord"
    return next(name for name, (table, _) in SOURCES.items() if table == row["__table"])


def resolve(source: Any, info: Any, **a: Any) -> Any:
    view, name = info.context, info.field_name
    if source is None:
        return ROOT[name](view, a)
    if source.get("__table") == "counts" and name in COUNTED:
        table, column = COUNTED[name]
        return view.by[table].get(source[column])
    if source.get("__table", "counts") in ("counts", "parameter", "hit"):  # made as it is told
        return source[name]
    type_ = typename(source)
    key = f"{type_}.{name}"
    if name == "id":
        return f"{next(p for t, p in SOURCES.values() if t == source['__table'])}_{source['id']}"
    if name == "version":
        return str(source["version"])
    if (type_, name) in MONEY:
        amount = source[MONEY[type_, name]]
        return None if amount is None else {"amount": str(amount), "currencyCode": source["currency"]}
    if key in POINTERS:
        table, column = POINTERS[key]
        return view.by[table].get(source[column])
    special = OF_RECORDS.get(name) if source["__table"] == "archive_records" else None
    if special := special or SPECIAL.get(key):
        return special(view, source, a)
    return _shown(source[snake(name)], get_named_type(info.return_type).name)


def _shown(value: Any, scalar: str) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, dt.date | Decimal) or (scalar == "ByteCount" and value is not None):
        return str(value)
    return value


CURSOR = re.compile(r"[\w-]+\.[\w-]{24}")


def bare(value: Any) -> Any:
    """Cursors as the id at their end: how they are signed is no business of the reference."""
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items()}
    if isinstance(value, list):
        return [bare(v) for v in value]
    if not isinstance(value, str) or not CURSOR.fullmatch(value):
        return value
    payload = value.partition(".")[0]
    try:
        return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))[-1])
    except ValueError:  # the name of a parameter has a point too
        return value


def answer(schema: GraphQLSchema, query: str, variables: dict[str, Any], view: View) -> Any:
    """What graphql-core makes of it; its errors are faults of the reference or of the generator."""
    given = bare(variables)
    return execute(schema, parse(query), variable_values=given, context_value=view, field_resolver=resolve, type_resolver=typename)
