"""What is missing: found again, marked, frozen, lost for good; and what the desk refuses."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from server.custody.moves import Ask
from server.custody.moves.losses import CaseOpened, CaseResolved, ItemMissing
from server.custody.registration import NewItem, NewRecord, add_items, register_records
from storage.terms import Action as A
from storage.terms import DocumentType, Purpose, Tier
from tests.custody.attacking import CASE
from tests.harness.losses import found, in_vault, lost, missing, paid_off
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.conftest import api as api


async def balance(bank: World, record: UUID) -> int:
    return int(
        await bank.sql(
            "select coalesce(sum(case direction when 'IN' then 1 else -1 end), 0) from off_balance_entries where record_id = $1", record
        )
    )


async def test_a_paper_that_is_found_goes_back_into_its_slot_and_onto_the_balance(bank: World) -> None:
    papers = await bank.papers(2)
    await missing(bank, papers[0])
    assert await balance(bank, papers[0]) == 0
    request = await bank.requests(papers[1:])
    assert await bank.refused("head", Ask(A.APPROVE, request=request)) == [("C17", "RECORD_FROZEN")]  # the whole slot
    await bank.seated(found(bank, papers[0]), ["kay", "cody", "clerk"])
    assert [await bank.state(p) for p in papers] == ["IN_VAULT", "IN_VAULT"]
    assert [await balance(bank, p) for p in papers] == [1, 1]
    assert await bank.sql("select outcome from loss_cases where record_id = $1", papers[0]) == "FOUND"
    await bank.out(papers)  # it can be lent again


async def test_a_marked_checkout_ends_as_found(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    await missing(bank, volumes[0])
    assert await bank.sql("select closed_at from movements where record_id = $1 and kind = 'CHECKOUT'", volumes[0]) is None
    await bank.seated(found(bank, volumes[0]), ["archivist"])
    assert await bank.sql("select ended_as from movements where record_id = $1 and kind = 'CHECKOUT'", volumes[0]) == "FOUND"
    assert await bank.state(volumes[0]) == "FILED"


async def test_a_volume_goes_back_to_the_state_in_which_it_was_missed(bank: World) -> None:
    loan, branch, officer = await bank.loan(), bank.branches["A"], bank.people["officer"]
    async with bank.database.transaction(officer) as conn:
        new = NewRecord(f"A2{bank.tag}X", None, "信贷档案", loan, branch.id, branch.id, pages=3)
        (volume,) = await register_records(conn, officer, [new], datetime.now(UTC))
        await add_items(conn, [NewItem(volume, branch.id, 1, DocumentType.CONTRACT, "合同", 3)], datetime.now(UTC))
    await bank.done("officer", Ask(A.SUBMIT_VOLUME, records=(volume,)))
    bank.pages[volume] = 3
    await missing(bank, volume)
    await bank.seated(found(bank, volume), ["archivist"])
    assert await bank.state(volume) == "SUBMITTED"


async def test_a_checkout_that_is_lost_ends_and_the_case_closes_when_nothing_is_owed(bank: World) -> None:
    loan = await bank.loan()
    volumes = await bank.volumes(loan=loan)
    await bank.out(volumes, tier=Tier.SECOND)
    await lost(bank, volumes[0])
    assert await bank.state(volumes[0]) == "LOST"
    assert await bank.sql("select ended_as from movements where record_id = $1 and kind = 'CHECKOUT'", volumes[0]) == "LOST"
    close = Ask(A.CLOSE_LOST, records=tuple(volumes), reason="贷款已结清")
    assert await bank.refused("ops", close) == [("C34", "LOAN_NOT_SETTLED")]
    await paid_off(bank, loan)
    await bank.seated(close, ["ops", "vice"])
    assert await bank.state(volumes[0]) == "CLOSED_LOST"


async def test_a_loss_is_closed_when_the_payoff_is_final_by_the_one_parameter(bank: World) -> None:
    loan, here = await bank.loan(), bank.branches["A"].id
    volumes = await bank.volumes(loan=loan)
    await lost(bank, volumes[0])
    await paid_off(bank, loan, "TRANSFER", days=20)
    ask = Ask(A.CLOSE_LOST, records=tuple(volumes), reason="贷款已结清")
    both = "select (select final_at from settled_for_good(array[$1::uuid])), settlement_final_at($2)"
    await bank.root.execute("insert into policy_parameters (key, value, org_id, effective_from) values ('payoff_days', '30', $1, now() - interval '1 day')", here)  # fmt: skip
    assert await bank.refused("ops", ask) == [("C35", "PAYOFF_NOT_FINAL")]
    row = tuple(await bank.root.fetchrow(both, volumes[0], loan))
    assert row[0] == row[1] > datetime.now(UTC)
    await bank.root.execute(
        "insert into policy_parameters (key, value, org_id, effective_from) values ('payoff_days', '5', $1, now())", here
    )
    await bank.seated(ask, ["ops", "vice"])
    assert await bank.state(volumes[0]) == "CLOSED_LOST"


async def test_a_missing_paper_of_a_volume_freezes_it_until_another_says_how_it_was_put_right(bank: World) -> None:
    (volume,) = await bank.volumes()
    item = UUID(str(await bank.sql("select id from file_items where record_id = $1", volume)))
    ask = Ask(A.REPORT_ITEM_MISSING, records=(volume,), reason="缺收入证明", detail=ItemMissing(item))
    case = UUID((await bank.done("officer", ask))["cases"][0])
    assert await bank.refused("officer", ask) == [("C43", "RECORD_FROZEN")]
    assert await bank.state(volume) == "FILED"
    request = Ask(A.REQUEST_CHECKOUT, records=(volume,), purpose=Purpose.AUDIT)
    made = UUID((await bank.done("officer", request))["request"])
    assert ("C17", "RECORD_FROZEN") in await bank.refused("head", Ask(A.APPROVE, request=made))
    solve = Ask(A.RESOLVE_DISCREPANCY, records=(volume,), reason="已补入", detail=CaseResolved(case))
    await bank.done("archivist", solve)
    assert ("C15", "INVALID_TRANSITION") in await bank.refused("archivist", solve)
    await bank.done("head", Ask(A.APPROVE, request=made))


async def test_a_discrepancy_gets_an_owner_and_a_day_and_is_solved_by_another_than_who_reported_it(bank: World) -> None:
    (volume,) = await bank.volumes()
    me = bank.people["archivist"].staff_id
    await bank.root.execute(CASE, bank.branches["A"].id, volume, "DAMAGED", me)
    case = UUID(str(await bank.sql("select id from discrepancies where record_id = $1", volume)))
    for days, codes in ((-3, [("C43", "CASE_INCOMPLETE")]), (3, None)):
        ask = Ask(A.OPEN_CASE, records=(volume,), detail=CaseOpened(case, me, bank.due(days)))
        assert codes == await bank.refused("ops", ask) if codes else await bank.done("ops", ask)
    solve = Ask(A.RESOLVE_DISCREPANCY, records=(volume,), reason="已修补", detail=CaseResolved(case))
    assert await bank.refused("archivist", solve) == [("C3", "SEGREGATION_OF_DUTIES")]
    await bank.done("ops", solve)
    assert await bank.sql("select state from discrepancies where id = $1", case) == "RESOLVED"


async def test_a_missing_record_is_not_resolved_in_words_and_not_declared_lost_by_one_person(bank: World) -> None:
    (volume,) = await bank.volumes()
    await missing(bank, volume)
    case = UUID(str(await bank.sql("select id from discrepancies where record_id = $1", volume)))
    told = await bank.refused("ops", Ask(A.RESOLVE_DISCREPANCY, records=(volume,), reason="找到了", detail=CaseResolved(case)))
    assert told == [("C15", "INVALID_TRANSITION")]


async def test_a_certificate_that_is_found_after_it_was_out_still_shows_the_banks_mortgage_entry(bank: World) -> None:
    """C54 as at a return: the bank's judge says it, not PostgreSQL alone at the last seat."""
    paper = await in_vault(bank, await bank.loan(), await bank.collateral())
    await bank.out([paper])
    await missing(bank, paper)
    ask = found(bank, paper)
    assert await bank.refused("kay", ask) == [("C54", "MORTGAGE_ENTRY_MISSING")]
    assert not (await bank.desk.explain(bank.people["kay"], ask)).allowed
    await bank.seated(replace(ask, inspections=bank.inspected([paper], shows_mortgage=True)), ["kay", "cody", "clerk"])
    assert await bank.state(paper) == "IN_VAULT"


