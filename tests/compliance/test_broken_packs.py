"""Of a history out of which something was taken no evidence is made: the export fails, and it is an alarm."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from server.valuing import Told, Valuing
from storage.objects import ObjectStore
from storage.terms import Classification
from tests.harness import servers
from tests.harness.ledger import Ledger, bucket_of, verify
from tests.harness.packs import asked, contract_of, fetched, made, row_of
from tests.harness.world import World

OPEN = "select told from alarms where kind = 'HISTORY_BROKEN' and cleared_at is null"


@dataclass
class House:
    """A bank whose ledger somebody gets at."""

    ledger: Ledger
    bank: World
    loan: UUID
    contract: UUID

    async def past(self, *statements: str) -> None:
        async with self.ledger.root() as root:
            for statement in statements:
                assert await root.execute(statement) not in ("DELETE 0", "UPDATE 0"), statement


@pytest_asyncio.fixture
async def house(told: dict[str, Any]) -> AsyncIterator[House]:
    ledger = Ledger(told, await asyncio.to_thread(servers.clone, told), bucket_of(told))
    async with ledger.bank() as bank:
        loan = await bank.loan()
        contract = await contract_of(bank, loan)
        await bank.volumes(2, loan=loan)
        yield House(ledger, bank, loan, contract)
    ledger.bucket.close()


GONE = {
    "an event": ("delete from events where chain_id = '{loan}' and seq = 2",),
    "the last one": ("delete from events where chain_id = '{loan}' and seq = (select seq from chains where id = '{loan}')",),
    "every event": ("delete from events where chain_id = '{loan}'",),
    "the chain too": ("delete from events where chain_id = '{loan}'", "delete from chains where id = '{loan}'"),
    "an event, and the numbers put right": (
        "delete from events where chain_id = '{loan}' and seq = 2", "update events set seq = seq - 1 where chain_id = '{loan}' and seq > 2",
        "update chains set seq = seq - 1 where id = '{loan}'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", GONE)
async def test_what_was_taken_out_of_a_chain_is_not_signed(house: House, objects: ObjectStore, what: str) -> None:
    export = await asked(house.bank, objects, house.contract)
    await house.ledger.sealer.seal_all()
    await house.past(*(statement.format(loan=house.loan) for statement in GONE[what]))
    await made(house.ledger, house.bank, objects)
    row = await row_of(house.bank, export)
    assert (row["state"], row["failure"], row["sha256"]) == ("FAILED", "NOT_PROVEN", None), dict(row)
    (alarm,) = await house.bank.root.fetch(OPEN)
    assert str(house.contract) in alarm["told"] and ("chain" in alarm["told"] or "number" in alarm["told"] or "continue" in alarm["told"])


async def test_the_alarm_is_over_when_the_evidence_holds_again(house: House, objects: ObjectStore, tmp_path: Path) -> None:
    bank = house.bank
    other = await contract_of(bank, await bank.loan())
    exports = [await asked(bank, objects, contract) for contract in (house.contract, other)]
    await house.ledger.sealer.seal_all()
    await house.past(f"create table aside as select * from events where chain_id = '{house.loan}' and seq = 2",
                     "delete from events where id in (select id from aside)")  # fmt: skip
    await made(house.ledger, bank, objects, times=2)
    assert [(await row_of(bank, export))["state"] for export in exports] == ["FAILED", "READY"]
    assert len(await bank.root.fetch(OPEN)) == 1  # another contract's evidence does not end it
    await house.past("insert into events select * from aside")
    again = await asked(bank, objects, house.contract)
    await house.ledger.sealer.seal_all()
    await made(house.ledger, bank, objects)
    assert verify(await fetched(bank, objects, again, tmp_path), house.ledger)[0] == 0
    assert await bank.root.fetch(OPEN) == []


READ = """insert into access_log (logged_at, staff_id, org_id, action, result, purpose, subject_ids, detail) select
  clock_timestamp() - make_interval(mins => 9), id, org_id, 'contractHistory', 'GRANTED', 'AUDIT', array['{contract}'::uuid], '{{}}' from staff
  limit 3"""
WAITS = """insert into pending_access (line_id, minute, hash) select id, date_trunc('minute', logged_at),
  sha256('\\x00'::bytea || canonical_access(a)) from access_log a where a.id not in (select line_id from pending_access)"""
LINE = "(select min(id::text)::uuid from access_log where purpose = 'AUDIT' and logged_at < now() - interval '5 minutes')"
BESIDE = {
    "a line of the access log": f"delete from access_log where id = {LINE}",
    "what a line says": f"update access_log set purpose = 'TRAINING' where id = {LINE}",
    "words": "delete from event_words where event_id in (select id from events where chain_id = '{loan}')",
}


@pytest.mark.parametrize("what", BESIDE)
async def test_what_was_taken_out_beside_the_chain_is_not_signed_either(house: House, objects: ObjectStore, what: str) -> None:
    """A sealed minute has all of its lines, as they were, and an event has its words."""
    risk = house.bank.people["risk"]
    await Valuing(house.bank.database).classify(
        risk, house.loan, Classification.SPECIAL_MENTION, Told(house.bank.day(), "本月逾期"), key=what
    )
    await house.past(READ.format(contract=house.contract), WAITS)
    export = await asked(house.bank, objects, house.contract)
    await house.ledger.sealer.seal_all()
    await house.past(BESIDE[what].format(loan=house.loan))
    await made(house.ledger, house.bank, objects)
    row = await row_of(house.bank, export)
    assert (row["state"], row["failure"]) == ("FAILED", "NOT_PROVEN"), dict(row)
    assert len(await house.bank.root.fetch(OPEN)) == 1
