"""What is not where it should be: what F14 to F18 and S11 change."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, func, select, update

from server.compliance.events import Words
from server.custody import notices
from server.custody.acts.change import AT, THESE, Detail, cancel_unused, free_slots, given, inspected, open_cases
from server.custody.moves import Move
from server.custody.moves.losses import Case, CaseOpened, Finding, ItemMissing, Loss, OriginalFound, Reissue, Search
from server.custody.policy import CASE_DAYS
from server.custody.writing import Writing
from storage.tables import (
    archive_records,
    collateral_certificates,
    discrepancies,
    handover_lines,
    loss_cases,
    movements,
    return_inspections,
    sealed_envelopes,
)
from storage.terms import Action as A
from storage.terms import (
    DiscrepancyKind,
    DiscrepancyState,
    HandoverLineState,
    LossOutcome,
    LossState,
    MovementEnd,
    MovementKind,
    NoticeKind,
    Role,
    Seat,
)

END = (
    update(movements)
    .where(THESE)
    .values(
        operation_id=None,
        entry_operation_id=given("operation"),
        inspection_id=given("inspection"),
        ended_as=given("end", movements.c.ended_as.type),
        closed_at=given("at", AT),
    )
)
ON_THEIR_WAY = handover_lines.c.record_id == func.any(given("records", ARRAY(Uuid)))
KEEP_AFTER_ALL = (
    update(handover_lines)
    .where(ON_THEIR_WAY, handover_lines.c.state == HandoverLineState.SENT.value)
    .values(state=HandoverLineState.RECALLED.value, decided_operation_id=given("operation"), decided_at=given("at", AT))
    .returning(handover_lines.c.handover_id)
)
BACK_AFTER_ALL = (
    update(handover_lines)
    .where(
        ON_THEIR_WAY,
        handover_lines.c.state == HandoverLineState.REJECTED.value,
        handover_lines.c.shipment_id.is_not(None),
        handover_lines.c.back_operation_id.is_(None),
    )
    .values(back_operation_id=given("operation"))
    .returning(handover_lines.c.handover_id)
)
CERTIFICATE = select(archive_records.c.certificate_id).where(archive_records.c.id == given("id"))


async def report_missing(w: Writing) -> Detail:
    """F14, S11: a case is opened; an open reservation is cancelled, an open checkout stays and is marked by the case."""
    await cancel_unused(w)
    await open_cases(w, list(w.moves))
    return {}


async def report_item_missing(w: Writing) -> Detail:
    """A paper of a volume is not in it: the volume stays where it is, and is frozen (C28)."""
    asked = w.ask.detail
    assert isinstance(asked, ItemMissing)
    row = {"org_id": w.first.record.org, "record_id": w.first.record.id, "item_id": asked.item, "kind": DiscrepancyKind.MISSING}
    row |= {"findings": w.ask.reason or "", "reported_by": w.by.id, "reported_at": w.at, "owner_id": w.by.id}
    made: UUID = await w.conn.insert(discrepancies, row | {"deadline_at": w.working_days(CASE_DAYS)}, returning="id")
    w.made["cases"] = [made]
    return {"item": asked.item}


async def open_case(w: Writing) -> Detail:
    """C42, C43: the head of operations names who solves it and by when, and signs that."""
    asked, case = w.ask.detail, w.first.of(Case)
    assert isinstance(asked, CaseOpened)
    signed = {"owner_id": asked.owner, "deadline_at": case.deadline, "signed_by": w.by.id, "signed_at": w.at}
    await w.conn.update(discrepancies, {"id": case.id}, {"state": DiscrepancyState.CASE, **signed})
    _about(w, case.id)
    return {"owner": asked.owner, "deadline": case.deadline}


async def resolve_discrepancy(w: Writing) -> Detail:
    """A difference is explained; what it froze is free again."""
    case = w.first.of(Case)
    await _resolve(w, case.id, w.by.id, w.ask.reason)
    _about(w, case.id)
    return {"kind": case.kind}


def _about(w: Writing, case: UUID) -> None:
    w.subject = ("case", case)
    w.made["cases"] = [case]


async def record_search(w: Writing) -> Detail:
    """C44: where it was sought, and the statement of who answers for it."""
    asked = w.ask.detail
    assert isinstance(asked, Search)
    told: dict[str, Any] = {"state": LossState.SEARCHED, "search_log": asked.log, "searched_by": w.by.id, "searched_at": w.at}
    if asked.responsibility is not None:
        told["responsibility"] = asked.responsibility
    for move in w.moves:
        await _change(w, move, told)
    return {"answered_for": asked.responsibility is not None}


async def notify_compliance(w: Writing) -> Detail:
    """C44: COMPLIANCE is told; from then on the case stands in its list."""
    for move in w.moves:
        await _change(w, move, {"notified_by": w.by.id, "notified_at": w.at})
        told = await notices.people_for(w.conn, Role.COMPLIANCE, move.record.org, w.at)
        loss = move.of(Loss).id
        assert loss is not None
        await notices.tell(w.conn, told, NoticeKind.LOSS_REPORTED, ("loss", loss), w.at, record=move.record.id)
    return {}


async def resolve_found(w: Writing) -> Detail:
    """F15, S11: found, inspected and put back; an open checkout that was marked ends with it."""
    asked = w.ask.detail
    assert isinstance(asked, Finding)
    for placement in w.ask.placements:
        await w.conn.update(sealed_envelopes, {"id": placement.envelope}, {"location_id": placement.location})
    for move in w.moves:
        inspection = await _inspect(w, move)
        await _end(w, move, MovementEnd.FOUND, inspection)
        await _close(w, move, LossOutcome.FOUND, asked.found_by or w.by.id, asked.where)
    return {"found_by": asked.found_by or w.by.id, **await _end_lines(w)}


async def declare_lost(w: Writing) -> Detail:
    """F16, S11: two heads declare it; an open checkout ends with it."""
    for move in w.moves:
        await _end(w, move, MovementEnd.LOST, None)
        declared = {"state": LossState.LOST, "lost_at": w.at, "lost_operation_id": w.operation, "statement": w.ask.reason}
        await _change(w, move, declared)
    return {"reason": w.ask.reason and Words(w.ask.reason), **await _end_lines(w)}


async def record_reissue(w: Writing) -> Detail:
    """F17: the new paper goes into the vault, the old number is void for ever, and each names the other."""
    asked = w.ask.detail
    assert isinstance(asked, Reissue)
    for placement in w.ask.placements:
        await w.conn.update(sealed_envelopes, {"id": placement.envelope}, {"location_id": placement.location})
    old, new = [await w.conn.value(CERTIFICATE, the_id=one) for one in (asked.lost, asked.reissued)]
    if old is not None:
        await w.conn.update(collateral_certificates, {"id": old}, {"is_live": False, "voided_at": w.at})
        await w.conn.update(collateral_certificates, {"id": new}, {"replaces_id": old})
    lost = next(m for m in w.moves if m.record.id == asked.lost)
    await _close(w, lost, LossOutcome.REPLACED, w.first.seats[Seat.CLERK].id, w.ask.reason, reissued_as_id=asked.reissued)
    await free_slots(w, [lost.record.envelope], [asked.lost])
    return {"lost": asked.lost, "reissued": asked.reissued, "void": old}


async def record_voided_original(w: Writing) -> Detail:
    """The lost paper turned up: it is void and goes back nowhere."""
    asked = w.ask.detail
    assert isinstance(asked, OriginalFound)
    found = {"original_found_at": w.at, "original_found_by": w.by.id, "original_note": asked.note}
    for move in w.moves:
        await _change(w, move, found)
    return {}


async def close_lost(w: Writing) -> Detail:
    """F18, S11: nothing is owed any more, two heads close the case."""
    for move in w.moves:
        await _close(w, move, LossOutcome.CLOSED_LOST, w.first.seats[Seat.SECOND].id, w.ask.reason)
    await free_slots(w, [m.record.envelope for m in w.moves], w.records)
    return {"reason": w.ask.reason and Words(w.ask.reason)}


async def _change(w: Writing, move: Move, told: dict[str, Any]) -> None:
    loss = move.of(Loss)
    await w.conn.update(loss_cases, {"id": loss.id}, told)
    w.made.setdefault("losses", []).append(loss.id)


async def _close(w: Writing, move: Move, outcome: LossOutcome, by: UUID, how: str | None, **more: Any) -> None:
    await _change(w, move, {"state": LossState.CLOSED, "outcome": outcome, "closed_at": w.at, **more})
    discrepancy = move.of(Loss).discrepancy
    assert discrepancy is not None
    await _resolve(w, discrepancy, by, how)
    w.made.setdefault("cases", []).append(discrepancy)


async def _resolve(w: Writing, case: UUID, by: UUID, how: str | None) -> None:
    done: dict[str, UUID | datetime | str | None] = {"resolved_at": w.at, "resolved_by": by, "resolution": how}
    await w.conn.update(discrepancies, {"id": case}, {"state": DiscrepancyState.RESOLVED, **done})


async def _end_lines(w: Writing) -> Detail:
    """C31: what never arrived was its giver's all the time; its line is open no longer."""
    records = [m.record.id for m in w.moves if m.movement is not None and m.movement.kind is MovementKind.TRANSIT]
    if not records:
        return {}
    kept = await w.conn.rows(KEEP_AFTER_ALL, the_records=records, the_operation=w.operation, the_at=w.at)
    back = await w.conn.rows(BACK_AFTER_ALL, the_records=records, the_operation=w.operation)
    return {"handovers": sorted({row["handover_id"] for row in (*kept, *back)})}


