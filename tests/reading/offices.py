"""What offices ask for, slowly: registers, what is due, what was set and overridden, codes on papers. From the rows alone."""

import datetime as dt
import json
from collections.abc import Callable, Iterable
from typing import Any

from server.custody.policy import PARAMETERS, ROLE_PARAMETERS, STOCKTAKE_DAYS
from tests.reading.counting import HERE, counted
from tests.reading.pages import View, uuid_of
from tests.reading.rows import Row

ZONE = dt.timezone(dt.timedelta(hours=8))
UNKNOWN_LINE = "not a line of this register"
Answer = Callable[[View, dict[str, Any]], Any]


def shown(at: dt.datetime | None) -> str | None:
    return at and at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def today(v: View) -> dt.date:
    return v.now.astimezone(ZONE).date()


def _id(prefix: str, id_: Any) -> str | None:
    return f"{prefix}_{id_}" if id_ else None


# Lists -----------------------------------------------------------------------------------------------------------------
EXPIRING = {"CERTIFICATE": "collateral_certificates", "POWER_OF_ATTORNEY": "releases", "BAILEE_LETTER": "bailee_letters"}


def _running_out(rows: dict[str, list[Row]], movements: list[Row]) -> list[Row]:
    """Live certificates, powers of attorney of releases to come, and the last letter of each request whose papers are out."""
    found = [("CERTIFICATE", c, c["number"], c["expires_on"], c["visible_to"]) for c in rows["collateral_certificates"] if c["is_live"]]
    for r in rows["releases"]:
        if (r["capacity"], r["state"]) == ("ATTORNEY", "DRAFT"):
            found.append(("POWER_OF_ATTORNEY", r, r["recipient_name"], r["authority_until"], [r["org_id"]]))
    out = {m["request_id"] for m in movements if m["out_at"] and not m["closed_at"]}
    last = {x["request_id"]: x for x in sorted(rows["bailee_letters"], key=lambda x: (x["return_by"], x["id"]))}
    found += [("BAILEE_LETTER", x, x["letter_no"], x["return_by"], [x["org_id"]]) for x in last.values() if x["request_id"] in out]
    return [
        {"__table": "expiring", "id": row["id"], "kind": kind, "label": label, "expires_on": on, "units": set(units)}
        for kind, row, label, on, units in found
        if on
    ]


def expiring(v: View, a: dict[str, Any]) -> Any:
    seen = _running_out(v.rows, v.rows["movements"] if v.policies else v.every["movements"])
    last = today(v) + dt.timedelta(days=a["within"])
    mine = [x for x in seen if v.me.everywhere or x["units"] & set(v.me.branches)]
    soon = [x for x in mine if today(v) <= x["expires_on"] <= last]
    anywhere = {x["id"]: x for x in _running_out(v.every, v.every["movements"])}
    return v.cut(soon, a, [("expires_on", False), ("id", False)], anywhere)


def expiring_paper(v: View, line: Row, _: Any) -> Row | None:
    return v.by[EXPIRING[line["kind"]]].get(line["id"])


def override_report(v: View, a: dict[str, Any]) -> list[Row]:
    made = [o for o in v.rows["overrides"] if o["overridden_at"].astimezone(ZONE).date() == dt.date.fromisoformat(a["day"])]
    return sorted(made, key=lambda o: (o["overridden_at"], o["id"]))


def policy_parameters(v: View, a: dict[str, Any]) -> list[Row]:
    at = dt.datetime.fromisoformat(a["at"]) if a.get("at") else v.now
    unit = uuid_of(a["orgUnit"]) if a.get("orgUnit") else None
    scope = (None, unit)
    out = []
    for name in sorted({**PARAMETERS, **ROLE_PARAMETERS}):
        history = [s for s in v.rows["policy_parameters"] if s["key"] == name and s["org_id"] in scope]
        held = [s for s in history if s["effective_from"] <= at]
        newest = max(held, key=lambda s: (s["org_id"] is not None, s["effective_from"]), default=None)
        number = PARAMETERS.get(name, None)
        roles = ROLE_PARAMETERS.get(name, None)
        default_roles = sorted(roles.default) if roles else None
        out.append({
            "__table": "parameter", "name": name, "inForce": newest, "since": newest and shown(newest["effective_from"]),
            "number": int(newest["value"]) if newest and number else number.default if number else None,
            "roles": json.loads(newest["value"]) if newest and roles else default_roles,
            "defaultNumber": number.default if number else None, "defaultRoles": default_roles,
            "least": number.least if number else roles.least if roles else None, "most": number.most if number else None,
            "allowedRoles": sorted(roles.allowed) if roles else None,
            "history": sorted(history, key=lambda s: (s["effective_from"], s["id"])),
        })  # fmt: skip
    return out


