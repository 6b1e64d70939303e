"""The release gate: of all combinations of what must hold one lets the paper go, and each other guard says its own code."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import asyncpg
import pytest

from server.custody.desk import Done
from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import HoldKind, HoldSubject, Purpose, RecipientCapacity, Role
from tests.custody.attacking import CASE, Attack, who
from tests.custody.chapters.release import OFF, TICKET, almost, leaves
from tests.custody.releasing import SEATED, Case, Substitution, ago, scan, secures, surrendering
from tests.custody.test_twins import _run
from tests.harness.world import World

CONDITIONS = ("settled", "no_cross_collateral_loan_open", "no_hold", "not_out", "payoff_final")


LENT = """update movements set kind = 'CHECKOUT', request_id = gen_random_uuid(), exit_operation_id = gen_random_uuid(), out_at = now(),
    due_at = now() + interval '3 days', lapses_at = now() where id = '{movement}';
  update archive_records set state = 'CHECKED_OUT' where id = '{paper}'"""
BACK = """update movements m set kind = k.kind, request_id = k.request_id, exit_operation_id = k.exit_operation_id, out_at = k.out_at, due_at = k.due_at,
    lapses_at = k.lapses_at from jsonb_populate_record(null::movements, '{kept}') k where m.id = k.id;
  update archive_records set state = 'RESERVED' where id = '{paper}'"""


@asynccontextmanager
async def lent_to_another(bank: World, case: Case) -> AsyncIterator[None]:
    """The paper is out on another request, though everything of the release stands: nothing brings that about, so it is written."""
    movement = await bank.root.fetchrow(
        "select id, to_jsonb(m)::text as kept from movements m where record_id = $1 and closed_at is null", case.papers[0]
    )
    assert movement is not None
    await bank.past_the_triggers(LENT.format(movement=movement["id"], paper=case.papers[0]))
    yield
    await bank.past_the_triggers(BACK.format(kept=movement["kept"], paper=case.papers[0]))


async def arranged(bank: World, **holds: bool) -> Case:
    """A release that is right but for what does not hold."""
    case = await Case.make(bank)
    other = await bank.loan("B")
    await case.paid()
    await case.paid(other)
    await case.notice()
    await case.asked()
    await case.received()
    await secures(bank, other, case.collateral, "B")
    if not holds["payoff_final"]:
        await case.says(principal=1)
        await case.paid(settled_at=datetime.now(UTC), payoff_kind="TRANSFER")
    if not holds["settled"]:
        await case.says(principal=1)
    if not holds["no_cross_collateral_loan_open"]:
        await case.says(other, principal=1)
    if not holds["no_hold"]:
        hold = Ask(A.PLACE_HOLD, hold_kind=HoldKind.REGULATORY, subject_kind=HoldSubject.LOAN, subject=case.loan, reason="监管冻结")
        await bank.done("legal", hold)
    return case


async def goes(bank: World, ask: Ask) -> bool:
    """Whether the four seats bring it to an end."""
    answer = await bank.does("kay", ask)
    for person in SEATED[1:]:
        if not isinstance(answer, Done):
            return False
        answer = await bank.does(person, Ask(A.CONFIRM, operation=UUID(answer.outcome["operation"])))
    return isinstance(answer, Done)


@pytest.mark.parametrize("holds", list(product((True, False), repeat=5)), ids=lambda h: "".join("FT"[x] for x in h))
async def test_of_32_combinations_one_lets_the_paper_go(bank: World, holds: tuple[bool, ...]) -> None:
    case = await arranged(bank, **dict(zip(CONDITIONS, holds, strict=True)))
    async with nullcontext() if holds[CONDITIONS.index("not_out")] else lent_to_another(bank, case):
        assert await goes(bank, case.release) is all(holds)
        assert (await bank.state(case.papers[0]) == "RELEASED") is all(holds)


ONE_WRONG = {
    "settled": {("C34", "LOAN_NOT_SETTLED")},
    "no_cross_collateral_loan_open": {("C34", "CROSS_COLLATERAL_OPEN")},
    "no_hold": {("C16", "RECORD_ON_HOLD")},
    "payoff_final": {("C35", "PAYOFF_NOT_FINAL")},
    "not_out": {("C14", "ALREADY_CHECKED_OUT"), ("C15", "INVALID_TRANSITION")},  # one fact, and two rules that look at it
}


@pytest.mark.parametrize("wrong", ONE_WRONG)
async def test_one_condition_of_the_gate_alone_says_its_code_and_no_other(bank: World, wrong: str) -> None:
    case = await arranged(bank, **{name: name != wrong for name in CONDITIONS})
    async with lent_to_another(bank, case) if wrong == "not_out" else nullcontext():
        assert set(await bank.refused("kay", case.release)) == ONE_WRONG[wrong]


Guard = Callable[[World, Case], Awaitable[tuple[str, Ask]]]
GUARDS: dict[str, tuple[set[tuple[str, str]], Guard]] = {}


def guard(rule: str, code: str) -> Callable[[Guard], Guard]:
    """One guard of F11 that a caller can break, negated alone; answers who asks what then."""

    def register(made: Guard) -> Guard:
        GUARDS[f"{rule}-{made.__name__}"] = {(rule, code)}, made
        return made

    return register


@guard("C1", "DUAL_CONTROL_REQUIRED")
async def a_keeper_who_is_not_on_duty(bank: World, case: Case) -> tuple[str, Ask]:
    await bank.hire("kim", {Role.VAULT_KEEPER_KEY}, bank.branches["A"].id, (bank.branches["A"].id,))
    return "kim", case.release


@guard("C3", "SEGREGATION_OF_DUTIES")
async def a_clerk_who_approved(bank: World, case: Case) -> tuple[str, Ask]:
    await bank.sql("insert into staff_roles (staff_id, role) values ($1, 'VAULT_KEEPER_KEY')", who(bank, "risk"))
    await bank.sql(
        "update keeper_duties set staff_id = $2 where vault_id = $1 and seat = 'KEY'", bank.branches["A"].vault, who(bank, "risk")
    )
    return "risk", case.release


@guard("C4", "CONFLICT_OF_INTEREST")
async def a_keeper_related_to_the_customer(bank: World, case: Case) -> tuple[str, Ask]:
    party = await bank.sql("select party_id from customers c join loans l on l.customer_id = c.id where l.id = $1", case.loan)
    await bank.sql(
        "insert into staff_relations (staff_id, party_id, kind, declared_at) values ($1, $2, '亲属', now())", who(bank, "kay"), party
    )
    return "kay", case.release


@guard("C6", "REGISTER_CLERK_CONFLICT")
async def a_keeper_as_clerk(bank: World, case: Case) -> tuple[str, Ask]:
    await bank.sql("insert into staff_roles (staff_id, role) values ($1, 'REGISTER_CLERK')", who(bank, "kay"))
    opened = await bank.done("kay", case.release)
    return "kay", Ask(A.CONFIRM, operation=UUID(opened["operation"]))


@guard("C17", "RECORD_FROZEN")
async def a_discrepancy_of_its_slot(bank: World, case: Case) -> tuple[str, Ask]:
    await bank.sql(CASE, bank.branches["A"].id, case.papers[0], "SEAL_BROKEN", who(bank, "kay"))
    return "kay", case.release


@guard("C36", "SETTLEMENT_NOTICE_MISSING")
async def a_notice_that_is_not_scanned(bank: World, case: Case) -> tuple[str, Ask]:
    paper = await bank.sql("select record_id from settlement_notices where loan_id = $1", case.loan)
    await bank.past_the_triggers(f"update scans set status = 'REJECTED' where record_id = '{paper}'")
    return "kay", case.release


@guard("C37", "RECIPIENT_NOT_VERIFIED")
async def a_receipt_of_another_request(bank: World, case: Case) -> tuple[str, Ask]:
    case.receipt = await scan(bank, "RECORD", case.papers[0], record=case.papers[0])
    return "kay", case.release


@guard("C37", "RECIPIENT_NOT_VERIFIED")
async def nobody_was_verified(bank: World, case: Case) -> tuple[str, Ask]:
    await bank.sql("delete from releases where request_id = $1", case.request)
    return "kay", case.release


@guard("C53", "POSITION_STALE")
async def yesterdays_position(bank: World, case: Case) -> tuple[str, Ask]:
    bank.later(hours=25)
    return "kay", case.release


@guard("C34", "CROSS_COLLATERAL_OPEN")
async def a_loan_of_another_branch_on_the_collateral(bank: World, case: Case) -> tuple[str, Ask]:
    other = await bank.loan("B")
    await case.says(other, fees=1)
    await secures(bank, other, case.collateral, "B")
    return "kay", case.release


@pytest.mark.parametrize("name", GUARDS)
async def test_each_guard_of_the_release_says_exactly_its_code(bank: World, name: str) -> None:
    told, negate = GUARDS[name]
    case = await (await Case.make(bank)).ready()
    person, ask = await negate(bank, case)
    assert set(await bank.refused(person, ask)) == told


async def test_a_keeper_with_both_duties_opens_no_release(bank: World) -> None:
    """PostgreSQL keeps it from coming about, so the constraint is taken away for as long as the rule is asked."""
    case = await (await Case.make(bank)).ready()
    name, vault = "ex_keeper_duties_c2_one_seat_per_keeper", bank.branches["A"].vault
    kept = await bank.sql("select pg_get_constraintdef(oid) from pg_constraint where conname = $1", name)
    double = "insert into keeper_duties (vault_id, staff_id, seat, during) values ($1, $2, 'CODE', '[2000-01-01,2100-01-01)')"
    await bank.sql(f"alter table keeper_duties drop constraint {name}")
    try:
        await bank.sql("delete from keeper_duties where vault_id = $1 and seat = 'CODE'", vault)
        await bank.sql("alter table keeper_duties disable trigger tg_keeper_duties_c2_one_seat_a_day")
        await bank.sql(double, vault, who(bank, "kay"))
        assert set(await bank.refused("kay", case.release)) == {("C2", "KEEPER_DUTY_CONFLICT")}
    finally:
        await bank.sql("delete from keeper_duties where vault_id = $1 and seat = 'CODE'", vault)
        await bank.sql("alter table keeper_duties enable trigger tg_keeper_duties_c2_one_seat_a_day")
        await bank.sql(f"alter table keeper_duties add constraint {name} {kept}")


@pytest.mark.parametrize(
    ("left_out", "constraint"), [(OFF, "ct_operations_c11_off_balance"), (TICKET, "ct_operations_c10_exit_has_ticket")]
)
async def test_no_release_without_its_ticket_and_its_off_balance_entry_whoever_writes_it(
    bank: World, left_out: str, constraint: str
) -> None:
    case = await (await Case.make(bank)).ready()
    op = await almost(bank, case)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as told:
        await _run(bank, Attack("teller", leaves(case, op, "RELEASED", ("OFFICER", "teller"), without=left_out)))
    assert told.value.constraint_name == constraint


async def test_the_holder_of_a_power_of_attorney_receives_while_it_is_valid(bank: World) -> None:
    case = await Case.make(bank)
    await case.paid()
    await case.notice()
    await case.asked()
    paper = await scan(bank, "REQUEST", case.request)
    attorney = {"capacity": RecipientCapacity.ATTORNEY, "authority": paper, "number": "2" * 18}
    assert await bank.refused("clerk", case.shown("2" * 18)) == [("C37", "RECIPIENT_NOT_VERIFIED")]
    old = case.shown(**attorney, authority_until=bank.day(-300))
    assert await bank.refused("clerk", old) == [("C37", "RECIPIENT_NOT_VERIFIED")]
    await bank.done("clerk", case.shown(**attorney, authority_until=bank.day(300)))
    case.receipt = paper  # the power of attorney is not the receipt
    assert ("C37", "RECIPIENT_NOT_VERIFIED") in await bank.refused("kay", case.release)
    case.receipt = await scan(bank, "REQUEST", case.request)
    await bank.seated(case.release, SEATED)


async def test_an_electronic_payoff_waits_ten_working_days_or_for_the_clearing(bank: World) -> None:
    case = await Case.make(bank)
    settled = ago(days=3)
    await case.says(settled_at=settled, payoff_kind="TRANSFER")
    final = await bank.sql("select settlement_final_at($1)", case.loan)
    assert final == bank.desk._policy.working_days_after(settled, 10)
    await case.says(settled_at=settled, payoff_kind="TRANSFER", payoff_cleared_at=ago(hours=1))
    assert await bank.sql("select settlement_final_at($1)", case.loan) < datetime.now(UTC)


async def test_close_of_business_is_one_parameter_for_program_and_postgresql(bank: World) -> None:
    policy = "insert into policy_parameters (key, value, org_id, effective_from) values ('close_of_business_minutes', $1, $2, $3)"
    since, at = ago(days=40), "select working_days_after($1, $2)"
    try:
        await bank.root.execute(policy, "960", None, ago(days=30))  # from then on the bank closes at 16:00
        await bank.root.execute(policy, "720", bank.branches["A"].id, ago(days=60))  # of a unit's own it knows nothing
        bank.desk._policy_read_at = None
        async with bank.database.transaction(bank.people["core"]) as conn:
            known = await bank.desk.policy(conn)
        days = {n: (await bank.sql(at, since, n), known.working_days_after(since, n)) for n in (0, 1, 5, 10, 20)}
        assert all(sql == python for sql, python in days.values()), days
        clocks = {(one + timedelta(hours=8)).strftime("%H:%M") for one, _ in days.values()}
        assert clocks == {"17:30", "16:00"}
    finally:
        await bank.root.execute("delete from policy_parameters where key = 'close_of_business_minutes'")
        bank.desk._policy_read_at = None


async def test_a_partial_release_of_dealer_inventory_needs_cover(bank: World) -> None:
    case = await Case.make(bank, kind="INVENTORY", value=1_000)
    await case.says(principal=1_000)
    ask = Ask(A.REQUEST_RELEASE, records=tuple(case.papers), purpose=Purpose.PARTIAL_RELEASE)
    assert await bank.refused("officer", ask) == [("C34", "COVER_INSUFFICIENT")]
    other = await bank.collateral()
    await bank.sql("update collateral set value_amount = 1200 where id = $1", other)
    await secures(bank, case.loan, other)
    await bank.papers(loan=case.loan, collateral=other)
    await case.asked(Purpose.PARTIAL_RELEASE)
    await case.received()
    await bank.seated(case.release, SEATED)


async def test_the_old_paper_leaves_when_the_new_one_lies_in_the_vault(bank: World) -> None:
    case = await Substitution.make(bank)
    await bank.seated(Ask(A.SUBSTITUTE, request=case.request), SEATED[:3])
    assert [await bank.state(p) for p in (case.papers[0], case.replacement)] == ["SUBSTITUTED", "IN_VAULT"]


async def test_the_old_paper_stays_while_the_new_one_is_lent(bank: World) -> None:
    case = await Substitution.make(bank)
    await bank.out([case.replacement])
    ask = Ask(A.SUBSTITUTE, request=case.request)
    assert await bank.refused("kay", ask) == [("C39", "REPLACEMENT_NOT_IN_VAULT")]


async def test_the_court_keeps_what_its_hold_is_on(bank: World) -> None:
    case = await surrendering(bank)
    hold = Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.RECORD, subject=case.papers[0], reason="诉讼保全")
    await bank.done("legal", hold)
    await case.surrendered()
    assert await bank.state(case.papers[0]) == "SURRENDERED"
    papers = await bank.papers()
    assert await bank.state(papers[0]) == "IN_VAULT"


async def test_who_proposes_a_surrender_does_not_confirm_it_as_head_of_operations_too(bank: World) -> None:
    case = await surrendering(bank)
    case.receipt = await scan(bank, "REQUEST", case.request)
    confirm = Ask(A.CONFIRM, operation=UUID((await bank.done("legal", case.surrender))["operation"]))
    legal = bank.people["legal"]
    await bank.sql("insert into staff_roles (staff_id, role) values ($1, 'OPS_HEAD')", legal.staff_id)
    bank.people["legal"] = replace(legal, roles=legal.roles | {Role.OPS_HEAD})
    told = await bank.desk.explain(bank.people["legal"], confirm)
    assert [(c.rule.number, c.violation.code) for c in told.checks if c.violation] == [("C3", "SEGREGATION_OF_DUTIES")]
    assert await bank.refused("legal", confirm) == [("C3", "SEGREGATION_OF_DUTIES")]
    await bank.done("ops", confirm)
    assert await bank.state(case.papers[0]) == "SURRENDERED"


async def test_a_hold_of_somebody_else_keeps_the_paper_from_the_court(bank: World) -> None:
    case = await surrendering(bank)
    hold = Ask(A.PLACE_HOLD, hold_kind=HoldKind.LEGAL, subject_kind=HoldSubject.LOAN, subject=case.loan, reason="另案保全")
    await bank.done("legal_two", hold)
    case.receipt = await scan(bank, "REQUEST", case.request)
    assert await bank.refused("legal", case.surrender) == [("C16", "RECORD_ON_HOLD")]


async def test_a_reversal_leaves_nothing_that_was_built_on_the_payoff(bank: World) -> None:
    case = await (await Case.make(bank)).ready()
    opened = UUID((await bank.done("kay", case.release))["operation"])
    (position,) = await bank.root.fetch("select id from loan_positions where loan_id = $1", case.loan)
    made = await case.says(principal=500, reversal_of=position["id"])
    assert made["requests"] == [str(case.request)] and len(made["notices"]) == 1 and made["cases"] == []
    assert await bank.state(case.papers[0]) == "IN_VAULT"
    assert await bank.sql("select state from access_requests where id = $1", case.request) == "LAPSED"
    assert ("C0", "SEAT_NOT_OPEN") in await bank.refused("cody", Ask(A.CONFIRM, operation=opened))
    assert ("C15", "INVALID_TRANSITION") in await bank.refused("kay", case.release)
    assert await bank.sql("select status from loans where id = $1", case.loan) == "ACTIVE"


async def test_what_a_reversal_frees_is_reserved_at_once_for_who_waits_for_it(bank: World) -> None:
    case = await (await Case.make(bank)).ready()
    asked = Ask(A.REQUEST_CHECKOUT, records=tuple(case.papers), purpose=Purpose.CERTIFICATE_CHANGE, queue=True)
    waiting = UUID((await bank.done("manager", asked))["request"])
    for rank in ("head", "risk"):
        await bank.done(rank, Ask(A.APPROVE, request=waiting))
    state = "select state from access_requests where id = $1"
    assert await bank.sql(state, waiting) == "WAITING"
    (position,) = await bank.root.fetch("select id from loan_positions where loan_id = $1", case.loan)
    await case.says(principal=500, reversal_of=position["id"])
    assert [await bank.sql(state, r) for r in (case.request, waiting)] == ["LAPSED", "APPROVED"]
    assert await bank.state(case.papers[0]) == "RESERVED"
    told = "select count(*) from notices where staff_id = $1 and kind = 'READY_TO_FETCH' and subject_id = $2"
    assert await bank.sql(told, bank.people["manager"].staff_id, waiting) == 1
    tags = "select tag, count(*) from events where record_id = $1 and tag in ('record:lapse:done', 'record:reserve:done') group by tag"
    assert dict(await bank.root.fetch(tags, case.papers[0])) == {"record:lapse:done": 1, "record:reserve:done": 2}


async def test_a_turn_that_a_rule_forbids_is_not_taken_after_a_reversal(bank: World) -> None:
    case = await (await Case.make(bank)).ready()
    asked = Ask(A.REQUEST_CHECKOUT, records=tuple(case.papers), purpose=Purpose.CERTIFICATE_CHANGE, queue=True)
    waiting = UUID((await bank.done("manager", asked))["request"])
    for rank in ("head", "risk"):
        await bank.done(rank, Ask(A.APPROVE, request=waiting))
    await bank.sql("update staff set active = false where id = $1", bank.people["manager"].staff_id)
    (position,) = await bank.root.fetch("select id from loan_positions where loan_id = $1", case.loan)
    await case.says(principal=500, reversal_of=position["id"])
    assert await bank.state(case.papers[0]) == "IN_VAULT"
    assert await bank.sql("select state from access_requests where id = $1", waiting) == "WAITING"


async def test_a_reversal_after_the_release_is_a_case_and_the_paper_stays_released(bank: World) -> None:
    case = await (await Case.make(bank)).ready()
    await bank.seated(case.release, SEATED)
    (position,) = await bank.root.fetch("select id from loan_positions where loan_id = $1", case.loan)
    made = await case.says(principal=500, reversal_of=position["id"])
    assert len(made["cases"]) == 1 and await bank.state(case.papers[0]) == "RELEASED"


async def test_what_waits_for_its_owner_is_known_since_the_payoff_is_final(bank: World) -> None:
    case = await Case.make(bank)
    since = "select release_ready_since($1)"
    assert await bank.sql(since, case.papers[0]) is None
    at = ago(days=2)
    await case.paid(settled_at=at)
    assert await bank.sql(since, case.papers[0]) == at
    await bank.approved(case.papers)
    assert await bank.sql(since, case.papers[0]) is None


async def test_the_slot_is_free_and_the_certificates_number_may_come_back(bank: World) -> None:
    case = await Case.make(bank)
    certificate = await bank.sql(
        "insert into collateral_certificates (org_id, collateral_id, number, kind, issuer, issued_on) values ($1, $2, $3, 'VEHICLE_TITLE', '车管所',"
        " '2024-01-01') returning id", bank.branches["A"].id, case.collateral, f"C{bank.tag}",
    )  # fmt: skip
    await bank.past_the_triggers(
        f"update archive_records set kind = 'CERTIFICATE', certificate_id = '{certificate}' where id = '{case.papers[0]}'"
    )
    await case.ready()
    await bank.seated(case.release, SEATED)
    assert not await bank.sql("select is_live from collateral_certificates where id = $1", certificate)
    assert await bank.sql("select location_id from sealed_envelopes where collateral_id = $1", case.collateral) is None
