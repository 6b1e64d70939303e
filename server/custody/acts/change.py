"""What the changes of all chapters share: statements on movements and requests, and the case of a record that is not there."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, exists, func, select, update
from sqlalchemy.dialects.postgresql import TIMESTAMP

from server.compliance.tags import Tag
from server.custody import notices
from server.custody.moves import Move
from server.custody.policy import CASE_DAYS
from server.custody.transitions import LIVE
from server.custody.writing import Writing
from storage.tables import access_requests, archive_records, discrepancies, movements, off_balance_entries, sealed_envelopes
from storage.terms import DiscrepancyKind, NoticeKind, OffBalanceDirection, RecordState, RequestState, Tier

Detail = dict[str, Any]  # what the event of the act adds
IN_THE_VAULT = frozenset({RecordState.IN_VAULT, RecordState.RESERVED})
COMES_BACK = [state.value for state in LIVE[Tier.FIRST] if state is not RecordState.IN_TRANSIT]  # what travels left its slot for good
AT = TIMESTAMP(timezone=True)


def given(name: str, type_: Any = Uuid) -> Any:
    """A parameter that no column is named like."""
    return bindparam(f"the_{name}", type_=type_, required=True)


THESE = movements.c.id == func.any(given("ids", ARRAY(Uuid)))
CLOSE_UNUSED = update(movements).where(THESE).values(closed_at=given("at", AT), operation_id=None)
SETTLE = (
    update(access_requests)
    .where(access_requests.c.id == func.any(given("ids", ARRAY(Uuid))))
    .values(state=given("state", access_requests.c.state.type), decided_at=given("at", AT))
)
APPLICANTS = select(access_requests.c.id, access_requests.c.applicant_id).where(access_requests.c.id == func.any(given("ids", ARRAY(Uuid))))


# I3: an envelope keeps its slot while a paper of it is in the vault or may come back into it (lent, returned and not yet looked at,
# missing, lost), and has none else. Whoever ends the custody of a paper frees the slot that nothing will come back into.
_left = select(archive_records.c.id).where(
    archive_records.c.envelope_id == sealed_envelopes.c.id,
    archive_records.c.id != func.all(given("gone", ARRAY(Uuid))),
    archive_records.c.state == func.any(given("left", ARRAY(Text))),
)
FREE_SLOTS = (
    update(sealed_envelopes)
    .where(sealed_envelopes.c.id == func.any(given("ids", ARRAY(Uuid))), sealed_envelopes.c.location_id.is_not(None), ~exists(_left))
    .values(location_id=None)
)


async def free_slots(w: Writing, envelopes: Iterable[UUID | None], gone: Iterable[UUID] = ()) -> None:
    """Those of these envelopes that hold nothing more, but for records that this act ends."""
    await w.conn.run(FREE_SLOTS, the_ids=sorted({e for e in envelopes if e}), the_gone=list(gone), the_left=COMES_BACK)


async def cancel_unused(w: Writing) -> None:
    """What was reserved, and is not there: the reservation ends with its request, which its history tells besides where the record is."""
    assert w.chains is not None
    unused = [(m.record, m.movement) for m in w.moves if m.movement and m.movement.out_at is None]
    await w.conn.run(CLOSE_UNUSED, the_ids=[movement.id for _, movement in unused], the_at=w.at)
    requests = sorted({movement.request for _, movement in unused if movement.request})
    await w.conn.run(SETTLE, the_ids=requests, the_state=RequestState.CANCELLED.value, the_at=w.at)
    for row in await w.conn.rows(APPLICANTS, the_ids=requests):
        await notices.tell(w.conn, {row["applicant_id"]}, NoticeKind.REQUEST_CANCELLED, ("request", row["id"]), w.at)
    for record, movement in unused:
        if movement.request:
            w.chains.note(
                record.chain, Tag.RESERVATION_CANCELLED, subject=("request", movement.request), by=w.by.id, at=w.at, record=record.id,
                act=w.ask.action, request=movement.request,
            )  # fmt: skip


async def open_cases(w: Writing, moves: list[Move], kind: DiscrepancyKind = DiscrepancyKind.MISSING) -> None:
    """A case for each, with an owner and a deadline (C43); what is missing from a vault goes off its balance (C11)."""
    deadline = w.working_days(CASE_DAYS)
    cases = []
    for move in moves:
        findings = (move.inspection.findings if move.inspection else None) or w.ask.reason or getattr(w.ask.detail, "findings", None) or ""
        row = {"org_id": move.record.org, "record_id": move.record.id, "kind": kind, "findings": findings}
        row |= {"reported_by": w.by.id, "reported_at": w.at, "owner_id": w.by.id, "deadline_at": deadline}
        cases.append(await w.conn.insert(discrepancies, row, returning="id"))
        if kind is DiscrepancyKind.MISSING:
            await off_the_balance(w, move, cases[-1])
    w.made["cases"] = [*w.made.get("cases", ()), *cases]


def not_known(moves: list[Move]) -> list[Move]:
    """Those without an open case of a right that is not shown."""
    return [m for m in moves if DiscrepancyKind.RIGHT_NOT_SHOWN not in m.frozen]


def inspected(w: Writing, move: Move) -> dict[str, Any]:
    """A row of what was found of a record, without what it came back from: a checkout, or the case of what was missing."""
    found = move.inspection
    assert found is not None
    return {
        "record_id": move.record.id,
        "operation_id": w.operation,
        "inspected_by": w.by.id,
        "inspected_at": w.at,
        "numbers_match": found.numbers_match,
        "pages_match": found.pages_match,
        "seal_intact": found.seal_intact,
        "no_alterations": found.no_alterations,
        "no_damage": found.no_damage,
        "pages_counted": found.pages_counted,
        "findings": found.findings,
        "passed": found.passed,
        "shows_mortgage": found.shows_mortgage,
    }


async def off_the_balance(w: Writing, move: Move, case: UUID) -> None:
    """C11: a first-tier paper that is missing from its vault."""
    if move.record.tier is Tier.FIRST and move.record.state in IN_THE_VAULT:
        entry = {"org_id": move.record.custody_org, "record_id": move.record.id, "discrepancy_id": case}
        await w.conn.insert(off_balance_entries, entry | {"direction": OffBalanceDirection.OUT, "queued_at": w.at})
