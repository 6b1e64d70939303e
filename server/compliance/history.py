"""The history of a contract: every event of its loans, and who saw or was refused what, in one stable order.

The order is (time, id): a sequence number orders only one chain. Reading it is itself a line of the access log, written
and committed before the first byte leaves; a reader without the role leaves a denied line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, all_, any_, bindparam, cast, column, func, literal, null, or_, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.sql import ClauseElement

from server.compliance import access
from server.compliance.components import Component, component_of, evidence_of
from server.compliance.events import CANONICAL_TAG
from server.errors import Forbidden, NotFound
from storage.database import Connection, Database, Principal
from storage.tables import (
    access_log,
    archive_records,
    contracts,
    decisions,
    event_words,
    events,
    inspection_reports,
    loan_contracts,
    request_lines,
    scans,
    staff,
)
from storage.terms import AccessResult, Role

READERS = frozenset({Role.COMPLIANCE, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an event, or a line of the access log (then without chain)."""

    id: UUID
    happened_at: datetime
    tag: str
    subject_kind: str
    subject_id: UUID | None
    actor_id: UUID
    actor_name: str
    result: str | None
    purpose: str | None
    detail: dict[str, Any]
    chain_id: UUID | None
    seq: int | None
    hash: bytes | None
    parameters: str | None = None
    roles: tuple[Role, ...] = ()

    @property
    def component(self) -> Component:
        """What it is part of."""
        return component_of(self.tag, self.result)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The scans that it rests on."""
        return evidence_of(self.subject_kind, self.subject_id, self.detail)


@dataclass(frozen=True, slots=True)
class History:
    """A page of the history of one contract."""

    contract_id: UUID
    entries: tuple[Entry, ...]
    has_next: bool


def _subjects() -> ClauseElement:
    """Ids that the access log may name for a contract: itself, its loans, their records, requests, scans and reports."""
    loan = select(loan_contracts.c.loan_id).where(loan_contracts.c.contract_id == bindparam("contract", type_=Uuid, required=True))
    record = select(archive_records.c.id).where(archive_records.c.primary_loan_id.in_(loan))
    every = union_all(
        loan,
        record,
        select(request_lines.c.request_id).where(request_lines.c.record_id.in_(record)).distinct(),
        select(scans.c.id).where(scans.c.record_id.in_(record)),
        select(inspection_reports.c.id).where(inspection_reports.c.loan_id.in_(loan)),
    ).subquery()
    return select(
        func.coalesce(
            select(func.array_agg(loan_contracts.c.loan_id))
            .where(loan_contracts.c.contract_id == bindparam("contract", type_=Uuid, required=True))
            .scalar_subquery(),
            cast(array([], type_=Uuid), ARRAY(Uuid)),
        ).label("loans"),
        func.coalesce(select(func.array_agg(every.c[0])).scalar_subquery(), cast(array([], type_=Uuid), ARRAY(Uuid))).label("subjects"),
    )


def _lines(beyond: bool) -> ClauseElement:
    """One page of both kinds of line after a cursor, oldest first; each side reads no more than it can need."""
    body = cast(func.convert_from(func.substr(events.c.canonical, len(CANONICAL_TAG) + 1), "UTF8"), JSONB)
    said = (
        select(func.jsonb_object_agg(event_words.c.name, event_words.c.words, type_=JSONB))
        .where(event_words.c.event_id == events.c.id)
        .correlate(events)
        .scalar_subquery()
    )
    loans = any_(bindparam("loans", type_=ARRAY(Uuid), required=True))
    told = select(
        events.c.id,
        events.c.happened_at,
        events.c.tag,
        events.c.subject_kind,
        events.c.subject_id,
        events.c.actor_id,
        cast(null(), Text).label("result"),
        cast(null(), Text).label("purpose"),
        body["detail"].op("||", return_type=JSONB)(func.coalesce(said, cast(literal("{}", Text), JSONB))).label("detail"),
        events.c.chain_id,
        events.c.seq,
        events.c.hash,
    )
    happened = told.where(events.c.chain_id == loans)
    effect = events.alias()  # what an event of a unit brought about in a loan's chain: a stocktake, a handover, a policy
    causes = select(effect.c.cause_id).where(effect.c.chain_id == loans, effect.c.cause_id.is_not(None))
    caused = told.where(events.c.id.in_(causes), events.c.chain_id != all_(bindparam("loans", type_=ARRAY(Uuid), required=True)))
    seen = select(
        access_log.c.id,
        access_log.c.logged_at.label("happened_at"),
        access_log.c.action.label("tag"),
        literal("access").label("subject_kind"),
        access_log.c.subject_ids[1].label("subject_id"),
        access_log.c.staff_id.label("actor_id"),
        access_log.c.result,
        access_log.c.purpose,
        access_log.c.detail,
        cast(null(), Uuid).label("chain_id"),
        cast(null(), events.c.seq.type).label("seq"),
        cast(null(), events.c.hash.type).label("hash"),
    ).where(access_log.c.subject_ids.op("&&")(bindparam("subjects", type_=ARRAY(Uuid), required=True)))
    limit = bindparam("limit", type_=events.c.seq.type, required=True)

    def page(side: Any, at: Any, id_: Any) -> Any:
        if beyond:
            after = (bindparam("after_at", type_=at.type, required=True), bindparam("after_id", type_=Uuid, required=True))
            side = side.where(tuple_(at, id_) > tuple_(*after))
        return side.order_by(at, id_).limit(limit).subquery()

    sides = [page(side, events.c.happened_at, events.c.id) for side in (happened, caused)] + [
        page(seen, access_log.c.logged_at, access_log.c.id)
    ]
    both = union_all(*(select(*side.c) for side in sides)).subquery()
    judged = select(cast(decisions.c.parameters, Text)).where(decisions.c.event_ids.op("@>")(array([both.c.id]))).limit(1)
    return (
        select(*both.c, staff.c.name.label("actor_name"), judged.correlate(both).scalar_subquery().label("parameters"))
        .join(staff, staff.c.id == both.c.actor_id)
        .order_by(both.c.happened_at, both.c.id)
        .limit(limit)
    )


SUBJECTS, FIRST_PAGE, NEXT_PAGE = _subjects(), _lines(False), _lines(True)
ROLES: ClauseElement = select(column("staff_id"), column("role"), column("given_at"), column("taken_at")).select_from(
    func.roles_over_time(bindparam("people", type_=ARRAY(Uuid), required=True))
)
CONTRACT = select(contracts.c.id).where(
    or_(
        contracts.c.id == bindparam("contract", type_=Uuid, required=True),
        contracts.c.number == bindparam("number", type_=Text, required=True),
    )
)


async def contract_history(
    database: Database,
    principal: Principal,
    *,
    contract_id: UUID | None,
    number: str | None,
    purpose: str,
    first: int,
    after: tuple[datetime, UUID] | None,
    request_id: str | None = None,
) -> History:
    """A page of the history; Forbidden without the role, NotFound for an unknown contract. Both leave a line in the log."""
    allowed = bool(READERS & principal.roles)
    async with database.transaction(principal) as conn:
        found = await conn.value(CONTRACT, contract=contract_id, number=number)
        result = AccessResult.GRANTED if allowed and found else AccessResult.DENIED
        await access.log(
            conn, principal, "contractHistory", result, subjects=[found] if found else [], purpose=purpose, request_id=request_id
        )
    if not allowed:
        raise Forbidden("contractHistory is for compliance and audit.")
    if found is None:
        raise NotFound()
    async with database.transaction(principal) as conn:
        entries = await _page(conn, found, first, after)
    return History(found, entries[:first], len(entries) > first)


async def _page(conn: Connection, contract: UUID, first: int, after: tuple[datetime, UUID] | None) -> tuple[Entry, ...]:
    about = await conn.row(SUBJECTS, contract=contract)
    assert about is not None  # a select without FROM answers one row
    given: dict[str, Any] = {"loans": about["loans"], "subjects": [contract, *about["subjects"]], "limit": first + 1}
    if after is not None:
        given |= {"after_at": after[0], "after_id": after[1]}
    rows = await conn.rows(NEXT_PAGE if after else FIRST_PAGE, **given)
    spans = await conn.rows(ROLES, people=list({row["actor_id"] for row in rows}))
    return tuple(Entry(**dict(row.items()), roles=_roles(spans, row["actor_id"], row["happened_at"])) for row in rows)


def _roles(spans: Sequence[Any], actor: UUID, at: datetime) -> tuple[Role, ...]:
    """The roles that somebody had at an instant."""
    held = {
        Role(s["role"]) for s in spans if s["staff_id"] == actor and s["given_at"] <= at and (s["taken_at"] is None or at < s["taken_at"])
    }
    return tuple(sorted(held))
