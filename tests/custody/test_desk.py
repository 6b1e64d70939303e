"""The acts of the desk, each done right once, and the ways in which they are refused."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from server.custody.desk import Done, Refused
from server.custody.moves import Ask
from server.errors import InvalidInput, VersionConflict
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject, Purpose, Role, Seat, Tier
from tests.custody.chapters.volumes import ended
from tests.custody.handing import sent
from tests.harness.losses import lost
from tests.harness.world import World

Left = Callable[[World], Awaitable[tuple[UUID, UUID]]]


async def test_a_paper_goes_out_with_four_seats_and_comes_back_with_three(bank: World) -> None:
    papers = await bank.papers(2)
    request = await bank.approved(papers)
    assert await bank.state(papers[0]) == "RESERVED"
    opened = await bank.done("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    assert opened["state"] == "PENDING"
    operation = UUID(opened["operation"])
    for who in ("cody", "clerk"):
        assert (await bank.done(who, Ask(A.CONFIRM, operation=operation)))["state"] == "PENDING"
    assert await bank.state(papers[0]) == "RESERVED"
    assert (await bank.done("officer", Ask(A.CONFIRM, operation=operation)))["state"] == "DONE"
    assert [await bank.state(p) for p in papers] == ["CHECKED_OUT", "CHECKED_OUT"]
    await bank.presented(papers)
    await bank.accepted(papers)
    assert [await bank.state(p) for p in papers] == ["IN_VAULT", "IN_VAULT"]
    assert await bank.sql("select count(*) from off_balance_entries where record_id = any($1)", papers) == 6


async def test_a_volume_needs_the_archivist_alone_and_can_be_lent_again(bank: World) -> None:
    volumes = await bank.volumes()
    for _ in range(2):
        await bank.out(volumes, tier=Tier.SECOND)
        await bank.presented(volumes, tier=Tier.SECOND)
        await bank.accepted(volumes, tier=Tier.SECOND)
    assert await bank.state(volumes[0]) == "FILED"


async def test_a_volume_is_read_in_the_room_and_put_back_the_same_day(bank: World) -> None:
    volumes = await bank.volumes()
    ask = Ask(A.REQUEST_READING, records=tuple(volumes), purpose=Purpose.AUDIT)
    request = UUID((await bank.done("officer", ask))["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    await bank.done("archivist", Ask(A.START_READING, request=request))
    assert await bank.state(volumes[0]) == "READING"
    await bank.done("archivist", Ask(A.END_READING, records=tuple(volumes)))
    assert await bank.state(volumes[0]) == "FILED"


async def test_the_same_key_answers_the_same_ids_and_another_input_is_a_conflict(bank: World) -> None:
    volumes, key = await bank.volumes(), uuid4().hex
    ask = Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT)
    first, again = await bank.does("officer", ask, key), await bank.does("officer", ask, key)
    assert isinstance(first, Done) and isinstance(again, Done)
    assert first.outcome == again.outcome and again.replayed and not first.replayed


async def test_a_second_approved_request_is_told_who_was_first(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.approved(volumes, tier=Tier.SECOND)
    late = await bank.requests(volumes, tier=Tier.SECOND)
    assert await bank.refused("head", Ask(A.APPROVE, request=late)) == [
        ("C14", "RESERVED_BY_OTHER"),
        ("C15", "INVALID_TRANSITION"),
    ]


async def test_a_refusal_spends_no_key_and_stands_in_the_access_log(bank: World) -> None:
    volumes, key = await bank.volumes(), uuid4().hex
    ask = Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.CERTIFICATE_CHANGE)
    answer = await bank.does("officer", ask, key)
    assert isinstance(answer, Refused) and [v.code for v in answer.violations] == ["PURPOSE_NOT_ALLOWED"]
    assert await bank.sql("select count(*) from idempotency_keys where idempotency_key = $1", key) == 0
    logged = await bank.sql("select result from access_log where $1 = any(subject_ids)", volumes[0])
    assert logged == "REFUSED"


async def test_a_lapsed_reservation_counts_as_gone_for_everybody_at_once(bank: World) -> None:
    volumes = await bank.volumes()
    request = await bank.approved(volumes, tier=Tier.SECOND)
    bank.later(days=6)
    told = await bank.refused("archivist", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    assert ("C20", "RESERVATION_EXPIRED") in told
    await bank.approved(volumes, tier=Tier.SECOND)
    assert await bank.sql("select state from access_requests where id = $1", request) == "LAPSED"


async def test_an_extension_counts_from_the_old_due_instant_and_only_once(bank: World) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    ask = Ask(A.REQUEST_EXTENSION, records=tuple(volumes), due_on=bank.due(6))
    request = UUID((await bank.done("officer", ask))["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    assert ("C22", "EXTENSION_LIMIT") in await bank.refused("officer", ask)


async def test_a_return_is_rejected_item_by_item_and_the_missing_one_gets_a_case(bank: World) -> None:
    papers = await bank.papers(2)
    await bank.out(papers)
    await bank.presented(papers)
    here = bank.inspected(papers[:1], no_damage=False, findings="角部撕裂")
    gone = bank.inspected(papers[1:], numbers_match=False, missing=True, findings="未随封包归还")
    await bank.seated(Ask(A.REJECT_RETURN, records=tuple(papers), inspections=here + gone), ["kay", "cody"])
    assert [await bank.state(p) for p in papers] == ["CHECKED_OUT", "MISSING"]
    assert await bank.sql("select count(*) from discrepancies where record_id = $1 and owner_id is not null", papers[1]) == 1


async def test_what_did_not_come_back_is_found_missing_by_the_same_seats(bank: World) -> None:
    papers = await bank.papers()
    await bank.out(papers)
    await bank.presented(papers)
    ask = Ask(A.REJECT_RETURN, records=tuple(papers), inspections=bank.inspected(papers, missing=True, findings="未随封包归还"))
    operation = UUID((await bank.done("kay", ask))["operation"])
    for who, seat, wrong in (("kay", Seat.KEY, "SEAT_NOT_OPEN"), ("officer", Seat.CODE, "DUAL_CONTROL_REQUIRED")):
        told = await bank.desk.explain(bank.people[who], Ask(A.CONFIRM, operation=operation, seat=seat))
        assert wrong in {check.rule.code for check in told.checks if not check.passed}
    await bank.done("cody", Ask(A.CONFIRM, operation=operation))
    assert await bank.state(papers[0]) == "MISSING"


async def test_a_missing_record_cancels_its_reservation(bank: World) -> None:
    volumes = await bank.volumes()
    request = await bank.approved(volumes, tier=Tier.SECOND)
    await bank.done("archivist", Ask(A.REPORT_MISSING, records=tuple(volumes), reason="架上无此卷"))
    assert await bank.state(volumes[0]) == "MISSING"
    assert await bank.sql("select state from access_requests where id = $1", request) == "CANCELLED"


async def test_a_waiting_request_is_cancelled_without_harm_to_the_reservation_of_another(bank: World) -> None:
    volumes = await bank.volumes()
    waiting = await bank.requests(volumes, tier=Tier.SECOND)
    reserved = await bank.approved(volumes, tier=Tier.SECOND)
    await bank.done("officer", Ask(A.CANCEL, request=waiting, reason="不需要了"))
    assert await bank.state(volumes[0]) == "RESERVED"
    await bank.done("officer", Ask(A.CANCEL, request=reserved, reason="不需要了"))
    assert await bank.state(volumes[0]) == "FILED"


async def closed(bank: World) -> tuple[UUID, UUID]:
    volume = await ended(bank)
    request = await bank.requests([volume], tier=Tier.SECOND)
    await bank.done("archivist", Ask(A.CLOSE_VOLUME, records=(volume,)))
    return volume, request


async def on_the_way(bank: World) -> tuple[UUID, UUID]:
    (volume,) = await bank.volumes()
    request = await bank.requests([volume], tier=Tier.SECOND)
    await sent(bank, [volume], Tier.SECOND)
    return volume, request


async def paper_on_the_way(bank: World) -> tuple[UUID, UUID]:
    (paper,) = await bank.papers()
    request = await bank.requests([paper])
    await sent(bank, [paper])
    return paper, request


async def never_found(bank: World) -> tuple[UUID, UUID]:
    (paper,) = await bank.papers()
    request = await bank.requests([paper])
    await lost(bank, paper)
    return paper, request


@pytest.mark.parametrize("left", [closed, on_the_way, paper_on_the_way, never_found])
@pytest.mark.parametrize(("who", "act"), [("officer", A.CANCEL), ("head", A.REJECT)])
async def test_a_request_ends_whatever_became_of_its_paper(bank: World, left: Left, who: str, act: A) -> None:
    record, request = await left(bank)
    before = await bank.state(record)
    await bank.done(who, Ask(act, request=request, reason="不需要了"))
    assert await bank.sql("select state from access_requests where id = $1", request) in ("CANCELLED", "REJECTED")
    assert await bank.state(record) == before


async def test_papers_of_one_envelope_do_not_part(bank: World) -> None:
    papers = await bank.papers(2)
    ask = Ask(A.REQUEST_CHECKOUT, records=(papers[0],), purpose=Purpose.CERTIFICATE_CHANGE)
    assert await bank.refused("officer", ask) == [("C8", "ENVELOPE_SPLIT_FORBIDDEN")]


async def test_a_hold_is_lifted_by_two_and_not_by_its_placer_as_the_second(bank: World) -> None:
    loan = await bank.loan()
    volumes = await bank.volumes(loan=loan)
    ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.LOAN, subject=loan, reason="诉讼保全")
    hold = UUID((await bank.done("legal", ask))["hold"])
    request = Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT)
    assert await bank.refused("officer", request) == [("C16", "RECORD_ON_HOLD")]
    operation = UUID((await bank.done("legal_two", Ask(A.LIFT_HOLD, hold=hold, reason="已撤诉")))["operation"])
    for placer_or_proposer in ("legal", "legal_two"):
        assert await bank.refused(placer_or_proposer, Ask(A.CONFIRM, operation=operation)) == [("C16", "HOLD_NOT_LIFTABLE")]
    await bank.done("risk", Ask(A.CONFIRM, operation=operation))
    await bank.done("officer", request)


async def test_a_volume_under_a_legal_hold_goes_to_court_for_its_placer_when_the_vice_president_has_seen_it(bank: World) -> None:
    volumes = await bank.volumes()
    ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.RECORD, subject=volumes[0], reason="诉讼保全")
    await bank.done("legal", ask)
    request = await bank.requests(volumes, by="legal", tier=Tier.SECOND, purpose=Purpose.LITIGATION)
    for who in ("head", "vice"):
        await bank.done(who, Ask(A.APPROVE, request=request))
    await bank.done("archivist", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    assert await bank.state(volumes[0]) == "CHECKED_OUT"


async def test_a_hold_that_was_lifted_is_told_as_that_and_the_version_is_the_holds_own(bank: World) -> None:
    """It was compared with the version of the record that the hold is on."""
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)  # the record is at another version than any hold
    ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.RECORD, subject=volumes[0], reason="诉讼保全")
    hold = UUID((await bank.done("legal", ask))["hold"])
    lift = Ask(A.LIFT_HOLD, hold=hold, reason="已撤诉")
    await bank.seated(lift, ["legal_two", "risk"])
    version = await bank.sql("select version from holds where id = $1", hold)
    assert version != await bank.sql("select version from archive_records where id = $1", volumes[0])
    told = await bank.refused("legal_two", replace(lift, expected_version=version))
    assert ("C0", "HOLD_NOT_LIFTABLE") in told and ("C51", "VERSION_CONFLICT") not in told
    with pytest.raises(VersionConflict) as conflict:
        await bank.does("legal_two", replace(lift, expected_version=version - 1))
    assert conflict.value.current_version == version


async def test_a_lift_that_was_opened_can_be_withdrawn_and_the_hold_stays(bank: World) -> None:
    loan = await bank.loan()
    volumes = await bank.volumes(loan=loan)
    ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.LOAN, subject=loan, reason="诉讼保全")
    hold = UUID((await bank.done("legal", ask))["hold"])
    operation = UUID((await bank.done("legal_two", Ask(A.LIFT_HOLD, hold=hold, reason="已撤诉")))["operation"])
    await bank.done("legal_two", Ask(A.WITHDRAW, operation=operation, reason="误开"))
    assert ("C0", "SEAT_NOT_OPEN") in await bank.refused("risk", Ask(A.CONFIRM, operation=operation))
    assert await bank.sql("select tag from events where chain_id = $1 order by seq desc limit 1", loan) == "operation:withdraw:done"
    ask = Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT)
    assert await bank.refused("officer", ask) == [("C16", "RECORD_ON_HOLD")]


@pytest.mark.parametrize(
    ("ask", "field", "code"),
    [
        (Ask(A.APPROVE), "requestId", "REQUIRED"), (Ask(A.REQUEST_CHECKOUT), "recordIds", "REQUIRED"),
        (Ask(A.CONFIRM), "operationId", "REQUIRED"), (Ask(A.LIFT_HOLD), "holdId", "REQUIRED"), (Ask(A.PLACE_HOLD), "holdOn", "REQUIRED"),
        (Ask(A.PRESENT_RETURN), "recordIds", "REQUIRED"), (Ask(A.REGISTER, records=(uuid4(),)), "action", "NOT_TO_BE_ASKED"),
        (Ask(A.CHECK_OUT, request=uuid4(), operation=uuid4()), "operationId", "NOT_ALLOWED"),
    ],
)  # fmt: skip
async def test_an_ask_that_names_too_little_is_told_what_is_missing(bank: World, ask: Ask, field: str, code: str) -> None:
    for act in (bank.does, lambda who, ask: bank.desk.explain(bank.people[who], ask)):
        with pytest.raises(InvalidInput) as told:
            await act("officer", ask)
        assert ((field,), code) in [(p.path, p.code) for p in told.value.problems]


async def test_the_blocking_fact_lies_in_branch_b_and_the_refusal_in_branch_a_names_nothing_of_it(bank: World) -> None:
    customer_a, party = await bank.customer("A")
    customer_b, _ = await bank.customer("B", party)
    loan = await bank.loan("A", customer=customer_a)
    volumes = await bank.volumes(loan=loan)
    ask = Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.CUSTOMER, subject=customer_b, reason="乙行查封")
    await bank.done("legal_b", ask)
    answer = await bank.does("officer", Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT))
    assert isinstance(answer, Refused) and [v.code for v in answer.violations] == ["RECORD_ON_HOLD"]
    explanation = await bank.desk.explain(bank.people["officer"], Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT))
    told = repr(answer) + repr([(c.facts, c.passed) for c in explanation.checks])
    for secret in (bank.branches["B"].id, bank.people["legal_b"].staff_id, party, customer_b, "LEGAL", "乙行"):
        assert str(secret) not in told.replace("EXTENSION_REREGISTRATION", "")


async def test_a_relation_declared_in_branch_b_stops_the_approver_in_branch_a(bank: World) -> None:
    customer, party = await bank.customer("A")
    volumes = await bank.volumes(loan=await bank.loan("A", customer=customer))
    await bank.sql("insert into staff_relations (staff_id, party_id, kind) values ($1, $2, 'SPOUSE')", bank.people["head"].staff_id, party)
    request = await bank.requests(volumes, tier=Tier.SECOND)
    assert await bank.refused("head", Ask(A.APPROVE, request=request)) == [("C4", "CONFLICT_OF_INTEREST")]


async def test_nobody_approves_their_own_request_nor_hands_out_what_they_approved(bank: World) -> None:
    await bank.hire("both", {Role.LOAN_OFFICER, Role.CREDIT_DEPT_HEAD, Role.ARCHIVIST}, bank.branches["A"].id, (bank.branches["A"].id,))
    volumes = await bank.volumes()
    request = await bank.requests(volumes, by="both", tier=Tier.SECOND)
    assert await bank.refused("both", Ask(A.APPROVE, request=request)) == [("C3", "SEGREGATION_OF_DUTIES")]
    await bank.done("head", Ask(A.APPROVE, request=request))
    told = await bank.refused("both", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    assert told == [("C3", "SEGREGATION_OF_DUTIES")]


async def test_an_operation_past_its_window_is_displaced_by_the_next(bank: World) -> None:
    papers = await bank.papers()
    request = await bank.approved(papers)
    ask = Ask(A.CHECK_OUT, request=request, due_on=bank.due())
    first = UUID((await bank.done("kay", ask))["operation"])
    bank.later(minutes=20)
    assert ("C0", "SEAT_NOT_OPEN") in await bank.refused("cody", Ask(A.CONFIRM, operation=first))
    await bank.seated(ask, ["kay", "cody", "clerk", "officer"])
    assert await bank.sql("select state from operations where id = $1", first) == "EXPIRED"


async def test_a_withdrawn_operation_frees_the_reservation_for_another(bank: World) -> None:
    papers = await bank.papers()
    request = await bank.approved(papers)
    ask = Ask(A.CHECK_OUT, request=request, due_on=bank.due())
    operation = UUID((await bank.done("kay", ask))["operation"])
    assert ("C0", "ROLE_REQUIRED") in await bank.refused("cody", Ask(A.WITHDRAW, operation=operation))
    await bank.done("kay", Ask(A.WITHDRAW, operation=operation))
    await bank.seated(ask, ["kay", "cody", "clerk", "officer"])


async def test_history_of_one_record_never_goes_back_even_when_the_clock_does(bank: World) -> None:
    volumes = await bank.volumes()
    bank.desk.shift = timedelta(seconds=-5)
    await bank.out(volumes, tier=Tier.SECOND)
    times = await bank.root.fetch("select happened_at from events where record_id = $1 order by seq", volumes[0])
    assert [t[0] for t in times] == sorted(t[0] for t in times)
