"""The history of a contract with 10,000 events, its first page and its last; every asking writes its line of the access log.

The contract is one of the bank that is measured, and gets its events once: acts with what was judged, through the only writer of events.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from rich.console import Console

from bench import data
from bench.load import Load
from bench.reads import principal_of
from server.compliance.events import Chains
from server.compliance.tags import Tag
from storage.database import Connection, Database, Principal
from storage.tables import decisions
from tests.harness.web import Site

LOAN, EVENTS, READS, AN_ACT, LINES = 5, 10_000, 1_000, 50, 500_000
ASKED, WARM, FIRST = 400, 40, 50
BUDGET_MS = 50.0
NUMBER = f"HT{LOAN * 2:010}"
PAGE = """query H($n: String!, $f: Int!, $a: String) { contractHistory(by: { number: $n }, purpose: REGULAR_REVIEW, first: $f, after: $a) {
  edges { cursor node { kind happenedAt effectiveAt tag actorId actorName subjectId result purpose detail component actorRoles
    delegations { role fromId } changes { field before after } evidence parameters causeId seq hash } }
  pageInfo { hasNextPage endCursor } } }"""
# What the triggers would have kept, and what others read of it.
READ = """insert into access_log (logged_at, staff_id, org_id, action, result, purpose, subject_ids, detail)
  select clock_timestamp() - make_interval(secs => n), $1, $2, 'issueScanLink', 'GRANTED', 'REGULAR_REVIEW', array[$3::uuid], '{"version": 1}'
  from generate_series(1, $4) n"""
VERSIONS = """insert into row_versions (table_name, row_id, recorded_at, operation, content)
  select 'staff_roles', r.id, timestamptz '2024-01-01', 'I', to_jsonb(r) from staff_roles r
  union all select 'staff', s.id, timestamptz '2024-01-01', 'I', to_jsonb(s) from staff s"""
OTHERS = """insert into access_log (logged_at, staff_id, org_id, action, result, purpose, subject_ids)
  select clock_timestamp() - make_interval(secs => n % 8000000), $1, $2, 'issueScanLink', 'GRANTED', 'AUDIT', array[r.id, r.primary_loan_id]
  from (select id, primary_loan_id, row_number() over () as n from archive_records where primary_loan_id <> $3) r where n <= $4"""
LOGGED = "select 1 from access_log where purpose = 'AUDIT' limit 1"
KEPT = "select 1 from row_versions where table_name = 'staff_roles' limit 1"


def measure(bank: data.Bank, site: Site, load: Load, console: Console) -> dict[str, Any]:
    """Milliseconds of pages, one after the other, as one person at compliance asks for them."""
    asyncio.run(_prepared(bank))
    headers = {"authorization": f"Bearer {site.token('compliance')}"}
    port, made = int(site.address.rpartition(":")[2]), dict[str, Any]()
    for name, after in (("first", None), ("last", _near_the_end(site, headers))):
        asyncio.run(_unread(bank))
        body = json.dumps({"query": PAGE, "variables": {"n": NUMBER, "f": FIRST, "a": after}})
        load.keep(name, port, [("/graphql", headers, body)] * WARM)
        load.run(name, seconds=None, clients=1)
        load.keep(name, port, [("/graphql", headers, body)] * ASKED)
        told = load.run(name, seconds=None, clients=1)
        made |= {f"{name}_page_p50_ms": round(told["p50_ms"], 1), f"{name}_page_p95_ms": round(told["p95_ms"], 1)}
    return {"events": EVENTS, **made}


def _near_the_end(site: Site, headers: dict[str, str]) -> str:
    """The cursor after all but the newest lines, page by page as a client gets there."""
    after, seen = None, 0
    with httpx.Client(base_url=site.address, headers=headers, timeout=30, trust_env=False) as client:
        while seen < EVENTS:
            given = {"query": PAGE, "variables": {"n": NUMBER, "f": 100, "a": after}}
            page = client.post("/graphql", json=given).raise_for_status().json()["data"]["contractHistory"]
            after, seen = page["pageInfo"]["endCursor"], seen + len(page["edges"])
    return str(after)


async def _prepared(bank: data.Bank) -> None:
    """The events that the contract lacks, in acts of some."""
    database, by = Database(bank.parts.app_url), await principal_of(bank, "officer")
    await database.open()
    try:
        async with data.connected(bank.super_url) as root:
            loan = UUID(data.loan_id(LOAN).partition("_")[2])
            record = await root.fetchval("select id from archive_records where primary_loan_id = $1 order by id limit 1", loan)
            missing = EVENTS - await root.fetchval("select seq from chains where id = $1", loan)
            for start in range(0, max(missing, 0), AN_ACT):
                await _act(database, by, loan, record, min(AN_ACT, missing - start))
            if missing > 0:  # else a sealer that the bank does not have would be waited for
                await root.execute("delete from pending_events")
                await root.execute("vacuum (analyze) events, decisions")
            if await root.fetchval(KEPT) is None:
                await root.execute(VERSIONS)
            if await root.fetchval(LOGGED) is None:  # what others read of other papers
                await root.execute("set session_replication_role = replica")
                who = await root.fetchrow("select id, org_id from staff where username = 'compliance'")
                await root.execute(OTHERS, who["id"], who["org_id"], loan, LINES)
                await root.execute("set session_replication_role = origin")
                await root.execute("vacuum (analyze) access_log")
    finally:
        await database.close()


async def _act(database: Database, by: Principal, loan: UUID, record: UUID, count: int) -> None:
    async with database.transaction(by) as conn:
        chains, at = await Chains.lock(conn, [loan]), datetime.now(UTC)
        for number in range(count):
            there, back = ("FILED", "CHECKED_OUT") if number % 2 else ("CHECKED_OUT", "FILED")
            told = {"act": "CHECK_OUT", "tier": "SECOND", "from": back, "to": there, "due": at, "request": record, "ticket_no": number}
            chains.note(loan, Tag.RECORD_CHECKED_OUT, subject=("record", record), by=by.staff_id, at=at, record=record, **told)
        events = await chains.write()
        for event in events:
            await _judged(conn, by, event, record, at)


async def _judged(conn: Connection, by: Principal, event: UUID, record: UUID, at: datetime) -> None:
    """As much as the desk keeps of an act of the second tier."""
    person = {"id": str(by.staff_id), "org": str(by.org_id), "roles": ["ARCHIVIST"], "active": True}
    move = {"action": "CHECK_OUT", "on": {"id": str(record), "tier": "SECOND", "state": "RESERVED", "chain": str(record), "version": 7}}
    moves = {"ask": {"action": "CHECK_OUT", "records": [str(record)]}, "by": person, "at": at.isoformat(),
             "request": {"id": str(record), "kind": "CHECKOUT", "purpose": "AUDIT", "applicant": str(by.staff_id)},
             "moves": [{**move, "holds": [], "seats": {"ARCHIVIST": person}, "movement": {"id": str(record), "kind": "CHECKOUT"}}]}  # fmt: skip
    row = {"org_id": by.org_id, "action": "CHECK_OUT", "caller_id": by.staff_id, "operation_id": None, "decided_at": at}
    parameters = [{"name": "operation_minutes", "value": 15}, {"name": "due_days_max", "value": 10, "since": at.isoformat()}]
    await conn.insert(decisions, row | {"event_ids": [event], "moves": moves, "parameters": parameters})


async def _unread(bank: data.Bank) -> None:
    """As many lines of readings as a contract has that is looked at daily, however often it was measured."""
    async with data.connected(bank.super_url) as root:
        await _replaced(root)


async def _replaced(root: "asyncpg.Connection[Any]") -> None:
    loan = UUID(data.loan_id(LOAN).partition("_")[2])
    contract = await root.fetchval("select id from contracts where number = $1", NUMBER)
    who = await root.fetchrow("select id, org_id from staff where username = 'compliance'")
    async with root.transaction():
        await root.execute("set local session_replication_role = replica")
        await root.execute("delete from access_log where subject_ids && array[$1::uuid, $2::uuid]", loan, contract)
        await root.execute(READ, who["id"], who["org_id"], loan, READS)
