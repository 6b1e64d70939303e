"""What the papers say, read as the caller: what the caller may not see is not printed, and a paper that lacks a line is none."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlalchemy.sql import TextClause

from server.errors import NotFound
from server.papers import chinese
from storage.database import Connection
from storage.terms import Action


def _by(sql: str, type_: Any = Uuid) -> TextClause:
    return text(sql).bindparams(bindparam("id", type_=type_))


TICKET = _by(
    "select t.ticket_no, t.issued_at, t.is_void, t.void_reason, u.name as unit, u.code as unit_code, t.operation_id, o.id as operation, o.action,"
    " o.record_ids, v.code as vault, q.id as request, q.purpose, q.reason, a.name as applicant, d.name as reader,"
    " (select min(e.recipient_name) from releases e where e.operation_id = o.id) as recipient,"
    " (select max(m.due_at) from movements m where m.exit_operation_id = o.id) as due_at,"
    " (select string_agg(b.bailee || '（函号' || b.letter_no || '，承诺' || to_char(b.return_by, 'YYYY年FMMM月FMDD日') || '前归还）', '；'"
    " order by b.registered_at) from bailee_letters b where b.request_id = q.id) as bailee"
    " from tickets t join org_units u on u.id = t.org_id left join operations o on o.id = t.operation_id"
    " left join storage_locations v on v.id = o.vault_id left join access_requests q on q.id = o.request_id"
    " left join staff a on a.id = q.applicant_id left join staff d on d.id = q.reader_id where t.id = :id"
)
OPERATION = _by(
    "select o.id as operation, o.done_at, o.record_ids, u.name as unit, u.code as unit_code, v.code as vault, i.receipt_no, f.name as officer,"
    " c.name as borrower from operations o join acts a using (action) left join intake_receipts i on i.operation_id = o.id"
    " left join staff f on f.id = i.officer_id left join customers c on c.id = i.customer_id"
    " join org_units u on u.id = o.org_id left join storage_locations v on v.id = o.vault_id"
    " where o.id = :id and o.state = 'DONE' and a.is_entry"
)
LINES = _by(
    "select r.id, r.archive_no, r.barcode, r.title, coalesce(r.kind, 'VOLUME') as kind, r.pages, e.barcode as envelope, e.seal_no,"
    " s.code as slot, c.number as certificate, c.right_amount, b.description, b.plate_no, l.number as loan, k.name as borrower"
    " from archive_records r left join sealed_envelopes e on e.id = r.envelope_id"
    " left join storage_locations s on s.id = coalesce(e.location_id, r.location_id)"
    " left join collateral_certificates c on c.id = r.certificate_id left join collateral b on b.id = r.collateral_id"
    " left join loans l on l.id = r.primary_loan_id left join customers k on k.id = l.customer_id"
    " where r.id = any (:id) order by r.archive_no",
    ARRAY(Uuid),
)
SEATS = _by(
    "select s.seat, p.name, s.taken_at from operation_seats s join staff p on p.id = s.staff_id where s.operation_id = :id order by s.taken_at"
)
APPROVALS = _by(
    "select a.rank, p.name, a.approved_at from approvals a join staff p on p.id = a.approver_id where a.request_id = :id order by a.approved_at"
)
SERIALS = _by("select serial_no from off_balance_entries where operation_id = :id and serial_no is not null order by serial_no")


async def ticket(conn: Connection, id_: UUID) -> dict[str, Any]:
    """出库单: what left, for whom, approved and handed out by whom."""
    t = await _row(conn, TICKET, id_)
    if t["operation_id"] is not None and t["operation"] is None:  # what lies where the caller is counting
        raise NotFound()
    rows = await _lines(conn, t["record_ids"] or [])
    approvals = await conn.rows(APPROVALS, id=t["request"]) if t["request"] else []
    number = f"{t['unit_code']}-{t['ticket_no']:06}"
    label = _label(rows, number)
    return {
        "unit": t["unit"],
        "number": number,
        "label": label,
        "qr": label,
        "void": t["is_void"],
        "void_reason": t["void_reason"] or "",
        "act": chinese.word("ACT", t["action"]),
        "issued": chinese.instant(t["issued_at"]),
        "purpose": chinese.word("PURPOSE", t["purpose"]),
        "due": chinese.instant(t["due_at"]) or "不归还",
        "applicant": t["applicant"] or "",
        "reader": t["recipient"] or t["reader"] or "",
        "vault": t["vault"] or "档案室",
        "bailee": t["bailee"] or "",
        "reason": t["reason"] or "",
        "lines": [_line(n, r) for n, r in enumerate(rows, 1)],
        "approvals": [f"{chinese.word('RANK', a['rank'])} {a['name']} {chinese.instant(a['approved_at'])}" for a in approvals],
        "seats": [*await _seats(conn, t["operation"]), *(_signs(t) if t["recipient"] else [])],
    }


async def receipt(conn: Connection, id_: UUID) -> dict[str, Any]:
    """入库回执, three parts: what entered the vault, under which seal, in which slot."""
    o = await _row(conn, OPERATION, id_)
    rows = await _lines(conn, o["record_ids"])
    amounts = [r["right_amount"] for r in rows if r["right_amount"] is not None]
    no = f"{o['receipt_no']:08}" if o["receipt_no"] else str(o["operation"])[-12:].upper()
    number = f"{o['unit_code']}-R{no}"
    label = _label(rows, number)
    return {
        "unit": o["unit"],
        "number": number,
        "label": label,
        "qr": label,
        "done": chinese.instant(o["done_at"]),
        "vault": o["vault"] or "档案室",
        "loan": "、".join(dict.fromkeys(r["loan"] for r in rows if r["loan"])),
        "borrower": "、".join(dict.fromkeys(r["borrower"] for r in rows if r["borrower"])),
        "collateral": "、".join(dict.fromkeys(" ".join(filter(None, (r["description"], r["plate_no"]))) for r in rows if r["description"])),
        "total": chinese.amount(sum(amounts)) if amounts else "",
        "total_capitals": chinese.capitals(sum(amounts)) if amounts else "",
        "serials": [r["serial_no"] for r in await conn.rows(SERIALS, id=o["operation"])],
        "lines": [_line(n, r) for n, r in enumerate(rows, 1)],
        "seats": [*await _seats(conn, o["operation"]), ("抵押人（借款人）", o["borrower"] or ""), ("业务经办", o["officer"] or "")],
    }


HANDOVER = _by(
    "select h.id, h.kind, h.state, h.created_at, h.reason, u.name as unit, u.code as unit_code, v.name as to_unit, g.name as giver, t.name as taker"
    " from handovers h join org_units u on u.id = h.org_id join org_units v on v.id = h.to_org_id left join staff g on g.id = h.giver_id"
    " left join staff t on t.id = h.taker_id where h.id = :id"
)
HANDED = _by(
    "select x.archive_no, x.barcode, x.copies, x.pages, x.is_original, x.seal_no, x.state, r.title from handover_lines x"
    " left join archive_records r on r.id = x.record_id where x.handover_id = :id order by x.archive_no"
)
SHIPPED = _by(
    "select s.seal_no, s.lines, s.sent_at, s.due_at, (select string_agg(p.name, '、' order by x.taken_at) from operation_seats x"
    " join staff p on p.id = x.staff_id where x.operation_id = s.operation_id) as people"
    " from shipments s where s.handover_id = :id order by s.sent_at, s.id"
)
# Who took them, or sent them back: the seats of each operation that decided, on either side.
DECIDED = _by(
    "select x.state, count(*) as lines, max(x.decided_at) as decided_at, (select string_agg(p.name, '、' order by s.taken_at) from operation_seats s"
    " join staff p on p.id = s.staff_id where s.operation_id = x.decided_operation_id) as people from handover_lines x"
    " where x.handover_id = :id and x.decided_operation_id is not null group by x.state, x.decided_operation_id order by 3, x.decided_operation_id"
)


async def handover(conn: Connection, id_: UUID) -> dict[str, Any]:
    """移交清单: what passes, line by line, in which boxes under which seals."""
    h = await _row(conn, HANDOVER, id_)
    rows, shipped, decided = [await conn.rows(of, id=id_) for of in (HANDED, SHIPPED, DECIDED)]
    if any(r["title"] is None for r in rows):  # what lies where the caller is counting
        raise NotFound()
    number = f"{h['unit_code']}-H{str(h['id'])[-12:].upper()}"
    lines = [
        {"n": n, "archive_no": r["archive_no"], "barcode": r["barcode"], "title": r["title"], "copies": r["copies"], "pages": r["pages"],
         "original": "原件" if r["is_original"] else "含复印件", "seal": r["seal_no"] or "", "state": chinese.word("LINE", r["state"]), "qr": r["barcode"]}
        for n, r in enumerate(rows, 1)
    ]  # fmt: skip
    return {
        "unit": h["unit"],
        "to_unit": h["to_unit"],
        "number": number,
        "label": number,
        "qr": number,
        "state": chinese.word("HANDOVER_STATE", h["state"]),
        "kind": chinese.word("HANDOVER", h["kind"]),
        "made": chinese.day(h["created_at"]),
        "giver": h["giver"] or "",
        "taker": h["taker"] or "",
        "reason": h["reason"] or "",
        "pages": sum(r["pages"] for r in rows),
        "shipments": [
            {
                "seal": s["seal_no"],
                "lines": s["lines"],
                "sent": chinese.instant(s["sent_at"]),
                "due": chinese.instant(s["due_at"]),
                "people": s["people"] or "",
            }
            for s in shipped
        ],
        "decided": [
            {
                "state": chinese.word("LINE", d["state"]),
                "lines": d["lines"],
                "at": chinese.instant(d["decided_at"]),
                "people": d["people"] or "",
            }
            for d in decided
        ],
        "lines": lines,
    }


def _signs(t: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Who receives papers for good signs for them, besides those who hand them out."""
    who = "司法机关" if t["action"] == Action.SURRENDER else "抵押人"
    return [(f"领取人（{who}）", t["recipient"])]


