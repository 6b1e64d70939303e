"""The loan file by plain selects on the tables, and the answer that a snapshot of it must give: no code of the product's.

`taken` reads the tables as they stand now; `answer` walks a query's types over such rows in Python.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from graphql import GraphQLSchema, get_named_type, get_nullable_type, is_leaf_type, is_list_type

Row = dict[str, Any]
BANK = ZoneInfo("Asia/Shanghai")
LOAN = "from loans l where l.id = $1"
PAPERS = "select id from archive_records where primary_loan_id = $1"
ASSETS = (
    f"select collateral_id from loan_collateral where loan_id = $1 union select collateral_id from archive_records where id in ({PAPERS})"
)
REQUESTS = f"select request_id from request_lines where record_id in ({PAPERS})"
FILE = {  # the tables of a file, and which of their rows belong to it now
    "loans": "id = $1",
    "loan_positions": "loan_id = $1",
    "loan_classifications": "loan_id = $1",
    "loan_contracts": "loan_id = $1",
    "contracts": "id in (select contract_id from loan_contracts where loan_id = $1)",
    "loan_collateral": "loan_id = $1",
    "collateral": f"id in ({ASSETS})",
    "collateral_valuations": f"collateral_id in ({ASSETS})",
    "collateral_certificates": f"collateral_id in ({ASSETS})",
    "archive_records": f"id in ({PAPERS})",
    "sealed_envelopes": f"id in (select envelope_id from archive_records where id in ({PAPERS}))",
    "file_items": f"record_id in ({PAPERS})",
    "scans": f"record_id in ({PAPERS})",
    "movements": f"record_id in ({PAPERS})",
    "request_lines": f"record_id in ({PAPERS})",
    "access_requests": f"id in ({REQUESTS})",
    "approvals": f"request_id in ({REQUESTS})",
    "holds": f"loan_id = $1 or record_id in ({PAPERS}) or collateral_id in ({ASSETS})"
    f" or party_id in (select c.party_id from customers c join loans l on l.customer_id = c.id where l.id = $1)"
    f" or dealer_id in (select dealer_id {LOAN})",
    "customers": f"id in (select customer_id {LOAN}) or id in (select owner_id from collateral where id in ({ASSETS}))",
    "dealers": f"id in (select dealer_id {LOAN})",
    "loan_products": f"id in (select product_id {LOAN})",
    "staff": "$1::uuid is not null",
    "org_units": "$1::uuid is not null",
    "storage_locations": "$1::uuid is not null",
}
PREFIXES = {
    "LoanSnapshot": "loan", "CustomerSnapshot": "customer", "LoanProductSnapshot": "product", "OrgUnitSnapshot": "org", "StaffSnapshot": "staff",
    "DealerSnapshot": "dealer", "LoanPositionSnapshot": "position", "ContractSnapshot": "contract", "CollateralSnapshot": "collateral",
    "CollateralCertificateSnapshot": "certificate", "ArchiveRecordSnapshot": "record", "SealedEnvelopeSnapshot": "envelope",
    "StorageLocationSnapshot": "location", "CheckoutSnapshot": "checkout", "FileItemSnapshot": "item", "ScanSnapshot": "scan",
    "HoldSnapshot": "hold", "AccessRequestSnapshot": "request", "ApprovalSnapshot": "approval",
}  # fmt: skip


@dataclass
class Taken:
    """The rows of a file at an instant."""

    at: dt.datetime
    rows: dict[str, list[Row]]
    corrections: list[Row]

    def of(self, table: str, **wanted: Any) -> list[Row]:
        return [r for r in self.rows[table] if all(r[k] == v for k, v in wanted.items())]

    def one(self, table: str, **wanted: Any) -> Row | None:
        return next(iter(self.of(table, **wanted)), None)


async def taken(root: Any, loan: Any) -> Taken:
    """Everything of the file as it stands, in one transaction; the instant is after the last commit."""
    async with root.transaction(isolation="repeatable_read", readonly=True):
        rows = {name: [dict(r) for r in await root.fetch(f"select * from {name} where {where}", loan)] for name, where in FILE.items()}
        corrections = [dict(r) for r in await root.fetch("select * from corrections order by corrected_at, id")]
        at = await root.fetchval("select clock_timestamp()")
    return Taken(at, rows, corrections)


# What is not the column of its name -----------------------------------------------------------------------------------------
Field = Callable[["View", Row], Any]


def _to(table: str, column: str) -> Field:
    return lambda view, row: view.then.one(table, id=row[column]) if row[column] else None


def _of(table: str, column: str, *order: str, only: Callable[[Row], bool] = lambda row: True) -> Field:
    def many(view: "View", row: Row) -> list[Row]:
        found = [r for r in view.then.of(table) if r[column] == row["id"] and only(r)]
        return sorted(found, key=lambda r: tuple(r[name] for name in (*order, "id")))

    return many


def _through(link: str, ours: str, theirs: str, table: str, *order: str) -> Field:
    def many(view: "View", row: Row) -> list[Row]:
        ids = {r[theirs] for r in view.then.of(link) if r[ours] == row["id"]}
        return sorted((r for r in view.then.of(table) if r["id"] in ids), key=lambda r: tuple(r[name] for name in (*order, "id")))

    return many


def _money(amount: str) -> Field:
    return lambda view, row: None if row[amount] is None else {"amount": row[amount], "currency_code": row["currency"]}


def _positions(view: "View", row: Row) -> list[Row]:
    return sorted((r for r in view.known.of("loan_positions") if r["as_of"] <= view.at), key=lambda r: (r["as_of"], r["id"]))


def _holder(view: "View", record: Row) -> Row | None:
    """With whom it was by the instants that its movements tell."""
    for move in view.known.of("movements", record_id=record["id"]):
        back = move["returned_at"] or move["closed_at"]
        if move["kind"] != "ACT" and move["out_at"] and move["out_at"] <= view.at and (back is None or back > view.at):
            return view.then.one("staff", id=move["holder_id"])
    return None


def _on_hold(view: "View", record: Row) -> bool:
    loan = view.then.rows["loans"][0]
    borrower = view.then.one("customers", id=loan["customer_id"])
    assert borrower
    covered = {("record_id", record["id"]), ("loan_id", loan["id"]), ("party_id", borrower["party_id"])}
    covered |= {(k, v) for k, v in (("collateral_id", record["collateral_id"]), ("dealer_id", loan["dealer_id"])) if v}
    return any(h["lifted_at"] is None and any(h[k] == v for k, v in covered) for h in view.then.rows["holds"])


def _phase(view: "View", move: Row) -> str:
    if move["closed_at"]:
        return "CLOSED"
    if move["returned_at"]:
        return "RETURNED"
    return ("READING" if move["kind"] == "READING" else "OUT") if move["out_at"] else "RESERVED"


def _late(view: "View", move: Row) -> bool:
    return not move["closed_at"] and not move["returned_at"] and bool(move["due_at"]) and move["due_at"] < view.at


FIELDS: dict[str, Field] = {
    "LoanSnapshot.principal": _money("principal_amount"), "LoanSnapshot.instalment": _money("instalment_amount"),
    "LoanSnapshot.customer": _to("customers", "customer_id"), "LoanSnapshot.product": _to("loan_products", "product_id"),
    "LoanSnapshot.orgUnit": _to("org_units", "org_id"), "LoanSnapshot.manager": _to("staff", "manager_id"),
    "LoanSnapshot.dealer": _to("dealers", "dealer_id"), "LoanSnapshot.positions": _positions,
    "LoanSnapshot.position": lambda view, row: (_positions(view, row) or [None])[-1],
    "LoanSnapshot.isOverdue": lambda view, row: bool((found := _positions(view, row)) and found[-1]["overdue_amount"] > 0),
    "LoanSnapshot.contracts": _through("loan_contracts", "loan_id", "contract_id", "contracts", "number"),
    "LoanSnapshot.collateral": _through("loan_collateral", "loan_id", "collateral_id", "collateral"),
    "LoanSnapshot.archiveRecords": _of("archive_records", "primary_loan_id"),
    "LoanSnapshot.holds": lambda view, row: sorted(view.then.rows["holds"], key=lambda r: (r["placed_at"], r["id"])),
    "LoanSnapshot.accessRequests": lambda view, row: sorted(view.then.rows["access_requests"], key=lambda r: (r["submitted_at"], r["id"])),
    **{f"LoanPositionSnapshot.{name}": _money(f"{name}_amount") for name in ("principal", "interest", "fees", "overdue")},
    "ContractSnapshot.amount": _money("amount"), "CollateralCertificateSnapshot.rightAmount": _money("right_amount"),
    "CollateralSnapshot.value": _money("value_amount"), "CollateralSnapshot.orgUnit": _to("org_units", "org_id"),
    "CollateralSnapshot.owner": _to("customers", "owner_id"),
    "CollateralSnapshot.certificates": _of("collateral_certificates", "collateral_id", "issued_on"),
    "HoldSnapshot.isActive": lambda view, row: row["lifted_at"] is None,
    "AccessRequestSnapshot.orgUnit": _to("org_units", "org_id"), "AccessRequestSnapshot.applicant": _to("staff", "applicant_id"),
    "AccessRequestSnapshot.reader": _to("staff", "reader_id"),
    "AccessRequestSnapshot.approvals": _of("approvals", "request_id", "approved_at"),
    "ApprovalSnapshot.approver": _to("staff", "approver_id"),
    "CheckoutSnapshot.phase": _phase, "CheckoutSnapshot.isOverdue": _late, "CheckoutSnapshot.holder": _to("staff", "holder_id"),
    "CheckoutSnapshot.request": _to("access_requests", "request_id"),
    "SealedEnvelopeSnapshot.location": _to("storage_locations", "location_id"),
    "ScanSnapshot.sha256": lambda view, row: row["sha256"].hex(),
    "ScanSnapshot.sizeBytes": lambda view, row: str(row["size_bytes"]), "ScanSnapshot.uploadedBy": _to("staff", "uploaded_by"),
    "ArchiveRecordSnapshot.custodyOrg": _to("org_units", "custody_org_id"),
    "ArchiveRecordSnapshot.certificate": _to("collateral_certificates", "certificate_id"),
    "ArchiveRecordSnapshot.collateral": _to("collateral", "collateral_id"), "ArchiveRecordSnapshot.envelope": _to("sealed_envelopes", "envelope_id"),
    "ArchiveRecordSnapshot.vault": _to("storage_locations", "vault_id"), "ArchiveRecordSnapshot.location": _to("storage_locations", "location_id"),
    "ArchiveRecordSnapshot.custodian": _to("staff", "custodian_id"), "ArchiveRecordSnapshot.holder": _holder,
    "ArchiveRecordSnapshot.onHold": _on_hold,
    "ArchiveRecordSnapshot.checkouts": _of("movements", "record_id", "reserved_at", only=lambda r: r["kind"] != "ACT"),
    "ArchiveRecordSnapshot.items": _of("file_items", "record_id", "position"),
    "ArchiveRecordSnapshot.scans": _of("scans", "record_id", "stored_at", only=lambda r: r["status"] == "STORED"),
}  # fmt: skip


class View:
    """The file at an instant: rows as they stood `then`, by what is `known`."""

    def __init__(self, schema: GraphQLSchema, then: Taken, known: Taken, *, may_know_holds: bool = True) -> None:
        self.schema, self.then, self.known, self.at = schema, put_right(then, known), known, then.at
        self.hidden = set() if may_know_holds else {"HoldSnapshot.kind", "HoldSnapshot.reason"}

    def loan(self) -> Any:
        return self.shown("LoanSnapshot", self.then.rows["loans"][0], 0)

    def shown(self, type_: str, row: Row | None, depth: int) -> Any:
        """An object with all its fields, in the depth to which `selection` asks for them."""
        if row is None:
            return None
        fields = self.schema.get_type(type_).fields  # type: ignore[union-attr]  # an object type
        return {name: self.field(type_, name, field, row, depth) for name, field in fields.items() if shown(field, depth)}

    def field(self, type_: str, name: str, field: Any, row: Row, depth: int) -> Any:
        named, made = get_named_type(field.type), FIELDS.get(f"{type_}.{name}")
        value = made(self, row) if made else None if f"{type_}.{name}" in self.hidden else row[snake(name)]
        if is_leaf_type(named):
            return f"{PREFIXES[type_]}_{value}" if name == "id" else leaf(value)
        if named.name.endswith("Connection"):
            return {"edges": [{"node": self.shown(named.name.removesuffix("Connection"), r, depth + 1)} for r in value]}
        if is_list_type(get_nullable_type(field.type)):
            return [self.shown(named.name, r, depth + 1) for r in value]
        return self.shown(named.name, value, depth + 1)


DEPTH = 3


def shown(field: Any, depth: int) -> bool:
    return is_leaf_type(get_named_type(field.type)) or depth < DEPTH or get_named_type(field.type).name == "Money"


def selection(schema: GraphQLSchema, type_: str, depth: int = 0) -> str:
    """Every field of a type, and of what it leads to."""
    parts = []
    for name, field in schema.get_type(type_).fields.items():  # type: ignore[union-attr]  # an object type
        named = get_named_type(field.type)
        if is_leaf_type(named):
            parts.append(name)
        elif shown(field, depth):
            if named.name.endswith("Connection"):
                inner = selection(schema, named.name.removesuffix("Connection"), depth + 1)
                parts.append(f"{name}(first: 100) {{ edges {{ node {inner} }} }}")
            else:
                parts.append(f"{name} {selection(schema, named.name, depth + 1)}")
    return f"{{ {' '.join(parts)} }}"


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), name)


def leaf(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value) if isinstance(value, Decimal | dt.date) else value


# What is known better now ---------------------------------------------------------------------------------------------------
SUBJECTS = {"RECORD": "archive_records", "FILE_ITEM": "file_items", "CERTIFICATE": "collateral_certificates", "CONTRACT": "contracts"}


def put_right(then: Taken, known: Taken) -> Taken:
    """The rows with what was corrected since, and with the value and grade that are told of that day."""
    rows = {name: [dict(r) for r in found] for name, found in then.rows.items()}
    before = {c["id"] for c in then.corrections}
    for c in known.corrections:
        if c["id"] in before or c["subject_kind"] == "EVENT":
            continue
        for row in rows[SUBJECTS[c["subject_kind"]]]:
            column = snake(c["field"])
            if row["id"] == c["subject_id"] and (None if row[column] is None else str(row[column])) == c["old_value"]:
                row[column] = (
                    type(row[column])(c["new_value"]) if isinstance(row[column], int | str) else dt.date.fromisoformat(c["new_value"])
                )
    day = then.at.astimezone(BANK).date()
    for told in known.rows["loan_classifications"]:
        if holds(told, day):
            rows["loans"][0]["classification"] = told["classification"]
    for told in known.rows["collateral_valuations"]:
        for row in rows["collateral"]:
            if row["id"] == told["collateral_id"] and holds(told, day):
                row |= {"value_amount": told["amount"], "currency": told["currency"], "valued_on": told["during"].lower}
    return Taken(then.at, rows, then.corrections)


def holds(told: Row, day: dt.date) -> bool:
    """Whether a period contains a day."""
    return bool(told["during"].lower <= day and (told["during"].upper is None or day < told["during"].upper))
