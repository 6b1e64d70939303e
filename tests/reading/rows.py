"""Every row of every table, and which of them a person sees at one instant: written from the domain, not from the compiler."""

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

from storage.database import Principal
from storage.terms import Role

Row = dict[str, Any]
SOURCES = {  # type: (table, prefix)
    "Loan": ("loans", "loan"), "Customer": ("customers", "customer"), "Contract": ("contracts", "contract"),
    "ArchiveRecord": ("archive_records", "record"), "CollateralCertificate": ("collateral_certificates", "certificate"),
    "Collateral": ("collateral", "collateral"), "SealedEnvelope": ("sealed_envelopes", "envelope"), "FileItem": ("file_items", "item"),
    "Checkout": ("movements", "checkout"), "AccessRequest": ("access_requests", "request"), "Approval": ("approvals", "approval"),
    "Operation": ("operations", "operation"), "OperationSeat": ("operation_seats", "seat"), "Ticket": ("tickets", "ticket"),
    "ReturnInspection": ("return_inspections", "inspection"), "Scan": ("scans", "scan"), "Hold": ("holds", "hold"), "CollateralValuation": ("collateral_valuations", "valuation"),
    "Discrepancy": ("discrepancies", "case"), "InspectionReport": ("inspection_reports", "report"),
    "ReportSignOff": ("report_sign_offs", "signoff"), "CustodyEvent": ("events", "event"), "LoanPosition": ("loan_positions", "position"),
    "LoanProduct": ("loan_products", "product"), "Dealer": ("dealers", "dealer"), "OrgUnit": ("org_units", "org"),
    "ContractElementCheck": ("contract_element_checks", "elementcheck"), "ContractElementItem": ("contract_element_items", "element"),
    "ContractAmendment": ("contract_amendments", "amendment"),
    "DisposalBatch": ("disposal_batches", "batch"), "DisposalApproval": ("disposal_approvals", "disposalapproval"),
    "LossCase": ("loss_cases", "loss"), "Handover": ("handovers", "handover"), "HandoverLine": ("handover_lines", "line"),
    "Shipment": ("shipments", "shipment"), "StaffMember": ("staff", "staff"), "StorageLocation": ("storage_locations", "location"),
    "BaileeLetter": ("bailee_letters", "letter"), "ReturnClaim": ("return_claims", "claim"), "RegistryCheck": ("registry_checks", "check"),
    "IntakeReceipt": ("intake_receipts", "receipt"), "OffBalanceEntry": ("off_balance_entries", "entry"),
    "EmergencyReview": ("emergency_reviews", "review"),
    "SettlementNotice": ("settlement_notices", "settlement"), "Release": ("releases", "release"),
    "PolicyVersion": ("policy_parameters", "policy"), "Decision": ("decisions", "decision"), "Correction": ("corrections", "correction"), "RuleOverride": ("overrides", "override"),
    "Notice": ("notices", "notice"), "Alarm": ("alarms", "alarm"), "Export": ("exports", "export"),
    "Stocktake": ("stocktakes", "stocktake"), "StocktakePlace": ("stocktake_places", "stockplace"),
    "StocktakeLine": ("stocktake_lines", "stockline"), "StocktakeCount": ("stocktake_counts", "stockcount"),
}  # fmt: skip
LINKS = (
    "request_lines",
    "substitutions",
    "loan_contracts",
    "loan_collateral",
    "staff_roles",
    "disposal_lines",
    "contract_elements",
    "barcodes",
    "seals",
    "ticket_counters",
)
CERTIFICATE = ("number", "kind", "issuer", "issued_on", "expires_on", "right_amount", "currency", "registration_no", "is_electronic",
               "registry_reference", "vin", "owner_name", "is_live")  # fmt: skip
