"""The history of a contract: every component in one stable order, with who acted in which role, by which parameters, on what evidence."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from server.compliance.components import Component, component_of
from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.custody.moves import Ask
from server.custody.registration import check_contracts
from server.lending import NewContract, register_contracts
from storage.terms import Action, ContractKind, HoldKind, HoldSubject, Tier
from tests.compliance.conftest import Asking
from tests.harness.ledger import Ledger
from tests.harness.world import World

HISTORY = """query ($id: ID!, $first: Int!, $after: String) {
  contractHistory(by: { id: $id }, purpose: AUDIT, first: $first, after: $after) {
    edges { node { component tag happenedAt actorRoles evidence parameters result subjectId } } pageInfo { hasNextPage endCursor } } }"""
PROOF = """query ($id: ID!) { contractHistory(by: { id: $id }, purpose: AUDIT, first: 1) {
  verification { holds eventCount anchoredCount firstWrongId problem } } }"""


async def lived(bank: World) -> tuple[str, Any]:
    """A contract whose loan has seen a bit of everything."""
    loan, officer = await bank.loan(), bank.people["officer"]
    async with bank.database.transaction(officer) as conn:
        new = NewContract(f"HT{bank.tag}", ContractKind.LOAN, officer.org_id, bank.day(), Decimal(1), (loan,))
        (contract,) = await register_contracts(conn, officer, [new], datetime.now(UTC))
        await check_contracts(conn, officer, [(contract, loan, officer.org_id)], datetime.now(UTC))
    volumes = await bank.volumes(1, loan=loan)
    await bank.out(volumes, tier=Tier.SECOND)
    await bank.refused("archivist", Ask(Action.ACCEPT_RETURN, records=tuple(volumes), inspections=bank.inspected(volumes)))
    await bank.presented(volumes, tier=Tier.SECOND)
    await bank.accepted(volumes, tier=Tier.SECOND)
    hold = Ask(Action.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.LOAN, subject=loan, reason="法院冻结")
    await bank.done("legal", hold)
    return f"contract_{contract}", volumes[0]


async def pages(ask: Asking, bank: World, contract: str, first: int) -> list[dict[str, Any]]:
    """All of them up to the first reading of it: each page is a reading too, and told behind it."""
    nodes, after = list[dict[str, Any]](), None
    while True:
        page = (await ask(bank, "compliance", HISTORY, id=contract, first=first, after=after))["contractHistory"]
        nodes += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        reads = [place for place, node in enumerate(nodes) if node["tag"] == "contractHistory"]
        if reads or not page["pageInfo"]["hasNextPage"]:
            return nodes[: reads[0] + 1] if reads else nodes


@pytest.mark.parametrize("tag", Tag)
def test_every_event_is_part_of_something(tag: Tag) -> None:
    assert component_of(tag.value, None) in Component


async def test_a_history_tells_each_line_with_role_parameters_and_component(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        contract, _ = await lived(bank)
        nodes = await pages(ask, bank, contract, 100)
        found = Counter(node["component"] for node in nodes)
        assert {"CONTRACT", "ELEMENTS", "APPROVAL", "CUSTODY", "REQUEST", "READ", "HOLD"} <= found.keys()
        assert [n["happenedAt"] for n in nodes] == sorted(n["happenedAt"] for n in nodes)
        out = next(n for n in nodes if n["tag"] == "record:check_out:done")
        assert out["actorRoles"] == ["ARCHIVIST"] and '"moves"' not in out["parameters"] and out["parameters"].startswith("[")
        assert [(n["component"], n["actorRoles"]) for n in nodes if n["result"] == "REFUSED"] == [("REQUEST", ["ARCHIVIST"])]
        approved = next(n for n in nodes if n["tag"] == "request:approve:done" or n["component"] == "APPROVAL")
        assert approved["actorRoles"] == ["CREDIT_DEPT_HEAD"]


async def test_pages_of_any_size_tell_the_same_lines_once(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        contract, _ = await lived(bank)
        whole = [node for node in await pages(ask, bank, contract, 100) if node["tag"] != "contractHistory"]
        for first in (1, 3, 7):
            again = [node for node in await pages(ask, bank, contract, first) if node["tag"] != "contractHistory"]
            assert again == whole


async def test_a_role_is_the_one_of_that_time(ledger: Ledger, ask: Asking) -> None:
    """Taken away later, it still stands beside what was done in it; what is done afterwards has it no more."""
    async with ledger.bank() as bank:
        contract, _ = await lived(bank)
        await bank.sql("delete from staff_roles where staff_id = $1", bank.people["archivist"].staff_id)
        out = [n for n in await pages(ask, bank, contract, 100) if n["tag"] == "record:check_out:done"]
        assert [n["actorRoles"] for n in out] == [["ARCHIVIST"]]
        await bank.sql("insert into staff_roles (staff_id, role) values ($1, 'INSPECTOR')", bank.people["archivist"].staff_id)
        assert [n["actorRoles"] for n in await pages(ask, bank, contract, 100) if n["tag"] == "record:check_out:done"] == [["ARCHIVIST"]]


async def test_what_brought_an_event_about_in_the_units_own_chain_is_told_too(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        contract, _ = await lived(bank)
        loan = await bank.sql("select loan_id from loan_contracts where contract_id = $1", UUID(contract.partition("_")[2]))
        by, at = bank.people["ops"], datetime.now(UTC)
        async with bank.database.transaction(by) as conn:
            chains = await Chains.lock(conn, [loan, by.org_id])
            cause = chains.note(by.org_id, Tag.STOCKTAKE_COMPARED, subject=("stocktake", loan), by=by.staff_id, at=at)
            chains.note(loan, Tag.RECORD_DIFFERS, subject=("loan", loan), by=by.staff_id, at=at, cause=cause)
            chains.note(by.org_id, Tag.STOCKTAKE_SIGNED, subject=("stocktake", loan), by=by.staff_id, at=at)
            await chains.write()
        tags = [node["tag"] for node in await pages(ask, bank, contract, 100)]
        assert tags.count("stocktake:compare:done") == 1 and "stocktake:sign:done" not in tags


async def test_its_chains_are_verified_and_the_first_wrong_event_is_named(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        contract, volume = await lived(bank)
        told = (await ask(bank, "auditor", PROOF, id=contract))["contractHistory"]["verification"]
        assert told["holds"] and told["anchoredCount"] == 0 < told["eventCount"] and told["problem"] is None
        await ledger.sealer.seal_all()
        told = (await ask(bank, "auditor", PROOF, id=contract))["contractHistory"]["verification"]
        assert told["holds"] and told["anchoredCount"] == told["eventCount"]
        event = await bank.sql("select id from events where record_id = $1 and tag = 'record:check_out:done'", volume)
        await bank.past_the_triggers(f"delete from events where id = '{event}'")
        after = await bank.sql("select id from events where record_id = $1 and id > $2 order by id limit 1", volume, event)
        told = (await ask(bank, "auditor", PROOF, id=contract))["contractHistory"]["verification"]
        assert not told["holds"] and told["firstWrongId"] == f"event_{after}" and "comes after" in told["problem"]
