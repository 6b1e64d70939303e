"""Every other kind of task: for whoever has it, and not for those who have not, nor when it is done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from server.custody.moves import Ask, Override, Placement
from server.custody.moves.corrections import Correcting
from server.custody.moves.handovers import OnHandover
from server.custody.moves.papers import Arrival
from server.custody.moves.registers import EmergencyReview
from server.custody.moves.stocktakes import CompareCounts, SignStocktake
from server.custody.registration import NewItem, NewRecord, add_items, register_records
from storage.terms import Action as A
from storage.terms import CorrectionSubject, DocumentType, EmergencyFinding, Role, Tier
from tests.custody.chapters.certificates import emergency
from tests.custody.chapters.corrections import scanned
from tests.custody.chapters.stocktakes import count, counted, opened
from tests.custody.chapters.volumes import proposed
from tests.custody.handing import HERE, placed, sent, taken
from tests.custody.releasing import Case
from tests.custody.test_volumes import approve
from tests.harness.losses import missing, searched
from tests.harness.world import World
from tests.reading.test_loan_file import ask as ask
from tests.reading.test_viewer import kinds
from tests.test_late import expected


# One person of each role that has a kind of task, and others who have not: by whom it is seen in the case that the test arranges.
# `about` is the operation that is meant, where others wait beside it.
async def seen(ask: Any, kind: str, *people: str, about: str | None = None) -> list[str]:
    if about is None:
        return [who for who in people if kind in await kinds(ask, who)]
    found = []
    for who in people:
        answer = await ask(who, "{ viewer { tasks(first: 100) { kind subject { id } } } }")
        if (kind, f"operation_{about}") in [(t["kind"], (t["subject"] or {}).get("id")) for t in answer["data"]["viewer"]["tasks"]]:
            found.append(who)
    return found


async def test_each_counter_has_a_stocktake_to_count_until_it_is_compared(bank: World, ask: Any) -> None:
    take, _, lies = await opened(bank)
    everybody = ("ann", "bob", "ops", "kay", "officer", "auditor", "ops_b")
    assert await seen(ask, "COUNT", *everybody) == ["ann", "bob"]
    await counted(bank, take, lies)
    await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
    assert await seen(ask, "COUNT", *everybody) == []


async def test_a_shipment_waits_for_the_keepers_of_the_unit_that_it_goes_to(bank: World, ask: Any) -> None:
    papers = await bank.papers()
    handover = await sent(bank, papers)
    everybody = ("kay_b", "cody_b", "clerk_b", "archivist_b", "officer_b", "ops_b", "kay", "clerk", "auditor")
    assert await seen(ask, "ACKNOWLEDGE", *everybody) == ["kay_b", "cody_b", "clerk_b", "archivist_b"]
    await taken(bank, handover, papers)
    assert await seen(ask, "ACKNOWLEDGE", *everybody) == []


@pytest.mark.parametrize("tier", Tier)
async def test_what_was_refused_waits_for_those_of_its_sender_until_it_is_back(bank: World, ask: Any, tier: Tier) -> None:
    papers = await (bank.papers(2) if tier is Tier.FIRST else bank.volumes(2))
    handover = await sent(bank, papers, tier)
    everybody = ("kay", "cody", "clerk", "archivist", "officer", "ops", "auditor", "kay_b", "clerk_b", "archivist_b")
    assert await seen(ask, "TAKE_BACK", *everybody) == []
    by = "clerk_b" if tier is Tier.FIRST else "archivist_b"
    await bank.done(by, Ask(A.REJECT_HANDOVER, records=tuple(papers), reason="封签破损", detail=OnHandover(handover)))
    assert await seen(ask, "TAKE_BACK", *everybody) == (["kay", "cody", "clerk"] if tier is Tier.FIRST else ["archivist"])
    places = await placed(bank, papers, "A") if tier is Tier.FIRST else ()
    shelf = None if tier is Tier.FIRST else bank.branches["A"].cabinet
    back = Ask(A.TAKE_BACK, records=tuple(papers), placements=places, location=shelf, detail=OnHandover(handover))
    await bank.seated(back, HERE if tier is Tier.FIRST else ["archivist"])
    assert await seen(ask, "TAKE_BACK", *everybody) == []


async def test_an_emergency_waits_for_a_branch_head_or_compliance_who_did_not_sit(bank: World, ask: Any) -> None:
    await bank.sees_itself_alone()
    done, review = await emergency(bank)
    everybody = ("chief", "compliance", "auditor", "ops", "vice", "kay", "head", "chief_b")

    async def waits() -> list[str]:
        query = "{ viewer { tasks(first: 100) { kind subject { id } } } }"
        told = [(who, (await ask(who, query))["data"]["viewer"]["tasks"]) for who in everybody]
        line = {"kind": "REVIEW_EMERGENCY", "subject": {"id": f"review_{review}"}}
        return [who for who, tasks in told if line in tasks]

    assert await waits() == ["chief", "compliance"]
    await bank.past_the_triggers(
        f"update operation_seats set staff_id = '{bank.people['chief'].staff_id}' where operation_id = '{done}' and staff_id ="
        f" '{bank.people['ops'].staff_id}'"
    )
    assert await waits() == ["compliance"]
    await bank.past_the_triggers(
        f"update operation_seats set staff_id = '{bank.people['ops'].staff_id}' where operation_id = '{done}' and staff_id ="
        f" '{bank.people['chief'].staff_id}'"
    )
    await bank.done("chief", Ask(A.REVIEW_EMERGENCY, detail=EmergencyReview(review, EmergencyFinding.JUSTIFIED, "事由属实")))
    assert await waits() == []


async def test_a_stocktake_that_was_counted_is_compared_and_signed_by_the_head_of_operations(bank: World, ask: Any) -> None:
    take, _, lies = await opened(bank)
    everybody = ("ops", "ann", "bob", "chief", "kay", "auditor", "ops_b")

    async def waits() -> tuple[list[str], list[str]]:
        return await seen(ask, "COMPARE_COUNTS", *everybody), await seen(ask, "SIGN_STOCKTAKE", *everybody)

    assert await waits() == ([], [])
    await bank.done("ann", count(take, lies))
    assert await waits() == ([], [])
    await bank.done("bob", count(take, lies))
    assert await waits() == (["ops"], [])
    await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
    assert await waits() == ([], ["ops"])
    await bank.done("ops", Ask(A.SIGN_STOCKTAKE, detail=SignStocktake(take)))
    assert await waits() == ([], [])


async def test_a_list_for_disposal_waits_for_each_of_its_three_heads(bank: World, ask: Any) -> None:
    volume, batch = await proposed(bank)
    await bank.hire("office", {Role.PRESIDENT_OFFICE}, bank.branches["A"].id, (bank.branches["A"].id,))
    left = ["head", "manager", "risk", "office"]
    everybody = (*left, "ops", "archivist", "chief", "auditor", "head_b", "risk_b")
    assert await seen(ask, "APPROVE_DISPOSAL", *everybody) == left
    for who, gone in (("head", {"head", "manager"}), ("risk", {"risk"}), ("office", {"office"})):
        await bank.done(who, await approve(bank, volume, batch))
        left = [name for name in left if name not in gone]
        assert await seen(ask, "APPROVE_DISPOSAL", *everybody) == left


async def test_an_old_position_waits_for_the_officer_who_asked_for_the_release(bank: World, ask: Any) -> None:
    case = await Case.make(bank)
    await case.paid()
    await case.asked()
    everybody = ("officer", "manager", "head", "kay", "core", "officer_b")
    assert await seen(ask, "STALE_POSITION", *everybody) == []
    await bank.past_the_triggers(f"update loan_positions set as_of = as_of - interval '30 hours' where loan_id = '{case.loan}'")
    assert await seen(ask, "STALE_POSITION", *everybody) == ["officer"]
    hours = (
        "insert into policy_parameters (key, value, org_id, effective_from) values ('position_hours', '48', $1, now() - interval '1 day')"
    )
    await bank.root.execute(hours, bank.branches["A"].id)
    assert await seen(ask, "STALE_POSITION", *everybody) == []


async def test_an_expected_paper_waits_for_the_officers_of_its_unit_until_it_comes(bank: World, ask: Any) -> None:
    paper = await expected(bank, (datetime.now(UTC) + timedelta(days=10)).date())
    everybody = ("officer", "manager", "kay", "clerk", "head", "archivist", "officer_b", "auditor")
    assert await seen(ask, "RECORD_ARRIVAL", *everybody) == ["officer", "manager"]
    await bank.done("officer", Ask(A.RECORD_ARRIVAL, records=(paper,), detail=Arrival(2, 1, True)))
    assert await seen(ask, "RECORD_ARRIVAL", *everybody) == [] and await seen(ask, "SEAL", "officer", "kay", "clerk") == ["officer", "kay"]


async def test_a_submitted_volume_waits_for_an_archivist(bank: World, ask: Any) -> None:
    loan, branch, officer, at = await bank.loan(), bank.branches["A"], bank.people["officer"], datetime.now(UTC) - timedelta(minutes=5)
    async with bank.database.transaction(officer) as conn:
        new = NewRecord(f"A2{bank.tag}X", None, "信贷档案", loan, branch.id, branch.id, pages=3)
        (volume,) = await register_records(conn, officer, [new], at)
        await add_items(conn, [NewItem(volume, branch.id, 1, DocumentType.CONTRACT, "合同", 3)], at)
    await bank.done("officer", Ask(A.SUBMIT_VOLUME, records=(volume,)))
    assert await seen(ask, "ACCEPT_VOLUME", "archivist", "officer", "kay", "clerk", "archivist_b") == ["archivist"]


async def test_a_case_is_its_owners_to_solve(bank: World, ask: Any) -> None:
    (volume,) = await bank.volumes()
    await missing(bank, volume)
    assert await seen(ask, "SOLVE_CASE", "clerk", "archivist", "ops", "officer") == ["clerk"]


async def test_a_report_is_its_writers_then_the_heads_then_the_presidents(bank: World, ask: Any) -> None:
    here = bank.branches["A"].id
    await bank.sql("update org_units set president_in_charge_id = $2 where id = $1", here, bank.people["vice"].staff_id)
    report = await bank.sql(
        "insert into inspection_reports (org_id, number, title, kind, subject, period_from, period_to, analysis, proposal, drafted_by, drafted_at)"
        " values ($1, $2, '定期检查', 'PERIODIC', 'ARCHIVES', current_date - 30, current_date, '分析', '建议', $3, now()) returning id",
        here, f"R{bank.tag}", bank.people["officer"].staff_id,
    )  # fmt: skip
    everybody = ("officer", "head", "vice", "risk", "head_b", "vice_b")
    for state, draft, sign in (("DRAFT", ["officer"], []), ("SUBMITTED", [], ["head"]), ("HEAD_SIGNED", [], ["vice"])):
        await bank.past_the_triggers(f"update inspection_reports set state = '{state}' where id = '{report}'")
        assert (await seen(ask, "FINISH_REPORT", *everybody), await seen(ask, "SIGN", *everybody)) == (draft, sign)


# Whose seat is open: the second person of each kind of operation, and nobody else.
async def test_the_override_seat_waits_for_whoever_has_the_permission_of_that_rule(bank: World, ask: Any) -> None:
    await bank.sees_itself_alone()
    request = await bank.approved(await bank.volumes(), tier=Tier.SECOND)
    ask_for = Ask(A.CHECK_OUT, request=request, due_on=bank.due(40), overrides=(Override("C21", "法院要求"),))
    about = (await bank.done("archivist", ask_for))["operation"]
    everybody = ("archivist", "chief", "vice", "ops", "head", "officer", "compliance", "chief_b")
    assert await seen(ask, "CONFIRM", *everybody, about=about) == ["chief", "vice"]
    set_ = (
        "insert into policy_parameters (key, value, org_id, effective_from) values ('override_roles.c21', $1, $2, now() - interval '1 day')"
    )
    await bank.root.execute(set_, '["OPS_HEAD"]', bank.branches["A"].id)
    assert await seen(ask, "CONFIRM", *everybody, about=about) == ["ops"]
    await bank.root.execute(set_.replace("1 day", "1 hour"), "[]", bank.branches["A"].id)
    assert await seen(ask, "CONFIRM", *everybody, about=about) == []


async def test_the_second_seat_of_a_correction_waits_for_a_head_or_compliance(bank: World, ask: Any) -> None:
    await bank.sees_itself_alone()
    (volume,) = await bank.volumes()
    scan = await scanned(bank, volume)
    detail = Correcting(CorrectionSubject.RECORD, volume, "title", "更正后的题名", scan)
    about = (await bank.done("archivist", Ask(A.CORRECT, records=(volume,), reason="录入有误", detail=detail)))["operation"]
    everybody = ("head", "ops", "chief", "compliance", "archivist", "officer", "kay", "admin", "head_b")
    assert await seen(ask, "CONFIRM", *everybody, about=about) == ["head", "ops", "chief", "compliance"]
    await bank.done("head", Ask(A.CONFIRM, operation=UUID(about)))
    assert await seen(ask, "CONFIRM", *everybody, about=about) == []


async def test_seats_of_heads_and_substitutes_wait_for_those_who_may_sit(bank: World, ask: Any) -> None:
    await bank.sees_itself_alone()
    (volume,) = await bank.volumes()
    await missing(bank, volume)
    await searched(bank, volume)
    about = (await bank.done("ops", Ask(A.DECLARE_LOST, records=(volume,), reason="经查找无着")))["operation"]
    everybody = ("ops", "vice", "compliance", "kay", "cody", "clerk", "head", "archivist")
    assert await seen(ask, "CONFIRM", *everybody, about=about) == ["vice"]
    await bank.done("vice", Ask(A.CONFIRM, operation=UUID(about)))
    papers = await bank.papers()
    envelope = await bank.sql("select envelope_id from archive_records where id = $1", papers[0])
    move = Ask(A.MOVE_LOCATION, records=tuple(papers), placements=(Placement(envelope, await bank.slot()),))
    about = (await bank.done("kay", move))["operation"]
    assert await seen(ask, "CONFIRM", *everybody, about=about) == ["cody", "clerk"]
    await bank.done("kay", Ask(A.WITHDRAW, operation=UUID(about)))
    about = (await bank.done("kay", replace(move, emergency="密码保管员突发疾病")))["operation"]
    assert await seen(ask, "CONFIRM", *everybody, about=about) == ["vice", "cody", "clerk"]
