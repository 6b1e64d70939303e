"""Whether the tables still say what the events lead to: every record, once a day; an alarm names the first that does not."""

from typing import Any
from uuid import UUID

import structlog

from server.compliance.events import body_of
from server.compliance.folding import Fold, differs
from server.custody.desk import Desk
from server.jobs import alarms
from storage.database import Principal
from storage.terms import AlarmKind

log: Any = structlog.get_logger()
BATCH = 200
# One statement, so one moment: what is written meanwhile is in all three or in none.
RECORDS = """select r.id, r.state,
    array(select e.canonical from events e where e.record_id = r.id order by e.id) as events,
    array(select case when m.returned_at is not null then 'RETURN_PENDING' when m.out_at is null then 'RESERVED'
                      when m.kind = 'READING' then 'READING' when m.kind = 'TRANSIT' then 'IN_TRANSIT' else 'CHECKED_OUT' end
          from movements m where m.record_id = r.id and m.kind <> 'ACT' and m.closed_at is null) as phases
  from archive_records r where r.id > $1 order by r.id limit $2"""
GAPS = """select org_id, max(ticket_no) - count(*) as missing from tickets group by org_id having max(ticket_no) <> count(*) order by org_id
  limit 1"""


async def drift(desk: Desk, by: Principal) -> int:
    """The number of differences; the first is told as an alarm."""
    found, first, after = 0, None, UUID(int=0)
    while True:
        async with desk.database.transaction(by) as conn:
            rows = await conn.raw.fetch(RECORDS, after, BATCH)
        for row in rows:
            if told := _wrong(row):
                found, first = found + 1, first or told
        if len(rows) < BATCH:
            break
        after = rows[-1]["id"]
    async with desk.database.transaction(by) as conn:
        gap = await conn.raw.fetchrow(GAPS)
        if gap is not None:
            found, first = found + 1, first or f"tickets of unit {gap['org_id']}: {gap['missing']} numbers are missing"
        await alarms.tell(conn, by, AlarmKind.STATE_DIFFERS, first, found)
    if found:
        log.error("drift", alarm=first, differences=found)
    return found


def _wrong(row: Any) -> str | None:
    fold, record = Fold(), str(row["id"])
    for text in row["events"]:
        try:
            told = fold.add(body_of(text))
        except (ValueError, KeyError) as error:
            return f"record {record}: an event cannot be read: {error}"
        if told:
            return told
    return differs(record, row["state"], fold.states.get(record), row["phases"])
