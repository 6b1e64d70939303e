"""Second-tier volumes: filled, handed in, taken over, closed with their loan and opened again: what S1, S2 and S6 change."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Uuid, bindparam, func, or_, select, update

from server.compliance.events import Words
from server.compliance.tags import Tag
from server.custody.acts.change import Detail, given
from server.custody.elements import BLOCKING, ELEMENTS
from server.custody.labels import printed
from server.custody.moves.volumes import (
    Closing,
    Contents,
    Contract,
    ElementsChecked,
    Found,
    NewItem,
    NewVolume,
    Origin,
    Received,
    Term,
)
from server.custody.policy import BANK_ZONE, ELEMENT_DAYS
from server.custody.writing import Writing
from storage.tables import archive_records, contract_element_checks, contract_element_items, file_items
from storage.terms import Action as A
from storage.terms import ElementGrade, ElementResult, LabelKind, RecordState, RetentionClass, Tier

LENGTHS = (None, RetentionClass.FIVE_YEARS, RetentionClass.TWENTY_YEARS, RetentionClass.PERMANENT)
RETENTION = select(archive_records.c.retention_class).where(archive_records.c.id == given("id"))
UNSEEN = update(file_items).where(file_items.c.record_id == func.any(given("ids", ARRAY(Uuid)))).values(seen_by=None, seen_at=None)
RETAINED = (
    select(archive_records.c.id, archive_records.c.primary_loan_id, archive_records.c.state)
    .where(
        archive_records.c.primary_loan_id == func.any(bindparam("loans", type_=ARRAY(Uuid), required=True)),
        archive_records.c.tier == Tier.SECOND.value,
        archive_records.c.state != RecordState.DESTROYED.value,
        or_(archive_records.c.cutoff_at.is_not(None), archive_records.c.state == RecordState.CLOSED_VOLUME.value),
    )
    .order_by(archive_records.c.id)
    .with_for_update()
)

KEPT_ON = (RecordState.CLOSED_VOLUME, RecordState.ARCHIVED, RecordState.DISPOSAL_PROPOSED, RecordState.DISPOSAL_APPROVED)
NOT_RETAINED = (
    select(archive_records.c.id)
    .where(
        archive_records.c.primary_loan_id == given("loan"),
        archive_records.c.tier == Tier.SECOND.value,
        or_(*(archive_records.c.state == state.value for state in KEPT_ON)),
        archive_records.c.cutoff_at.is_(None),
    )
    .order_by(archive_records.c.id)
    .with_for_update()
)


async def register(w: Writing) -> Detail:
    """S1: a volume of a loan, still empty; one that stands for a lost one says so."""
    asked, origin = w.ask.detail, w.first.of(Origin)
    assert isinstance(asked, NewVolume)
    (code,) = await printed(w.conn, [LabelKind.VOLUME])
    row: dict[str, Any] = {"id": uuid4(), "org_id": origin.org, "custody_org_id": origin.org, "archive_no": f"EJ-{code}", "barcode": code}
    row |= {"tier": Tier.SECOND, "title": asked.title, "state": RecordState.COLLECTING, "primary_loan_id": origin.loan}
    await w.conn.insert(archive_records, row | {"rebuilds_id": asked.rebuilds})
    w.subject, w.made["records"] = ("record", row["id"]), [row["id"]]
    about = {"archive_no": row["archive_no"], "tier": Tier.SECOND, "to": RecordState.COLLECTING, "rebuilds": asked.rebuilds}
    return {"record": row["id"], **about}


async def _of_loan(w: Writing) -> set[UUID]:
    return {w.first.of(Origin).loan}


async def add_item(w: Writing) -> Detail:
    """S1: a paper at the end of the list (C30)."""
    asked, record = w.ask.detail, w.first.record
    assert isinstance(asked, NewItem)
    position = len(w.first.of(Contents).items) + 1
    row = {
        "org_id": record.org, "record_id": record.id, "position": position, "document_type": asked.document_type, "title": asked.title,
        "pages": asked.pages, "copies": asked.copies, "is_original": asked.is_original, "document_no": asked.document_no,
        "contract_id": asked.contract, "added_at": w.at,
    }  # fmt: skip
    made: UUID = await w.conn.insert(file_items, row, returning="id")
    w.made["items"] = [made]
    return {"item": made, "position": position}


async def submit_volume(w: Writing) -> Detail:
    """S1: the loan officer hands the volume in, with the pages that its list counts."""
    for move in w.moves:
        pages = sum(move.of(Contents).items.values())
        await w.conn.update(archive_records, {"id": move.record.id}, {"submitted_by": w.by.id, "pages": pages})
    return {}


async def accept_volume(w: Writing) -> Detail:
    """S2: the archivist takes it over, item by item, onto a shelf."""
    asked = w.ask.detail
    assert isinstance(asked, Received)
    for move in w.moves:
        for item in move.of(Contents).items:
            await w.conn.update(file_items, {"id": item}, {"seen_by": w.by.id, "seen_at": w.at})
        await w.conn.update(archive_records, {"id": move.record.id}, {"custodian_id": w.by.id, "location_id": w.ask.location})
    return {"items": len(asked.items)}


async def return_volume(w: Writing) -> Detail:
    """S2: not whole; back to the officer with reasons."""
    await w.conn.run(UNSEEN, the_ids=w.records)
    return {"reasons": w.ask.reason and Words(w.ask.reason)}


async def check_elements(w: Writing) -> Detail:
    """C29: what was found; elements that were not named stay as they were, or are missing."""
    asked, contract = w.ask.detail, w.first.of(Contract)
    assert isinstance(asked, ElementsChecked)
    check = {"org_id": contract.org, "contract_id": contract.id, "checked_by": w.by.id, "checked_at": w.at}
    made: UUID = await w.conn.insert(contract_element_checks, check, returning="id")
    told = {found.element: found for found in asked.items}
    rows = [told.get(e) or contract.before.get(e) or Found(e, ElementResult.MISSING) for e in ELEMENTS]
    await w.conn.insert(
        contract_element_items,
        [
            {"check_id": made, "element": f.element, "result": f.result, "reason": f.reason, "deadline_at": _deadline(w, f)}
            for f in rows
        ],
    )  # fmt: skip
    w.subject, w.made["check"] = ("contract", contract.id), made
    return {"check": made, "gaps": sorted(f.element for f in rows if f.element in BLOCKING and _is_gap(f))}


def _is_gap(found: Found) -> bool:
    return found.result in (ElementResult.MISSING, ElementResult.INCONSISTENT)


def _deadline(w: Writing, found: Found) -> datetime | None:
    if ELEMENTS[found.element] is ElementGrade.BLOCKING or not _is_gap(found):
        return None
    return w.policy.close_of(found.deadline_on) if found.deadline_on else w.working_days(ELEMENT_DAYS, w.first.of(Contract).org)


async def _of_contract(w: Writing) -> set[UUID]:
    contract = w.first.of(Contract)
    return set(contract.loans) or {contract.org}


async def close_volume(w: Writing) -> Detail:
    """S6, C45: kept from the first of January after the loan has ended, as long as its term asks for, or longer."""
    asked, told = w.ask.detail, []
    for move in w.moves:
        term = move.of(Term)
        ended = term.ended_on or w.at.astimezone(BANK_ZONE).date()
        cutoff = _first_of_next_year(ended)
        before = await w.conn.value(RETENTION, the_id=move.record.id)
        wanted = (term.least, asked.retention if isinstance(asked, Closing) else None, RetentionClass(before) if before else None)
        kept = max(wanted, key=LENGTHS.index)
        assert kept is not None
        await w.conn.update(archive_records, {"id": move.record.id}, {"retention_class": kept, "cutoff_at": cutoff})
        told.append(kept)
    return {"retention": told[0]} if len(set(told)) == 1 else {}


def _first_of_next_year(day: date) -> datetime:
    return datetime(day.year + 1, 1, 1, tzinfo=BANK_ZONE)


async def begin_retention(w: Writing, loan: UUID, settled_at: datetime) -> list[UUID]:
    """C45: what stayed closed or archived while its loan lived again is kept from this payoff on. The caller has locked the loan's chain."""
    cutoff = _first_of_next_year(settled_at.astimezone(BANK_ZONE).date())
    volumes = [row["id"] for row in await w.conn.rows(NOT_RETAINED, the_loan=loan)]
    for volume in volumes:
        await w.conn.update(archive_records, {"id": volume}, {"cutoff_at": cutoff})
    return volumes


