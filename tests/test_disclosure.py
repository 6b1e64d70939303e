"""Personal data leaves by name, for a purpose, and leaves a line; free texts are masked; a dump tells nobody anything."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from schema.reading.answers import ReadingSchema
from server.context import Context
from server.custody.moves import Ask
from server.lending import NewCustomer, register_customers
from server.personal import Keys, Personal, WrongKey
from server.rotation import rotate
from server.settings import Settings
from storage.database import Database
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import Purpose, Tier
from tests.harness import servers
from tests.harness.world import World

PHONE, ADDRESS = "13812345678", "幸福路 7 号 3 单元 502"
SETTINGS = Settings()


@pytest.fixture
def ask(schema: ReadingSchema, bank: World, objects: ObjectStore) -> Any:
    async def ask(who: str, query: str, **variables: Any) -> Any:
        context = Context(bank.people[who], bank.database, bank.desk, objects, SETTINGS, query=query, variables=variables, request_id="r")
        result = await schema.execute(query, variables, context)
        return orjson.loads(orjson.dumps({"data": result.data, "errors": [e.formatted for e in result.errors or ()]}))

    return ask


def identity(bank: World) -> str:
    """An identity number of this test's own."""
    return f"11010519{int(bank.tag, 16) % 10**9:09}X"


async def known(bank: World, letter: str = "A") -> UUID:
    """A customer with everything, as the product registers one."""
    officer = bank.people[bank.of("officer", letter)]
    async with bank.database.transaction(officer) as conn:
        personal = await Personal.load(conn, Keys.of(SETTINGS))
        new = NewCustomer(bank.branches[letter].id, "王小明", identity(bank), PHONE, ADDRESS, "朝阳区")
        return (await register_customers(conn, officer, personal, [new], datetime.now(UTC)))[0]


UNMASK = """mutation ($i: UnmaskCustomerInput!) { unmaskCustomer(input: $i) { __typename
  ... on UnmaskCustomerPayload { identityNumber phone address } ... on Problem { code } } }"""


def unmask(customer: UUID, *fields: str) -> dict[str, Any]:
    return {"customerId": f"customer_{customer}", "fields": list(fields), "purpose": "INVESTIGATION", "idempotencyKey": uuid4().hex}


async def logged(bank: World, customer: UUID) -> list[tuple[str, str]]:
    rows = await bank.root.fetch("select action, result from access_log where $1 = any(subject_ids) order by logged_at", customer)
    return [(r["action"], r["result"]) for r in rows]


async def test_a_full_value_leaves_field_by_field_and_leaves_a_line(bank: World, ask: Any) -> None:
    customer = await known(bank)
    told = await ask("officer", UNMASK, i=unmask(customer, "PHONE"))
    assert told["data"]["unmaskCustomer"] == {
        "__typename": "UnmaskCustomerPayload", "identityNumber": None, "phone": PHONE, "address": None
    }  # fmt: skip
    told = await ask("officer", UNMASK, i=unmask(customer, "IDENTITY_NUMBER", "ADDRESS"))
    assert told["data"]["unmaskCustomer"]["identityNumber"] == identity(bank) and told["data"]["unmaskCustomer"]["address"] == ADDRESS
    assert await logged(bank, customer) == [("unmaskCustomer", "GRANTED")] * 2
    detail = await bank.sql("select detail::text from access_log where $1 = any(subject_ids) order by logged_at limit 1", customer)
    assert "PHONE" in detail and PHONE not in detail


async def test_another_branch_and_other_roles_are_denied_and_leave_a_line(bank: World, ask: Any) -> None:
    customer = await known(bank)
    assert (await ask("officer_b", UNMASK, i=unmask(customer, "PHONE")))["data"]["unmaskCustomer"]["code"] == "NOT_FOUND"
    assert (await ask("archivist", UNMASK, i=unmask(customer, "PHONE")))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await ask("officer", UNMASK, i=unmask(customer)))["data"]["unmaskCustomer"]["code"] == "INVALID_INPUT"
    assert await logged(bank, customer) == [("unmaskCustomer", "DENIED")]


