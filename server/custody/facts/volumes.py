"""What is known of volumes, their contracts and their loans: through functions that see the loans of every branch."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, func, select, text

from server.custody.facts.sources import Gathering, Source
from server.custody.moves.volumes import (
    HEADS,
    Batch,
    BatchNamed,
    Contents,
    Contract,
    ElementsChecked,
    Found,
    NewItem,
    NewVolume,
    Origin,
    Term,
)
from server.custody.policy import BANK_ZONE, PARAMETERS, RETENTION_YEARS, SHORT_TERM_MONTHS
from server.custody.reading import AT
from server.errors import NotFound
from storage.statements import given
from storage.tables import (
    archive_records,
    contract_element_checks,
    contract_element_items,
    contracts,
    disposal_approvals,
    disposal_batches,
    disposal_lines,
    loan_contracts,
    loans,
)
from storage.terms import Action as A
from storage.terms import Element, ElementResult, RecordState, RetentionClass, Role

LOAN = select(loans.c.id, loans.c.org_id).where(loans.c.id == given("id"))
STATE_OF = select(archive_records.c.state, archive_records.c.primary_loan_id).where(archive_records.c.id == given("id"))
CONTRACT = select(contracts.c.id, contracts.c.org_id).where(contracts.c.id == given("id"))
LOANS = select(loan_contracts.c.loan_id).where(loan_contracts.c.contract_id == given("id"))
BEFORE = (
    select(contract_element_items, contract_element_checks.c.checked_at)
    .join(contract_element_checks, contract_element_checks.c.id == contract_element_items.c.check_id)
    .where(contract_element_checks.c.contract_id == given("id"))
    .order_by(contract_element_checks.c.checked_at, contract_element_checks.c.id)
)
CONTENTS = select(text("*")).select_from(func.contents_of(given("ids", ARRAY(Uuid))))
TERMS = select(text("*")).select_from(func.term_of(given("ids", ARRAY(Uuid)), given("at", AT)))
BATCH = select(disposal_batches).where(disposal_batches.c.id == given("id"))
BATCH_LOCKED = BATCH.with_for_update()
LINES = select(disposal_lines).where(disposal_lines.c.batch_id == given("id"), disposal_lines.c.is_open)
LIST_NOW = select(func.list_hash_of(given("id")))
APPROVED = select(disposal_approvals.c.role, disposal_approvals.c.staff_id).where(disposal_approvals.c.batch_id == given("id"))


async def origins(g: Gathering) -> Mapping[UUID | None, Origin]:
    """The loan of a new volume, as the caller sees it; what it rebuilds must be a lost volume of that loan."""
    asked = g.ask.detail
    assert isinstance(asked, NewVolume)
    loan = await g.conn.row(LOAN, id=asked.loan)
    if loan is None:
        raise NotFound()
    lost = True
    if asked.rebuilds is not None:
        before = await g.conn.row(STATE_OF, id=asked.rebuilds)
        if before is None:
            raise NotFound()
        lost = before["state"] in (RecordState.LOST, RecordState.CLOSED_LOST) and before["primary_loan_id"] == asked.loan
    return {None: Origin(loan["id"], loan["org_id"], lost)}


async def checked_contracts(g: Gathering) -> Mapping[UUID | None, Contract]:
    """The contract, its loans, and what its newest check found."""
    asked = g.ask.detail
    assert isinstance(asked, ElementsChecked)
    row = await g.conn.row(CONTRACT, id=asked.contract)
    if row is None:
        raise NotFound()
    of = tuple(r["loan_id"] for r in await g.conn.rows(LOANS, id=asked.contract))
    before = {
        Element(r["element"]): Found(
            Element(r["element"]),
            ElementResult(r["result"]),
            r["reason"],
            r["deadline_at"].astimezone(BANK_ZONE).date() if r["deadline_at"] else None,
        )
        for r in await g.conn.rows(BEFORE, id=asked.contract)
    }
    return {None: Contract(row["id"], row["org_id"], of, before)}


async def contents(g: Gathering) -> Mapping[UUID | None, Contents]:
    """The list of each volume, and the blocking elements that its contracts lack."""
    named = g.ask.detail.contract if isinstance(g.ask.detail, NewItem) else None
    if named is not None and await g.conn.row(CONTRACT, id=named) is None:
        raise NotFound()
    return {
        r["record_id"]: Contents(
            dict(zip(r["items"] or (), r["pages"] or (), strict=True)), r["is_numbered"], frozenset(Element(e) for e in r["gaps"] or ()),
            r["copies_alone"], r["rebuilt"],
        )
        for r in await g.conn.rows(CONTENTS, ids=g.ids)
    }  # fmt: skip


async def terms(g: Gathering) -> Mapping[UUID | None, Term]:
    """How the loan of each volume stands, and until when the volume is kept."""
    keepers = {r["id"]: r["custody_org_id"] for r in g.records}
    for keeper in sorted(set(keepers.values())):
        g.policy.number(SHORT_TERM_MONTHS, g.at, keeper)  # PostgreSQL finds the class with it; what was read is kept with the decision
    return {
        r["record_id"]: Term(
            r["ended"], r["ended_on"], RetentionClass(r["least_class"]), r["cutoff_at"],
            keep_until(r["cutoff_at"], r["retention_class"], _years(g, r["retention_class"], keepers[r["record_id"]])),
        )
        for r in await g.conn.rows(TERMS, ids=g.ids, at=g.at)
    }  # fmt: skip


def _years(g: Gathering, retention: str | None, keeper: UUID) -> int | None:
    name = RETENTION_YEARS.get(RetentionClass(retention)) if retention else None
    return g.policy.number(name, g.at, keeper) if name else None


def keep_until(cutoff: datetime | None, retention: str | None, years: int | None = None) -> datetime | None:
    """The first instant at which it need not be kept, by the class's own years or longer; none for ever, or while nobody knows."""
    if cutoff is None or retention is None or retention == RetentionClass.PERMANENT:
        return None
    local = cutoff.astimezone(BANK_ZONE)
    least = PARAMETERS[RETENTION_YEARS[RetentionClass(retention)]].least
    return local.replace(year=local.year + max(least, years or least))


