"""What somebody with the application's password could type into psql: numbered, and each refused by name.

The list grows with each capability; the name is the rule's constraint, or `privilege` where the role may not even try.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from server.custody.moves import Ask
from server.custody.moves.claims import Resolution
from storage.terms import Action as A
from storage.terms import ClaimResolution, Tier
from tests.custody.attacking import Attack, Step, who
from tests.custody.chapters.made_up import MADE_UP
from tests.custody.scanned import SCANNED
from tests.custody.twins import ATTACKS, FORGED
from tests.harness import servers
from tests.harness.world import World

Tried = tuple[str, Callable[[World], Awaitable[Attack]]]


def typed(*steps: Step) -> Callable[[World], Awaitable[Attack]]:
    async def arrange(bank: World) -> Attack:
        await bank.out(await bank.volumes(), tier=Tier.SECOND)
        return Attack("archivist", steps)

    return arrange


async def return_of_what_is_not_out(bank: World) -> Attack:
    volumes = await bank.volumes()
    await bank.approved(volumes, tier=Tier.SECOND)
    back = (
        "update movements set returned_at = clock_timestamp(), returned_by = holder_id, presented_to = $2"
        " where record_id = $1 and closed_at is null"
    )
    return Attack("archivist", ((back, volumes[0], who(bank, "archivist")),))


async def found_in_vault_again(bank: World, at: str) -> Attack:
    """A claim was resolved as found in the vault, and its return refused: by that claim nobody presents the papers again."""
    papers = await bank.papers()
    await bank.out(papers)
    await bank.done("officer", Ask(A.CLAIM_RETURNED, records=tuple(papers), reason="上周五已交库房"))
    found = Resolution(ClaimResolution.FOUND_IN_VAULT, "复查库房")
    await bank.done("kay", Ask(A.RESOLVE_CLAIM, records=tuple(papers), detail=found))
    wrong = bank.inspected(papers, numbers_match=False, findings="号码不符")
    await bank.seated(Ask(A.REJECT_RETURN, records=tuple(papers), inspections=wrong), ["kay", "cody"])
    again = f"update movements set returned_at = {at}, presented_to = $2 where record_id = $1 and closed_at is null"
    pending = ("update archive_records set state = 'RETURN_PENDING' where id = $1", papers[0])
    return Attack("kay", ((again, papers[0], who(bank, "kay")), pending))


async def found_in_vault_now(bank: World) -> Attack:
    return await found_in_vault_again(bank, "clock_timestamp()")


async def found_in_vault_then(bank: World) -> Attack:
    return await found_in_vault_again(bank, "(select c.resolved_at from return_claims c where c.movement_id = movements.id)")


async def change_of_a_done_movement(bank: World) -> Attack:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    await bank.presented(volumes, tier=Tier.SECOND)
    await bank.accepted(volumes, tier=Tier.SECOND)
    return Attack("archivist", (("update movements set returned_at = clock_timestamp() where record_id = $1", volumes[0]),))


async def forged_event(bank: World) -> Attack:
    volumes = await bank.volumes()
    forge = (
        "insert into events (chain_id, seq, happened_at, tag, subject_kind, subject_id, actor_id, org_id, canonical, prev_hash, hash)"
        " select chain_id, seq + 5, happened_at, tag, subject_kind, subject_id, $2, org_id, canonical, hash, sha256(hash || canonical)"
        " from events where record_id = $1 order by seq desc limit 1"
    )
    return Attack("officer", ((forge, volumes[0], who(bank, "officer")),))


async def own_role(bank: World) -> Attack:
    return Attack("officer", (("insert into staff_roles (staff_id, role) values ($1, 'PRESIDENT')", who(bank, "officer")),))


async def confirmed_by_nobody(bank: World) -> Attack:
    opened = await bank.done("admin", Ask(A.GRANT_ROLE, change={"staff": str(who(bank, "clerk")), "role": "LEGAL"}))
    finish = "update operations set state = 'DONE', done_at = clock_timestamp() where id = $1"
    return Attack("admin", ((finish, UUID(opened["operation"])),))


TRIED: tuple[Tried, ...] = (
    ("uq_movements_c14_one_open", ATTACKS["uq_movements_c14_one_open"]),  # 1 a second open movement
    ("ck_movements_c27_return_after_exit", return_of_what_is_not_out),  # 2
    ("ck_movements_c21_due", ATTACKS["ck_movements_c21_due"]),  # 3 due before out, or never
    ("ck_approvals_c3_not_applicant", ATTACKS["ck_approvals_c3_not_applicant"]),  # 4
    ("uq_operation_seats_c1_c6_one_seat_each", ATTACKS["uq_operation_seats_c1_c6_one_seat_each"]),  # 5 one keeper twice
    ("tg_movements_c16_no_hold", ATTACKS["tg_movements_c16_no_hold"]),  # 6 under a hold
    ("ct_archive_records_c15_state_is_rows", ATTACKS["ct_archive_records_c15_state_is_rows"]),  # 7 a state without its row
    ("privilege", typed(("update events set tag = tag",))),  # 8
    ("privilege", typed(("delete from events",))),  # 9
    ("privilege", typed(("truncate events",))),  # 10
    ("privilege", typed(("update access_log set purpose = 'x'",))),  # 11
    ("privilege", typed(("update ticket_counters set last_no = last_no + 1",))),  # 12 a ticket number skipped
    ("privilege", typed(("alter table movements disable trigger all",))),  # 13
    ("privilege", typed(("set role loanfile_owner",))),  # 14
    ("privilege", typed(("set role loanfile_registrar",))),  # 15
    ("privilege", typed(("set session_replication_role = replica",))),  # 16 triggers off for the session
    ("privilege", typed(("drop policy branch on loans",))),  # 17
    ("tg_movements_c48_once", change_of_a_done_movement),  # 18
    ("tg_events_c48_links", forged_event),  # 19
    ("privilege", typed(("select administer('GRANT_ROLE', '{}', gen_random_uuid())",))),  # 20
    ("privilege", own_role),  # 21
    ("ct_operations_c1_all_seats", confirmed_by_nobody),  # 22 a change of administration without its second seat
    ("privilege", typed(("select * from row_versions",))),  # 23
    ("privilege", typed(("create or replace function broken(twin text) returns void language sql as 'select'",))),  # 24
    ("privilege", typed(("create table public.mine (x int)",))),  # 25
    ("privilege", typed(("update customers set identity_number_masked = '1'",))),  # 26
    ("privilege", typed(("update data_keys set wrapped = ''",))),  # 27
    *FORGED,  # 28 and on: rows that are right one by one
    *SCANNED,  # and then: what was stored
    ("privilege", typed(("insert into access_log (logged_at) values ('2001-01-01')",))),  # a reading that is said to be old
    ("ct_movements_c25_found_in_vault", found_in_vault_now),
    ("ct_movements_c25_found_in_vault", found_in_vault_then),
    *MADE_UP,
)


@pytest.mark.parametrize("number", range(1, len(TRIED) + 1))
async def test_it_is_refused_by_name(bank: World, number: int) -> None:
    name, arrange = TRIED[number - 1]
    attack = await arrange(bank)
    with pytest.raises(asyncpg.PostgresError) as told:
        await typed_in(bank, attack)
    found: Any = told.value
    assert (name == "privilege" and isinstance(found, asyncpg.InsufficientPrivilegeError)) or found.constraint_name == name, found


async def typed_in(bank: World, attack: Attack) -> None:
    assert attack.by is not None
    async with bank.database.transaction(bank.people[attack.by]) as conn:
        for sql, *values in attack.steps:
            await conn.raw.execute(sql, *values)


@pytest.mark.parametrize(
    "sql",
    [
        "select identity_cipher from customers", "select identity_index from customers", "select wrapped from data_keys",
        "select outcome from idempotency_keys", "insert into holds (reason) values ('x')", "update loans set number = 'x'", "delete from loans",
        "select administer('GRANT_ROLE', '{}', gen_random_uuid())", "update access_log set purpose = 'x'", "set role loanfile_owner",
    ],
)  # fmt: skip
async def test_the_readers_login_looks_and_does_nothing_else(bank: World, sql: str) -> None:
    async with bank.database.readers.acquire() as raw:
        assert await raw.fetchval("select current_user") == "loanfile_reader"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await raw.execute(sql)


async def test_nobody_logs_in_as_the_owner_and_the_migrating_login_acts_as_it(told: dict[str, Any], database_name: str, root: Any) -> None:
    logins = await root.fetch("select rolname from pg_roles where rolname like 'loanfile%' and rolcanlogin order by 1")
    assert [r[0] for r in logins] == ["loanfile_app", "loanfile_ledger", "loanfile_migrate", "loanfile_reader"]
    raw = await asyncpg.connect(servers.url(told, "owner", database_name))
    try:
        assert tuple(await raw.fetchrow("select session_user::text, current_user::text")) == ("loanfile_migrate", "loanfile_owner")
    finally:
        await raw.close()


LOGINS = ("loanfile_app", "loanfile_reader", "loanfile_ledger")
CARRY_OUT = """create temp table mine (id uuid, action text, ask jsonb);
  create trigger mine after insert on mine for each row execute function tg_operations_administer();
  insert into mine values (gen_random_uuid(), 'GRANT_ROLE', '{"change": {"staff": "%s", "role": "PRESIDENT"}}')"""


@pytest.mark.parametrize("login", ["app", "reader", "ledger"])
async def test_our_triggers_hang_on_no_table_of_somebody_elses(bank: World, told: dict[str, Any], database_name: str, login: str) -> None:
    """A temporary table is its maker's, and so are its triggers; what they call would act as its owner."""
    raw = await asyncpg.connect(servers.url(told, login, database_name))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await raw.execute(CARRY_OUT % who(bank, "officer"))
    finally:
        await raw.close()


