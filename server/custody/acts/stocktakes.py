"""Stocktakes: opened, counted, compared, signed."""

from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, text

from server.compliance.tags import Tag
from server.custody.acts.change import Detail, cancel_unused, off_the_balance
from server.custody.facts.stocktakes import places_of
from server.custody.moves import Move
from server.custody.moves.stocktakes import Finding, OpenStocktake, Stand, SubmitCount, Team
from server.custody.policy import CASE_DAYS, COUNT_HOURS
from server.custody.writing import Writing
from storage.tables import discrepancies, stocktake_counts, stocktakes
from storage.terms import Action as A
from storage.terms import CountResult, DiscrepancyKind
from storage.terms import StocktakeState as State

FOUND = text("select * from lock_found(:id)").bindparams(bindparam("id", type_=Uuid))
# Of an envelope that is not as it should be the first paper stands for all: the others are frozen with it.
DIFFERING = text(
    "select l.id, l.result, l.barcode, b.code as listed, f.code as found, l.found_seal_no, coalesce(l.record_id, ("
    "  select r.id from archive_records r where r.envelope_id = l.envelope_id order by r.archive_no limit 1)) as record_id"
    " from stocktake_lines l left join storage_locations b on b.id = l.location_id left join storage_locations f on f.id = l.found_location_id"
    " where l.stocktake_id = :id and l.result in ('EXTRA', 'WRONG_SLOT', 'SEAL_BROKEN') order by l.id"
).bindparams(bindparam("id", type_=Uuid))
KNOWN = text("select has_open_discrepancy(:record, :kind)").bindparams(bindparam("record", type_=Uuid), bindparam("kind", type_=Text))


async def open_stocktake(w: Writing) -> Detail:
    """The trigger takes the list as it is now."""
    asked = w.ask.detail
    assert isinstance(asked, OpenStocktake)
    (first, second), org = asked.counters, w.first.of(Team).org
    hours = w.number(COUNT_HOURS, org)
    row = {"org_id": org, "place_id": asked.place, "as_of": w.at, "freeze_hours": hours, "opened_by": w.by.id}
    made: UUID = await w.conn.insert(stocktakes, row | {"first_counter_id": first, "second_counter_id": second}, returning="id")
    return _about(w, made) | {"place": asked.place, "counters": list(asked.counters)}


async def submit_count(w: Writing) -> Detail:
    """What is new is appended; what the counter has given before is there already."""
    asked, stand = w.ask.detail, w.first.of(Stand)
    assert isinstance(asked, SubmitCount)
    found, rows = await places_of(w.conn, asked), []
    for count in asked.counts:
        before = found[count.place]
        base = {"org_id": stand.org, "stocktake_id": stand.id, "location_id": before["location_id"], "counter_id": w.by.id}
        base |= {"round": before["round"], "counted_at": w.at}
        given = set(before["items"])
        rows += [base | {"barcode": i.barcode, "seal_no": i.seal_no} for i in count.items if i.barcode not in given]
        if count.is_last and not before["is_done"]:
            rows.append(base | {"barcode": None, "seal_no": None})
    await w.conn.insert(stocktake_counts, rows)
    if stand.state is State.OPEN and rows:
        await w.conn.update(stocktakes, {"id": stand.id}, {"state": State.COUNTING})
    return _about(w, stand.id) | {"places": len(asked.counts), "labels": sum(len(c.items) for c in asked.counts)}


async def compare_counts(w: Writing) -> Detail:
    """The trigger stores what differs; each difference becomes a discrepancy, which freezes its record and the slot (C43)."""
    stand = w.first.of(Stand)
    await w.conn.rows(FOUND, id=stand.id)
    changed = {"state": State.COMPARED, "compared_at": w.at, "compared_by": w.by.id}
    await w.conn.update(stocktakes, {"id": stand.id}, changed)
    await cancel_unused(w)
    cases = [await _missing(w, move) for move in w.moves if move.on] + await _others(w, stand)
    w.made["cases"] = [c for c in cases if c]
    counts = {"differences": len(w.made["cases"]), "missing": len(w.records)}
    if w.records:  # the records' own histories are told by the desk; the unit's chain tells of the stocktake
        assert w.chains is not None
        w.made["stocktake"] = stand.id
        about: dict[str, Any] = {"stocktake": stand.id, **counts}
        w.chains.note(stand.org, Tag.STOCKTAKE_COMPARED, subject=("stocktake", stand.id), by=w.by.id, at=w.at, **about)
        return {"stocktake": stand.id}
    return _about(w, stand.id) | counts


