"""Handovers: the list, what goes on its way and arrives, what comes back (F10, S7, C30 to C33). One statement for all lines of an act."""

from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import ARRAY, Text, Uuid, bindparam, delete, func, insert, select, update

from server.compliance.tags import Tag
from server.custody import operations
from server.custody.acts.change import AT, THESE, Detail, given
from server.custody.moves.handovers import Line, NewHandover, OnHandover
from server.custody.policy import HANDOVER_LINES_MAX, TRANSIT_DAYS_ELSEWHERE, TRANSIT_DAYS_IN_TOWN
from server.custody.writing import Writing
from server.errors import InputProblem, InvalidInput
from storage.tables import archive_records, handover_lines, handovers, movements, sealed_envelopes, shipments
from storage.terms import Action as A
from storage.terms import HandoverLineState, MovementEnd, MovementKind, Seat, Tier

IDS = ARRAY(Uuid)
LISTED = select(func.count()).where(handover_lines.c.handover_id == given("handover"))
LIST = insert(handover_lines).from_select(["handover_id", "record_id"], select(given("handover"), func.unnest(given("records", IDS))))
ON_LIST = (handover_lines.c.handover_id == given("handover"), handover_lines.c.record_id == func.any(given("records", IDS)))
STRIKE = delete(handover_lines).where(*ON_LIST)
IN_TOWN = select(handovers.c.in_town).where(handovers.c.id == given("handover"))
SEND = (
    update(handover_lines)
    .where(*ON_LIST)
    .values(state=HandoverLineState.SENT.value, sent_operation_id=given("operation"), shipment_id=given("shipment"))
)
DECIDE = (
    update(handover_lines)
    .where(*ON_LIST, handover_lines.c.state == HandoverLineState.SENT.value)
    .values(state=given("state", Text), decided_operation_id=given("operation"), decided_at=given("at", AT), reasons=given("reasons", Text))
)
BACK = (
    update(handover_lines)
    .where(*ON_LIST, handover_lines.c.state == HandoverLineState.REJECTED.value)
    .values(back_operation_id=given("operation"))
)
_records = archive_records.alias("of")
DEPART = insert(movements).from_select(
    ["org_id", "record_id", "kind", "exit_operation_id", "reserved_at", "lapses_at", "out_at", "due_at"],
    select(
        _records.c.org_id, _records.c.id, bindparam("the_kind", type_=Text, required=True), given("operation"), given("at", AT),
        given("lapses", AT), given("at", AT), given("due", AT),
    ).where(_records.c.id == func.any(given("records", IDS))),
)  # fmt: skip
ARRIVE = (
    update(movements)
    .where(THESE)
    .values(closed_at=given("at", AT), ended_as=given("end", Text), entry_operation_id=given("operation"), operation_id=None)
)
LEAVE_SLOTS = update(sealed_envelopes).where(sealed_envelopes.c.id == func.any(given("envelopes", IDS))).values(location_id=None)
_slots = func.unnest(given("envelopes", IDS), given("places", IDS)).table_valued("envelope", "place").render_derived(name="slots")
FILL_SLOTS = update(sealed_envelopes).where(sealed_envelopes.c.id == _slots.c.envelope).values(location_id=_slots.c.place)
TAKE = (
    update(archive_records)
    .where(archive_records.c.id == func.any(given("records", IDS)))
    .values(custody_org_id=given("org"), vault_id=given("vault"), location_id=given("location"), custodian_id=given("custodian"))
)
ENTRUST = (
    update(archive_records)
    .where(archive_records.c.id == func.any(given("records", IDS)), archive_records.c.tier == Tier.SECOND.value)
    .values(custodian_id=given("custodian"))
)
SHELVE = update(archive_records).where(archive_records.c.id == func.any(given("records", IDS))).values(location_id=given("location"))


def _asked(w: Writing) -> OnHandover:
    made: OnHandover = w.ask.detail
    return made


def _about(w: Writing, tag: Tag | None = None) -> Detail:
    """What the events of the records say of the handover; its own event stands in the history of the unit that acts."""
    handover = _asked(w).handover
    w.made["handover"] = handover
    if tag is None:
        return {"handover": handover}
    assert w.chains is not None
    cause = w.chains.note(w.by.org, tag, subject=("handover", handover), by=w.by.id, at=w.at, lines=len(w.records), operation=w.operation)
    return {"handover": handover, "cause": cause}


