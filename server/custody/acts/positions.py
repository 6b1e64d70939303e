"""What core banking says of a loan, and C52: what a reversed payoff leaves standing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, func, or_, select, text, update

from server.compliance.tags import Tag
from server.custody import notices
from server.custody.acts.change import CLOSE_UNUSED, SETTLE, Detail, given
from server.custody.acts.volumes import begin_retention, end_retention, reopen_closed_volumes
from server.custody.moves.release import PositionSaid
from server.custody.policy import CASE_DAYS
from server.custody.writing import Writing
from storage.tables import (
    access_requests,
    archive_records,
    discrepancies,
    loan_positions,
    loans,
    movements,
    operations,
    request_lines,
    settlement_notices,
)
from storage.terms import Action as A
from storage.terms import (
    DiscrepancyKind,
    DiscrepancyState,
    LoanStatus,
    NoticeKind,
    OperationState,
    Purpose,
    RecordState,
    RequestKind,
    RequestState,
    Role,
    Tier,
)

Row = Mapping[str, Any]
LOAN = select(loans.c.id, loans.c.org_id, loans.c.currency, loans.c.status).where(loans.c.id == given("loan"))
SETTLED = select(text("settled")).select_from(func.payoff_of(given("loan")))
_papers = select(func.papers_on(given("loan")))
_open = select(request_lines.c.request_id).where(request_lines.c.record_id.in_(_papers))
REQUESTS = (
    select(access_requests.c.id, access_requests.c.state)
    .where(
        access_requests.c.id.in_(_open),
        access_requests.c.kind == RequestKind.RELEASE.value,
        access_requests.c.purpose != Purpose.PARTIAL_RELEASE.value,
        or_(*(access_requests.c.state == state.value for state in (RequestState.SUBMITTED, RequestState.WAITING, RequestState.APPROVED))),
    )
    .order_by(access_requests.c.id)
    .with_for_update()
)
_columns = (archive_records.c.id, archive_records.c.org_id, archive_records.c.state, archive_records.c.primary_loan_id,
            archive_records.c.custody_org_id)  # fmt: skip
LINES = (
    select(*_columns, request_lines.c.request_id)
    .join(request_lines, request_lines.c.record_id == archive_records.c.id)
    .where(request_lines.c.request_id == func.any(given("ids", ARRAY(Uuid))))
    .order_by(archive_records.c.id)
    .with_for_update(of=archive_records)
)
RELEASED = (
    select(*_columns)
    .join(movements, and_(movements.c.record_id == archive_records.c.id, movements.c.ended_as == "RELEASED"))
    .join(access_requests, access_requests.c.id == movements.c.request_id)
    .where(archive_records.c.id.in_(_papers), access_requests.c.purpose != Purpose.PARTIAL_RELEASE.value)
    .order_by(archive_records.c.id)
    .with_for_update(of=archive_records)
)
RESERVATIONS = select(movements.c.id).where(movements.c.request_id == func.any(given("ids", ARRAY(Uuid))), movements.c.closed_at.is_(None))
STILL_RESERVED = select(movements.c.id).where(movements.c.record_id == given("record"), movements.c.closed_at.is_(None))
WITHDRAW = (
    update(operations)
    .where(operations.c.request_id == func.any(given("ids", ARRAY(Uuid))), operations.c.state == OperationState.PENDING.value)
    .values(state=OperationState.WITHDRAWN.value)
)
VOID = (
    update(settlement_notices)
    .where(settlement_notices.c.loan_id == given("loan"), settlement_notices.c.voided_at.is_(None))
    .values(voided_at=given("at", settlement_notices.c.voided_at.type))
    .returning(settlement_notices.c.id)
)


def _said(w: Writing) -> PositionSaid:
    assert isinstance(w.ask.detail, PositionSaid)
    return w.ask.detail


async def post_position(w: Writing) -> Detail:
    """The newest counts; a loan that is paid off is settled, one whose payoff is taken back is not."""
    said = _said(w)
    loan = await w.conn.row(LOAN, the_loan=said.loan)
    assert loan is not None and w.chains is not None  # the facts have found it
    made: UUID = await w.conn.insert(loan_positions, _row(w, said, loan), returning="id")
    settled = bool(await w.conn.value(SETTLED, the_loan=said.loan))
    status = LoanStatus.SETTLED if settled else LoanStatus.ACTIVE
    if loan["status"] not in (status, LoanStatus.WRITTEN_OFF):
        await w.conn.update(loans, {"id": said.loan}, {"status": status})
        w.chains.note(said.loan, Tag.LOAN_CHANGED, subject=("loan", said.loan), by=w.by.id, at=w.at, status=status)
    w.subject, w.tells, w.made["position"], w.made["loan"] = ("position", made), {said.loan}, made, said.loan
    if said.reversal_of is not None:
        await _take_back(w, said.loan, made)
    kept = await begin_retention(w, said.loan, said.settled_at) if said.settled_at is not None else []
    told = ("as_of", "principal", "interest", "fees", "overdue", "days_overdue", "settled_at", "payoff_kind", "payoff_cleared_at")
    about = {"currency": loan["currency"], "reverses": said.reversal_of, **{name: getattr(said, name) for name in told}}
    return about | ({"records": kept} if kept else {})


def _row(w: Writing, said: PositionSaid, loan: Row) -> dict[str, Any]:
    return {
        "org_id": loan["org_id"],
        "loan_id": said.loan,
        "as_of": said.as_of,
        "principal_amount": said.principal,
        "interest_amount": said.interest,
        "fees_amount": said.fees,
        "overdue_amount": said.overdue,
        "days_overdue": said.days_overdue,
        "currency": loan["currency"],
        "settled_at": said.settled_at,
        "payoff_kind": said.payoff_kind,
        "payoff_cleared_at": said.payoff_cleared_at,
        "reversal_of_id": said.reversal_of,
        "recorded_at": w.at,
    }


async def _affected(w: Writing) -> set[UUID]:
    """Locks the requests and papers that were built on the payoff, in every branch; answers the loans whose histories tell of it."""
    said = _said(w)
    if said.reversal_of is None:
        return {said.loan}
    _, lines, released = await _built_on(w, said.loan)
    return {said.loan} | {_chain(row) for row in (*lines, *released)}


async def _built_on(w: Writing, loan: UUID) -> tuple[list[UUID], list[Row], list[Row]]:
    requests = [r["id"] for r in await w.conn.rows(REQUESTS, the_loan=loan)]
    return requests, await w.conn.rows(LINES, the_ids=requests), await w.conn.rows(RELEASED, the_loan=loan)


def _chain(row: Row) -> UUID:
    chain: UUID = row["primary_loan_id"] or row["custody_org_id"]
    return chain


async def _take_back(w: Writing, loan: UUID, position: UUID) -> None:
    """C52: requests lapse with their approvals, notices are void; what was released already is a case for COMPLIANCE."""
    assert w.chains is not None
    requests, lines, released = await _built_on(w, loan)
    unused = [r["id"] for r in await w.conn.rows(RESERVATIONS, the_ids=requests)]
    await w.conn.run(WITHDRAW, the_ids=requests)
    await w.conn.run(CLOSE_UNUSED, the_ids=unused, the_at=w.at)
    await w.conn.run(SETTLE, the_ids=requests, the_state=RequestState.LAPSED.value, the_at=w.at)
    for row in lines:
        await _free(w, row)
    void = [r["id"] for r in await w.conn.rows(VOID, the_loan=loan, the_at=w.at)]
    for notice in void:
        w.chains.note(loan, Tag.NOTICE_VOIDED, subject=("notice", notice), by=w.by.id, at=w.at, position=position)
    cases = [await _open_case(w, row, position) for row in released]
    w.made |= {"requests": requests, "notices": void, "cases": cases}
    volumes = await end_retention(w, {loan})
    w.chains.note(
        loan, Tag.PAYOFF_REVERSED, subject=("position", position), by=w.by.id, at=w.at, requests=requests, notices=void, cases=cases,
        records=[row["id"] for row in volumes],
    )  # fmt: skip
    await reopen_closed_volumes(w, volumes)


async def _free(w: Writing, row: Row) -> None:
    """A line of a request that lapses: what it had reserved lies in the vault as before."""
    assert w.chains is not None
    about = {"subject": ("request", row["request_id"]), "by": w.by.id, "at": w.at, "record": row["id"]}
    w.chains.note(_chain(row), Tag.REQUEST_LAPSED, **about, reason="PAYOFF_REVERSED")
    if row["state"] != RecordState.RESERVED or await w.conn.value(STILL_RESERVED, the_record=row["id"]) is not None:
        return
    await w.conn.update(archive_records, {"id": row["id"]}, {"state": RecordState.IN_VAULT})
    w.freed.append(row["id"])
    moved: dict[str, Any] = {"from": RecordState.RESERVED, "to": RecordState.IN_VAULT, "tier": Tier.FIRST, "request": row["request_id"]}
    w.chains.note(
        _chain(row), Tag.RESERVATION_LAPSED, subject=("record", row["id"]), by=w.by.id, at=w.at, record=row["id"], act=A.LAPSE, **moved
    )


async def _open_case(w: Writing, row: Row, position: UUID) -> UUID:
    assert w.chains is not None
    told = await notices.people_for(w.conn, Role.COMPLIANCE, row["org_id"], w.at)
    owner: dict[str, Any] = {"owner_id": min(told), "state": DiscrepancyState.CASE} if told else {"state": DiscrepancyState.OPEN}
    said = owner | {
        "org_id": row["org_id"],
        "record_id": row["id"],
        "kind": DiscrepancyKind.PAYOFF_REVERSED,
        "findings": "还款冲正，权证已退还",
    }
    made: UUID = await w.conn.insert(
        discrepancies,
        said | {"reported_by": w.by.id, "reported_at": w.at, "deadline_at": w.working_days(CASE_DAYS, row["org_id"])},
        returning="id",
    )
    w.chains.note(
        _chain(row), Tag.CASE_OPENED, subject=("case", made), by=w.by.id, at=w.at, record=row["id"], position=position,
        kind=DiscrepancyKind.PAYOFF_REVERSED,
    )  # fmt: skip
    await notices.tell(w.conn, told, NoticeKind.PAYOFF_REVERSED, ("case", made), w.at, record=row["id"])
    return made


CHANGES = {A.POST_POSITION: post_position}
CHAINS = {A.POST_POSITION: _affected}
