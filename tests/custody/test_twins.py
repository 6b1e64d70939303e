"""Each storable rule holds against SQL by the application's own role: PostgreSQL names the constraint that said no."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from server.custody.moves import Ask
from server.custody.policy import PURPOSES, ranks
from server.custody.rules import RULES
from storage.terms import Action as A
from storage.terms import Tier
from tests import reference
from tests.custody.attacking import Attack
from tests.custody.twins import ATTACKS
from tests.harness.world import World

BY_TRIGGER = {"tg_tickets_c10_next_number"}  # overwrites what the caller chose; tried below


async def _run(bank: World, attack: Attack) -> None:
    if attack.by is None:
        async with bank.root.transaction():
            for sql, *values in attack.steps:
                await bank.root.execute(sql, *values)
        return
    async with bank.database.transaction(bank.people[attack.by]) as conn:
        for sql, *values in attack.steps:
            assert not (await conn.raw.execute(sql, *values)).endswith(" 0"), f"touched nothing: {sql}"


@pytest.mark.parametrize("name", sorted(ATTACKS))
async def test_the_twin_refuses_what_the_rule_forbids(bank: World, name: str) -> None:
    attack = await ATTACKS[name](bank)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as told:
        await _run(bank, attack)
    assert told.value.constraint_name == name


def test_every_twin_of_the_table_is_attacked() -> None:
    assert {twin for rule in RULES for twin in rule.twins} == set(ATTACKS) | BY_TRIGGER


async def test_a_ticket_number_is_not_the_callers_to_choose_nor_to_change(bank: World) -> None:
    here = bank.branches["A"].id
    mine = "insert into tickets (org_id, ticket_no, issued_at, is_void, void_reason) values ($1, 999, clock_timestamp(), true, '作废')"
    await _run(bank, Attack("archivist", ((mine, here), (mine, here))))
    assert [r[0] for r in await bank.root.fetch("select ticket_no from tickets where org_id = $1 order by 1", here)] == [1, 2]
    for change in ("update tickets set is_void = false, void_reason = null where org_id = $1", "delete from tickets where org_id = $1"):
        with pytest.raises(asyncpg.PostgresError):
            await _run(bank, Attack("archivist", ((change, here),)))


@pytest.mark.parametrize("table", ["events", "access_log", "approvals", "operation_seats", "return_inspections", "row_versions"])
@pytest.mark.parametrize("change", ["update {} set id = id", "delete from {}", "truncate {}"])
async def test_what_is_written_once_can_not_be_changed_by_the_application(bank: World, table: str, change: str) -> None:
    await bank.out(await bank.volumes(), tier=Tier.SECOND)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _run(bank, Attack("compliance", ((change.format(table),),)))


@pytest.mark.parametrize("change", ["update {} set visible_to = '{{}}'", "update {} set version = 1", "delete from {}"])
@pytest.mark.parametrize("table", ["archive_records", "movements", "access_requests"])
async def test_visibility_versions_and_rows_are_not_the_applications_to_touch(bank: World, table: str, change: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _run(bank, Attack("compliance", ((change.format(table),),)))


async def test_the_application_owns_nothing_and_bypasses_nothing(root: Any) -> None:
    assert await root.fetchval("select count(*) from pg_class where pg_get_userbyid(relowner) = 'loanfile_app'") == 0
    assert await root.fetchval("select rolbypassrls or rolsuper or rolcreaterole from pg_roles where rolname = 'loanfile_app'") is False


async def test_postgresql_knows_the_same_transitions_purposes_and_ranks(root: Any) -> None:
    for table in (reference.acts, reference.act_seats, reference.act_seat_roles, reference.transitions):
        columns = {
            "acts": "action, is_exit, is_entry, at_desk, part_of",
            "act_seats": "action, tier, seat",
            "act_seat_roles": "action, seat, role",
        }
        rows = await root.fetch(f"select {columns.get(table.__name__, 'tier, start, action, finish, code')} from {table.__name__}")
        assert {tuple(r) for r in rows} == table(), "python -m tests.reference ACTION … prints the rows for a migration"
    rows = await root.fetch("select tier, kind, purpose from purposes")
    assert {tuple(r) for r in rows} == {(tier.value, kind.value, p.value) for (tier, kind), some in PURPOSES.items() for p in some}
    rows = await root.fetch("select tier, purpose, role from approval_ranks")
    wanted = {(tier.value, p.value, r.value) for (tier, _), some in PURPOSES.items() for p in some for r in ranks(tier, p)}
    assert {tuple(r) for r in rows} == wanted


@pytest.mark.parametrize(
    "attack",
    [
        "insert into staff_roles (staff_id, role) values ('{clerk}', 'PRESIDENT')", "delete from staff_roles where staff_id = '{clerk}'",
        "update staff set active = false where id = '{clerk}'", "insert into keeper_duties (vault_id, staff_id, seat, during)"
        " values ('{vault}', '{clerk}', 'KEY', '[2020-01-01,2021-01-01)')", "select administer('REVOKE_ROLE', '{{}}', '{clerk}')",
        "insert into policy_parameters (key, value, effective_from) values ('case_days', '9', now())",
        "insert into storage_locations (org_id, kind, code) values ('{org}', 'VAULT', 'X')",
    ],
)  # fmt: skip
async def test_the_application_changes_nobodys_roles_duties_and_parameters_itself(bank: World, attack: str) -> None:
    here = bank.branches["A"]
    sql = attack.format(clerk=bank.people["clerk"].staff_id, vault=here.vault, org=here.id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _run(bank, Attack("admin", ((sql,),)))


async def test_a_change_is_carried_out_only_by_the_second_seat_and_only_once(bank: World) -> None:
    clerk, admin, compliance = (bank.people[n].staff_id for n in ("clerk", "admin", "compliance"))
    opened = await bank.done("admin", Ask(A.GRANT_ROLE, change={"staff": str(clerk), "role": "LEGAL"}))
    finish = "update operations set state = 'DONE', done_at = clock_timestamp() where id = $1"
    with pytest.raises(asyncpg.CheckViolationError) as told:  # without the seat
        await _run(bank, Attack("admin", ((finish, UUID(opened["operation"])),)))
    assert told.value.constraint_name == "ct_operations_c1_all_seats"
    await bank.done("compliance", Ask(A.CONFIRM, operation=UUID(opened["operation"])))
    granted = "select count(*) from staff_roles where staff_id = $1 and role = 'LEGAL'"
    assert await bank.sql(granted, clerk) == 1
    with pytest.raises(asyncpg.CheckViolationError) as told:
        await _run(
            bank, Attack("admin", ((finish.replace("DONE", "PENDING").replace("clock_timestamp()", "null"), UUID(opened["operation"])),))
        )
    assert told.value.constraint_name == "tg_operations_c15_step"
    assert await bank.sql("select granted_by from staff_roles where staff_id = $1 and role = 'LEGAL'", clerk) == compliance != admin
