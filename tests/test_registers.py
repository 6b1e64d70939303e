"""Registers: balances that come out, numbers without a gap, and nothing of another unit."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from sqlalchemy import Uuid, bindparam
from sqlalchemy import text as sql

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.moves import Ask
from server.custody.moves.envelopes import Opening
from server.custody.moves.papers import CertificateData, NewPapers, Paper
from server.registers import MISSING_NUMBERS
from server.settings import Settings
from storage import migration
from storage.database import Database
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import CertificateKind, PaperKind, Role, Tier
from tests.custody import handing
from tests.harness import losses, servers
from tests.harness.world import World
from tests.test_late import long_here, signed

TODAY = (datetime.now(UTC) + timedelta(hours=8)).date()
PERIOD = {"firstDay": str(TODAY - timedelta(days=1)), "lastDay": str(TODAY + timedelta(days=1))}  # midnight may come after this was read
VAULT = """query ($v: ID!, $p: RegisterPeriod!, $n: Int!, $a: ID) { vaultRegister(vaultId: $v, period: $p, first: $n, after: $a) {
  opening entries exits closing papersNow envelopesNow slotsNow electronicNow isBalanced hasMore
  lines { id direction act ticketNo archiveNo } } }"""
TICKETS = """query ($u: ID!, $p: RegisterPeriod!) { ticketRegister(orgUnitId: $u, period: $p, first: 50) {
  previous first last issued voids counter provedTo missing missingCount lines { ticketNo act papers holder isVoid } } }"""
DOOR = """query ($v: ID!, $p: RegisterPeriod!) { doorLog(vaultId: $v, period: $p, first: 50) { lines { staffName seat act state } } }"""
SEALS = """query ($u: ID!, $p: RegisterPeriod!, $n: Int = 50, $a: String) { sealRegister(orgUnitId: $u, period: $p, first: $n, after: $a) {
  hasMore lines { sealNo isCurrent brokenAt } } }"""
BALANCE = """query ($u: ID!, $n: Int = 50, $a: ID) { offBalanceDifferences(orgUnitId: $u, first: $n, after: $a) {
  hasMore lines { id kind ledger papers direction } } }"""


@pytest.fixture
async def run(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    here = bank.branches["A"].id
    await bank.hire("chief_of_ops", {Role.OPS_HEAD}, here, (here,))

    async def run(who: str, query: str, **variables: Any) -> Any:
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables=variables)
        result = await schema.execute(query, variables, context)
        return orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))

    return run


@asynccontextmanager
async def without_its_entries(bank: World, record: UUID) -> AsyncIterator[None]:
    """A book that was tampered with, for as long as somebody looks at it."""
    struck = "with gone as (delete from off_balance_entries where record_id = $1 returning *) select jsonb_agg(to_jsonb(gone)) from gone"
    gone = await bank.sql(struck, record)
    yield
    back = str(gone).replace("'", "''")
    await bank.past_the_triggers(
        f"insert into off_balance_entries select * from jsonb_populate_recordset(null::off_balance_entries, '{back}')"
    )


async def test_a_vaults_entries_and_exits_come_to_what_stands_in_it(bank: World, run: Any) -> None:
    kept, lent = await bank.papers(2), await bank.papers()
    await bank.out(lent)
    given = {"v": f"location_{bank.branches['A'].vault}", "p": PERIOD, "n": 2}
    told = (await run("chief_of_ops", VAULT, **given))["data"]["vaultRegister"]
    assert (told["opening"], told["entries"], told["exits"], told["closing"], told["papersNow"]) == (0, 3, 1, 2, 2)
    assert (told["envelopesNow"], told["slotsNow"], told["isBalanced"], told["hasMore"]) == (1, 1, True, True)
    rest = (await run("auditor", VAULT, **given, a=told["lines"][-1]["id"]))["data"]["vaultRegister"]
    lines = told["lines"] + rest["lines"]
    assert [(line["direction"], line["act"], line["ticketNo"]) for line in lines] == [("IN", "INTAKE", None)] * 3 + [
        ("OUT", "CHECK_OUT", 1)
    ]
    await bank.sql(
        "insert into tickets (id, org_id, ticket_no, operation_id, issued_at, is_void, void_reason)"
        " select gen_random_uuid(), org_id, ticket_no + 1, operation_id, issued_at, true, '打印模糊' from tickets where org_id = $1",
        bank.branches["A"].id,
    )
    again = (await run("auditor", VAULT, **{**given, "n": 50}))["data"]["vaultRegister"]
    assert again["lines"] == lines, "a void ticket makes no second exit"
    async with without_its_entries(bank, kept[0]):
        told = (await run("auditor", VAULT, **given))["data"]["vaultRegister"]
        found = (await run("auditor", BALANCE, u=f"org_{bank.branches['A'].id}"))["data"]["offBalanceDifferences"]["lines"]
    assert told["isBalanced"] is False
    assert [(f["ledger"], f["papers"]) for f in found if f["kind"] == "BALANCE"] == [(0, 1)]
    assert {f["kind"] for f in found} == {"BALANCE", "PENDING"}


async def test_ticket_numbers_are_proved_to_be_without_a_gap(bank: World, run: Any) -> None:
    for _ in range(3):
        await bank.out(await bank.volumes(), tier=Tier.SECOND)
    given = {"u": f"org_{bank.branches['A'].id}", "p": PERIOD}
    told = (await run("auditor", TICKETS, **given))["data"]["ticketRegister"]
    assert {k: told[k] for k in ("previous", "first", "last", "issued", "voids", "missing", "counter", "provedTo")} == {
        "previous": 0, "first": 1, "last": 3, "issued": 3, "voids": 0, "missing": [], "counter": 3, "provedTo": 3,
    }  # fmt: skip
    assert told["lines"][0] == {"ticketNo": 1, "act": "CHECK_OUT", "papers": 1, "holder": "officer", "isVoid": False}
    async with bank.root.transaction():
        await bank.sql("alter table tickets disable trigger user")
        await bank.sql("update tickets set ticket_no = 7 where org_id = $1 and ticket_no = 2", bank.branches["A"].id)
    told = (await run("auditor", TICKETS, **given))["data"]["ticketRegister"]
    assert told["missing"] == [2, 4, 5, 6]
    await bank.sql("update tickets set ticket_no = 2 where org_id = $1 and ticket_no = 7", bank.branches["A"].id)
    await bank.sql("alter table tickets enable trigger user")


async def test_what_was_missing_left_the_vault_where_it_stood_wherever_it_lies_later(bank: World, run: Any) -> None:
    (paper,) = await bank.papers()
    await losses.missing(bank, paper)
    await bank.seated(losses.found(bank, paper), ["kay", "cody", "clerk"])
    await handing.taken(bank, await handing.sent(bank, [paper]), [paper])
    told = []
    for letter in "AB":
        given = {"v": f"location_{bank.branches[letter].vault}", "p": PERIOD, "n": 50}
        told.append((await run("auditor", VAULT, **given))["data"]["vaultRegister"])
    assert [[line["direction"] for line in at["lines"]] for at in told] == [["IN", "OUT", "IN", "OUT"], ["IN"]]
    assert [(at["papersNow"], at["closing"], at["isBalanced"]) for at in told] == [(0, 0, True), (1, 1, True)]


async def test_a_seal_stays_in_the_register_of_the_unit_that_put_it_on(bank: World, run: Any) -> None:
    (paper,) = await bank.papers()
    envelope, old = await bank.root.fetchrow(
        "select id, seal_no from sealed_envelopes e where id = (select envelope_id from archive_records where id = $1)", paper
    )
    await handing.taken(bank, await handing.sent(bank, [paper]), [paper])
    await bank.seated(
        Ask(A.OPEN_ENVELOPE, records=(paper,), reason="抽查", detail=Opening(envelope, new := handing.seal(bank), (), None, None)),
        handing.THERE[:2],
    )
    await bank.sql("update sealed_envelopes set visible_to = array[org_id] where id = $1", envelope)  # as when the loan passes too
    told = []
    for who, letter in (("auditor", "A"), ("chief_of_ops", "A"), ("auditor", "B")):
        lines = (await run(who, SEALS, u=f"org_{bank.branches[letter].id}", p=PERIOD))["data"]["sealRegister"]["lines"]
        told.append([(line["sealNo"], line["isCurrent"], line["brokenAt"] is not None) for line in lines])
    assert told == [[(old, False, True)], [(old, False, True)], [(new, True, False)]]
    assert await bank.sql("select not has_column_privilege('loanfile_app', 'seals', 'org_id', 'update')")
    far, said = bank.branches["B"].id, "insert into seals (seal_no, org_id, envelope_id, applied_at) select $1, $2, envelope_id, now()"
    (other,) = await bank.papers()
    kept = await bank.sql(f"{said} from archive_records where id = $3 returning org_id", handing.seal(bank), far, other)
    assert kept == bank.branches["A"].id, "nobody says another"


async def test_nobody_says_another_vault_of_an_entry(bank: World) -> None:
    (paper,), (other,), far = await bank.papers(), await bank.papers(), bank.branches["B"].vault
    said = "insert into off_balance_entries (org_id, record_id, operation_id, direction, queued_at, vault_id) select org_id, $1, id, 'OUT', now(), $2"
    transaction = bank.root.transaction()
    await transaction.start()
    kept = await bank.sql(f"{said} from operations where $3 = any (record_ids) returning vault_id", paper, far, other)
    await transaction.rollback()
    assert kept == bank.branches["A"].vault


async def test_an_electronic_certificate_enters_the_balance_and_fills_no_slot(bank: World, run: Any) -> None:
    await bank.papers()
    loan, asset = await bank.loan(), await bank.collateral()
    await bank.sql(
        "insert into loan_collateral (org_id, loan_id, collateral_id, amount) values ($1, $2, $3, 100000)",
        bank.branches["A"].id,
        loan,
        asset,
    )
    vin = await bank.sql("select vin from collateral where id = $1", asset)
    data = CertificateData(
        f"E{bank.tag}",
        CertificateKind.OTHER_RIGHT,
        "登记中心",
        bank.day(-9),
        vin=vin,
        is_electronic=True,
        registry_reference=f"R{bank.tag}",
    )
    paper = Paper(f"E1{bank.tag}", "电子抵押登记证明", PaperKind.CERTIFICATE, 1, 1, certificate=data)
    ask = Ask(A.REGISTER_FIRST_TIER, detail=NewPapers(loan, asset, bank.branches["A"].vault, (paper,)))
    record = UUID((await bank.done("officer", ask))["records"][0])
    await bank.seated(Ask(A.INTAKE, records=(record,)), ["kay", "cody", "clerk"])
    given = {"v": f"location_{bank.branches['A'].vault}", "p": PERIOD, "n": 50}
    told = (await run("auditor", VAULT, **given))["data"]["vaultRegister"]
    assert (told["closing"], told["papersNow"], told["electronicNow"], told["slotsNow"], told["isBalanced"]) == (2, 1, 1, 1, True)
    async with without_its_entries(bank, record):
        assert (await run("auditor", VAULT, **given))["data"]["vaultRegister"]["isBalanced"] is False
        found = (await run("auditor", BALANCE, u=f"org_{bank.branches['A'].id}"))["data"]["offBalanceDifferences"]["lines"]
    assert [f["id"] for f in found if f["kind"] == "BALANCE"] == [f"record_{record}"]


async def test_a_last_ticket_that_is_gone_is_missed_also_from_a_period_without_tickets(bank: World, run: Any) -> None:
    for _ in range(3):
        await bank.out(await bank.volumes(), tier=Tier.SECOND)
    unit = bank.branches["A"].id
    given = {"u": f"org_{unit}", "p": PERIOD}
    gone = await bank.sql("select to_jsonb(t)::text from tickets t where org_id = $1 and ticket_no = 3", unit)
    await bank.past_the_triggers(f"delete from tickets where org_id = '{unit}' and ticket_no = 3")
    told = (await run("auditor", TICKETS, **given))["data"]["ticketRegister"]
    assert (told["last"], told["counter"], told["provedTo"], told["missing"], told["missingCount"]) == (2, 3, 3, [3], 1)
    later = {"firstDay": str(TODAY + timedelta(days=2)), "lastDay": str(TODAY + timedelta(days=3))}
    told = (await run("auditor", TICKETS, **(given | {"p": later})))["data"]["ticketRegister"]
    assert (told["previous"], told["first"], told["provedTo"], told["missing"]) == (2, None, 3, [3])
    earlier = {"firstDay": str(TODAY - timedelta(days=9)), "lastDay": str(TODAY - timedelta(days=8))}
    told = (await run("auditor", TICKETS, **(given | {"p": earlier})))["data"]["ticketRegister"]
    assert (told["previous"], told["first"], told["provedTo"], told["missing"]) == (0, None, 0, [])
    await bank.past_the_triggers(f"insert into tickets select * from jsonb_populate_record(null::tickets, '{gone}')")


async def test_of_very_many_missing_numbers_the_first_are_named_and_all_counted(bank: World, run: Any) -> None:
    await bank.out(await bank.volumes(), tier=Tier.SECOND)
    unit = bank.branches["A"].id
    await bank.past_the_triggers(f"update tickets set ticket_no = 2000000000 where org_id = '{unit}'")
    told = (await run("auditor", TICKETS, u=f"org_{unit}", p=PERIOD))["data"]["ticketRegister"]
    assert (told["missing"], told["missingCount"]) == (list(range(1, 1001)), 1999999999)
    await bank.past_the_triggers(f"update tickets set ticket_no = 1 where org_id = '{unit}'")


async def test_seals_and_differences_are_read_on(bank: World, run: Any) -> None:
    for _ in range(3):
        await bank.papers()
    unit = f"org_{bank.branches['A'].id}"
    for text, name, key in ((SEALS, "sealRegister", "sealNo"), (BALANCE, "offBalanceDifferences", "id")):
        given = {"u": unit} | ({"p": PERIOD} if text is SEALS else {})
        whole = (await run("auditor", text, **given))["data"][name]
        assert (len(whole["lines"]), whole["hasMore"]) == (3, False)
        read: list[Any] = []
        for more in (True, False):
            page = (await run("auditor", text, **given, n=2, a=read[-1][key] if read else None))["data"][name]
            assert page["hasMore"] is more  # what is cut says so
            read += page["lines"]
        assert read == whole["lines"]
    kept = await bank.sql("select record_id from off_balance_entries where org_id = $1 order by queued_at limit 1", bank.branches["A"].id)
    async with without_its_entries(bank, kept):
        told = (await run("auditor", BALANCE, u=unit))["data"]["offBalanceDifferences"]["lines"]
        rest = (await run("auditor", BALANCE, u=unit, a=told[0]["id"]))["data"]["offBalanceDifferences"]["lines"]
    assert [f["kind"] for f in told] == ["BALANCE", "PENDING", "PENDING"]
    assert rest == told[1:]


async def test_a_line_that_nobody_knows_is_no_end_of_a_register(bank: World, run: Any) -> None:
    await bank.papers()
    here, none = bank.branches["A"], "019fffff-0000-7000-8000-000000000000"
    vault, unit = {"v": f"location_{here.vault}"}, {"u": f"org_{here.id}"}
    for text, given, after in (
        (VAULT, vault | {"p": PERIOD, "n": 5}, f"entry_{none}"), (SEALS, unit | {"p": PERIOD}, "X-NONE"),
        (TICKETS.replace("$p: RegisterPeriod!", "$p: RegisterPeriod!, $a: ID").replace("first: 50", "first: 50, after: $a"), unit | {"p": PERIOD}, f"ticket_{none}"),
        (DOOR.replace("$p: RegisterPeriod!", "$p: RegisterPeriod!, $a: ID").replace("first: 50", "first: 50, after: $a"), vault | {"p": PERIOD}, f"seat_{none}"),
        (BALANCE, unit, f"entry_{none}"), (BALANCE, unit, f"record_{none}"),
    ):  # fmt: skip
        told = await run("auditor", text, **given, a=after)
        assert [e["extensions"]["code"] for e in told["errors"]] == ["BAD_REQUEST"], (text, after)
    logged = await bank.root.fetch("select result from access_log where subject_ids && $1", [here.vault, here.id])
    assert [r["result"] for r in logged] == ["GRANTED"] * 6, "that it was asked is known all the same"


async def test_the_missing_numbers_of_many_gaps_are_the_first_thousand(bank: World, run: Any) -> None:
    for _ in range(4):
        await bank.out(await bank.volumes(), tier=Tier.SECOND)
    unit = bank.branches["A"].id
    await bank.past_the_triggers(f"update tickets set ticket_no = ticket_no * 400 where org_id = '{unit}'")
    told = (await run("auditor", TICKETS, u=f"org_{unit}", p=PERIOD))["data"]["ticketRegister"]
    assert (told["missing"], told["missingCount"]) == ([n for n in range(1, 1003) if n % 400], 4 * 399)
    asked = sql(f"explain (analyze, format json) {MISSING_NUMBERS.text}").bindparams(bindparam("of", type_=Uuid))
    async with bank.database.transaction(bank.people["auditor"]) as conn:
        told = str(await conn.value(asked, of=unit, previous=0, last=1600))
    made = re.search(
        r'"Node Type": "Function Scan".*?"Actual Rows": ([0-9.]+).*?"Actual Loops": ([0-9]+)', told.replace("'", '"'), re.DOTALL
    )
    assert made and float(made[1]) * int(made[2]) <= 1000
    await bank.past_the_triggers(f"update tickets set ticket_no = ticket_no / 400 where org_id = '{unit}'")


async def test_seals_and_the_door_are_told(bank: World, run: Any) -> None:
    await bank.papers()
    seals = (await run("auditor", SEALS, u=f"org_{bank.branches['A'].id}", p=PERIOD))["data"]["sealRegister"]["lines"]
    assert len(seals) == 1 and seals[0]["isCurrent"] and seals[0]["brokenAt"] is None
    door = (await run("auditor", DOOR, v=f"location_{bank.branches['A'].vault}", p=PERIOD))["data"]["doorLog"]["lines"]
    assert [(line["staffName"], line["seat"], line["act"], line["state"]) for line in door] == [
        (name, seat, "INTAKE", "DONE") for name, seat in (("kay", "KEY"), ("cody", "CODE"), ("clerk", "CLERK"))
    ]


async def test_another_units_register_is_null_and_asking_is_logged(bank: World, run: Any) -> None:
    far = bank.branches["B"]
    asks = {"vaultRegister": (VAULT, {"v": f"location_{far.vault}", "p": PERIOD, "n": 5}), "ticketRegister": (TICKETS, {"u": f"org_{far.id}", "p": PERIOD}),
            "doorLog": (DOOR, {"v": f"location_{far.vault}", "p": PERIOD}), "sealRegister": (SEALS, {"u": f"org_{far.id}", "p": PERIOD}),
            "offBalanceDifferences": (BALANCE, {"u": f"org_{far.id}"})}  # fmt: skip
    for name, (text, given) in asks.items():
        assert await run("chief_of_ops", text, **given) == {"data": {name: None}, "errors": []}
        assert (await run("auditor", text, **given))["data"][name] is not None
        logged = await bank.root.fetch(
            "select result from access_log where action = $1 and subject_ids && $2 order by 1", name, [far.vault, far.id]
        )
        assert [r["result"] for r in logged] == ["DENIED", "GRANTED"]
        assert (await run("officer", text, **given))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "change", [{"n": 0}, {"n": 501}, {"p": {"firstDay": str(TODAY), "lastDay": "2020-01-01"}}, {"a": "junk"},
               {"p": {"firstDay": "2010-01-01", "lastDay": str(TODAY)}}],
)  # fmt: skip
async def test_a_wrong_question_is_a_bad_request(bank: World, run: Any, change: dict[str, Any]) -> None:
    given = {"v": f"location_{bank.branches['A'].vault}", "p": PERIOD, "n": 5, **change}
    assert (await run("auditor", VAULT, **given))["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_vault_that_was_not_counted_in_time_is_told(bank: World, run: Any) -> None:
    vault = bank.branches["A"].vault
    text = "{ stocktakesDue { vaultId countedAt isMissed } }"
    assert (await run("chief_of_ops", text))["data"]["stocktakesDue"] == [
        {"vaultId": f"location_{vault}", "countedAt": None, "isMissed": False}
    ]
    await bank.sql("update storage_locations set created_at = now() - interval '184 days' where id = $1", vault)
    assert (await run("chief_of_ops", text))["data"]["stocktakesDue"][0]["isMissed"] is True


async def test_a_vault_that_is_counted_by_cabinet_is_not_missed(bank: World, run: Any) -> None:
    here = bank.branches["A"]
    await bank.papers()
    await bank.sql("update storage_locations set created_at = now() - interval '184 days' where vault_id = $1 or id = $1", here.vault)
    await long_here(bank, here.vault, 184)
    text = "{ stocktakesDue { countedAt isMissed } }"
    assert (await run("chief_of_ops", text))["data"]["stocktakesDue"] == [{"countedAt": None, "isMissed": True}]
    await signed(bank, here.cabinet)
    (told,) = (await run("chief_of_ops", text))["data"]["stocktakesDue"]
    assert told["countedAt"] and told["isMissed"] is False


async def test_entries_of_before_get_the_vault_that_they_were_of(told: dict[str, Any]) -> None:
    name = await asyncio.to_thread(servers.clone, told)
    database, root = Database(servers.url(told, "app", name)), await asyncpg.connect(servers.url(told, "super", name))
    await database.open()
    bank = await World.make(database, root)
    (paper,) = await bank.papers()
    await losses.missing(bank, paper)
    await bank.seated(losses.found(bank, paper), ["kay", "cody", "clerk"])
    await handing.taken(bank, await handing.sent(bank, [paper]), [paper])
    written = "select id, vault_id from off_balance_entries order by id"
    before, sealed = await root.fetch(written), "select seal_no, org_id from seals order by seal_no"
    seals = await root.fetch(sealed)
    await database.close()
    owner = servers.url(told, "owner", name)
    await asyncio.to_thread(migration.downgrade, owner, "0131")
    await asyncio.to_thread(migration.upgrade, owner)
    assert await root.fetch(written) == before and len({r["vault_id"] for r in before}) == 2
    assert await root.fetch(sealed) == seals and bank.branches["A"].id in {r["org_id"] for r in seals}
    await root.close()
