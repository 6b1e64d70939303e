"""Tickets, the off-balance register, emergencies: what the desk has written, and what is said of it later."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from uuid import UUID

from tests.model.plays import Play, Spoil
from tests.model.plays.spoiling import changed, given, me, now, row
from tests.model.stage import Stage, Try

TICKETS = "select id from tickets where org_id = $1 and not is_void order by ticket_no desc limit 5"
ENTRIES = "select id from off_balance_entries where org_id = any($1) and state <> 'BOOKED' order by queued_at limit 5"
REVIEWS = "select e.id, e.operation_id from emergency_reviews e join operations o on o.id = e.operation_id where o.org_id = any($1) and e.reviewed_at is null"


def _voided(stage: Stage) -> Iterator[Try]:
    for t in stage.rows(TICKETS, stage.ours()[0]):
        yield Try("ops", "voidTicket", {"ticketId": f"ticket_{t['id']}", "reason": "打印机卡纸"})


def _booked(stage: Stage) -> Iterator[Try]:
    for e in stage.rows(ENTRIES, stage.ours()):
        yield Try("core", "bookOffBalanceEntry", {"entryId": f"entry_{e['id']}", "state": "BOOKED", "serialNo": f"B{e['id'].hex[-8:]}"})
        yield Try("core", "bookOffBalanceEntry", {"entryId": f"entry_{e['id']}", "state": "FAILED", "failure": "科目不存在"})


def _reviewed(stage: Stage) -> Iterator[Try]:
    for review in stage.rows(REVIEWS, stage.ours()):
        for who in ("chief", "compliance"):
            yield Try(who, "reviewEmergency", {"reviewId": f"review_{review['id']}", "finding": "JUSTIFIED", "comment": "属实"})


def _id(what: Try, name: str) -> UUID:
    return UUID(what.input[name].partition("_")[2])


def _void(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "tickets", _id(what, "ticketId"), is_void=True, void_reason="x")


def _closed(stage: Stage, what: Try) -> AbstractContextManager[None]:
    return changed(stage, "off_balance_entries", _id(what, "entryId"), state="BOOKED", serial_no="x", booked_at=now(stage), failure=None)


def _over(stage: Stage, what: Try) -> AbstractContextManager[None]:
    by = {"reviewed_by": me(stage, "president"), "reviewed_at": now(stage)}
    return changed(stage, "emergency_reviews", _id(what, "reviewId"), finding="JUSTIFIED", comment="x", **by)


def _sat(stage: Stage, what: Try) -> AbstractContextManager[None]:
    operation = stage.sql("select operation_id from emergency_reviews where id = $1", _id(what, "reviewId"))
    return row(stage, "operation_seats", operation_id=operation, seat="SUPERVISOR", staff_id=me(stage, what.who), taken_at=now(stage))


PLAYS = (
    Play("void a ticket", _voided, (Spoil("a ticket is void once, for a reason, and keeps its number", world=_void),)),
    Play("book an entry", _booked, (
        Spoil("the entry is not booked yet", world=_closed),
        Spoil("core banking answers with a serial, or says why it did not book", given(serialNo=None, failure=" ")),
    )),
    Play("review an emergency", _reviewed, (
        Spoil("an emergency is reviewed once", world=_over),
        Spoil("whoever sat in an emergency does not review it", world=_sat),
    )),
)  # fmt: skip
