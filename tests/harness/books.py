"""What must hold of the books at the end of every test: the fold of the events is the state, chains and tickets are whole."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import UUID

import asyncpg

from server.compliance.events import body_of
from server.compliance.folding import Fold
from server.compliance.tags import DETAIL

# I3: what the off-balance register says lies in a vault lies there, on paper in a slot of it.
IN_VAULT = "('IN_VAULT', 'RESERVED')"
OFF_BALANCE = f"""
  select r.id, r.state, coalesce(sum(case e.direction when 'IN' then 1 when 'OUT' then -1 else 0 end), 0) as balance
  from archive_records r left join off_balance_entries e on e.record_id = r.id
  where r.tier = 'FIRST' and ($1::uuid[] is null or r.org_id = any($1)) group by r.id
  having coalesce(sum(case e.direction when 'IN' then 1 when 'OUT' then -1 else 0 end), 0) <> (r.state in {IN_VAULT})::integer"""
SLOTS = f"""
  select r.id from archive_records r join sealed_envelopes e on e.id = r.envelope_id
  where r.state in {IN_VAULT} and e.location_id is null and ($1::uuid[] is null or r.org_id = any($1))"""
# I4: whoever had the key had not the code.
ALONE = """
  select k.operation_id from operation_seats k join operation_seats c on c.operation_id = k.operation_id and c.staff_id = k.staff_id
  where k.seat = 'KEY' and c.seat = 'CODE'"""
# I6: nothing left for good under a hold.
LEFT_UNDER_HOLD = """
  select e.id, e.tag from events e join archive_records r on r.id = e.record_id
    left join loans l on l.id = r.primary_loan_id or l.id in (select x.loan_id from loan_collateral x where x.collateral_id = r.collateral_id)
    left join customers b on b.id = l.customer_id
    join holds h on h.placed_at < e.happened_at and (h.lifted_at is null or h.lifted_at > e.happened_at)
      and (h.record_id = r.id or h.loan_id = l.id or h.collateral_id = r.collateral_id or h.dealer_id = l.dealer_id or h.party_id = b.party_id)
  where e.tag in ('record:release:done', 'record:substitute:done', 'record:destroy:done') and ($1::uuid[] is null or r.org_id = any($1))"""
OVERLAPS = """
  select a.record_id from movements a join movements b on a.record_id = b.record_id and a.id < b.id
    and tstzrange(a.out_at, coalesce(a.closed_at, 'infinity')) && tstzrange(b.out_at, coalesce(b.closed_at, 'infinity'))
  where a.out_at is not null and b.out_at is not null and ($1::uuid[] is null or a.org_id = any($1))"""
BOOKS = {
    "a paper lies in a vault and is not in its register, or the other way round": OFF_BALANCE,
    "a paper lies in a vault, and its envelope in no slot": SLOTS,
    "something left for good under a hold": LEFT_UNDER_HOLD,
    "two had one record at a time": OVERLAPS,
}


async def sound(root: "asyncpg.Connection[Any]", units: Sequence[UUID] | None = None) -> None:
    """Invariants of domain section 4 over everything that was committed; of `units` alone where they are named.

    I1 to I7 and I10. What came back goes out again (I8) is tests/custody/test_desk.py, one success of many (I11) tests/custody/test_races.py;
    I9 is of what destroys a volume, and nothing does yet.
    """
    ours = "($1::uuid[] is null or org_id = any($1))"
    rows = await root.fetch(
        f"select chain_id, seq, happened_at, prev_hash, hash, canonical from events where {ours} order by chain_id, seq", units
    )
    fold = Fold()
    lives: dict[str, list[tuple[datetime, str | None, str]]] = defaultdict(list)
    chain, head, seq, last = None, b"", 0, None
    for row in rows:
        if row["chain_id"] != chain:
            chain, head, seq, last = row["chain_id"], b"", 0, None
        seq += 1
        assert last is None or last < row["happened_at"], f"chain {chain} goes back in time at {row['seq']}"
        last = row["happened_at"]
        assert (row["seq"], row["prev_hash"]) == (seq, head), f"chain {chain} breaks at {row['seq']}"
        assert row["hash"] == sha256(head + row["canonical"]).digest()
        head, body = row["hash"], body_of(row["canonical"])
        unknown = body["detail"].keys() - DETAIL
        assert not unknown, f"{body['tag']} tells {sorted(unknown)}, which the closed list does not have"
        told = fold.add(body)
        assert told is None, told
        if body.get("record") and "to" in body["detail"]:
            lives[body["record"]].append((row["happened_at"], body["detail"].get("from"), body["detail"]["to"]))
    for record, told_of in lives.items():  # its states tile its life: each begins when the one before ends, and at another instant
        ordered = sorted(told_of)
        assert len({at for at, _, _ in ordered}) == len(ordered), f"record {record} changes twice at one instant"
        assert all(a[2] == b[1] for a, b in pairwise(ordered)), f"record {record} has a gap in its life: {ordered}"
    stored = {str(r["id"]): r["state"] for r in await root.fetch(f"select id, state from archive_records where {ours}", units)}
    assert stored == {r: fold.states.get(r) for r in stored}, "state is not the fold of the events"
    for what, sql in BOOKS.items():
        wrong = await root.fetch(sql, units)
        assert not wrong, f"{what}: {[dict(r) for r in wrong[:5]]}"
    assert not await root.fetch(ALONE)
    assert not await root.fetch("select 1 from movements where closed_at is null group by record_id having count(*) > 1")
    assert not await root.fetch("select 1 from movements where out_at is not null and due_at is null and closed_at is null")
    gaps = await root.fetch("select org_id from tickets group by org_id having max(ticket_no) <> count(*)")
    assert not gaps, "ticket numbers have gaps"
