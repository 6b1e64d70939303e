"""The history of a contract: every component in one stable order, with who acted in which role, by which parameters, on what evidence."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from schema.scalars import show_instant
from server.compliance.components import Component, component_of
from server.compliance.events import Chains
from server.compliance.kin import IDS
from server.compliance.tags import Tag
from server.custody.moves import Ask
from server.custody.moves.papers import NewPapers, Paper
from server.custody.moves.stocktakes import CompareCounts, SignStocktake
from server.custody.policy import BANK_ZONE
from server.custody.registration import check_contracts
from server.lending import NewContract, register_contracts
from storage.terms import Action, ContractKind, HoldKind, HoldSubject, PaperKind, Tier
from tests.compliance.conftest import Asking
from tests.custody.chapters import stocktakes
from tests.custody.handing import HERE, placed, sent, taken
from tests.custody.releasing import secures
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


LINES = """query ($id: ID!, $first: Int!, $after: String) {
  contractHistory(by: { id: $id }, purpose: AUDIT, first: $first, after: $after) {
    edges { node { component tag result purpose happenedAt effectiveAt subjectId actorRoles delegations { role fromId } changes { field before after } causeId } }
    pageInfo { hasNextPage endCursor } } }"""


async def signed(bank: World, loan: UUID) -> UUID:
    """A contract of a loan."""
    officer = bank.people["officer"]
    async with bank.database.transaction(officer) as conn:
        new = NewContract(f"HT{bank.tag}{loan.hex[-6:]}", ContractKind.LOAN, officer.org_id, bank.day(), Decimal(1), (loan,))
        (contract,) = await register_contracts(conn, officer, [new], datetime.now(UTC))
    return contract


async def told(ask: Asking, bank: World, contract: UUID) -> list[dict[str, Any]]:
    page = (await ask(bank, "compliance", LINES, id=f"contract_{contract}", first=100, after=None))["contractHistory"]
    assert not page["pageInfo"]["hasNextPage"]
    return [edge["node"] for edge in page["edges"]]


async def test_a_hold_from_before_the_loan_is_told_once_however_many_loans_it_covers(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        customer, _ = await bank.customer()
        others = [await bank.loan(customer=customer) for _ in range(2)]
        for other in others:
            await bank.volumes(1, loan=other)
        place = Ask(Action.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.CUSTOMER, subject=customer, reason="法院冻结")
        hold = (await bank.done("legal", place))["hold"]
        loan = await bank.loan(customer=customer)
        await bank.volumes(1, loan=loan)
        contract = await signed(bank, loan)
        assert [n["subjectId"] for n in await told(ask, bank, contract) if n["component"] == "HOLD"] == [f"hold_{hold}"]
        version = await bank.sql("select version from holds where id = $1", UUID(hold))
        await bank.seated(Ask(Action.LIFT_HOLD, hold=UUID(hold), reason="解除", expected_version=version), ["legal", "legal_two"])
        tags = [n["tag"] for n in await told(ask, bank, contract) if n["component"] == "HOLD"]
        assert tags == ["hold:place:done", "hold:lift:done"]


async def test_a_hold_on_another_loan_of_its_car_is_told_from_when_there_is_a_paper_that_it_keeps(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        loan, other, car = await bank.loan(), await bank.loan(), await bank.collateral()
        contract, holds = await signed(bank, loan), []
        for reason in ("前案", "后案"):
            place = Ask(Action.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.LOAN, subject=other, reason=reason)
            holds.append(UUID((await bank.done("legal", place))["hold"]))
        await bank.seated(Ask(Action.LIFT_HOLD, hold=holds[0], reason="解除", expected_version=1), ["legal", "legal_two"])
        for one in (loan, other):
            await secures(bank, one, car)
        assert [n for n in await told(ask, bank, contract) if n["component"] == "HOLD"] == []
        await bank.papers(loan=loan, collateral=car)
        (line,) = [n for n in await told(ask, bank, contract) if n["component"] == "HOLD"]
        assert (line["subjectId"], line["tag"]) == (f"hold_{holds[1]}", "hold:place:done")
        async with bank.database.transaction(bank.people["compliance"]) as conn:
            ids = {row["id"] for row in await conn.raw.fetch(IDS, contract)}
        assert holds[1] in ids and not {holds[0], other} & ids


async def test_handovers_and_stocktakes_of_its_papers_are_told_and_those_of_others_not(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        loan, other = await bank.loan(), await bank.loan()
        papers, _ = await bank.registered(1, loan=loan)
        await bank.seated(Ask(Action.INTAKE, records=tuple(papers), placements=await placed(bank, papers, "A")), HERE)
        contract, elsewhere = await signed(bank, loan), await signed(bank, other)
        take, _, lies = await stocktakes.opened(bank, papers=1)
        await stocktakes.counted(bank, take, lies)
        await bank.done("ops", Ask(Action.COMPARE_COUNTS, detail=CompareCounts(take)))
        await bank.done("ops", Ask(Action.SIGN_STOCKTAKE, detail=SignStocktake(take)))
        handover = await sent(bank, papers)
        await taken(bank, handover, papers)
        nodes = await told(ask, bank, contract)
        found = [n["tag"] for n in nodes]
        assert [t for t in found if t.startswith("stocktake:")] == ["stocktake:open:done", "stocktake:compare:done", "stocktake:sign:done"]
        assert [t for t in found if t.startswith("handover:")] == [
            "handover:create:done", "handover:list:done", "handover:send:done", "handover:acknowledge:done",
        ]  # fmt: skip
        (arrived,) = [n for n in nodes if n["tag"] == "record:receive:done"]
        acknowledged = next(n for n in nodes if n["tag"] == "handover:acknowledge:done")
        assert arrived["causeId"] and acknowledged["component"] == arrived["component"] == "HANDOVER"
        assert {"field": "state", "before": "IN_TRANSIT", "after": "IN_VAULT"} in arrived["changes"]
        assert not [n for n in await told(ask, bank, elsewhere) if n["component"] in ("HANDOVER", "INSPECTION")]


async def test_who_unmasked_the_borrower_and_what_was_refused_stands_in_it(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        loan = await bank.loan()
        asset = await bank.collateral()
        customer = await bank.sql("select customer_id from loans where id = $1", loan)
        unmask = """mutation ($i: UnmaskCustomerInput!) { unmaskCustomer(input: $i) { __typename } }"""
        for who in ("officer", "officer_b"):
            given = {"customerId": f"customer_{customer}", "fields": ["PHONE"], "purpose": "INVESTIGATION", "idempotencyKey": who}
            await ask(bank, who, unmask, i=given)
        volumes = await bank.volumes(2, loan=loan)
        contract = await signed(bank, loan)  # signed after, so that it lacks nothing when the volumes are handed in
        await bank.out(volumes[:1], tier=Tier.SECOND)
        await bank.refused("archivist", Ask(Action.ACCEPT_RETURN, records=tuple(volumes), inspections=bank.inspected(volumes)))
        await secures(bank, loan, asset)
        paper = NewPapers(loan, asset, bank.branches["A"].vault, (Paper(f"A1{bank.tag}", "登记证书", PaperKind.OTHER_TITLE, 1, 1),))
        refused = await bank.refused("archivist", Ask(Action.REGISTER_FIRST_TIER, detail=paper))
        assert refused, "no archivist registers first-tier papers"
        seen = [(n["tag"], n["result"], n["purpose"], n["component"]) for n in await told(ask, bank, contract) if n["result"]]
        assert seen[:2] == [("unmaskCustomer", "GRANTED", "INVESTIGATION", "READ"), ("unmaskCustomer", "DENIED", "INVESTIGATION", "READ")]
        assert [s[3] for s in seen if s[1] == "REFUSED"] == ["REQUEST", "REQUEST"]


async def test_an_act_tells_the_purpose_of_its_request_and_the_role_that_was_delegated_for_it(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        contract, _ = await lived(bank)
        head, manager = bank.people["head"], bank.people["manager"]
        await bank.sql(
            "insert into delegations (from_staff_id, to_staff_id, role, org_id, during) values ($1, $2, 'CREDIT_DEPT_HEAD', $3, '[2020-01-01,)')",
            head.staff_id, bank.people["archivist"].staff_id, head.org_id,
        )  # fmt: skip
        assert manager.staff_id != head.staff_id
        nodes = await told(ask, bank, UUID(contract.partition("_")[2]))
        out = next(n for n in nodes if n["tag"] == "record:check_out:done")
        assert out["purpose"] == "AUDIT" and out["actorRoles"] == ["ARCHIVIST", "CREDIT_DEPT_HEAD"]
        assert out["delegations"] == [{"role": "CREDIT_DEPT_HEAD", "fromId": f"staff_{head.staff_id}"}]


async def test_a_loan_that_is_written_off_or_graded_by_an_import_is_collection(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        loan, by = await bank.loan(), bank.people["officer"]
        contract = await signed(bank, loan)
        async with bank.database.transaction(by) as conn:
            chains = await Chains.lock(conn, [loan])
            for changed in ({"status": ["ACTIVE", "WRITTEN_OFF"]}, {"classification": ["PASS", "LOSS"]}, {"term_months": [12, 24]}):
                chains.note(loan, Tag.LOAN_CHANGED, subject=("loan", loan), by=by.staff_id, at=datetime.now(UTC), changed=changed)
            await chains.write()
        changed = [n for n in await told(ask, bank, contract) if n["tag"] == "loan:change:done"]
        day = datetime.fromisoformat(changed[1]["happenedAt"]).astimezone(BANK_ZONE).date()  # the period of a grade is one of days
        begins = show_instant(datetime.combine(day, datetime.min.time(), BANK_ZONE))
        assert (
            [n["effectiveAt"] == begins for n in changed] == [n["effectiveAt"] < n["happenedAt"] for n in changed] == [False, True, False]
        )
        found = [(n["component"], n["changes"]) for n in changed]
        assert found == [
            ("COLLECTION", [{"field": "status", "before": "ACTIVE", "after": "WRITTEN_OFF"}]),
            ("COLLECTION", [{"field": "classification", "before": "PASS", "after": "LOSS"}]),
            ("CONTRACT", [{"field": "term_months", "before": "12", "after": "24"}]),
        ]


async def test_a_reservation_that_ends_because_the_paper_is_not_there_is_told(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        loan = await bank.loan()
        volumes = await bank.volumes(1, loan=loan)
        contract = await signed(bank, loan)
        request = await bank.approved(volumes, tier=Tier.SECOND)
        await bank.done("archivist", Ask(Action.REPORT_MISSING, records=tuple(volumes), reason="不在架上"))
        ended = [n for n in await told(ask, bank, contract) if n["tag"] == "record:cancel:done"]
        assert [(n["component"], n["subjectId"], n["changes"]) for n in ended] == [("REQUEST", f"request_{request}", [])]
