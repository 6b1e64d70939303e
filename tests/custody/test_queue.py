"""Requests that wait: served by the return, the cancellation and the lapse that frees the record, in the same transaction."""

import asyncio
from uuid import UUID

import pytest

from server.custody.desk import Done, Refused
from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import Purpose, Role, Tier
from tests.harness.world import World

SECOND = Tier.SECOND


async def waits(bank: World, records: list[UUID], by: str = "legal") -> UUID:
    asked = Ask(A.REQUEST_CHECKOUT, records=tuple(records), purpose=Purpose.AUDIT, queue=True)
    request = UUID((await bank.done(by, asked))["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    return request


async def step(bank: World, request: UUID) -> str:
    return str(await bank.sql("select state from access_requests where id = $1", request))


async def position(bank: World, request: UUID) -> int:
    return int(await bank.sql("select queue_position($1)", request))


async def test_who_waits_is_served_by_the_return_in_the_order_of_the_queue(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=SECOND)
    first, second = await waits(bank, volumes), await waits(bank, volumes, "legal_two")
    assert [await step(bank, r) for r in (first, second)] == ["WAITING", "WAITING"]
    assert [await position(bank, r) for r in (first, second)] == [1, 2]
    await bank.presented(volumes, tier=SECOND)
    outcome = await bank.accepted(volumes, tier=SECOND)
    assert await bank.state(volumes[0]) == "RESERVED"
    assert [await step(bank, r) for r in (first, second)] == ["APPROVED", "WAITING"] and await position(bank, second) == 1
    tags = [r[0] for r in await bank.root.fetch("select tag from events where id = any($1) order by seq", outcome["events"])]
    assert tags[-2:] == ["record:accept_return:done", "record:reserve:done"]
    told = await bank.root.fetch("select staff_id, kind from notices where subject_id = $1", first)
    assert [tuple(t) for t in told] == [(bank.people["legal"].staff_id, "READY_TO_FETCH")]
    await bank.done("legal", Ask(A.CANCEL, request=first))
    assert await step(bank, second) == "APPROVED"


async def test_a_paper_that_somebody_waits_for_is_booked_in_and_reserved_at_once(bank: World) -> None:
    papers = await bank.papers()
    await bank.out(papers)
    asked = Ask(A.REQUEST_CHECKOUT, records=tuple(papers), purpose=Purpose.CERTIFICATE_CHANGE, queue=True)
    request = UUID((await bank.done("legal", asked))["request"])
    for head in ("head", "risk"):
        await bank.done(head, Ask(A.APPROVE, request=request))
    await bank.presented(papers)
    await bank.accepted(papers)
    assert (await bank.state(papers[0]), await step(bank, request)) == ("RESERVED", "APPROVED")
    booked = await bank.root.fetch("select direction from off_balance_entries where record_id = $1 order by queued_at", papers[0])
    assert [r[0] for r in booked] == ["IN", "OUT", "IN"]


async def test_without_the_wish_to_wait_the_last_approval_is_refused_as_before(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=SECOND)
    request = await bank.requests(volumes, by="legal", tier=SECOND)
    assert ("C14", "ALREADY_CHECKED_OUT") in await bank.refused("head", Ask(A.APPROVE, request=request))


async def test_a_lapsed_reservation_is_the_next_ones_and_nobody_jumps_the_queue(bank: World) -> None:
    volumes = await bank.volumes()
    reserved, queued = await bank.approved(volumes, tier=SECOND), await waits(bank, volumes)
    service = await bank.hire("jobs", {Role.SYSTEM}, bank.branches["A"].id, (bank.branches["A"].id,))
    assert ("C15", "INVALID_TRANSITION") in await bank.refused("jobs", Ask(A.LAPSE, records=tuple(volumes)))
    late = await bank.requests(volumes, by="legal_two", tier=SECOND)
    bank.later(days=9)
    assert await bank.refused("head", Ask(A.APPROVE, request=late)) == [("C14", "RESERVED_BY_OTHER")]
    await bank.done("jobs", Ask(A.LAPSE, records=tuple(volumes)))
    assert (await step(bank, reserved), await step(bank, queued)) == ("LAPSED", "APPROVED") and service
    assert await bank.state(volumes[0]) == "RESERVED"


async def test_who_joins_while_others_wait_for_something_free_lets_them_go_first(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.approved(volumes, tier=SECOND)
    first = await waits(bank, volumes)
    bank.later(days=9)
    second = await waits(bank, volumes, "legal_two")  # meets the lapse
    assert [await step(bank, r) for r in (first, second)] == ["APPROVED", "WAITING"]


async def test_a_request_of_several_records_waits_for_all_of_them(bank: World) -> None:
    loan = await bank.loan()
    one, two = (await bank.volumes(loan=loan))[0], (await bank.volumes(loan=loan))[0]
    await bank.out([one], tier=SECOND)
    await bank.out([two], tier=SECOND)
    both, single = await waits(bank, [one, two]), await waits(bank, [two], "legal_two")
    await bank.presented([one], tier=SECOND)
    await bank.accepted([one], tier=SECOND)
    assert await step(bank, both) == "WAITING" and await bank.state(one) == "FILED"
    await bank.presented([two], tier=SECOND)
    await bank.accepted([two], tier=SECOND)
    assert (await step(bank, both), await step(bank, single)) == ("APPROVED", "WAITING")
    assert [await bank.state(r) for r in (one, two)] == ["RESERVED", "RESERVED"]


async def test_whose_turn_a_rule_forbids_keeps_the_place_and_the_next_is_served(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=SECOND)
    first, second = await waits(bank, volumes), await waits(bank, volumes, "legal_two")
    await bank.sql("update staff set active = false where id = $1", bank.people["legal"].staff_id)
    await bank.presented(volumes, tier=SECOND)
    await bank.accepted(volumes, tier=SECOND)
    assert (await step(bank, first), await step(bank, second)) == ("WAITING", "APPROVED")


async def test_who_waits_may_take_it_back_and_frees_nothing(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=SECOND)
    first = await waits(bank, volumes)
    await bank.done("legal", Ask(A.CANCEL, request=first))
    assert await step(bank, first) == "CANCELLED" and await bank.state(volumes[0]) == "CHECKED_OUT"


async def test_nothing_is_extended_that_somebody_waits_for_or_that_was_asked_back(bank: World) -> None:
    waited, recalled = await bank.volumes(), await bank.volumes()
    for volumes in (waited, recalled):
        await bank.out(volumes, tier=SECOND)
    blocked = [("C23", "EXTENSION_BLOCKED_BY_REQUEST")]
    longer = {r[0]: Ask(A.REQUEST_EXTENSION, records=tuple(r), due_on=bank.due(4)) for r in (waited, recalled)}
    before = UUID((await bank.done("officer", longer[waited[0]]))["request"])
    await waits(bank, waited)
    assert await bank.refused("head", Ask(A.APPROVE, request=before)) == blocked
    await bank.done("archivist", Ask(A.RECALL, records=tuple(recalled), reason="他人急用"))
    assert await bank.refused("officer", longer[recalled[0]]) == blocked
    assert await bank.refused("head", Ask(A.RECALL, records=tuple(recalled), reason="再催")) == [("C24", "CHECKOUT_RECALLED")]
    row = await bank.root.fetchrow("select recalled_by, recall_reason from movements where record_id = $1", recalled[0])
    assert tuple(row) == (bank.people["archivist"].staff_id, "他人急用")
    told = await bank.root.fetch("select staff_id, kind from notices where record_id = $1", recalled[0])
    assert [tuple(t) for t in told] == [(bank.people["officer"].staff_id, "RECALLED")]


@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.soak)])
async def test_two_returns_at_once_serve_who_waits_for_both(bank: World, rounds: int) -> None:
    for _ in range(rounds):
        loan = await bank.loan()
        one, two = (await bank.volumes(loan=loan))[0], (await bank.volumes())[0]
        for record in (one, two):
            await bank.out([record], tier=SECOND)
        both = await waits(bank, [one, two])
        for record in (one, two):
            await bank.presented([record], tier=SECOND)
        await asyncio.gather(bank.accepted([one], tier=SECOND), bank.accepted([two], tier=SECOND))
        assert await step(bank, both) == "APPROVED"
        await bank.done("legal", Ask(A.CANCEL, request=both))


