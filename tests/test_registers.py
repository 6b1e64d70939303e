"""Registers: balances that come out, numbers without a gap, and nothing of another unit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.settings import Settings
from storage.objects import ObjectStore
from storage.terms import Role, Tier
from tests.harness.world import World

TODAY = (datetime.now(UTC) + timedelta(hours=8)).date()
PERIOD = {"firstDay": str(TODAY - timedelta(days=1)), "lastDay": str(TODAY)}
VAULT = """query ($v: ID!, $p: RegisterPeriod!, $n: Int!, $a: ID) { vaultRegister(vaultId: $v, period: $p, first: $n, after: $a) {
  opening entries exits closing papersNow envelopesNow slotsNow electronicNow isBalanced hasMore
  lines { id direction act ticketNo archiveNo } } }"""
TICKETS = """query ($u: ID!, $p: RegisterPeriod!) { ticketRegister(orgUnitId: $u, period: $p, first: 50) {
  previous first last issued voids missing lines { ticketNo act papers holder isVoid } } }"""
DOOR = """query ($v: ID!, $p: RegisterPeriod!) { doorLog(vaultId: $v, period: $p, first: 50) { lines { staffName seat act state } } }"""
SEALS = """query ($u: ID!, $p: RegisterPeriod!) { sealRegister(orgUnitId: $u, period: $p, first: 50) { lines { sealNo isCurrent brokenAt } } }"""
BALANCE = "query ($u: ID!) { offBalanceDifferences(orgUnitId: $u, first: 50) { kind ledger papers direction } }"


@pytest.fixture
async def run(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    here = bank.branches["A"].id
    await bank.hire("chief_of_ops", {Role.OPS_HEAD}, here, (here,))

    async def run(who: str, query: str, **variables: Any) -> Any:
        context = Context(bank.people[who], bank.database, bank.desk, objects, Settings(), query=query, variables=variables)
        result = await schema.execute(query, variables, context)
        return orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))

    return run


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
    await bank.sql("delete from off_balance_entries where record_id = $1", kept[0])  # a book that was tampered with
    told = (await run("auditor", VAULT, **given))["data"]["vaultRegister"]
    assert told["isBalanced"] is False
    found = (await run("auditor", BALANCE, u=f"org_{bank.branches['A'].id}"))["data"]["offBalanceDifferences"]
    assert [(f["ledger"], f["papers"]) for f in found if f["kind"] == "BALANCE"] == [(0, 1)]
    assert {f["kind"] for f in found} == {"BALANCE", "PENDING"}


async def test_ticket_numbers_are_proved_to_be_without_a_gap(bank: World, run: Any) -> None:
    for _ in range(3):
        await bank.out(await bank.volumes(), tier=Tier.SECOND)
    given = {"u": f"org_{bank.branches['A'].id}", "p": PERIOD}
    told = (await run("auditor", TICKETS, **given))["data"]["ticketRegister"]
    assert {k: told[k] for k in ("previous", "first", "last", "issued", "voids", "missing")} == {
        "previous": 0, "first": 1, "last": 3, "issued": 3, "voids": 0, "missing": [],
    }  # fmt: skip
    assert told["lines"][0] == {"ticketNo": 1, "act": "CHECK_OUT", "papers": 1, "holder": "officer", "isVoid": False}
    async with bank.root.transaction():
        await bank.sql("alter table tickets disable trigger user")
        await bank.sql("update tickets set ticket_no = 7 where org_id = $1 and ticket_no = 2", bank.branches["A"].id)
    told = (await run("auditor", TICKETS, **given))["data"]["ticketRegister"]
    assert told["missing"] == [2, 4, 5, 6]
    await bank.sql("update tickets set ticket_no = 2 where org_id = $1 and ticket_no = 7", bank.branches["A"].id)
    await bank.sql("alter table tickets enable trigger user")


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