VERSIONS = (
    ("collateral_certificates", "certificate_versions", "certificate_id", CERTIFICATE),
    ("collateral", "collateral_plates", "collateral_id", ("plate_no",)),
)
OF_UNIT = {
    "contract_element_checks",
    "loans",
    "customers",
    "contracts",
    "loan_positions",
    "tickets",
    "inspection_reports",
    "holds",
    "off_balance_entries",
    "emergency_reviews",
    "settlement_notices",
    "stocktakes",
    "stocktake_places",
    "stocktake_lines",
    "stocktake_counts",
}
OF_SEVERAL = {
    "collateral", "collateral_certificates", "sealed_envelopes", "archive_records", "file_items", "access_requests", "operations",
    "movements", "discrepancies", "scans", "loss_cases", "disposal_batches", "handovers", "handover_lines", "shipments", "overrides", "corrections",
}  # fmt: skip
THROUGH = {  # visible with what they belong to
    "contract_element_items": ("contract_element_checks", "check_id"), "contract_amendments": ("contracts", "contract_id"), "disposal_approvals": ("disposal_batches", "batch_id"),
    "approvals": ("access_requests", "request_id"), "operation_seats": ("operations", "operation_id"),
    "bailee_letters": ("access_requests", "request_id"), "return_claims": ("movements", "movement_id"),
    "registry_checks": ("collateral_certificates", "certificate_id"), "intake_receipts": ("operations", "operation_id"),
    "return_inspections": ("movements", "movement_id"), "report_sign_offs": ("inspection_reports", "report_id"),
    "releases": ("access_requests", "request_id"), "collateral_valuations": ("collateral", "collateral_id"),
    "certificate_versions": ("collateral_certificates", "certificate_id"), "collateral_plates": ("collateral", "collateral_id"),
}  # fmt: skip


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), name)


async def fetch_rows(root: Any) -> dict[str, list[Row]]:
    """Everything, as a superuser sees it."""
    names = [*(table for table, _ in SOURCES.values()), *LINKS]
    found = {name: [dict(r, __table=name) for r in await root.fetch(f"select * from {name}")] for name in names}  # names of ours
    texts = {r["id"]: r for r in await root.fetch("select id, moves::text, parameters::text from decisions")}
    for row in found["decisions"]:  # told as PostgreSQL writes them
        row.update(texts[row["id"]])
    await _receipts(root, found["events"])
    for table, name, of, said in VERSIONS:
        found[name] = await _versions(root, table, name, of, said)
    return found


async def _versions(root: Any, table: str, name: str, of: str, said: tuple[str, ...]) -> list[Row]:
    """What rows of a table said, one after the other: each until it said something else."""
    written = await root.fetch("select id, row_id, recorded_at, content::text from row_versions where table_name = $1 order by id", table)
    out: dict[Any, list[Row]] = {}
    for row in written:
        content, before = json.loads(row["content"], parse_float=Decimal), out.setdefault(row["row_id"], [])
        words = {key: content.get(key) for key in said}
        if before and {key: before[-1][key] for key in said} == words:
            continue
        if before:
            before[-1]["until"] = row["recorded_at"]
        before.append({"__table": name, "id": row["id"], of: row["row_id"], "since": row["recorded_at"], "until": None, **words})
    days = ("issued_on", "expires_on")
    return [v | {d: v[d] and dt.date.fromisoformat(v[d]) for d in days if d in v} for found in out.values() for v in found]


async def _receipts(root: Any, events: list[Row]) -> None:
    """Hands each sealed event what its proof is made of: all leaves of the newest checkpoint, and which one it is."""
    checkpoint = await root.fetchrow("select size, note from ledger_checkpoints where stored_at is not null order by number desc limit 1")
    size = checkpoint["size"] if checkpoint else 0
    leaves = await root.fetch("select event_id, entry from ledger_leaves where leaf_index < $1 order by leaf_index", size)
    entries, places = [row["entry"] for row in leaves], {row["event_id"]: index for index, row in enumerate(leaves)}
    for event in events:
        if event["id"] in places:
            event["sealed"] = places[event["id"]], entries, checkpoint["note"]


