"""What people are told because the clock says so: in time to nobody, late to whoever must see to it, once, however often a job runs."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from server.custody.moves import Ask
from server.custody.moves.handovers import OnHandover
from server.custody.moves.papers import Arrival, ExpectedPaper, Refusal
from server.custody.moves.registers import EmergencyReview
from server.custody.moves.stocktakes import CompareCounts, SignStocktake
from server.custody.moves.volumes import ElementsChecked, Found
from server.jobs.sources import SOURCES
from storage.terms import Action as A
from storage.terms import Element, ElementResult, EmergencyFinding, NoticeKind, PaperKind, Tier
from tests.custody.chapters.certificates import emergency
from tests.custody.chapters.stocktakes import counted, opened
from tests.custody.handing import THERE, seal, sent, taken
from tests.custody.handing import opened as opened_list
from tests.custody.releasing import secures
from tests.harness import servers
from tests.harness.jobs import jobs_of
from tests.harness.ledger import Ledger, bucket_of
from tests.harness.losses import found, missing
from tests.harness.packs import contract_of
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


async def test_a_shipment_that_does_not_arrive_in_time_is_told_to_the_heads_of_operations_of_both_sides(bank: World) -> None:
    await sent(bank, await bank.papers())
    arrived = await bank.papers()
    handover = await sent(bank, arrived)
    await taken(bank, handover, arrived)
    assert not await told(bank, NoticeKind.TRANSIT_LATE)
    bank.later(days=15)
    assert await told(bank, NoticeKind.TRANSIT_LATE) == {"ops": 1, "ops_b": 1}


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


async def signed(bank: World, place: UUID, days: int = 0) -> None:
    """A stocktake of the place, signed so many days ago."""
    here, who = bank.branches["A"].id, [bank.people[name].staff_id for name in ("ops", "chief", "legal")]
    await bank.past_the_triggers(
        "insert into stocktakes (org_id, place_id, as_of, freeze_hours, opened_by, first_counter_id, second_counter_id, state, compared_at, compared_by,"
        f" signed_at, signed_by) select '{here}', '{place}', t, 4, '{who[0]}', '{who[1]}', '{who[2]}', 'SIGNED', t, '{who[0]}', t, '{who[0]}'"
        f" from (select now() - interval '{days} days') x (t)"
    )


async def long_here(bank: World, vault: UUID, days: int = 400) -> None:
    """All that lies in the vault came in so many days ago."""
    at = f"now() - interval '{days} days'"
    await bank.past_the_triggers(f"update archive_records set created_at = {at} where vault_id = '{vault}'")
    await bank.past_the_triggers(f"update off_balance_entries set queued_at = {at} where vault_id = '{vault}'")


# Whole days, whatever the clock says: midnight may come between what is written and what is read.
SINCE = """select round(extract(epoch from counted_at - now()) / 86400)::int as counted, round(extract(epoch from since - now()) / 86400)::int as since
  from vault_counted($1)"""


async def test_what_comes_into_an_empty_cabinet_is_not_overdue_at_once(bank: World) -> None:
    here, state = bank.branches["A"], "update storage_locations set created_at = now() - interval '400 days' where vault_id = $1 or id = $1"
    await bank.sql(state, here.vault)
    (paper,) = await bank.papers()
    assert tuple(await bank.root.fetchrow(SINCE, here.vault) or ()) == (None, 0)
    await signed(bank, here.cabinet, 300)  # and then it was emptied
    assert tuple(await bank.root.fetchrow(SINCE, here.vault) or ()) == (-300, 0)
    assert not await told(bank, NoticeKind.STOCKTAKE_MISSED)
    await long_here(bank, here.vault, 250)
    assert tuple(await bank.root.fetchrow(SINCE, here.vault) or ()) == (-300, -250)
    assert await told(bank, NoticeKind.STOCKTAKE_MISSED) == {"ops": 1}
    await bank.papers()  # what comes beside it makes it no younger
    assert tuple(await bank.root.fetchrow(SINCE, here.vault) or ()) == (-300, -250)
    await bank.out([paper])
    assert tuple(await bank.root.fetchrow(SINCE, here.vault) or ()) == (-300, 0)
    (volume,) = await bank.volumes()
    await bank.past_the_triggers(
        f"update archive_records set location_id = '{here.cabinet}', created_at = now() - interval '200 days' where id = '{volume}'"
    )
    assert tuple(await bank.root.fetchrow(SINCE, here.vault) or ()) == (-300, -200)


async def test_a_vault_is_counted_when_each_of_its_cabinets_is(bank: World) -> None:
    await bank.papers()
    here = bank.branches["A"]
    one, empty, other = here.cabinet, *[await bank._place(here.id, "CABINET", here.vault, here.vault) for _ in range(2)]
    here.cabinet = other
    await bank.papers()
    await bank.sql("update storage_locations set created_at = now() - interval '400 days' where vault_id = $1 or id = $1", here.vault)
    await long_here(bank, here.vault)
    for place, days, last, since in (
        (empty, 0, None, -400), (one, 3, None, -400), (other, 9, -9, -9), (here.vault, 5, -5, -5), (other, 0, -3, -3), (one, 0, 0, 0),
    ):  # fmt: skip
        missed = await told(bank, NoticeKind.STOCKTAKE_MISSED)
        await signed(bank, place, days)
        assert tuple(await bank.root.fetchrow(SINCE, here.vault) or ()) == (last, since), place
    assert missed == {"ops": 1}
    loose = await bank._place(here.id, "SLOT", here.vault, here.vault)
    await bank.sql("update storage_locations set created_at = now() - interval '300 days' where id = $1", loose)
    (paper,) = await bank.papers()
    await long_here(bank, here.vault)
    await bank.past_the_triggers(
        f"update sealed_envelopes set location_id = '{loose}' where id = (select envelope_id from archive_records where id = '{paper}')"
    )
    assert tuple(await bank.root.fetchrow(SINCE, here.vault) or ()) == (-5, -5)  # in the vault that was counted as a whole
    await bank.past_the_triggers(f"delete from stocktakes where place_id = '{here.vault}'")
    assert tuple(await bank.root.fetchrow(SINCE, here.vault) or ()) == (None, -300)


async def test_one_counted_cabinet_silences_no_other(bank: World) -> None:
    here = bank.branches["A"]
    await bank.papers()
    await long_here(bank, here.vault)
    await bank.sql("update storage_locations set created_at = now() - interval '400 days' where vault_id = $1", here.vault)
    await signed(bank, await bank._place(here.id, "CABINET", here.vault, here.vault))
    assert await told(bank, NoticeKind.STOCKTAKE_MISSED) == {"ops": 1}


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


async def test_who_registered_or_expected_a_paper_is_told_that_it_was_refused(bank: World) -> None:
    (paper,), awaited = await bank.unsealed(), await expected(bank, bank.day(3))
    await bank.done("officer", Ask(A.RECORD_ARRIVAL, records=(awaited,), detail=Arrival(1, 1)))
    for record in (paper, awaited):
        await bank.done("kay", Ask(A.REFUSE_INTAKE, records=(record,), reason="印章不清", detail=Refusal(bank.day(3))))
    assert await told(bank, NoticeKind.INTAKE_REFUSED) == {"officer": 2}
    await bank.done("manager", Ask(A.RECORD_ARRIVAL, records=(paper,), detail=Arrival(1, 1)))
    await bank.done("kay", Ask(A.REFUSE_INTAKE, records=(paper,), reason="仍不清", detail=Refusal(bank.day(3))))
    assert await told(bank, NoticeKind.INTAKE_REFUSED) == {"officer": 3}


async def test_an_applicant_is_told_that_a_request_was_rejected_or_its_paper_is_missing(bank: World) -> None:
    rejected, reserved = await bank.requests(await bank.volumes(), tier=Tier.SECOND), await bank.volumes()
    await bank.done("head", Ask(A.REJECT, request=rejected, reason="理由不足"))
    assert await told(bank, NoticeKind.REQUEST_REJECTED) == {"officer": 1}
    await bank.approved(reserved, tier=Tier.SECOND)
    back = await bank.requests(await bank.volumes(), tier=Tier.SECOND)
    await bank.done("officer", Ask(A.CANCEL, request=back, reason="不需要了"))
    await missing(bank, reserved[0])
    assert await told(bank, NoticeKind.REQUEST_CANCELLED) == {"officer": 1}


@pytest.mark.parametrize("managed", [True, False])
async def test_a_gap_of_a_contract_past_its_day_is_told_to_whoever_manages_the_loan(bank: World, managed: bool) -> None:
    loan = await bank.loan(manager="manager" if managed else None)
    contract = await contract_of(bank, loan)

    async def found(result: ElementResult) -> None:
        gap = Found(Element.INSURANCE, result, None, None)
        await bank.done("officer", Ask(A.RECORD_ELEMENT_CHECK, detail=ElementsChecked(contract, (gap,))))

    await found(ElementResult.MISSING)
    assert not await told(bank, NoticeKind.ELEMENT_LATE)
    bank.later(days=90)
    late = {"manager": 1} if managed else {"officer": 1, "manager": 1}
    assert await told(bank, NoticeKind.ELEMENT_LATE) == late
    await found(ElementResult.PRESENT)
    bank.later(days=90)
    assert await told(bank, NoticeKind.ELEMENT_LATE) == late


async def outlet(bank: World) -> UUID:
    made = "insert into org_units (code, name, level, parent_id, has_vault) values ($1, '网点', 'SUB_BRANCH', $2, false) returning id"
    return UUID(str(await bank.sql(made, f"N{bank.tag}", bank.branches["A"].id)))


def in_the_morning(bank: World) -> datetime:
    """The desk's clock goes on to ten o'clock of the bank's next day: what comes today comes before the close of business, whenever this runs."""
    now = datetime.now(timezone(timedelta(hours=8)))
    ten = (now + timedelta(days=1)).replace(hour=10, minute=0)
    bank.later(seconds=(ten - now).total_seconds())
    return ten