async def test_no_login_may_execute_the_function_of_a_trigger(root: Any) -> None:
    """Also of one that was made yesterday: every migration ends with taking it away."""
    open_ = "select p.oid::regprocedure::text, l from pg_proc p, unnest($1::text[]) l where pronamespace = 'public'::regnamespace"
    rows = await root.fetch(f"{open_} and prorettype = 'trigger'::regtype and has_function_privilege(l, p.oid, 'execute')", list(LOGINS))
    assert not rows


async def test_the_logins_that_read_lock_and_write_nothing_through_functions_of_others(root: Any) -> None:
    rows = await root.fetch(
        "select p.oid::regprocedure::text, l from pg_proc p, unnest(array['loanfile_reader', 'loanfile_ledger']) l"
        " where pronamespace = 'public'::regnamespace and prosecdef and provolatile = 'v' and has_function_privilege(l, p.oid, 'execute')"
    )
    assert not rows


@pytest.mark.parametrize("sql", ["select party_for('\\\\x01')", "select * from facts_of('{}', '{}', '0')", "select * from title_facts('{}')",
                                 "select lock_subject(null, null, null, null, null)", "select loans_to_transfer('{}')",
                                 "select days_on_duty('[2026-01-01,2026-01-02)')"])  # fmt: skip
async def test_the_readers_login_asks_for_no_facts_of_every_branch(bank: World, sql: str) -> None:
    async with bank.database.readers.acquire() as raw:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await raw.execute(sql)