async def _missing(w: Writing, move: Move) -> UUID | None:
    made = await _case(w, CountResult.MISSING, move.record.id, move.of(Finding).line, "盘库未见")
    if made is not None:
        await off_the_balance(w, move, made)
    return made


async def _others(w: Writing, stand: Stand) -> list[UUID | None]:
    """Extra, in the wrong slot, with a broken seal: each on the chain of its record too."""
    assert w.chains is not None
    made, chains = [], {r["record_id"]: r["chain_id"] for r in await w.conn.rows(FOUND, id=stand.id)}
    for line in await w.conn.rows(DIFFERING, id=stand.id):
        record, kind = line["record_id"], CountResult(line["result"])
        places = " → ".join(p for p in (line["listed"], line["found"]) if p)
        made.append(await _case(w, kind, record, line["id"], f"{places} {line['barcode'] or ''} {line['found_seal_no'] or ''}".strip()))
        if made[-1] and record in chains:
            about: dict[str, Any] = {"stocktake": stand.id, "case": made[-1], "difference": kind}
            w.chains.note(
                chains[record],
                Tag.RECORD_DIFFERS,
                subject=("record", record),
                by=w.by.id,
                at=w.at,
                record=record,
                act=w.ask.action,
                **about,
            )
    return made


async def _case(w: Writing, kind: CountResult, record: UUID | None, line: UUID | None, findings: str) -> UUID | None:
    """A discrepancy, unless one of its kind is open on the record already."""
    if record and await w.conn.value(KNOWN, record=record, kind=kind.value):
        return None
    org = w.first.of(Stand).org
    row: Detail = {"org_id": org, "record_id": record, "stocktake_line_id": line, "kind": DiscrepancyKind(kind.value), "state": "OPEN"}
    row |= {"findings": findings, "reported_by": w.by.id, "reported_at": w.at, "deadline_at": w.working_days(CASE_DAYS, org)}
    made: UUID = await w.conn.insert(discrepancies, row, returning="id")
    return made


async def sign_stocktake(w: Writing) -> Detail:
    """OPS_HEAD's signature, under what is resolved and under the cases that are left."""
    stand = w.first.of(Stand)
    await w.conn.update(stocktakes, {"id": stand.id}, {"state": State.SIGNED, "signed_at": w.at, "signed_by": w.by.id})
    return _about(w, stand.id)


def _about(w: Writing, stocktake: UUID) -> Detail:
    w.made["stocktake"] = stocktake
    w.subject = ("stocktake", stocktake)
    return {"stocktake": stocktake}


async def _org(w: Writing) -> set[UUID]:
    return {w.first.of(Team).org if w.ask.action is A.OPEN_STOCKTAKE else w.first.of(Stand).org}


async def _org_and_records(w: Writing) -> set[UUID]:
    rows = await w.conn.rows(FOUND, id=w.first.of(Stand).id)
    return {w.first.of(Stand).org} | {r["chain_id"] for r in rows}


CHANGES = {
    A.OPEN_STOCKTAKE: open_stocktake,
    A.SUBMIT_COUNT: submit_count,
    A.COMPARE_COUNTS: compare_counts,
    A.COUNT_MISSING: compare_counts,
    A.SIGN_STOCKTAKE: sign_stocktake,
}
CHAINS = {A.OPEN_STOCKTAKE: _org, A.SUBMIT_COUNT: _org, A.COMPARE_COUNTS: _org_and_records, A.SIGN_STOCKTAKE: _org}