async def test_a_certificate_that_never_left_is_found_without_that_look(bank: World) -> None:
    paper = await in_vault(bank, await bank.loan(), await bank.collateral())
    await missing(bank, paper)
    await bank.seated(found(bank, paper), ["kay", "cody", "clerk"])
    assert await bank.state(paper) == "IN_VAULT"


@pytest.mark.parametrize("aspect", ["numbers_match", "seal_intact", "no_damage"])
async def test_what_is_found_is_inspected_like_a_return(bank: World, aspect: str) -> None:
    (paper,) = await bank.papers()
    await missing(bank, paper)
    ask = found(bank, paper)
    wrong = Ask(A.RESOLVE_FOUND, records=(paper,), inspections=bank.inspected([paper], **{aspect: False}), detail=ask.detail)
    assert await bank.refused("kay", wrong) == [("C26", "RETURN_INSPECTION_REQUIRED")]


async def test_what_lies_in_one_envelope_with_a_missing_paper_is_frozen_as_the_desk_says(bank: World, api: Asking) -> None:
    one, mate = await bank.papers(2)
    (other,) = await bank.papers()
    await missing(bank, one)
    query = "query F($ids: [ID!]!, $o: ID!) { nodes(ids: $ids) { ... on ArchiveRecord { id isFrozen } }" \
            " archiveRecords(first: 50, where: { isFrozen: { eq: true }, custodyOrgId: { eq: $o } }) { edges { node { id } } } }"  # fmt: skip
    told = await api.ask("officer", query, ids=[f"record_{r}" for r in (one, mate, other)], o=f"org_{bank.branches['A'].id}")
    assert [n["isFrozen"] for n in told["nodes"]] == [True, True, False]
    assert {e["node"]["id"] for e in told["archiveRecords"]["edges"]} == {f"record_{one}", f"record_{mate}"}
    kinds = "select id from archive_records where custody_org_id = $1 and cardinality(frozen_kinds(id)) > 0"
    judged = {r["id"] for r in await bank.root.fetch(kinds, bank.branches["A"].id)}
    assert judged == {one, mate} == judged & set(await bank.sql("select frozen_records()"))