async def create(w: Writing) -> Detail:
    """A list is opened by the unit that gives."""
    asked: NewHandover = w.ask.detail
    row = {"org_id": w.by.org, "kind": asked.kind, "to_org_id": asked.to_org, "in_town": asked.in_town, "reason": w.ask.reason}
    row |= {"giver_id": asked.giver, "taker_id": asked.taker, "created_by": w.by.id}
    made: UUID = await w.conn.insert(handovers, row, returning="id")
    w.made["handover"], w.subject = made, ("handover", made)
    return {"handover": made, "kind": asked.kind, "to_unit": asked.to_org}


async def add_lines(w: Writing) -> Detail:
    """C30: the lines are made from the rows."""
    handover = _asked(w).handover
    most = w.number(HANDOVER_LINES_MAX)
    if await w.conn.value(LISTED, the_handover=handover) + len(w.records) > most:
        raise InvalidInput([InputProblem(("recordIds",), "TOO_MANY")])
    await w.conn.run(LIST, the_handover=handover, the_records=w.records)
    w.subject = ("handover", handover)
    return _about(w) | {"listed": len(w.records)}


async def remove_lines(w: Writing) -> Detail:
    """What was listed and not sent is struck off."""
    await w.conn.run(STRIKE, the_handover=_asked(w).handover, the_records=w.records)
    w.subject = ("handover", _asked(w).handover)
    return _about(w) | {"struck": len(w.records)}


async def send(w: Writing) -> Detail:
    """F10, S7: a shipment leaves, under its seal and its limit."""
    assert w.operation is not None
    asked, due = _asked(w), await _due(w)
    shipment = uuid4()
    row = {"id": shipment, "org_id": w.by.org, "handover_id": asked.handover, "operation_id": w.operation, "tier": w.first.record.tier}
    row |= {"seal_no": (asked.seal_no or "").strip(), "lines": len(w.records), "sent_at": w.at, "due_at": due}
    await w.conn.insert(shipments, row)
    await w.conn.run(operations.CLOSE_ACTS, the_records=w.records, the_at=w.at)
    await w.conn.run(DEPART, the_records=w.records, the_kind=MovementKind.TRANSIT.value, the_operation=w.operation, the_at=w.at,
                     the_lapses=w.at + w.window, the_due=due)  # fmt: skip
    await w.conn.run(SEND, the_handover=asked.handover, the_records=w.records, the_operation=w.operation, the_shipment=shipment)
    await w.conn.run(LEAVE_SLOTS, the_envelopes=_envelopes(w))
    w.made["shipment"] = shipment
    return _about(w, Tag.HANDOVER_SENT) | {"shipment": shipment, "seal_no": row["seal_no"], "due": due}


async def _due(w: Writing) -> datetime:
    """C33: so many working days; the same day from a unit without a vault, where nothing stays overnight."""
    in_town = await w.conn.value(IN_TOWN, the_handover=_asked(w).handover)
    name = TRANSIT_DAYS_IN_TOWN if in_town else TRANSIT_DAYS_ELSEWHERE
    days = w.number(name)
    if w.first.record.tier is Tier.FIRST and w.first.vault is None:
        days = 0
    due = w.policy.working_days_after(w.at, days)
    return due if due > w.at else w.policy.working_days_after(w.at, days + 1)


async def offer(w: Writing) -> Detail:
    """The giving side lets go of papers that do not move: those that are out, or all of a custodian who leaves."""
    await w.conn.run(SEND, the_handover=_asked(w).handover, the_records=w.records, the_operation=w.operation, the_shipment=None)
    return _about(w, Tag.HANDOVER_SENT)


async def receive(w: Writing) -> Detail:
    """C31: both sides have acknowledged, so custody passes; the envelope goes into its slot."""
    line = w.first.of(Line)
    await _decide(w, HandoverLineState.ACKNOWLEDGED)
    await _arrive(w, MovementEnd.ARRIVED)
    keeper = w.first.seats[Seat.ARCHIVIST].id if Seat.ARCHIVIST in w.first.seats else None
    await w.conn.run(
        TAKE, the_records=w.records, the_org=line.to_org, the_vault=w.first.vault, the_location=w.ask.location, the_custodian=keeper
    )
    await _fill(w)
    return _about(w, Tag.HANDOVER_ACKNOWLEDGED) | {"unit": line.to_org}


