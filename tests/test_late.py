"""What people are told because the clock says so: in time to nobody, late to whoever must see to it, once, however often a job runs."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from server.custody.moves import Ask
from server.custody.moves.papers import ExpectedPaper
from server.custody.moves.registers import EmergencyReview
from server.custody.moves.stocktakes import CompareCounts, SignStocktake
from storage.terms import Action as A
from storage.terms import EmergencyFinding, NoticeKind, PaperKind
from tests.custody.chapters.certificates import emergency
from tests.custody.chapters.stocktakes import counted, opened
from tests.custody.handing import sent, taken
from tests.custody.releasing import secures
from tests.harness.jobs import jobs_of
from tests.harness.losses import found, missing
from tests.harness.world import World


async def told(bank: World, kind: NoticeKind) -> Counter[str]:
    """Two workers at once, and once more; then who has been told of that kind."""
    one, two = await jobs_of(bank), await jobs_of(bank)
    await asyncio.gather(one.notify(), two.notify())
    await one.notify()
    names = {p.staff_id: name for name, p in bank.people.items()}
    rows = await bank.root.fetch("select staff_id from notices where kind = $1 and staff_id = any($2)", kind.value, list(names))
    return Counter(names[r["staff_id"]] for r in rows)


async def test_a_case_past_its_deadline_is_told_to_its_owner_and_to_the_head_of_operations(bank: World) -> None:
    (volume,), (solved,) = await bank.volumes(), await bank.volumes()
    for record in (volume, solved):
        await missing(bank, record)
    await bank.seated(found(bank, solved), ["archivist"])
    assert not await told(bank, NoticeKind.CASE_LATE)
    bank.later(days=6)
    assert await told(bank, NoticeKind.CASE_LATE) == {"clerk": 1, "ops": 1}
    case = await bank.sql("select subject_id from notices where kind = 'CASE_LATE' and staff_id = $1", bank.people["ops"].staff_id)
    assert case == await bank.sql("select id from discrepancies where record_id = $1", volume)
    bank.later(days=30)
    assert await told(bank, NoticeKind.CASE_LATE) == {"clerk": 1, "ops": 1}


async def test_a_shipment_that_does_not_arrive_in_time_is_told_to_the_head_of_operations(bank: World) -> None:
    await sent(bank, await bank.papers())
    arrived = await bank.papers()
    handover = await sent(bank, arrived)
    await taken(bank, handover, arrived)
    assert not await told(bank, NoticeKind.TRANSIT_LATE)
    bank.later(days=15)
    assert await told(bank, NoticeKind.TRANSIT_LATE) == {"ops": 1}


async def test_a_vault_that_was_not_counted_for_too_long_is_told_to_its_head_of_operations(bank: World) -> None:
    take, _, lies = await opened(bank)
    assert not await told(bank, NoticeKind.STOCKTAKE_MISSED)
    bank.later(days=200)
    assert await told(bank, NoticeKind.STOCKTAKE_MISSED) == {"ops": 1}  # and nobody of branch B, whose vault is empty
    bank.desk.shift = timedelta()
    await counted(bank, take, lies)
    await bank.done("ops", Ask(A.COMPARE_COUNTS, detail=CompareCounts(take)))
    await bank.done("ops", Ask(A.SIGN_STOCKTAKE, detail=SignStocktake(take)))
    bank.later(days=150)
    assert await told(bank, NoticeKind.STOCKTAKE_MISSED) == {"ops": 1}
    bank.later(days=90)
    assert await told(bank, NoticeKind.STOCKTAKE_MISSED) == {"ops": 2}  # another month, another occasion


async def test_a_unit_that_counts_more_often_is_told_sooner(bank: World) -> None:
    await opened(bank)
    bank.later(days=40)
    assert not await told(bank, NoticeKind.STOCKTAKE_MISSED)
    own = "insert into policy_parameters (key, value, org_id, effective_from) values ('stocktake_days', '30', $1, now() - interval '1 day')"
    await bank.sql(own, bank.branches["A"].id)
    assert await told(bank, NoticeKind.STOCKTAKE_MISSED) == {"ops": 1}


async def expected(bank: World, by: date) -> UUID:
    loan, asset = await bank.loan(manager="officer"), await bank.collateral()
    await secures(bank, loan, asset)
    bank.number += 1
    detail = ExpectedPaper(
        loan, asset, bank.branches["A"].vault, f"E{bank.tag}{bank.number}", "登记证书", PaperKind.OTHER_TITLE, by, "车管所"
    )
    return UUID((await bank.done("officer", Ask(A.EXPECT_PAPER, detail=detail)))["records"][0])


async def test_a_paper_that_does_not_come_is_told_to_the_manager_of_the_loan_and_the_head_of_credit(bank: World) -> None:
    await expected(bank, (datetime.now(UTC) + timedelta(days=10)).date())
    assert not await told(bank, NoticeKind.PAPER_LATE)
    bank.later(days=12)
    assert await told(bank, NoticeKind.PAPER_LATE) == {"officer": 1, "head": 1, "manager": 1}


@pytest.mark.parametrize("reviewed", [False, True])
async def test_an_emergency_that_nobody_reviews_is_told_to_compliance(bank: World, reviewed: bool) -> None:
    _, review = await emergency(bank)
    if reviewed:
        await bank.done("chief", Ask(A.REVIEW_EMERGENCY, detail=EmergencyReview(review, EmergencyFinding.JUSTIFIED, "属实，已补办手续")))
    assert not await told(bank, NoticeKind.EMERGENCY_UNREVIEWED)
    bank.later(days=6)
    assert await told(bank, NoticeKind.EMERGENCY_UNREVIEWED) == ({} if reviewed else {"compliance": 1, "compliance_two": 1})
