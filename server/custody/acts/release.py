"""What leaves for good: what F11, F12 and F13 change, and what comes before them."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Uuid, func, select, update

from server.compliance.tags import Tag
from server.custody.acts.change import AT, THESE, Detail, free_slots, given
from server.custody.acts.lending import request_access
from server.custody.labels import printed
from server.custody.moves.release import CourtReceiptShown, NoticeAsked, ReceiptShown, RecipientShown, ReplacementOffered
from server.custody.writing import Writing
from storage.tables import (
    access_requests,
    archive_records,
    collateral,
    collateral_certificates,
    loans,
    movements,
    releases,
    settlement_notices,
    substitutions,
)
from storage.terms import Action as A
from storage.terms import LabelKind, MovementEnd, PaperKind, RecipientCapacity, RecordState, ReleaseState, RequestState, Tier

LEAVE = (
    update(movements)
    .where(THESE)
    .values(
        operation_id=None,
        exit_operation_id=given("operation"),
        out_at=given("at", AT),
        closed_at=given("at", AT),
        ended_as=given("end", movements.c.ended_as.type),
    )
)
END = update(movements).where(THESE).values(operation_id=None, closed_at=given("at", AT), ended_as=given("end", movements.c.ended_as.type))
_these = func.any(given("ids", ARRAY(Uuid)))
_certificates = select(archive_records.c.certificate_id).where(archive_records.c.id == _these)
NO_LONGER_LIVE = (
    update(collateral_certificates)
    .where(collateral_certificates.c.id.in_(_certificates), collateral_certificates.c.is_live)
    .values(is_live=False)
)
LOAN = select(loans.c.id, loans.c.org_id, loans.c.number).where(loans.c.id == given("loan"))
NOTICES = select(func.count()).select_from(settlement_notices).where(settlement_notices.c.loan_id == given("loan"))
PAPER = (
    select(archive_records.c.vault_id, archive_records.c.custody_org_id)
    .where(
        archive_records.c.primary_loan_id == given("loan"),
        archive_records.c.tier == Tier.FIRST.value,
        archive_records.c.vault_id.is_not(None),
    )
    .order_by(archive_records.c.id)
    .limit(1)
)
VALUE = (
    select(collateral.c.value_amount, collateral.c.currency)
    .join(archive_records, archive_records.c.collateral_id == collateral.c.id)
    .where(archive_records.c.id == given("record"))
)
DRAFT = select(releases.c.id).where(releases.c.request_id == given("request"), releases.c.capacity != RecipientCapacity.COURT.value)


async def issue_notice(w: Writing) -> Detail:
    """C36: the notice and its paper, which waits for the vault like any other."""
    assert isinstance(w.ask.detail, NoticeAsked) and w.chains is not None
    loan = await w.conn.row(LOAN, the_loan=w.ask.detail.loan)
    paper = await w.conn.row(PAPER, the_loan=w.ask.detail.loan)
    count = await w.conn.value(NOTICES, the_loan=w.ask.detail.loan)
    assert loan is not None and paper is not None  # the facts have found them
    number, record, notice = f"{loan['number']}-JQ{count + 1}", uuid4(), uuid4()
    (barcode,) = await printed(w.conn, [LabelKind.PAPER])
    row = {"id": record, "org_id": loan["org_id"], "archive_no": number, "barcode": barcode, "tier": Tier.FIRST, "title": "结清通知书"}
    row |= {"kind": PaperKind.SETTLEMENT_NOTICE, "state": RecordState.PENDING_INTAKE, "primary_loan_id": loan["id"], "pages": 1}
    await w.conn.insert(archive_records, row | {"custody_org_id": paper["custody_org_id"], "vault_id": paper["vault_id"]})
    said = {"id": notice, "org_id": loan["org_id"], "loan_id": loan["id"], "number": number, "record_id": record}
    await w.conn.insert(settlement_notices, said | {"issued_by": w.by.id, "issued_at": w.at})
    w.chains.note(
        loan["id"], Tag.RECORD_REGISTERED, subject=("record", record), by=w.by.id, at=w.at, record=record, archive_no=number,
        tier=Tier.FIRST, to=RecordState.PENDING_INTAKE,
    )  # fmt: skip
    w.subject, w.made["notice"], w.made["loan"], w.made["paper"] = ("notice", notice), notice, loan["id"], record
    return {"number": number, "paper": record}


async def _loan_of_notice(w: Writing) -> set[UUID]:
    assert isinstance(w.ask.detail, NoticeAsked)
    return {w.ask.detail.loan}


async def request_substitution(w: Writing) -> Detail:
    """F12 begins here: what leaves, what takes its place, and at which value."""
    assert isinstance(w.ask.detail, ReplacementOffered)
    detail = await request_access(w)
    worth = await w.conn.row(VALUE, the_record=w.ask.detail.replacement)
    assert worth is not None  # C39 has judged it
    row = {"request_id": detail["request"], "replacement_id": w.ask.detail.replacement}
    await w.conn.insert(substitutions, row | {"value_amount": worth["value_amount"], "currency": worth["currency"]})
    return detail | {"replacement": w.ask.detail.replacement, "value": worth["value_amount"], "currency": worth["currency"]}


async def verify_recipient(w: Writing) -> Detail:
    """C37: who will receive the papers; another one takes the place of the first until the papers are handed over."""
    shown, request = w.ask.detail, w.first.request
    assert isinstance(shown, RecipientShown) and request is not None
    said: dict[str, Any] = {
        "capacity": shown.capacity,
        "recipient_name": shown.name,
        "identity_index": bytes.fromhex(shown.identity),
        "identity_number_masked": shown.masked,
        "authority_scan_id": shown.authority,
        "authority_until": shown.authority_until,
        "verified_by": w.by.id,
        "verified_at": w.at,
    }
    made = await w.conn.value(DRAFT, the_request=request.id)
    if made is None:
        made = await w.conn.insert(releases, said | {"org_id": w.by.org, "request_id": request.id}, returning="id")
    else:
        await w.conn.update(releases, {"id": made}, said)
    w.subject, w.made["release"], w.made["request"] = ("release", made), made, request.id
    return {"request": request.id, "capacity": shown.capacity, "authority": shown.authority}


async def release(w: Writing) -> Detail:
    """F11: the papers are their owner's again; nothing of it can be taken back."""
    shown, request = w.ask.detail, w.first.request
    assert isinstance(shown, ReceiptShown) and request is not None
    made = await w.conn.value(DRAFT, the_request=request.id)
    done = {"state": ReleaseState.DONE, "receipt_scan_id": shown.receipt, "operation_id": w.operation, "released_at": w.at}
    await w.conn.update(releases, {"id": made}, done)
    await _leave(w, MovementEnd.RELEASED)
    w.made["release"] = made
    return {"request": request.id, "release": made, "receipt": shown.receipt}


