"""C41: a counter learns from nowhere what should lie where they count: not from any table, function or field of the API."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.moves import Ask
from server.custody.moves.corrections import Correcting
from server.custody.moves.handovers import OnHandover
from server.custody.moves.volumes import BatchNamed
from server.errors import NotFound
from server.papers.serving import printed
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import CorrectionSubject, HoldKind, HoldSubject, PaperKind, Role, Tier
from tests.custody import handing
from tests.custody.chapters import overrides, volumes
from tests.custody.chapters.corrections import scanned
from tests.custody.chapters.queue import waiting
from tests.custody.chapters.stocktakes import counted, opened
from tests.custody.releasing import Case
from tests.custody.test_vault import opening
from tests.harness import losses, servers
from tests.harness.world import World

MUCH = set(Role) - {Role.VAULT_KEEPER_KEY, Role.VAULT_KEEPER_CODE, Role.SYSTEM}
BY_NAME = {
    "node",
    "nodes",
    "archiveRecord",
    "lookUp",
    "search",
    "explainCustody",
    "signedReceipt",
}  # of each hidden thing, in a test of their own


@dataclass
class Count:
    """A stocktake that runs, and the words by which its list could be told."""

    take: UUID
    lies: list[tuple[str, str, str]]
    slots: set[str]
    secrets: dict[str, str]  # text to what it is

    def told_in(self, text: str) -> set[str]:
        """In clear, or in the bytes of an event."""
        return {what for secret, what in self.secrets.items() if secret in text or secret.encode().hex() in text}


async def lived(bank: World) -> None:
    """Papers and volumes with all that can happen to them before they are counted."""
    papers = await bank.papers(2, kind=PaperKind.RECEIPT)
    await bank.out(papers)
    await bank.presented(papers)
    await bank.accepted(papers)
    await bank.seated(await opening(bank, papers), ["kay", "cody"])
    handover = await handing.sent(bank, papers)
    back = Ask(A.TAKE_BACK, records=tuple(papers), placements=await handing.placed(bank, papers, "A"), detail=OnHandover(handover))
    await bank.seated(back, handing.HERE)
    await handing.opened(bank, papers)
    scan = await scanned(bank, papers[0])
    wrong = Correcting(CorrectionSubject.RECORD, papers[0], "title", "更正后的题名", scan)
    proposal = await bank.done("officer", Ask(A.CORRECT, records=(papers[0],), reason="录入有误", detail=wrong))
    await bank.done("head", Ask(A.CONFIRM, operation=UUID(proposal["operation"])))
    (other,) = await bank.papers()
    await losses.missing(bank, other)
    await bank.seated(losses.found(bank, other), ["kay", "cody", "clerk"])
    hold = Ask(A.PLACE_HOLD, hold_kind=HoldKind.AUDIT, subject_kind=HoldSubject.RECORD, subject=other, reason="审计")
    await bank.done("legal", hold)
    case = await Case.make(bank)
    await case.ready()
    await secured_by_contract(bank, case)
    (volume,) = await bank.volumes()
    await bank.out([volume], tier=Tier.SECOND)
    await waiting(bank, volume)
    await bank.presented([volume], tier=Tier.SECOND)
    await bank.accepted([volume], tier=Tier.SECOND)
    _, operation = await overrides.opened(bank)
    await bank.done("ops", Ask(A.CONFIRM, operation=operation))
    await volumes.proposed(bank)


async def secured_by_contract(bank: World, case: Case) -> None:
    """The loan's contract and the paper's certificate, by which both can be asked for."""
    here = bank.branches["A"].id
    await bank.sql("update loans set number = $2 where id = $1", case.loan, f"L-{bank.tag}")
    contract = await bank.sql(
        "insert into contracts (org_id, number, kind, signed_on, amount) values ($1, $2, 'LOAN', current_date - 9, 1) returning id", here, f"HT-{bank.tag}"
    )  # fmt: skip
    await bank.sql("insert into loan_contracts (org_id, loan_id, contract_id) values ($1, $2, $3)", here, case.loan, contract)
    certificate = await bank.sql(
        "insert into collateral_certificates (org_id, collateral_id, number, kind, issuer, issued_on)"
        " values ($1, $2, $3, 'VEHICLE_TITLE', '车管所', current_date - 9) returning id", here, case.collateral, f"C-{bank.tag}",
    )  # fmt: skip
    await bank.past_the_triggers(
        f"update archive_records set kind = 'CERTIFICATE', certificate_id = '{certificate}' where id = '{case.papers[0]}'"
    )


@pytest.fixture
async def running(bank: World) -> Count:
    """A stocktake over such papers: ann, who may read almost everything, and bob count."""
    here = bank.branches["A"]
    await bank.hire("ann", MUCH, here.id, (here.id,))
    await lived(bank)
    take, _, lies = await opened(bank)
    rows = await bank.root.fetch(
        "select l.location_id, e.id, e.barcode, e.seal_no, r.id, r.barcode, r.archive_no from stocktake_lines l"
        " left join sealed_envelopes e on e.id = l.envelope_id join archive_records r on r.id = l.record_id or r.envelope_id = e.id"
        " where l.stocktake_id = $1 and l.location_id is not null", take,
    )  # fmt: skip
    seals = await bank.root.fetch("select seal_no from seals where envelope_id = any($1)", [r[1] for r in rows if r[1]])
    names = ("envelope", "label of the envelope", "seal", "record", "label", "archive number")
    secrets = {str(value): name for row in rows for name, value in zip(names, tuple(row)[1:], strict=True) if value}
    assert {"envelope", "record", "label"} <= set(secrets.values()) and len(rows) > 6
    return Count(take, lies, {str(r[0]) for r in rows}, secrets | {row[0]: "seal" for row in seals})


@asynccontextmanager
async def psql(told: dict[str, Any], database_name: str, role: str, bank: World, who: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    conn = await asyncpg.connect(servers.url(told, role, database_name))
    try:
        async with conn.transaction():
            for name, value in zip(("app.staff", "app.branches", "app.roles"), bank.people[who].settings, strict=True):
                await conn.fetchval("select set_config($1, $2, true)", name, value)
            yield conn
    finally:
        await conn.close()


async def told_by_tables(bank: World, conn: "asyncpg.Connection[Any]", role: str, of: Count) -> dict[str, set[str]]:
    """Every table, every column that the role may read."""
    readable = await bank.root.fetch(
        "select c.relname, array_agg(a.attname::text) from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p')"
        " and has_column_privilege($1, c.oid, a.attnum, 'select') group by 1 order by 1", f"loanfile_{role}",
    )  # fmt: skip
    assert len(readable) > 50
    text = {
        name: await conn.fetchval(f"select string_agg(x::text, ' ') from (select {', '.join(c)} from {name}) x") for name, c in readable
    }
    return {name: found for name, rows in text.items() if rows and (found := of.told_in(rows))}


@pytest.mark.parametrize("role", ["app", "reader"])
async def test_no_table_tells_a_counter_what_should_lie_where_they_count(
    bank: World, running: Count, role: str, told: dict[str, Any], database_name: str
) -> None:
    async with psql(told, database_name, role, bank, "ann") as conn:
        assert await told_by_tables(bank, conn, role, running) == {}
    async with psql(told, database_name, role, bank, "auditor") as conn:  # the control: nobody else is blind
        assert len(await told_by_tables(bank, conn, role, running)) > 15
    await counted(bank, running.take, running.lies)
    async with psql(told, database_name, role, bank, "ann") as conn:
        assert len(await told_by_tables(bank, conn, role, running)) > 15, "both have counted"


async def test_no_function_tells_it_either(bank: World, running: Count, told: dict[str, Any], database_name: str) -> None:
    """Functions that run with the rights of others and answer with a position, a label or a seal."""
    empty = str(await bank.slot())
    async with psql(told, database_name, "app", bank, "ann") as conn:
        assert await conn.fetch("select * from stocktake_findings($1)", running.take) == []
        asked = "select is_empty from slot_facts(null, $1::text::uuid)"
        assert {await conn.fetchval(asked, slot) for slot in {*running.slots, await slot_of(bank, running)}} == {False}
        for secret, what in running.secrets.items():
            assert await conn.fetch("select * from look_up($1)", secret) == []
            if what == "record":
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with conn.transaction():
                        await conn.fetch("select * from handover_line_of($1::text::uuid)", secret)
    past = "select string_agg(loan_file(l.id, clock_timestamp(), clock_timestamp())::text, ' ') from loans l"  # what was there lies there still
    async with psql(told, database_name, "app", bank, "ann") as conn:
        assert not running.told_in(await conn.fetchval(past))
        asked = {
            r[0]
            for r in await conn.fetch(
                "select r->>'id' from loans l, jsonb_array_elements(loan_file(l.id, clock_timestamp(), clock_timestamp())->'access_requests') r"
            )
        }
        assert asked <= {str(r["id"]) for r in await conn.fetch("select id from access_requests")}  # as a whole, or not at all
    async with psql(told, database_name, "app", bank, "ops") as conn:
        assert running.told_in(await conn.fetchval(past)) >= {"envelope", "record", "label", "seal"}
        assert await conn.fetchval("select count(*) from stocktake_findings($1)", running.take) > 6
        assert await conn.fetchval("select is_empty from slot_facts(null, $1::text::uuid)", empty)


async def slot_of(bank: World, of: Count) -> str:
    """A slot that is counted and empty."""
    return str(await bank.sql(
        "select location_id::text from stocktake_places p where stocktake_id = $1 and not exists"
        " (select from sealed_envelopes e where e.location_id = p.location_id) order by 1 limit 1", of.take))  # fmt: skip


# Through the API -----------------------------------------------------------------------------------------------------------
def composite(type_: Any) -> dict[str, Any]:
    """Fields that lead to other objects and need nothing said; pages are looked through."""
    fields = getattr(get_named_type(type_), "fields", {})
    return {
        name: field for name, field in fields.items()
        if not is_leaf_type(get_named_type(field.type)) and not any(is_required_argument(a) for a in field.args.values())
    }  # fmt: skip


def leaves(schema: Any, type_: Any) -> Iterator[str]:
    """All values of an object; one selection for each that it can be."""
    for named in schema.get_possible_types(type_) if not isinstance(type_, GraphQLObjectType) else (type_,):
        told = [
            name for name, field in named.fields.items()
            if is_leaf_type(get_named_type(field.type)) and not any(is_required_argument(a) for a in field.args.values())
        ]  # fmt: skip
        yield f"{{ ... on {named.name} {{ {' '.join(['__typename', *told])} }} }}"


def chains(schema: Any, type_: Any, depth: int) -> Iterator[str]:
    """Selections: the values of the thing itself, then of each thing that it leads to."""
    named = get_named_type(type_)
    if named.name.endswith(("Connection", "Edge")):
        (inner,) = [n for n in composite(named) if n in ("edges", "node")]
        yield from (f"{{ {inner} {rest} }}" for rest in chains(schema, named.fields[inner].type, depth))
        return
    yield from leaves(schema, named)
    if not depth:
        return
    for possible in (named,) if isinstance(named, GraphQLObjectType) else schema.get_possible_types(named):
        for name, field in composite(possible).items():
            for rest in chains(schema, field.type, depth - 1):
                yield f"{{ ... on {possible.name} {{ {name}{'(first: 50)' if 'first' in field.args else ''} {rest} }} }}"


def questions(schema: Any, bank: World) -> dict[str, list[str]]:
    """The arguments of each root field: pages as they are, registers and histories of the unit and the contract."""
    vault, org = f"location_{bank.branches['A'].vault}", f"org_{bank.branches['A'].id}"
    period = f'period: {{ firstDay: "{bank.day(-5)}", lastDay: "{bank.day(1)}" }}'
    contract = f'by: {{ number: "HT-{bank.tag}" }}'
    named = {
        "recordCounts": ["(groupBy: [TIER, STATE])"], "vaultRegister": [f'(vaultId: "{vault}", {period})'], "loan": [f'(by: {{ number: "L-{bank.tag}" }})'],
        "ticketRegister": [f'(orgUnitId: "{org}", {period})'], "sealRegister": [f'(orgUnitId: "{org}", {period})'],
        "retentionDrift": [""], "fixityReport": [f"({period})"],
        "doorLog": [f'(vaultId: "{vault}", {period})'], "offBalanceDifferences": [f'(orgUnitId: "{org}")'],
        "overrideReport": [f'(day: "{bank.day(n)}")' for n in (0, 1)], "expiring": ["(within: 400)"], "contract": [f"({contract})"],
        "contractHistory": [f"({contract}, purpose: AUDIT)"], "whoSaw": [f'(by: {{ contractNumber: "HT-{bank.tag}" }}, purpose: AUDIT)'],
        "collateralCertificate": [f'(by: {{ number: "C-{bank.tag}" }})'],
        "loanFileAsOf": [f'(by: {{ number: "L-{bank.tag}" }}, asOf: "{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}")'],
    }  # fmt: skip
    told = {}
    for name, field in schema.query_type.fields.items():
        ways = named.get(name, [] if any(is_required_argument(arg) for arg in field.args.values()) else [""])
        told[name] = [w if "first" not in field.args else w[:-1] + ", first: 50)" if w else "(first: 50)" for w in ways]
    return told


@pytest.fixture
def run(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def run(who: str, query: str) -> str:
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables={})
        result = await schema.execute(query, {}, context)
        assert not result.errors, (query, result.errors)
        return re.sub(r'"cursor":"[^"]*"', "", orjson.dumps(result.data).decode())

    return run


async def test_no_field_of_the_api_tells_it(bank: World, running: Count, schema: ReadingSchema, run: Any) -> None:
    told, asked, sample = dict[str, set[str]](), 0, schema._schema
    ways = questions(sample, bank)
    assert {name for name, some in ways.items() if not some} == BY_NAME
    for name, some in ways.items():
        for arguments in some:
            for shown in chains(sample, sample.query_type.fields[name].type, 1):
                asked += 1
                if found := running.told_in(await run("ann", f"{{ {name}{arguments} {shown} }}")):
                    told.setdefault(f"{name} {shown}"[:120], set()).update(found)
    assert told == {} and asked > 300


async def test_a_hidden_thing_and_an_unknown_one_are_the_same_answer(bank: World, running: Count, run: Any) -> None:
    for secret, what in running.secrets.items():
        if what in ("envelope", "record"):
            text = f'{{ node(id: "{what}_{secret}") {{ id }} nodes(ids: ["{what}_{secret}"]) {{ id }} }}'
            assert await run("ann", text) == '{"node":null,"nodes":[null]}' != await run("ops", text)
        elif what.startswith("label"):
            text = f'{{ lookUp(code: "{secret}") {{ kind }} archiveRecord(by: {{ barcode: "{secret}" }}) {{ id }} search(text: "{secret}") {{ kind }} }}'
            assert await run("ann", text) == '{"lookUp":[],"archiveRecord":null,"search":[]}' != await run("ops", text)


async def test_no_receipt_is_signed_of_an_event_that_is_hidden(bank: World, running: Count, run: Any) -> None:
    records = [UUID(s) for s, what in running.secrets.items() if what == "record"]
    hidden = await bank.root.fetch("select id from events where record_id = any($1) limit 5", records)
    assert hidden
    for row in hidden:
        text = f'{{ signedReceipt(eventId: "event_{row[0]}") {{ note }} }}'
        assert await run("ann", text) == '{"signedReceipt":null}' != await run("ops", text)


async def test_a_counter_decides_on_nothing_of_which_a_part_is_hidden(bank: World, running: Count) -> None:
    """Not on the visible lines of a request alone; an unknown one is answered alike, by the act and its explanation."""
    records = [UUID(s) for s, what in running.secrets.items() if what == "record"]
    asked = "select distinct q.id from access_requests q join request_lines l on l.request_id = q.id where l.record_id = any($1)"
    requests = [row[0] for row in await bank.root.fetch(asked, records)]
    batch = await bank.sql("select batch_id from disposal_lines where record_id = any($1)", records)
    asks = [Ask(A.REPORT_MISSING, records=(records[0],), reason="?"), *(Ask(A.APPROVE, request=r) for r in requests)]
    for ask in (*asks, Ask(A.APPROVE_DISPOSAL, records=tuple(records[-1:]), detail=BatchNamed(batch))):
        with pytest.raises(NotFound):
            await bank.does("ann", ask)
    for handover in await bank.root.fetch("select distinct handover_id from handover_lines where record_id = any($1)", records):
        with pytest.raises(NotFound):
            await printed(bank.database, bank.people["ann"], "handovers", handover[0], "r")
        assert await printed(bank.database, bank.people["ops"], "handovers", handover[0], "r")


NAMES = ["record_id", "record_ids", "envelope_id", "replacement_id", "location_id", "barcode", "seal_no", "archive_no"]
BY_ANOTHER = {  # tables whose columns name things, and that need no policy of their own
    "request_lines": "seen with their request", "disposal_lines": "seen with their list", "shipments": "the seal of a box that has left the place",
    "stocktake_places": "which places are counted, not what lies there",
}  # fmt: skip


async def test_a_table_that_names_what_is_counted_is_blind_or_has_a_reason(bank: World) -> None:
    """Also one that no test has filled."""
    rows = await bank.root.fetch(
        "select distinct c.relname, exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'blind') from pg_class c"
        " join pg_attribute a on a.attrelid = c.oid and not a.attisdropped and a.attname = any($1)"
        " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')", NAMES,
    )  # fmt: skip
    assert {name for name, blind in rows if not blind} == set(BY_ANOTHER)
