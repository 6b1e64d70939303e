"""Parameters are versions with a scope and a first day; each act keeps what it was judged by."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from server.custody.moves import Ask, Override
from server.custody.policy import MATRIX, OVERRIDE_ROLES, PARAMETERS, RANKS, RESERVATION_DAYS, ROLE_PARAMETERS, Policy, Setting
from storage.terms import Action as A
from storage.terms import Purpose, Role, Seat, Tier
from tests.harness.world import World

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_units_newest_value_that_holds_already_comes_first() -> None:
    unit, other = UUID(int=1), UUID(int=2)
    policy = Policy({}, (
        Setting(RESERVATION_DAYS, None, NOW - 2 * DAY, 3), Setting(RESERVATION_DAYS, None, NOW - DAY, 4), Setting(RESERVATION_DAYS, unit, NOW - 3 * DAY, 5),
        Setting(RESERVATION_DAYS, None, NOW + DAY, 9),
    ))  # fmt: skip
    assert [policy.number(RESERVATION_DAYS, NOW, org) for org in (None, unit, other)] == [4, 5, 4]
    assert policy.number(RESERVATION_DAYS, NOW - 5 * DAY) == PARAMETERS[RESERVATION_DAYS].default
    assert policy.number(RESERVATION_DAYS, NOW + 2 * DAY) == 9


def test_what_one_act_has_read_is_not_what_another_has() -> None:
    shared = Policy()
    mine, yours = shared.for_one_act(), shared.for_one_act()
    mine.number(RESERVATION_DAYS, NOW)
    assert {name for name, _ in mine.used} == {RESERVATION_DAYS} and not yours.used and not shared.used


def test_every_default_lies_in_its_bounds() -> None:
    assert all(p.least <= p.default <= p.most for p in PARAMETERS.values())
    assert all(p.default <= p.allowed and len(p.default) >= p.least for p in ROLE_PARAMETERS.values())
    assert set(MATRIX.values()) | {f"override_roles.{r.lower()}" for r in OVERRIDE_ROLES} == set(ROLE_PARAMETERS)


async def test_postgresql_knows_the_same_permissions_to_override(root: Any) -> None:
    rows = await root.fetch("select rule, role from override_permissions")
    assert {tuple(r) for r in rows} == {(rule, role.value) for rule, roles in OVERRIDE_ROLES.items() for role in roles}


async def set_roles(bank: World, key: str, *roles: Role) -> UUID:
    """As if two people had agreed on it, and it held since yesterday for branch A."""
    made: UUID = await bank.sql(
        "insert into policy_parameters (key, value, org_id, effective_from) values ($1, $2, $3, now() - interval '1 day') returning id",
        key, json.dumps(sorted(roles)), bank.branches["A"].id,
    )  # fmt: skip
    bank.desk._policy_read_at = None
    return made


async def test_a_request_keeps_the_matrix_that_held_when_it_was_made(bank: World) -> None:
    here, volumes, name = bank.branches["A"].id, await bank.volumes(2), MATRIX[Tier.SECOND, Purpose.AUDIT]
    await bank.hire("boss", {Role.BRANCH_HEAD}, here, (here,))
    before = await bank.requests(volumes[:1], tier=Tier.SECOND)
    await set_roles(bank, name, Role.BRANCH_HEAD, Role.CREDIT_DEPT_HEAD)
    after = await bank.requests(volumes[1:], tier=Tier.SECOND)
    await bank.done("head", Ask(A.APPROVE, request=before))
    assert await bank.state(volumes[0]) == "RESERVED"
    await bank.done("head", Ask(A.APPROVE, request=after))
    assert await bank.state(volumes[1]) == "FILED"
    assert await bank.refused("archivist", Ask(A.CHECK_OUT, request=after, due_on=bank.due())) == [
        ("C5", "APPROVAL_INSUFFICIENT"), ("C15", "INVALID_TRANSITION"),
    ]  # fmt: skip
    await bank.done("boss", Ask(A.APPROVE, request=after))
    assert await bank.state(volumes[1]) == "RESERVED"


async def test_a_permission_to_override_can_be_taken_from_everybody(bank: World) -> None:
    await set_roles(bank, "override_roles.c21")
    request = await bank.approved(await bank.volumes(), tier=Tier.SECOND)
    ask = Ask(A.CHECK_OUT, request=request, due_on=bank.due(), overrides=(Override("C21", "急"),))
    assert await bank.refused("archivist", ask) == [("C50", "OVERRIDE_NOT_PERMITTED")]


async def test_each_act_keeps_what_was_judged_and_by_which_versions(bank: World) -> None:
    row = await bank.sql(
        "insert into policy_parameters (key, value, org_id, effective_from) values ('reservation_days', '3', $1, now() - interval '1 day') returning id",
        bank.branches["A"].id,
    )  # fmt: skip
    volumes = await bank.volumes()
    request = await bank.requests(volumes, tier=Tier.SECOND)
    bank.desk._policy_read_at = None
    done = await bank.done("head", Ask(A.APPROVE, request=request, reason="王小明 13800138000"))
    kept = await bank.root.fetch("select * from decisions where event_ids @> $1", [UUID(done["events"][0])])
    assert len(kept) == 1 and kept[0]["action"] == "RESERVE" and kept[0]["caller_id"] == bank.people["head"].staff_id
    read = {p["name"]: p for p in orjson.loads(kept[0]["parameters"])}
    assert read["reservation_days"]["value"] == 3 and read["reservation_days"]["id"] == str(row)
    assert read[MATRIX[Tier.SECOND, Purpose.AUDIT]] == {"name": MATRIX[Tier.SECOND, Purpose.AUDIT], "value": ["CREDIT_DEPT_HEAD"]}
    judged = kept[0]["moves"]
    assert str(volumes[0]) in judged and "王小明" not in judged and "13800138000" not in judged
    assert orjson.loads(judged)["moves"][0]["on"]["state"] == "FILED"


async def test_one_row_an_act_and_none_for_a_refusal(bank: World) -> None:
    volumes = await bank.volumes()
    count = "select count(*) from decisions"
    before = await bank.sql(count)
    await bank.out(volumes, tier=Tier.SECOND)  # requested, approved, handed out
    assert await bank.sql(count) == before + 3
    await bank.refused("officer", Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.CERTIFICATE_CHANGE))
    assert await bank.sql(count) == before + 3


@pytest.mark.parametrize("change", ["update {} set id = id", "delete from {}", "truncate {}"])
@pytest.mark.parametrize("table", ["decisions", "overrides"])
async def test_nobody_changes_what_was_kept(bank: World, table: str, change: str) -> None:
    await bank.out(await bank.volumes(), tier=Tier.SECOND)
    async with bank.database.transaction(bank.people["compliance"]) as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.raw.execute(change.format(table))


async def test_decisions_are_read_by_compliance_and_audit_alone(bank: World) -> None:
    await bank.out(await bank.volumes(), tier=Tier.SECOND)
    for name, sees in (("compliance", True), ("auditor", True), ("president", False), ("head", False)):
        async with bank.database.transaction(bank.people[name]) as conn:
            assert bool(await conn.raw.fetchval("select count(*) from decisions")) is sees, name


def test_nobody_below_a_head_stands_in_the_matrix() -> None:
    assert not RANKS & {Role.LOAN_OFFICER, Role.ARCHIVIST, Role.VAULT_KEEPER_KEY, Role.VAULT_KEEPER_CODE, Role.REGISTER_CLERK, Role.ADMIN}


async def holds_in_a(bank: World, key: str, days: int) -> None:
    """As if two people had agreed on it for branch A, and it held since yesterday."""
    await bank.sql(
        "insert into policy_parameters (key, value, org_id, effective_from) values ($1, $2, $3, now() - interval '1 day')",
        key, str(days), bank.branches["A"].id,
    )  # fmt: skip
    bank.desk._policy_read_at = None


async def test_a_units_parameters_hold_for_its_papers_whoever_acts(bank: World) -> None:
    await holds_in_a(bank, "reservation_days", 7)
    await bank.hire("risk_of_the_bank", {Role.RISK_HEAD}, bank.people["president"].org_id, (), everywhere=True)
    lapses = []
    for last in ("risk", "risk_of_the_bank"):
        request = await bank.requests(await bank.papers())
        for who in ("head", last):
            await bank.done(who, Ask(A.APPROVE, request=request))
        lapses.append(await bank.root.fetchrow("select lapses_at, decided_at from access_requests where id = $1", request))
    assert [r["lapses_at"] for r in lapses] == [Policy().working_days_after(r["decided_at"], 7) for r in lapses]


async def test_the_last_seat_judges_by_the_terms_of_the_unit_that_keeps_the_paper(bank: World) -> None:
    await holds_in_a(bank, "term_days.certificate_change", 20)  # of the bank: 10
    ask = Ask(
        A.REQUEST_CHECKOUT, records=tuple(await bank.papers()), purpose=Purpose.CERTIFICATE_CHANGE, reader=bank.people["president"].staff_id
    )
    request = UUID((await bank.done("officer", ask))["request"])
    for who in ("head", "risk"):
        await bank.done(who, Ask(A.APPROVE, request=request))
    await bank.trusted(request, days=60)
    out = await bank.seated(Ask(A.CHECK_OUT, request=request, due_on=bank.due(20)), ["kay", "cody", "clerk", "president"])
    assert out["state"] == "DONE"


async def test_an_override_is_permitted_by_the_unit_that_keeps_the_paper(bank: World) -> None:
    await set_roles(bank, "override_roles.c21", Role.BRANCH_HEAD)  # in branch A; in the bank a vice president may too
    head_office = bank.people["president"].org_id
    await bank.hire("far_archivist", {Role.ARCHIVIST}, head_office, (), everywhere=True)
    await bank.hire("far_vice", {Role.VICE_PRESIDENT}, head_office, (), everywhere=True)
    request = await bank.approved(await bank.volumes(), tier=Tier.SECOND)
    ask = Ask(A.CHECK_OUT, request=request, due_on=bank.due(40), overrides=(Override("C21", "急"),))
    opened = UUID((await bank.done("far_archivist", ask))["operation"])
    told = await bank.refused("far_vice", Ask(A.CONFIRM, operation=opened, seat=Seat.OVERRIDE))
    assert told == [("C50", "OVERRIDE_NOT_PERMITTED")]
    async with bank.database.transaction(bank.people["far_vice"]) as conn:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as broken:
            await conn.raw.execute(
                "insert into operation_seats (operation_id, seat, staff_id, taken_at) values ($1, 'OVERRIDE', $2, now())",
                opened, bank.people["far_vice"].staff_id,
            )  # fmt: skip
        assert broken.value.constraint_name == "tg_operation_seats_c50_permitted"
    await bank.done("chief", Ask(A.CONFIRM, operation=opened))