async def substitute(w: Writing) -> Detail:
    """F12: the old paper leaves, the new one stays."""
    request = w.first.request
    assert request is not None
    await _leave(w, MovementEnd.SUBSTITUTED)
    return {"request": request.id}


async def _leave(w: Writing, end: MovementEnd) -> None:
    request = w.first.request
    assert request is not None
    await w.conn.run(LEAVE, the_ids=w.movements, the_operation=w.operation, the_at=w.at, the_end=end.value)
    await w.conn.update(access_requests, {"id": request.id}, {"state": RequestState.FULFILLED})
    await _no_longer_here(w)
    w.made["request"], w.made["checkouts"] = request.id, w.movements


async def surrender(w: Writing) -> Detail:
    """F13: what was lent to the court stays there; the court's receipt says so."""
    shown, request = w.ask.detail, w.first.request
    assert isinstance(shown, CourtReceiptShown) and request is not None
    row = {"org_id": w.by.org, "request_id": request.id, "capacity": RecipientCapacity.COURT, "recipient_name": shown.court}
    row |= {"verified_by": w.by.id, "verified_at": w.at, "state": ReleaseState.DONE, "receipt_scan_id": shown.receipt}
    made = await w.conn.insert(releases, row | {"operation_id": w.operation, "released_at": w.at}, returning="id")
    await w.conn.run(END, the_ids=w.movements, the_at=w.at, the_end=MovementEnd.SURRENDERED.value)
    await _no_longer_here(w)
    w.made["request"], w.made["checkouts"], w.made["release"] = request.id, w.movements, made
    return {"request": request.id, "release": made, "receipt": shown.receipt}


async def _no_longer_here(w: Writing) -> None:
    """The slot is free, and the certificate's number may come back on a new paper."""
    await free_slots(w, [m.record.envelope for m in w.moves], w.records)
    await w.conn.run(NO_LONGER_LIVE, the_ids=w.records)


CHANGES = {
    A.ISSUE_NOTICE: issue_notice,
    A.REQUEST_SUBSTITUTION: request_substitution,
    A.VERIFY_RECIPIENT: verify_recipient,
    A.RELEASE: release,
    A.SUBSTITUTE: substitute,
    A.SURRENDER: surrender,
}
CHAINS = {A.ISSUE_NOTICE: _loan_of_notice}