def look_up(v: View, a: dict[str, Any]) -> list[Row]:
    code = a["code"]
    hits: list[tuple[str, Row, str, bool]] = []
    for row in v.rows["archive_records"]:
        hits += [("record", row, "BARCODE", b["retired_at"] is not None) for b in v.every["barcodes"] if _bears(b, row, code)]
        hits += [("record", row, "ARCHIVE_NO", False)] if row["archive_no"] == code else []
    for row in v.rows["sealed_envelopes"]:
        hits += [("envelope", row, "BARCODE", b["retired_at"] is not None) for b in v.every["barcodes"] if _bears(b, row, code)]
        sealed = [s for s in v.every["seals"] if s["envelope_id"] == row["id"] and s["seal_no"] == code]
        hits += [("envelope", row, "SEAL", s["broken_at"] is not None) for s in sealed]
    hits += [("certificate", c, "CERTIFICATE_NO", not c["is_live"]) for c in v.rows["collateral_certificates"] if c["number"] == code]
    hits += [("collateral", c, "VIN", False) for c in v.rows["collateral"] if c["vin"] == code.upper()]
    hits += [("loan", x, "LOAN_NO", False) for x in v.rows["loans"] if x["number"] == code]
    hits += [("contract", x, "CONTRACT_NO", False) for x in v.rows["contracts"] if x["number"] == code]
    units = {u["id"]: u["code"] for u in v.every["org_units"]}
    for h in v.rows["handovers"]:
        hits += [("handover", h, "HANDOVER_NO", False)] if f"{units[h['org_id']]}-H{str(h['id'])[-12:].upper()}" == code else []
    for t in v.rows["tickets"]:
        hits += [("ticket", t, "TICKET_NO", t["is_void"])] if f"{units[t['org_id']]}-{t['ticket_no']:06}" == code else []
    for i in v.rows["intake_receipts"]:
        operation = v.by["operations"].get(i["operation_id"])
        numbered = operation and f"{units[operation['org_id']]}-R{i['receipt_no']:08}" == code
        hits += [("receipt", i, "RECEIPT_NO", False)] if numbered else []
    hits.sort(key=lambda hit: (hit[3], hit[2], hit[1]["id"]))
    return [{"__table": "hit", "kind": k.upper(), "place": place, "isRetired": gone, "node": row} for k, row, place, gone in hits]


def _bears(label: Row, row: Row, code: str) -> bool:
    return bool(label["subject_id"] == row["id"] and label["code"] == code.upper())


def queue_position(v: View, request: Row, _: Any) -> int | None:
    """Whoever waits longer for one of its records stands before it, whatever their branch."""
    if request["state"] != "WAITING":
        return None
    lines: dict[Any, set[Any]] = {}
    for line in v.every["request_lines"]:
        lines.setdefault(line["request_id"], set()).add(line["record_id"])
    wanted = lines.get(request["id"], set())
    others = [q for q in v.every["access_requests"] if q["state"] == "WAITING" and lines.get(q["id"], set()) & wanted]
    return 1 + sum((q["queued_at"], q["id"]) < (request["queued_at"], request["id"]) for q in others)


# Registers -------------------------------------------------------------------------------------------------------------
class Span:
    """Days of the bank, both included."""

    def __init__(self, given: dict[str, str]) -> None:
        first, last = (dt.date.fromisoformat(given[name]) for name in ("firstDay", "lastDay"))
        self.since = dt.datetime.combine(first, dt.time(0), ZONE)
        self.until = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(0), ZONE)

    def __contains__(self, at: dt.datetime) -> bool:
        return self.since <= at < self.until