async def test_a_paper_that_stays_overnight_where_there_is_no_vault_is_told_to_both_heads(bank: World) -> None:
    ten = in_the_morning(bank)
    here, none = bank.branches["A"].id, await outlet(bank)
    (away,), (kept,) = await bank.unsealed(), await bank.unsealed()
    await bank.past_the_triggers(f"update archive_records set custody_org_id = '{none}' where id = '{away}'")
    await bank.past_the_triggers(f"update archive_records set org_id = '{none}' where id = '{kept}'")  # whose loan it is keeps nothing
    await bank.past_the_triggers(f"update events set happened_at = '{ten}' where record_id in ('{away}', '{kept}')")
    assert not await told(bank, NoticeKind.PAPER_OVERNIGHT)
    await bank.past_the_triggers(f"update events set happened_at = happened_at - interval '1 day' where record_id in ('{away}', '{kept}')")
    assert await told(bank, NoticeKind.PAPER_OVERNIGHT) == {"chief": 1, "ops": 1}
    of = "select array_agg(distinct subject_id) from notices where kind = 'PAPER_OVERNIGHT' and staff_id = $1"
    assert await bank.sql(of, bank.people["chief"].staff_id) == [away]
    await bank.past_the_triggers(f"update archive_records set custody_org_id = '{here}' where id = '{away}'")
    await bank.past_the_triggers(f"update archive_records set org_id = '{here}' where id = '{kept}'")


