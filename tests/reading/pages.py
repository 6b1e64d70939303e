"""Filters and pages over plain rows: three-valued as in SQL, sorted in Python."""

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any
from uuid import UUID

from storage.terms import Role
from tests.reading.rows import SOURCES, Row, Seen, snake

HOLDS = {Role.LEGAL, Role.COMPLIANCE, Role.AUDITOR}


class View(Seen):
    """What a person sees, filtered, sorted and cut into pages."""

    def computed(self, type_: str, row: Row, name: str) -> Any:
        if name == "isOverdue" and type_ == "Loan":
            newest = self.position(row)
            return bool(newest and newest["overdue_amount"] > 0)
        if name == "isOverdue" and type_ == "Shipment":
            return self.not_arrived(row)
        if name == "isOverdue":
            return self.late(row if type_ == "Checkout" else self.open_movement(row))
        special: dict[tuple[str, str], Callable[[Row], Any]] = {
            ("ContractElementCheck", "isNewest"): lambda c: not any(
                o["contract_id"] == c["contract_id"] and o["checked_at"] > c["checked_at"] for o in self.rows["contract_element_checks"]),
            ("ContractElementCheck", "isWhole"): lambda c: not any(
                i["result"] in ("MISSING", "INCONSISTENT") and e["grade"] == "BLOCKING" for i in self.kids("contract_element_items", "check_id", c)
                for e in self.rows["contract_elements"] if e["element"] == i["element"]),
            ("Notice", "isRead"): lambda notice: notice["read_at"] is not None, ("Hold", "isActive"): lambda hold: hold["lifted_at"] is None, ("Checkout", "phase"): self.phase, ("Operation", "state"): self.operation_state, ("ArchiveRecord", "onHold"): self.on_hold, ("ArchiveRecord", "isFrozen"): self.frozen,
            ("ArchiveRecord", "isAwaitedLate"): self.awaited_late, ("Checkout", "isClaimed"): lambda move: move["claimed_at"] is not None, ("OffBalanceEntry", "isOpen"): lambda entry: entry["state"] != "BOOKED", ("EmergencyReview", "isOpen"): lambda review: review["reviewed_at"] is None,
            ("EmergencyReview", "isOverdue"): self.review_late, ("Hold", "kind"): lambda hold: hold["kind"] if self.told_of(hold) else None,
            ("ArchiveRecord", "releaseReadySince"): self.ready_since, ("SettlementNotice", "state"): self.notice_state,
        }  # fmt: skip
        return special[type_, name](row) if (type_, name) in special else row[snake(name)]

    def told_of(self, hold: Row) -> bool:
        """C16: whose a hold is and why, for those who may know and whoever placed it."""
        return bool(HOLDS & self.me.roles or hold["placer_id"] == self.me.staff_id)

    def where(self, type_: str, row: Row, tree: dict[str, Any]) -> bool | None:
        return _all(self._term(type_, row, name, value) for name, value in tree.items() if value is not None)

    def _term(self, type_: str, row: Row, name: str, value: Any) -> bool | None:
        if name == "and":
            return _all(self.where(type_, row, v) for v in value)
        if name == "or":
            return _not(_all(_not(self.where(type_, row, v)) for v in value)) if value else False
        if name == "not":
            return _not(self.where(type_, row, value))
        if (type_, name) in RELATIONS:
            other, related = RELATIONS[type_, name]
            trees = {"some": value} if name in TO_ONE else value
            return all(
                any(self.where(other, r, tree) for r in related(self, row)) is (word == "some")
                for word, tree in trees.items() if tree is not None
            )  # fmt: skip
        have = self.computed(type_, row, name)
        return _all(_compare(operator, have, v) for operator, v in value.items() if v is not None)

    def counts(self, a: dict[str, Any]) -> list[Row]:
        names = {"STATE": "state", "TIER": "tier", "ORG_UNIT": "org_id", "CUSTODY_ORG": "custody_org_id", "LOCATION": "location_id"}
        found: dict[tuple[Any, ...], int] = {}
        for row in self.rows["archive_records"]:
            if not a.get("where") or self.where("ArchiveRecord", row, a["where"]):
                of = {**row, "location_id": row["vault_id"] or row["location_id"]}
                key = tuple(of[column] if name in a["groupBy"] else None for name, column in names.items())
                found[key] = found.get(key, 0) + 1
        lines = [{"__table": "counts", "count": n, **dict(zip(names.values(), key, strict=True))} for key, n in found.items()]
        return sorted(lines, key=lambda line: (-line["count"], *((line[c] is None, str(line[c])) for c in names.values())))

    # Pages -----------------------------------------------------------------------------------------------------------
    def page(self, type_: str, rows: Iterable[Row], a: dict[str, Any]) -> dict[str, Any]:
        rows = [r for r in rows if not a.get("where") or self.where(type_, r, a["where"])]
        if a.get("updatedSince"):
            rows = [r for r in rows if r["updated_at"] >= dt.datetime.fromisoformat(a["updatedSince"])]
        keys = [(s["field"].lower(), s.get("direction", "ASC") == "DESC") for s in a.get("sort") or []]
        keys.append(("id", bool(keys) and keys[-1][1]))
        anywhere = {r["id"]: r for r in self.every[SOURCES[type_][0]]}  # a cursor is a place in the order, whoever may see the row
        return self.cut(rows, a, keys, anywhere)

    def cut(self, rows: list[Row], a: dict[str, Any], keys: list[tuple[str, bool]], anywhere: dict[Any, Row]) -> dict[str, Any]:
        """A page of rows that are chosen already, in the order of the keys."""

        def order(x: Row, y: Row) -> int:
            for key, down in keys:
                if x[key] != y[key]:
                    return (1 if x[key] > y[key] else -1) * (-1 if down else 1)
            return 0

        every = sorted(rows, key=cmp_to_key(order))
        after, before = (anywhere[UUID(a[name])] if a.get(name) else None for name in ("after", "before"))
        cut = [r for r in every if (not after or order(r, after) > 0) and (not before or order(r, before) < 0)]
        if a.get("first"):
            out, more, less = cut[: a["first"]], len(cut) > a["first"], bool(after)
        else:
            out, less, more = cut[-a["last"] :], len(cut) > a["last"], bool(before)
        edges = [{"node": r, "cursor": str(r["id"])} for r in out]
        ends = {"startCursor": edges[0]["cursor"], "endCursor": edges[-1]["cursor"]} if edges else {"startCursor": None, "endCursor": None}
        info = {"hasNextPage": more, "hasPreviousPage": less, **ends}
        return {"edges": edges, "totalCount": len(every), "totalCountCapped": False, "pageInfo": info}