async def _end(w: Writing, move: Move, end: MovementEnd, inspection: UUID | None) -> None:
    """Of an act's own movement nothing is left to end."""
    if move.movement is not None and move.movement.out_at is not None:
        ended = {"the_operation": w.operation, "the_inspection": inspection, "the_end": end.value, "the_at": w.at}
        await w.conn.run(END, the_ids=[move.movement.id], **ended)


async def _inspect(w: Writing, move: Move) -> UUID:
    checkout = move.movement.id if move.movement and move.movement.out_at is not None else None
    row = inspected(w, move) | {"movement_id": checkout, "discrepancy_id": move.of(Loss).discrepancy}
    made: UUID = await w.conn.insert(return_inspections, row, returning="id")
    return made


CHANGES = {
    A.REPORT_MISSING: report_missing,
    A.REPORT_ITEM_MISSING: report_item_missing,
    A.OPEN_CASE: open_case,
    A.RESOLVE_DISCREPANCY: resolve_discrepancy,
    A.RECORD_SEARCH: record_search,
    A.NOTIFY_COMPLIANCE: notify_compliance,
    A.RESOLVE_FOUND: resolve_found,
    A.DECLARE_LOST: declare_lost,
    A.RECORD_REISSUE: record_reissue,
    A.RECORD_VOIDED_ORIGINAL: record_voided_original,
    A.CLOSE_LOST: close_lost,
}
