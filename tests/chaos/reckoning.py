"""The books against what the clients were told: nothing lost, nothing done twice, nothing that nobody asked for."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from tests.chaos.load import Load
from tests.harness.books import sound

TAGS = {"requestCheckout": "request:submit:done", "cancelRequest": "request:cancel:done", "approveRequest": "record:reserve:done",
        "checkOut": "record:check_out:done", "presentReturn": "record:present_return:done", "acceptReturn": "record:accept_return:done"}  # fmt: skip
OVERLAPS = """
  select count(*) from (select record_id, tstzrange(out_at, coalesce(closed_at, 'infinity')) during, id from movements where out_at is not null) a
  join (select record_id, tstzrange(out_at, coalesce(closed_at, 'infinity')) during, id from movements where out_at is not null) b
    on a.record_id = b.record_id and a.id < b.id and a.during && b.during"""


@dataclass
class Reckoning:
    """What was found wrong, by kind."""

    checkouts: int = 0
    lost: list[str] = field(default_factory=list)  # told, and not in the books
    double: list[str] = field(default_factory=list)  # in the books more often than meant
    orphan: list[str] = field(default_factory=list)  # in the books, and nobody's; or books that do not agree with themselves

    @property
    def books(self) -> list[str]:
        """Books that do not agree with themselves."""
        return [what for what in self.orphan if what.startswith("books")]

    @property
    def clean(self) -> bool:
        return not (self.lost or self.double or self.orphan)


async def reckon(root: "asyncpg.Connection[Any]", load: Load) -> Reckoning:
    """After the load: every client has been told of each of its acts."""
    made = Reckoning()
    rows = await root.fetch("select id, tag, record_id from events where tag = any($1)", list(TAGS.values()))
    there = {r["id"]: (r["tag"], r["record_id"]) for r in rows}
    claimed = Counter[UUID]()
    for act in load.acts:
        if not act.done:
            continue
        assert act.told is not None
        events = [UUID(e["id"].removeprefix("event_")) for e in act.told["events"]]
        mine = [e for e in events if there.get(e) == (TAGS[act.name], act.record)]
        claimed.update(mine)
        if len(mine) != 1:
            made.lost.append(f"{act.name} {act.key}: told of {events}, found {mine}")
        made.checkouts += act.name == "checkOut"
    made.double += [f"event {e} was told to {n} acts" for e, n in claimed.items() if n > 1]
    kinds = {tag: name for name, tag in TAGS.items()}
    for id_, (tag, record) in there.items():
        if id_ not in claimed and record in load.barcodes:
            made.double.append(f"{kinds[tag]} of {record} was done, and no client was told that it did it")
    if overlaps := await root.fetchval(OVERLAPS):
        made.double.append(f"{overlaps} pairs of checkouts of one record overlap")
    await _books(root, load, made)
    return made


async def _books(root: "asyncpg.Connection[Any]", load: Load, made: Reckoning) -> None:
    checks = {
        "a key without its outcome": "select count(*) from idempotency_keys where outcome is null",
        "an exit without its ticket": "select count(*) from movements m where out_at is not null and not exists"
        " (select from tickets t where t.operation_id = m.exit_operation_id)",
        "a ticket without its exit": "select count(*) from tickets t where not is_void and not exists"
        " (select from movements m where m.exit_operation_id = t.operation_id)",
        "a request without its event": "select count(*) from access_requests q where not exists"
        " (select from events e where e.subject_id = q.id and e.tag = 'request:submit:done')",
        "an event that nothing waits to seal": "select count(*) from events e where not exists (select from pending_events p where p.event_id = e.id)",
    }
    for what, sql in checks.items():
        if found := await root.fetchval(sql):
            made.orphan.append(f"{found}: {what}")
    try:
        await sound(root)
    except AssertionError as wrong:
        made.orphan.append(f"books: {wrong}")
    made.orphan += load.internal[:20]