def _mine(v: View, table: str, prefix: str, text: str, unit: str) -> Row | None:
    """A vault or a unit, when it is the caller's."""
    row = v.by[table].get(uuid_of(text)) if text.rpartition("_")[0] == prefix else None
    vault = row is None or table != "storage_locations" or row["kind"] == "VAULT"
    return row if row and vault and (v.me.everywhere or row[unit] in v.me.branches) else None


def _lines(
    rows: Iterable[Row], key: Callable[[Row], Any], a: dict[str, Any], named: dict[Any, Row], read: Callable[[str], Any] = uuid_of
) -> tuple[list[Row], bool]:
    """A page in order, behind the line that was read last; one that is unknown is a mistake."""
    found = sorted(rows, key=key)
    if a.get("after"):
        if (last := named.get(read(a["after"]))) is None:
            raise LookupError(UNKNOWN_LINE)
        found = [r for r in found if key(r) > key(last)]
    return found[: a["first"]], len(found) > a["first"]


def _is_electronic(v: View, record: Row) -> bool:
    certificate = v.by["collateral_certificates"].get(record["certificate_id"])
    return bool(certificate and certificate["is_electronic"] and record["envelope_id"] is None)


def _total(entries: Iterable[Row]) -> int:
    return sum(1 if e["direction"] == "IN" else -1 for e in entries)


def vault_register(v: View, a: dict[str, Any]) -> Any:
    if (vault := _mine(v, "storage_locations", "location", a["vaultId"], "org_id")) is None:
        return None
    records, span = v.by["archive_records"], Span(a["period"])
    entries = [x for x in v.rows["off_balance_entries"] if x["record_id"] in records and x["vault_id"] == vault["id"]]
    inside = [x for x in entries if x["queued_at"] in span]
    opening = _total(x for x in entries if x["queued_at"] < span.since)
    there = [r for r in v.rows["archive_records"] if r["vault_id"] == vault["id"] and r["state"] in HERE]
    electronic = sum(_is_electronic(v, r) for r in there)
    papers = sum(r["tier"] == "FIRST" and not _is_electronic(v, r) for r in there)
    envelopes = {r["envelope_id"] for r in there} & set(v.by["sealed_envelopes"])
    filled = {r["envelope_id"] for r in v.rows["archive_records"] if r["state"] in HERE}
    places = {e["id"]: v.by["storage_locations"].get(e["location_id"]) for e in v.rows["sealed_envelopes"] if e["id"] in filled}
    slots = sum(where is not None and where["vault_id"] == vault["id"] for where in places.values())
    came = sum(x["direction"] == "IN" for x in inside)
    lines, more = _lines(inside, lambda x: (x["queued_at"], x["id"]), a, v.by["off_balance_entries"])
    return {
        "vaultId": a["vaultId"], "code": vault["code"], "opening": opening, "entries": came, "exits": len(inside) - came,
        "closing": opening + _total(inside), "papersNow": papers, "envelopesNow": len(envelopes), "slotsNow": slots,
        "electronicNow": electronic, "isBalanced": _total(entries) == papers + electronic and slots == len(envelopes), "hasMore": more,
        "lines": [_entry(v, x) for x in lines],
    }  # fmt: skip


def _entry(v: View, x: Row) -> Row:
    record, operation = v.by["archive_records"][x["record_id"]], v.by["operations"].get(x["operation_id"])
    ticket = next((t for t in v.rows["tickets"] if operation and t["operation_id"] == operation["id"] and not t["is_void"]), None)
    return {
        "id": _id("entry", x["id"]), "at": shown(x["queued_at"]), "direction": x["direction"], "state": x["state"],
        "serialNo": x["serial_no"], "act": operation and operation["action"], "ticketNo": ticket and ticket["ticket_no"],
        "recordId": _id("record", record["id"]), "archiveNo": record["archive_no"], "barcode": record["barcode"],
    }  # fmt: skip


