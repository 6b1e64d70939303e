"""C50: some rules may be overridden, by a second person with that rule's permission, and it is never hidden."""

from datetime import timedelta
from uuid import UUID

import pytest

from server.compliance.events import body_of
from server.custody.desk import Refused
from server.custody.moves import Ask, Override
from server.custody.policy import OVERRIDE_ROLES
from server.custody.rules import RULES
from server.custody.rules.groups import OVERRIDES
from server.custody.rules.table import not_at_all
from storage.terms import Action as A
from storage.terms import Purpose, Role, Seat, Tier
from tests.custody.chapters.overrides import lapsed, opened
from tests.harness.world import World

WHY = "法院今日开庭"


def test_the_rules_that_may_be_overridden_are_the_five_of_the_specification() -> None:
    marked = {rule.number for rule in RULES if rule.overridable is not not_at_all}
    assert marked == set(OVERRIDE_ROLES) == {"C18", "C20", "C21", "C23", "C33"}
    assert {number: OVERRIDES[number] for number in marked} == {
        number: frozenset().union(*(r.actions for r in RULES if r.number == number and r.overridable is not not_at_all))
        for number in marked
    }


async def test_a_lapsed_reservation_leaves_with_a_second_person_and_says_so(bank: World) -> None:
    volume, operation = await opened(bank)
    assert await bank.state(volume) == "RESERVED"
    done = await bank.done("ops", Ask(A.CONFIRM, operation=operation))
    assert done["state"] == "DONE" and await bank.state(volume) == "CHECKED_OUT"
    row = await bank.root.fetchrow("select rule, code, comment, asked_by, confirmed_by from overrides where record_id = $1", volume)
    assert tuple(row) == ("C20", "RESERVATION_EXPIRED", "客户在柜台等候", bank.people["archivist"].staff_id, bank.people["ops"].staff_id)
    told = body_of(await bank.sql("select canonical from events where id = $1", UUID(done["events"][-1])))
    assert told["detail"]["overridden"] == ["C20 RESERVATION_EXPIRED"]


async def test_without_the_override_it_has_lapsed_and_the_refusal_says_who_may(bank: World) -> None:
    _, request = await lapsed(bank)
    answer = await bank.does("archivist", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    assert isinstance(answer, Refused)
    said = next(v for v in answer.violations if v.rule == "C20")
    assert said.overridable and said.overriders == {Role.OPS_HEAD, Role.BRANCH_HEAD}
    assert not any(v.overridable for v in answer.violations if v.rule not in OVERRIDE_ROLES)


async def test_the_second_person_needs_the_permission_of_that_rule(bank: World) -> None:
    _, operation = await opened(bank)
    assert ("C50", "OVERRIDE_NOT_PERMITTED") not in await bank.refused("legal", Ask(A.CONFIRM, operation=operation))  # no seat is for legal
    told = await bank.refused("legal", Ask(A.CONFIRM, operation=operation, seat=Seat.OVERRIDE))
    assert told == [("C50", "OVERRIDE_NOT_PERMITTED")]


@pytest.mark.parametrize("rule", ["C1", "C3", "C14", "C16", "C34", "C46", "C48", "C17", "C99", "x"])
async def test_no_other_rule_can_be_overridden(bank: World, rule: str) -> None:
    request = await bank.approved(await bank.volumes(), tier=Tier.SECOND)
    ask = Ask(A.CHECK_OUT, request=request, due_on=bank.due(), overrides=(Override(rule, WHY),))
    assert await bank.refused("archivist", ask) == [("C50", "OVERRIDE_NOT_PERMITTED")]


async def test_a_blocked_borrower_asks_and_the_request_is_still_theirs(bank: World) -> None:
    """An act without seats of its own waits for the second person, and is then the act of whoever asked."""
    await bank.out(await bank.volumes(), tier=Tier.SECOND)
    bank.later(days=20)
    volumes = await bank.volumes()
    plain = Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT)
    assert await bank.refused("officer", plain) == [("C18", "BORROWER_BLOCKED")]
    ask = Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT, overrides=(Override("C18", WHY),))
    waiting = await bank.done("officer", ask)
    assert waiting["state"] == "PENDING" and "request" not in waiting
    assert await bank.refused("officer", Ask(A.CONFIRM, operation=UUID(waiting["operation"]))) == [("C0", "SEAT_NOT_OPEN")]
    done = await bank.done("ops", Ask(A.CONFIRM, operation=UUID(waiting["operation"])))
    applicant = await bank.sql("select applicant_id from access_requests where id = $1", UUID(done["request"]))
    assert applicant == bank.people["officer"].staff_id
    assert await bank.sql("select count(*) from overrides where operation_id = $1 and rule = 'C18'", UUID(done["operation"])) == 1
    assert await bank.refused("head", Ask(A.APPROVE, request=UUID(done["request"]))) == [("C18", "BORROWER_BLOCKED")]