async def test_the_night_is_counted_from_when_a_paper_was_handed_over(bank: World) -> None:
    in_the_morning(bank)
    (paper,), _ = await bank.registered()
    chain = await bank.sql("select chain_id from events where record_id = $1", paper)
    handover = await opened_list(bank, [paper])
    await bank.seated(Ask(A.SEND_PENDING, records=(paper,), detail=OnHandover(handover, seal_no=seal(bank))), ["officer", "clerk"])
    await bank.past_the_triggers(f"update events set happened_at = happened_at - interval '3 days' where chain_id = '{chain}'")
    await bank.seated(Ask(A.RECEIVE_PENDING, records=(paper,), detail=OnHandover(handover)), THERE)
    there = bank.branches["B"].id
    await bank.past_the_triggers(f"update org_units set has_vault = false where id = '{there}'")
    assert not await told(bank, NoticeKind.PAPER_OVERNIGHT)
    await bank.past_the_triggers(f"update events set happened_at = happened_at - interval '1 day' where chain_id = '{chain}'")
    assert (await told(bank, NoticeKind.PAPER_OVERNIGHT)).keys() == {"chief_b", "ops_b"}
    await bank.past_the_triggers(f"update org_units set has_vault = true where id = '{there}'")


async def test_nobody_is_told_of_a_gap_of_what_is_paid_off(bank: World) -> None:
    loan = await bank.loan(manager="manager")
    contract = await contract_of(bank, loan)
    gap = Found(Element.INSURANCE, ElementResult.MISSING, None, None)
    await bank.done("officer", Ask(A.RECORD_ELEMENT_CHECK, detail=ElementsChecked(contract, (gap,))))
    bank.later(days=90)
    await bank.past_the_triggers(f"update loans set status = 'SETTLED' where id = '{loan}'")
    assert not await told(bank, NoticeKind.ELEMENT_LATE)
    await bank.past_the_triggers(f"update loans set status = 'ACTIVE' where id = '{loan}'")
    assert await told(bank, NoticeKind.ELEMENT_LATE) == {"manager": 1}


@pytest_asyncio.fixture(scope="module")
async def empty(pytestconfig: pytest.Config) -> AsyncIterator[World]:
    """A bank in a database of its own: what other tests have left in one would have its say in a plan."""
    told: dict[str, Any] = pytestconfig.told  # type: ignore[attr-defined]  # the servers
    ledger = Ledger(told, await asyncio.to_thread(servers.clone, told), bucket_of(told))
    async with ledger.bank() as made:
        yield made
    ledger.bucket.close()


@pytest.mark.parametrize(
    ("kind", "index"),
    [(NoticeKind.ELEMENT_LATE, "ix_contract_element_items_gaps"), (NoticeKind.PAPER_OVERNIGHT, "ix_archive_records_pending"),
     (NoticeKind.STOCKTAKE_MISSED, "ix_off_balance_entries_vault_id")],
)  # fmt: skip
async def test_what_is_late_is_sought_from_where_it_is_rare(empty: World, kind: NoticeKind, index: str) -> None:
    """Every ten minutes, of a bank with a million contracts; and once, whoever is told."""
    (sql,) = [source.sql for source in SOURCES if source.kind is kind]
    await jobs_of(empty)
    async with empty.database.transaction(empty.people["jobs"]) as conn:
        await conn.raw.execute("set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_hashjoin = off")
        plan = "\n".join(r[0] for r in await conn.raw.fetch(f"explain {sql}", datetime.now(UTC), date.today()))
    first = re.search(r"Scan using (ix_archive|ix_contract_element|ix_off|\w*contracts)\w*", plan)
    assert first and index in first[0], plan