class Seen:
    """The bank as one person sees it at one instant; without `policies`, by what the compiler says alone."""

    def __init__(self, rows: dict[str, list[Row]], me: Principal, now: dt.datetime, policies: bool = True) -> None:
        self.every, self.me, self.now, self.policies = rows, me, now, policies
        self.rows: dict[str, list[Row]] = {}
        for name in (*OF_UNIT, *OF_SEVERAL, *(set(rows) - OF_UNIT - OF_SEVERAL - set(THROUGH) - {"events"}), *THROUGH, "events"):
            self.rows[name] = [r for r in rows[name] if self._visible(name, r)]
        self.by = {name: {r["id"]: r for r in found if "id" in r} for name, found in self.rows.items()}

    def _visible(self, table: str, row: Row) -> bool:
        if table == "decisions":
            return not self.policies or bool({Role.COMPLIANCE, Role.AUDITOR} & self.me.roles)
        if table in ("notices", "exports"):
            return bool(row["staff_id"] == self.me.staff_id)
        if table == "alarms":
            return any(
                n["staff_id"] == self.me.staff_id and n["kind"] == "ALARM" and n["subject_id"] == row["id"] for n in self.every["notices"]
            )
        if self.me.everywhere or table in (
            "policy_parameters",
            "staff",
            "org_units",
            "storage_locations",
            "dealers",
            "loan_products",
            "staff_roles",
            "contract_elements",
            "barcodes",
            "seals",
        ):
            return True
        branches = set(self.me.branches)
        if table in OF_SEVERAL:
            return bool(branches & set(row["visible_to"]))
        if table not in OF_UNIT and not self.policies:
            return True
        if table in THROUGH:
            parent, column = THROUGH[table]
            case = table == "return_inspections" and any(r["id"] == row["discrepancy_id"] for r in self.rows["discrepancies"])
            return case or any(r["id"] == row[column] for r in self.rows[parent])
        if table == "disposal_lines":
            return any(r["id"] == row["batch_id"] for r in self.rows["disposal_batches"])
        if table in ("request_lines", "substitutions"):
            return any(r["id"] == row["request_id"] for r in self.rows["access_requests"])
        if table == "events":
            return self.tells(row)
        return row["org_id"] in branches

    def tells(self, event: Row) -> bool:
        """Whether an event is of the caller's units, or of a record that they see: a list of all says so beside the policy."""
        mine = self.me.everywhere or event["org_id"] in self.me.branches
        return mine or any(r["id"] == event["record_id"] for r in self.rows["archive_records"])

    # Facts ---------------------------------------------------------------------------------------------------------
    def kids(self, table: str, column: str, row: Row) -> list[Row]:
        return [r for r in self.rows[table] if r[column] == row["id"]]

    def open_movement(self, record: Row) -> Row | None:
        return next((m for m in self.kids("movements", "record_id", record) if m["closed_at"] is None and m["kind"] != "ACT"), None)

    def late(self, move: Row | None) -> bool:
        if move is None or move["closed_at"] or move["returned_at"] or not move["due_at"]:
            return False
        return bool(move["due_at"] < self.now)

    def phase(self, move: Row) -> str:
        if move["closed_at"]:
            return "CLOSED"
        if move["returned_at"]:
            return "RETURNED"
        return ("READING" if move["kind"] == "READING" else "OUT") if move["out_at"] else "RESERVED"

    def not_arrived(self, shipment: Row) -> bool:
        under_way = any(x["state"] == "SENT" for x in self.kids("handover_lines", "shipment_id", shipment))
        return under_way and bool(shipment["due_at"] < self.now)

    def position(self, loan: Row) -> Row | None:
        return max(self.kids("loan_positions", "loan_id", loan), key=lambda p: p["as_of"], default=None)

    def on_hold(self, record: Row) -> bool:
        return bool(self.holds_on(record))

    def holds_on(self, record: Row) -> list[Row]:
        secured = {x["loan_id"] for x in self.every["loan_collateral"] if x["collateral_id"] == record["collateral_id"]}
        loans = [x for x in self.every["loans"] if x["id"] in secured | {record["primary_loan_id"]}]
        borrowers = {x["customer_id"] for x in loans}
        covers = {("record_id", record["id"]), ("collateral_id", record["collateral_id"])}
        covers |= {("loan_id", x["id"]) for x in loans} | {("dealer_id", x["dealer_id"]) for x in loans}
        covers |= {("party_id", c["party_id"]) for c in self.every["customers"] if c["id"] in borrowers}
        active = [h for h in self.every["holds"] if h["lifted_at"] is None]
        return [h for h in active if any((name, h[name]) in covers for name in h if name.endswith("_id") and h[name] is not None)]

    def open_checkouts(self, loan: Row) -> list[Row]:
        return [m for m in map(self.open_movement, self.kids("archive_records", "primary_loan_id", loan)) if m]

    def frozen(self, record: Row) -> bool:
        """By a case of its own or of what lies in one envelope with it, or because somebody counts where it lies; of any branch."""
        mates = {r["id"] for r in self.every["archive_records"] if r["envelope_id"] and r["envelope_id"] == record["envelope_id"]}
        cases = {case["record_id"] for case in self.every["discrepancies"] if case["resolved_at"] is None}
        envelope = next((e for e in self.every["sealed_envelopes"] if e["id"] == record["envelope_id"]), None)
        place = (envelope and envelope["location_id"]) or record["location_id"]
        counted = {p["location_id"] for p in self.every["stocktake_places"] if p["closed_at"] is None and p["frozen_until"] > self.now}
        return bool(cases & {record["id"], *mates}) or place in counted

    def awaited_late(self, record: Row) -> bool:
        today = (self.now + dt.timedelta(hours=8)).date()
        return bool(record["state"] == "AWAITED" and record["expected_by"] and record["expected_by"] < today)

    def review_late(self, review: Row) -> bool:
        return bool(review["reviewed_at"] is None and review["due_at"] < self.now)

    # Payoff: whatever the branch, as the rules see it
    def final_at(self, loan: Any) -> dt.datetime | None:
        """Of a payoff that was cleared or in cash; the demo bank has no other."""
        said = sorted((p for p in self.every["loan_positions"] if p["loan_id"] == loan), key=lambda p: p["as_of"])
        owed = [p["as_of"] for p in said if p["principal_amount"] or p["interest_amount"] or p["fees_amount"] or p["reversal_of_id"]]
        paid = [p for p in said if not owed or p["as_of"] > owed[-1]]
        if not paid:
            return None
        settled = min(p["settled_at"] for p in paid)
        return settled if paid[-1]["payoff_kind"] == "CASH" else max(settled, paid[-1]["payoff_cleared_at"])

    def ready_since(self, record: Row) -> dt.datetime | None:
        if record["state"] != "IN_VAULT" or record["kind"] == "SETTLEMENT_NOTICE" or self.on_hold(record):
            return None
        papers = [
            r for r in self.every["archive_records"] if r["id"] == record["id"] or r["envelope_id"] == record["envelope_id"] is not None
        ]
        if any(c["record_id"] in {p["id"] for p in papers} and c["resolved_at"] is None for c in self.every["discrepancies"]):
            return None
        loans = {x["loan_id"] for x in self.every["loan_collateral"] if x["collateral_id"] == record["collateral_id"]}
        final = [self.final_at(loan) for loan in loans | {record["primary_loan_id"]} - {None}]
        known = [at for at in final if at is not None]
        return max(known) if len(known) == len(final) and known and max(known) <= self.now else None

    def notice_state(self, notice: Row) -> str:
        record = next(r for r in self.every["archive_records"] if r["id"] == notice["record_id"])
        scanned = any(s["record_id"] == record["id"] and s["status"] == "STORED" for s in self.every["scans"])
        filed = scanned and record["state"] not in ("AWAITED", "PENDING_INTAKE")
        return "VOID" if notice["voided_at"] else "FILED" if filed else "ISSUED"

    def operation_state(self, row: Row) -> str:
        return "EXPIRED" if row["state"] == "PENDING" and row["expires_at"] < self.now else str(row["state"])

    def linked(self, link: str, ours: str, theirs: str, table: str, row: Row) -> list[Row]:
        ids = {x[theirs] for x in self.rows[link] if x[ours] == row["id"]}
        return [r for r in self.rows[table] if r["id"] in ids]