async def reopen_volume(w: Writing) -> Detail:
    """S6: the loan lives again, or something must be added."""
    for record in w.records:
        await w.conn.update(archive_records, {"id": record}, {"cutoff_at": None})
    return {"reason": w.ask.reason and Words(w.ask.reason)}


async def end_retention(w: Writing, loans: set[UUID]) -> list[Any]:
    """C52: no retention of a volume that was closed with these loans runs on, wherever it is. The caller has locked the loans' chains."""
    rows = await w.conn.rows(RETAINED, loans=sorted(loans))
    for row in rows:
        await w.conn.update(archive_records, {"id": row["id"]}, {"cutoff_at": None})
    return rows


async def reopen_closed_volumes(w: Writing, rows: list[Any]) -> None:
    """C52: those of them that stand closed on a shelf are filed again."""
    assert w.chains is not None
    for row in rows:
        if row["state"] != RecordState.CLOSED_VOLUME:
            continue
        await w.conn.update(archive_records, {"id": row["id"]}, {"state": RecordState.FILED})
        moved: dict[str, Any] = {"tier": Tier.SECOND, "from": RecordState.CLOSED_VOLUME, "to": RecordState.FILED}
        w.chains.note(
            row["primary_loan_id"], Tag.VOLUME_REOPENED, subject=("record", row["id"]), by=w.by.id, at=w.at, record=row["id"],
            act=A.REOPEN_VOLUME, **moved,
        )  # fmt: skip


CHANGES = {
    A.REGISTER_SECOND_TIER: register,
    A.ADD_FILE_ITEM: add_item,
    A.SUBMIT_VOLUME: submit_volume,
    A.ACCEPT_VOLUME: accept_volume,
    A.RETURN_VOLUME: return_volume,
    A.RECORD_ELEMENT_CHECK: check_elements,
    A.CLOSE_VOLUME: close_volume,
    A.REOPEN_VOLUME: reopen_volume,
}
CHAINS = {A.REGISTER_SECOND_TIER: _of_loan, A.RECORD_ELEMENT_CHECK: _of_contract}