@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.soak)])
async def test_a_cancellation_against_the_return_leaves_nobody_forgotten(bank: World, rounds: int) -> None:
    for _ in range(rounds):
        volumes = await bank.volumes()
        await bank.out(volumes, tier=SECOND)
        first, second = await waits(bank, volumes), await waits(bank, volumes, "legal_two")
        await bank.presented(volumes, tier=SECOND)
        ask = Ask(A.ACCEPT_RETURN, records=tuple(volumes), inspections=bank.inspected(volumes))
        answers = await asyncio.gather(bank.does("archivist", ask), bank.does("legal", Ask(A.CANCEL, request=first)))
        assert all(isinstance(a, Done) for a in answers), answers
        assert (await step(bank, first), await step(bank, second)) == ("CANCELLED", "APPROVED")
        await bank.done("legal_two", Ask(A.CANCEL, request=second))


async def test_a_holder_is_blocked_days_after_the_due_day_and_the_unit_later(bank: World) -> None:
    volumes, other = await bank.volumes(), await bank.volumes()
    await bank.out(volumes, tier=SECOND)
    ask = Ask(A.REQUEST_CHECKOUT, records=tuple(other), purpose=Purpose.AUDIT)
    bank.later(days=4)
    assert (await bank.desk.explain(bank.people["officer"], ask)).allowed
    bank.later(days=8)
    answer = await bank.does("officer", ask)
    assert isinstance(answer, Refused) and [v.code for v in answer.violations] == ["BORROWER_BLOCKED"]
    assert (await bank.desk.explain(bank.people["legal"], ask)).allowed
    bank.later(days=20)
    assert await bank.refused("legal", ask) == [("C18", "BORROWER_BLOCKED")]