def ticket_register(v: View, a: dict[str, Any]) -> Any:
    if (unit := _mine(v, "org_units", "org", a["orgUnitId"], "id")) is None:
        return None
    span, every = Span(a["period"]), [t for t in v.rows["tickets"] if t["org_id"] == unit["id"]]
    inside = [t for t in every if t["issued_at"] in span]
    numbers = [t["ticket_no"] for t in inside]
    previous = max((t["ticket_no"] for t in every if t["issued_at"] < span.since), default=0)
    counter = next((c["last_no"] for c in v.every["ticket_counters"] if c["org_id"] == unit["id"]), 0)
    later = min((t["ticket_no"] for t in every if t["issued_at"] >= span.until), default=counter + 1)
    proved = max([previous, *numbers, later - 1])
    missing = sorted(set(range(previous + 1, proved + 1)) - {t["ticket_no"] for t in every})
    lines, more = _lines(inside, lambda t: t["ticket_no"], a, v.by["tickets"])
    return {
        "orgUnitId": a["orgUnitId"], "code": unit["code"], "previous": previous, "first": min(numbers, default=None),
        "last": max(numbers, default=None), "issued": len(inside), "voids": sum(t["is_void"] for t in inside), "counter": counter,
        "provedTo": proved, "missing": missing[:1000], "missingCount": len(missing), "hasMore": more, "lines": [_ticket(v, t) for t in lines],
    }  # fmt: skip


def _ticket(v: View, t: Row) -> Row:
    operation = v.by["operations"].get(t["operation_id"])
    request = operation and v.by["access_requests"].get(operation["request_id"])
    holder = request and v.by["staff"].get(request["reader_id"])
    received = [r["recipient_name"] for r in v.rows["releases"] if operation and r["operation_id"] == operation["id"]]
    return {
        "id": _id("ticket", t["id"]), "ticketNo": t["ticket_no"], "issuedAt": shown(t["issued_at"]), "isVoid": t["is_void"],
        "voidReason": t["void_reason"], "act": operation and operation["action"], "papers": operation and len(operation["record_ids"]),
        "holder": min(received, default=holder and holder["name"]), "operationId": _id("operation", t["operation_id"]),
    }  # fmt: skip


def seal_register(v: View, a: dict[str, Any]) -> Any:
    if (unit := _mine(v, "org_units", "org", a["orgUnitId"], "id")) is None:
        return None
    envelopes, span = {e["id"]: e for e in v.every["sealed_envelopes"]}, Span(a["period"])
    inside = [s for s in v.every["seals"] if s["org_id"] == unit["id"] and s["applied_at"] in span]
    mine = {u["id"] for u in v.every["org_units"] if v.me.everywhere or u["id"] in v.me.branches}
    seals = {s["seal_no"]: s for s in v.every["seals"] if s["org_id"] in mine or s["envelope_id"] in v.by["sealed_envelopes"]}
    lines, more = _lines(inside, lambda s: (s["applied_at"], s["seal_no"]), a, seals, str)
    return {
        "orgUnitId": a["orgUnitId"], "hasMore": more,
        "lines": [
            {
                "sealNo": s["seal_no"], "envelopeId": _id("envelope", s["envelope_id"]), "barcode": envelopes[s["envelope_id"]]["barcode"],
                "appliedAt": shown(s["applied_at"]), "brokenAt": shown(s["broken_at"]),
                "isCurrent": s["seal_no"] == envelopes[s["envelope_id"]]["seal_no"],
            }
            for s in lines
        ],
    }  # fmt: skip


def door_log(v: View, a: dict[str, Any]) -> Any:
    if (vault := _mine(v, "storage_locations", "location", a["vaultId"], "org_id")) is None:
        return None
    operations, span = v.by["operations"], Span(a["period"])
    at_vault = [s for s in v.rows["operation_seats"] if (o := operations.get(s["operation_id"])) and o["vault_id"] == vault["id"]]
    taken = [s for s in at_vault if s["taken_at"] in span]
    lines, more = _lines(taken, lambda s: (s["taken_at"], s["id"]), a, v.by["operation_seats"])
    return {
        "vaultId": a["vaultId"], "code": vault["code"], "hasMore": more,
        "lines": [
            {
                "id": _id("seat", s["id"]), "at": shown(s["taken_at"]), "staffId": _id("staff", s["staff_id"]),
                "staffName": v.by["staff"][s["staff_id"]]["name"], "seat": s["seat"], "act": operations[s["operation_id"]]["action"],
                "state": operations[s["operation_id"]]["state"], "operationId": _id("operation", s["operation_id"]),
            }
            for s in lines
        ],
    }  # fmt: skip