async def take_responsibility(w: Writing) -> Detail:
    """C31: who answers for a paper changes while it is out; it comes back to the new keeper."""
    line = w.first.of(Line)
    await _decide(w, HandoverLineState.RESPONSIBILITY_ONLY)
    keeper = w.first.seats[Seat.ARCHIVIST].id if Seat.ARCHIVIST in w.first.seats else None
    await w.conn.run(
        TAKE, the_records=w.records, the_org=line.to_org, the_vault=w.first.vault, the_location=w.ask.location, the_custodian=keeper
    )
    await w.conn.run(LEAVE_SLOTS, the_envelopes=_envelopes(w))
    await _fill(w)
    return _about(w, Tag.HANDOVER_ACKNOWLEDGED) | {"unit": line.to_org}


async def take_custody(w: Writing) -> Detail:
    """C32: counted under supervision; with the last line the leaver's duties end."""
    await _decide(w, HandoverLineState.RESPONSIBILITY_ONLY)
    await w.conn.run(ENTRUST, the_records=w.records, the_custodian=w.first.of(Line).taker)
    return _about(w, Tag.HANDOVER_ACKNOWLEDGED) | {"custodian": w.first.of(Line).taker}


async def reject(w: Writing) -> Detail:
    """The receiving side says no, with reasons; what was on its way goes back."""
    if not (w.ask.reason or "").strip():
        raise InvalidInput([InputProblem(("reasons",), "EMPTY")])
    await _decide(w, HandoverLineState.REJECTED, w.ask.reason)
    return _about(w, Tag.HANDOVER_REJECTED)


async def take_back(w: Writing) -> Detail:
    """What was rejected, or is recalled before it was acknowledged, goes back to where it stood."""
    rejected = [m for m in w.moves if m.of(Line).line is HandoverLineState.REJECTED]
    await w.conn.run(BACK, the_handover=_asked(w).handover, the_records=[m.record.id for m in rejected], the_operation=w.operation)
    await _decide(w, HandoverLineState.RECALLED)
    await _arrive(w, MovementEnd.REJECTED if rejected else MovementEnd.RECALLED)
    await _fill(w)
    if w.ask.location:
        await w.conn.run(SHELVE, the_records=w.records, the_location=w.ask.location)
    return _about(w, Tag.HANDOVER_TAKEN_BACK)


async def recall_responsibility(w: Writing) -> Detail:
    """What was let go and did not move is kept after all."""
    await _decide(w, HandoverLineState.RECALLED)
    return _about(w, Tag.HANDOVER_TAKEN_BACK)


async def _decide(w: Writing, state: HandoverLineState, reasons: str | None = None) -> None:
    await w.conn.run(DECIDE, the_handover=_asked(w).handover, the_records=w.records, the_state=state.value, the_operation=w.operation,
                     the_at=w.at, the_reasons=reasons)  # fmt: skip


async def _arrive(w: Writing, end: MovementEnd) -> None:
    await w.conn.run(ARRIVE, the_ids=w.movements, the_at=w.at, the_end=end.value, the_operation=w.operation)


async def _fill(w: Writing) -> None:
    """Each envelope into its slot; a slot that somebody else has just filled is the caller's mistake."""
    if not w.ask.placements:
        return
    mine = set(_envelopes(w))
    placed = [p for p in w.ask.placements if p.envelope in mine]
    try:
        await w.conn.run(FILL_SLOTS, the_envelopes=[p.envelope for p in placed], the_places=[p.location for p in placed])
    except asyncpg.UniqueViolationError:
        raise InvalidInput([InputProblem(("placements",), "TAKEN")]) from None


def _envelopes(w: Writing) -> list[UUID]:
    return sorted({m.record.envelope for m in w.moves if m.record.envelope})


async def _own_chain(w: Writing) -> set[UUID]:
    await w.takes_long()
    return {w.by.org}


CHANGES = {
    A.CREATE_HANDOVER: create,
    A.ADD_HANDOVER_LINES: add_lines,
    A.REMOVE_HANDOVER_LINES: remove_lines,
    A.SEND_HANDOVER: send,
    A.SEND_PENDING: send,
    A.SEND_RESPONSIBILITY: offer,
    A.RECEIVE_HANDOVER: receive,
    A.RECEIVE_PENDING: receive,
    A.RECEIVE_RESPONSIBILITY: take_responsibility,
    A.RECEIVE_CUSTODY: take_custody,
    A.REJECT_HANDOVER: reject,
    A.TAKE_BACK: take_back,
    A.TAKE_BACK_PENDING: take_back,
    A.RECALL_RESPONSIBILITY: recall_responsibility,
}
CHAINS = dict.fromkeys(CHANGES.keys() - {A.CREATE_HANDOVER, A.ADD_HANDOVER_LINES, A.REMOVE_HANDOVER_LINES}, _own_chain)