def _line(n: int, r: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "n": n,
        "archive_no": r["archive_no"],
        "kind": chinese.word("PAPER", r["kind"]),
        "title": r["title"],
        "barcode": r["barcode"],
        "pages": r["pages"],
        "envelope": r["envelope"] or "",
        "seal": r["seal_no"] or "",
        "slot": r["slot"] or "",
        "certificate": r["certificate"] or "",
        "qr": r["barcode"],
    }


def _label(rows: list[Any], number: str) -> str:
    """What a scanner at the desk reads first: the label of the one envelope, or of the one paper; else the paper's own number."""
    labels = {r["envelope"] or r["barcode"] for r in rows}
    return str(labels.pop()) if len(labels) == 1 else number


async def _row(conn: Connection, statement: TextClause, id_: UUID) -> Any:
    row = await conn.row(statement, id=id_)
    if row is None:
        raise NotFound()
    return row


async def _lines(conn: Connection, ids: list[UUID]) -> list[Any]:
    rows = await conn.rows(LINES, id=ids)
    if len(rows) < len(ids):  # some are another unit's, or lie where the caller is counting
        raise NotFound()
    return rows


async def _seats(conn: Connection, operation: UUID | None) -> list[tuple[str, str]]:
    rows = await conn.rows(SEATS, id=operation) if operation else []
    return [(chinese.word("SEAT", r["seat"]), f"{r['name']} {chinese.instant(r['taken_at'])}") for r in rows]