async def test_a_term_may_be_longer_but_never_end_in_the_past(bank: World) -> None:
    here = bank.branches["A"].id
    await bank.hire("boss", {Role.BRANCH_HEAD}, here, (here,))
    request = await bank.approved(await bank.volumes(), tier=Tier.SECOND)
    long = Ask(A.CHECK_OUT, request=request, due_on=bank.due(40), overrides=(Override("C21", WHY),))
    assert await bank.refused("archivist", Ask(A.CHECK_OUT, request=request, due_on=bank.due(40))) == [("C21", "LOAN_TERM_EXCEEDED")]
    past = Ask(A.CHECK_OUT, request=request, due_on=bank.due() - timedelta(days=9), overrides=(Override("C21", WHY),))
    assert await bank.refused("archivist", past) == [("C21", "LOAN_TERM_EXCEEDED")]
    told = await bank.desk.explain(bank.people["archivist"], long)
    assert told.allowed and [c.rule.number for c in told.checks if c.overridden] == ["C21"]
    waiting = await bank.done("archivist", long)
    assert (await bank.done("boss", Ask(A.CONFIRM, operation=UUID(waiting["operation"]))))["state"] == "DONE"


async def test_what_is_no_longer_broken_is_no_override(bank: World) -> None:
    request = await bank.approved(await bank.volumes(), tier=Tier.SECOND)
    ask = Ask(A.CHECK_OUT, request=request, due_on=bank.due(), overrides=(Override("C20", WHY),))
    operation = UUID((await bank.done("archivist", ask))["operation"])
    assert (await bank.done("ops", Ask(A.CONFIRM, operation=operation)))["state"] == "DONE"
    assert await bank.sql("select count(*) from overrides where operation_id = $1", operation) == 0


async def test_a_reservation_that_somebody_else_has_taken_is_not_brought_back(bank: World) -> None:
    volume, operation = await opened(bank)
    late = await bank.requests([volume], tier=Tier.SECOND)
    await bank.done("head", Ask(A.APPROVE, request=late))
    told = await bank.refused("ops", Ask(A.CONFIRM, operation=operation))
    assert ("C14", "RESERVED_BY_OTHER") in told
    await bank.sql("update movements set lapses_at = clock_timestamp() - interval '1 hour' where request_id = $1", late)
    told = await bank.refused("ops", Ask(A.CONFIRM, operation=operation))
    assert ("C20", "RESERVATION_EXPIRED") in told  # theirs has lapsed too: ours does not come back


async def test_what_somebody_waits_for_is_prolonged_at_both_steps_by_a_second_person(bank: World) -> None:
    here = bank.branches["A"].id
    await bank.hire("boss", {Role.BRANCH_HEAD}, here, (here,))
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    await bank.done("archivist", Ask(A.RECALL, records=tuple(volumes), reason="他人急用"))
    due = await bank.sql("select due_at from movements where record_id = $1", volumes[0])
    ask = Ask(A.REQUEST_EXTENSION, records=tuple(volumes), due_on=bank.due(4), overrides=(Override("C23", WHY),))
    waiting = await bank.done("officer", ask)
    request = UUID((await bank.done("boss", Ask(A.CONFIRM, operation=UUID(waiting["operation"]))))["request"])
    assert await bank.refused("head", Ask(A.APPROVE, request=request)) == [("C23", "EXTENSION_BLOCKED_BY_REQUEST")]
    waiting = await bank.done("head", Ask(A.APPROVE, request=request, overrides=(Override("C23", WHY),)))
    assert await bank.sql("select due_at from movements where record_id = $1", volumes[0]) == due
    assert (await bank.done("boss", Ask(A.CONFIRM, operation=UUID(waiting["operation"]))))["state"] == "DONE"
    assert await bank.sql("select due_at from movements where record_id = $1", volumes[0]) > due
    approver = await bank.sql("select approver_id from approvals where request_id = $1", request)
    assert approver == bank.people["head"].staff_id  # the act stays whose it was