async def batches(g: Gathering) -> Mapping[UUID | None, Batch]:
    """The list that is named, for each volume that still stands on it; NotFound for a volume that does not."""
    named = g.ask.detail
    assert isinstance(named, BatchNamed)
    row = await g.conn.row(BATCH_LOCKED if g.lock else BATCH, id=named.batch)
    if row is None:
        raise NotFound()
    lines = {r["record_id"]: r["back_to"] for r in await g.conn.rows(LINES, id=named.batch)}
    now = await g.conn.value(LIST_NOW, id=named.batch)
    given = {Role(r["role"]): r["staff_id"] for r in await g.conn.rows(APPROVED, id=named.batch)}
    missing = HEADS - set(given)
    last = len(missing) == 1 and missing <= g.by.roles
    return {
        record: Batch(
            row["id"], row["list_hash"].hex(), (now or b"").hex(), row["proposed_by"], frozenset(lines), row["version"], given,
            _back(g.ask.action, lines[record], last) if record in lines else None,
        )
        for record in g.ids
    }  # fmt: skip


def _back(action: A, back_to: str, last: bool) -> RecordState | None:
    if action is A.REJECT_DISPOSAL:
        return RecordState(back_to)
    if action is A.APPROVE_DISPOSAL:
        return RecordState.DISPOSAL_APPROVED if last else RecordState.DISPOSAL_PROPOSED
    return None


SOURCES = (
    Source(Origin, frozenset({A.REGISTER_SECOND_TIER}), origins),
    Source(Contract, frozenset({A.RECORD_ELEMENT_CHECK}), checked_contracts),
    Source(Contents, frozenset({A.ADD_FILE_ITEM, A.SUBMIT_VOLUME, A.ACCEPT_VOLUME}), contents),
    Source(Batch, frozenset({A.APPROVE_DISPOSAL, A.REJECT_DISPOSAL, A.EXECUTE_DISPOSAL}), batches),
    Source(Term, frozenset({A.CLOSE_VOLUME, A.PROPOSE_DISPOSAL, A.APPROVE_DISPOSAL, A.EXECUTE_DISPOSAL}), terms),
)