def off_balance_differences(v: View, a: dict[str, Any]) -> Any:
    if (unit := _mine(v, "org_units", "org", a["orgUnitId"], "id")) is None:
        return None
    prefix = (a.get("after") or "").rpartition("_")[0]
    books = [(r, _total(v.kids("off_balance_entries", "record_id", r)), int(r["state"] in HERE)) for r in v.rows["archive_records"]]
    wrong = {
        r["id"]: (r, ledger, papers)
        for r, ledger, papers in books
        if r["custody_org_id"] == unit["id"] and r["tier"] == "FIRST" and ledger != papers
    }
    behind = a if prefix == "record" else {"first": a["first"]}
    papers, more = (
        ([], False)
        if prefix == "entry"
        else _lines((r for r, *_ in wrong.values()), lambda r: r["archive_no"], behind, v.by["archive_records"])
    )
    out = [_difference("BALANCE", *wrong[r["id"]], {}) for r in papers]
    waiting = [x for x in v.rows["off_balance_entries"] if x["org_id"] == unit["id"] and x["state"] != "BOOKED"]
    known = [x for x in waiting if x["record_id"] in v.by["archive_records"]]
    behind = a if prefix == "entry" else {"first": a["first"]}
    entries, rest = _lines(known, lambda x: (x["queued_at"], x["id"]), behind, v.by["off_balance_entries"])
    out += [_difference(x["state"], v.by["archive_records"][x["record_id"]], 0, 0, x) for x in entries]
    return {"orgUnitId": a["orgUnitId"], "hasMore": more or rest or len(out) > a["first"], "lines": out[: a["first"]]}


def _difference(kind: str, record: Row, ledger: int, papers: int, entry: Row) -> Row:
    return {
        "id": _id("entry", entry.get("id")) or _id("record", record["id"]), "kind": kind, "recordId": _id("record", record["id"]), "archiveNo": record["archive_no"], "ledger": ledger, "papers": papers,
        "direction": entry.get("direction"), "queuedAt": shown(entry.get("queued_at")), "entryId": _id("entry", entry.get("id")),
    }  # fmt: skip


def stocktakes_due(v: View, a: dict[str, Any]) -> list[Row]:
    out = []
    for vault in (x for x in v.rows["storage_locations"] if x["kind"] == "VAULT"):
        if not (v.me.everywhere or vault["org_id"] in v.me.branches):
            continue
        last, since = counted(v, vault)
        days = next(p["number"] for p in policy_parameters(v, {"orgUnit": f"org_{vault['org_id']}"}) if p["name"] == STOCKTAKE_DAYS)
        due = since + dt.timedelta(days=days)
        out.append((due, vault["code"], {
            "vaultId": _id("location", vault["id"]), "code": vault["code"], "orgUnitId": _id("org", vault["org_id"]),
            "countedAt": shown(last), "dueAt": shown(due), "isMissed": due < v.now,
        }))  # fmt: skip
    return [line for *_, line in sorted(out, key=lambda line: line[:2])]


ROOT: dict[str, Answer] = {
    "notices": lambda v, a: v.page("Notice", v.rows["notices"], a),
    "exports": lambda v, a: v.page("Export", v.rows["exports"], a),
    "expiring": expiring, "overrideReport": override_report, "policyParameters": policy_parameters, "lookUp": look_up,
    "vaultRegister": vault_register, "ticketRegister": ticket_register, "sealRegister": seal_register, "doorLog": door_log,
    "offBalanceDifferences": off_balance_differences, "stocktakesDue": stocktakes_due,
}  # fmt: skip