Related = Callable[[View, Row], Iterable[Row]]


def _one(table: str, column: str) -> Related:
    return lambda v, r: [x for x in [v.by[table].get(r[column])] if x]


def _kids(table: str, column: str) -> Related:
    return lambda v, r: v.kids(table, column, r)


TO_ONE = {"customer", "primaryLoan", "openCheckout", "record", "loan", "collateral", "dealer"}
RELATIONS: dict[tuple[str, str], tuple[str, Related]] = {  # field of a where: (type of the rows, which rows)
    ("Loan", "customer"): ("Customer", _one("customers", "customer_id")),
    ("Loan", "contracts"): ("Contract", lambda v, r: v.linked("loan_contracts", "loan_id", "contract_id", "contracts", r)),
    ("Loan", "archiveRecords"): ("ArchiveRecord", _kids("archive_records", "primary_loan_id")),
    ("Loan", "inspectionReports"): ("InspectionReport", _kids("inspection_reports", "loan_id")),
    ("Loan", "openCheckouts"): ("Checkout", lambda v, r: v.open_checkouts(r)),
    ("Customer", "loans"): ("Loan", _kids("loans", "customer_id")),
    ("Contract", "loans"): ("Loan", lambda v, r: v.linked("loan_contracts", "contract_id", "loan_id", "loans", r)),
    ("ArchiveRecord", "primaryLoan"): ("Loan", _one("loans", "primary_loan_id")),
    ("ArchiveRecord", "openCheckout"): ("Checkout", lambda v, r: [m for m in [v.open_movement(r)] if m]),
    ("Checkout", "record"): ("ArchiveRecord", _one("archive_records", "record_id")),
    ("Hold", "record"): ("ArchiveRecord", _one("archive_records", "record_id")),
    ("Hold", "loan"): ("Loan", _one("loans", "loan_id")),
    ("Hold", "collateral"): ("Collateral", _one("collateral", "collateral_id")),
    ("Hold", "customers"): ("Customer", lambda v, r: [c for c in v.rows["customers"] if c["party_id"] == r["party_id"]]),
    ("Hold", "dealer"): ("Dealer", _one("dealers", "dealer_id")),
    ("Discrepancy", "record"): ("ArchiveRecord", _one("archive_records", "record_id")),
    ("LossCase", "record"): ("ArchiveRecord", _one("archive_records", "record_id")),
    ("CollateralCertificate", "record"): ("ArchiveRecord", _kids("archive_records", "certificate_id")),
    ("Handover", "lines"): ("HandoverLine", _kids("handover_lines", "handover_id")),
    ("Handover", "shipments"): ("Shipment", _kids("shipments", "handover_id")),
    ("HandoverLine", "record"): ("ArchiveRecord", _one("archive_records", "record_id")),
    ("AccessRequest", "records"): (
        "ArchiveRecord",
        lambda v, r: v.linked("request_lines", "request_id", "record_id", "archive_records", r),
    ),
    ("Operation", "records"): ("ArchiveRecord", lambda v, r: [x for x in v.rows["archive_records"] if x["id"] in r["record_ids"]]),
}


def _all(terms: Iterable[bool | None]) -> bool | None:
    seen = list(terms)
    return False if False in seen else None if None in seen else True


def _not(term: bool | None) -> bool | None:
    return None if term is None else not term


def _compare(operator: str, have: Any, value: Any) -> bool | None:
    if operator == "in" and not value:
        return False  # not even what is unknown is among nothing
    if have is None:
        return None
    if isinstance(have, UUID):
        value = [uuid_of(v) for v in value] if operator == "in" else uuid_of(value)
    else:
        value = [_like(have, v) for v in value] if operator == "in" else _like(have, value)
    return {
        "eq": lambda: have == value, "in": lambda: have in value, "gte": lambda: have >= value, "lt": lambda: have < value,
        "startsWith": lambda: have.startswith(value), "contains": lambda: value in have,
    }[operator]()  # fmt: skip


def _like(have: Any, value: Any) -> Any:
    if isinstance(have, dt.datetime):
        return dt.datetime.fromisoformat(value)
    if isinstance(have, dt.date):
        return dt.date.fromisoformat(value)
    return Decimal(value) if isinstance(have, Decimal) else value


def uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text.rpartition("_")[2])
    except ValueError:
        return None