async def test_compliance_learns_who_saw_a_person_in_every_branch_page_by_page(bank: World, ask: Any) -> None:
    here, there = await known(bank, "A"), await known(bank, "B")
    await ask("officer", UNMASK, i=unmask(here, "PHONE"))
    await ask("officer_b", UNMASK, i=unmask(there, "PHONE"))
    await ask("officer_b", UNMASK, i=unmask(here, "PHONE"))
    query = """query ($c: ID!, $n: Int!, $a: String) { whoSaw(by: { customerId: $c }, purpose: AUDIT, first: $n, after: $a) {
      pageInfo { hasNextPage endCursor } edges { node { action result purpose staffName } } } }"""
    seen, after = list[tuple[str, str]](), None
    for _ in range(3):
        page = (await ask("compliance", query, c=f"customer_{there}", n=1, a=after))["data"]["whoSaw"]
        seen += [(e["node"]["staffName"], e["node"]["result"]) for e in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == [("officer", "GRANTED"), ("officer_b", "GRANTED"), ("officer_b", "DENIED")]
    assert (await ask("officer", query, c=f"customer_{there}", n=1))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await ask("auditor", query, c=f"customer_{uuid4()}", n=1))["data"]["whoSaw"] is None
    assert (await ask("auditor", query, c=f"customer_{there}", n=1, a="forged"))["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert ("whoSaw", "GRANTED") in await logged(bank, there)


async def test_a_person_gets_everything_that_is_kept_on_them(bank: World, ask: Any) -> None:
    here, there = await known(bank, "A"), await known(bank, "B")
    loan = await bank.loan("A", customer=here)
    await bank.volumes(loan=loan)
    await ask("officer", UNMASK, i=unmask(here, "PHONE"))
    query = """mutation ($i: ExportCustomerDataInput!) { exportCustomerData(input: $i) { __typename
      ... on ExportCustomerDataPayload { document sha256 } ... on Problem { code } } }"""
    given = {"customerId": f"customer_{there}", "purpose": "CUSTOMER_REQUEST", "idempotencyKey": uuid4().hex}
    made = (await ask("compliance", query, i=given))["data"]["exportCustomerData"]
    document = orjson.loads(made["document"])
    assert [c["phone"] for c in document["customer_of"]] == [PHONE, PHONE] and len(document["loans"]) == len(document["records"]) == 1
    assert document["seen_by"][0]["action"] == "unmaskCustomer"
    assert (await ask("auditor", query, i=given))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (
        await bank.sql("select detail->>'sha256' from access_log where action = 'exportCustomerData' and $1 = any(subject_ids)", there)
        == (made["sha256"])
    )


async def test_numbers_in_a_free_text_are_masked_before_they_are_stored(bank: World, ask: Any) -> None:
    volumes = await bank.volumes()
    query = "mutation ($i: RequestCheckoutInput!) { requestCheckout(input: $i) { ... on RequestCheckoutPayload { request { reason } } } }"
    given = {"recordIds": [f"record_{volumes[0]}"], "purpose": "OTHER", "idempotencyKey": "k",
             "reason": f"客户 {identity(bank)}，电话 +86 138 1234 5678，本人来取"}  # fmt: skip
    told = await ask("officer", query, i=given)
    reason = told["data"]["requestCheckout"]["request"]["reason"]
    assert identity(bank) not in reason and "1234 5678" not in reason and "本人来取" in reason


async def test_a_dump_of_the_database_holds_no_personal_data(bank: World, ask: Any) -> None:
    customer = await known(bank)
    volumes = await bank.volumes(loan=await bank.loan("A", customer=customer))
    await ask("officer", UNMASK, i=unmask(customer, "PHONE", "IDENTITY_NUMBER", "ADDRESS"))
    await bank.refused("kay", Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT))
    await bank.out(volumes, tier=Tier.SECOND)
    found = bytearray()
    tables = await bank.root.fetch("select tablename from pg_tables where schemaname = 'public'")
    for table in tables:
        await bank.root.copy_from_query(f"select * from {table[0]}", output=found_into(found))  # names of ours
    text = found.decode("utf-8", errors="replace")
    assert "王小明" in text  # names are in clear by decision: the dump is a real one
    for secret in (identity(bank), PHONE, ADDRESS, identity(bank).encode().hex(), PHONE.encode().hex(), ADDRESS.encode().hex()):
        assert secret not in text


def found_into(found: bytearray) -> Any:
    async def write(part: bytes) -> None:
        found.extend(part)

    return write


async def test_keys_are_rotated_and_a_rotation_that_was_stopped_is_finished(bank: World, ask: Any, told: dict[str, Any]) -> None:
    """On a database of its own: a data key is everybody's."""
    name = await asyncio.to_thread(servers.clone, told)
    database = Database(servers.url(told, "app", name))
    await database.open()
    root = await asyncpg.connect(servers.url(told, "super", name))
    try:
        other = await World.make(database, root)
        customers = [await known(other, "A"), await known(other, "B")]
        keys, seen = Keys.of(SETTINGS), list[tuple[int, int]]()

        def stop(done: int, total: int) -> None:
            seen.append((done, total))
            raise KeyboardInterrupt

        owner = servers.url(told, "owner", name)
        with pytest.raises(KeyboardInterrupt):
            await rotate(owner, keys, None, stop)
        assert seen == [(0, 2)] and await root.fetchval("select max(epoch) from data_keys") == 2
        assert await rotate(owner, keys, None, lambda done, total: None) == 2
        assert await root.fetchval("select array_agg(distinct key_epoch) from customers") == [2]
        newer = replace(keys, wrapping=b"n" * 32)
        with pytest.raises(WrongKey):
            await rotate(owner, replace(keys, wrapping=b"x" * 32), b"y" * 32, lambda done, total: None)
        assert await rotate(owner, newer, keys.wrapping, lambda done, total: None) == 2
        async with database.transaction(other.people["officer"]) as conn:
            with pytest.raises(WrongKey):
                await Personal.load(conn, keys)
            personal = await Personal.load(conn, newer)
        row = await root.fetchrow("select identity_cipher, key_epoch from customers where id = $1", customers[0])
        assert personal.open("identity_cipher", customers[0], row["identity_cipher"], row["key_epoch"]) == identity(other)
        assert row["key_epoch"] == 3
    finally:
        await root.close()
        await database.close()
