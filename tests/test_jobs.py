"""What the clock brings about: each step of the ladder once, with two workers at once; what is past its time is tidied."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from server.custody.moves import Ask
from server.custody.policy import BANK_ZONE
from server.jobs.worker import app_of, work
from storage.objects import ObjectStore
from storage.terms import Action as A
from storage.terms import Purpose, Tier
from tests.custody.releasing import SEATED, Case
from tests.harness import losses, servers
from tests.harness.jobs import jobs_of
from tests.harness.web import site
from tests.harness.world import World

SECOND = Tier.SECOND


async def steps(bank: World, record: UUID) -> list[str]:
    rows = await bank.root.fetch(
        "select s.step from overdue_steps s join movements m on m.id = s.movement_id where m.record_id = $1 order by s.reached_at, s.id",
        record,
    )
    return [r[0] for r in rows]


async def told(bank: World, record: UUID) -> Counter[tuple[str, str]]:
    names = {p.staff_id: name for name, p in bank.people.items()}
    rows = await bank.root.fetch("select staff_id, kind from notices where record_id = $1", record)
    return Counter((names[r["staff_id"]], r["kind"]) for r in rows)


async def climb_twice_at_once(bank: World) -> int:
    one, two = await jobs_of(bank), await jobs_of(bank)
    return sum(await asyncio.gather(one.climb(), two.climb()))


async def test_each_step_of_the_ladder_is_climbed_once_by_two_workers_at_once(bank: World) -> None:
    volumes = await bank.volumes()
    request = await bank.approved(volumes, tier=SECOND)
    await bank.seated(Ask(A.CHECK_OUT, request=request, due_on=bank.due(5)), ["archivist"])
    due = await bank.sql("select due_at from movements where record_id = $1", volumes[0])
    climbed: list[int] = []
    while (await bank.state(volumes[0])) != "MISSING":
        climbed.append(await climb_twice_at_once(bank))
        assert len(climbed) < 80
        bank.later(hours=12)
    assert await steps(bank, volumes[0]) == ["BEFORE_DUE", "HOLDER", "HEAD", "BLOCK", "RECALL", "SEARCH"]
    await climb_twice_at_once(bank)
    assert sum(climbed) == 6 and max(climbed) == 1
    assert await told(bank, volumes[0]) == Counter(
        {
            ("officer", "DUE_SOON"): 1, ("officer", "OVERDUE"): 1, ("head", "OVERDUE"): 1, ("manager", "OVERDUE"): 1, ("officer", "BLOCKED"): 1,
            ("officer", "RECALLED"): 1, ("vice", "OVERDUE"): 1, ("compliance", "OVERDUE"): 1, ("compliance_two", "OVERDUE"): 1,
            ("ops", "OVERDUE"): 1, ("ops", "SEARCH_DUE"): 1,
        }
    )  # fmt: skip
    row = await bank.root.fetchrow("select owner_id, reported_by from discrepancies where record_id = $1", volumes[0])
    assert tuple(row) == (bank.people["ops"].staff_id, bank.people["jobs"].staff_id)
    tags = "select count(*) from events where record_id = $1 and tag = 'record:overdue:reached'"
    assert await bank.sql(tags, volumes[0]) == 6
    assert await bank.sql("select closed_at is null and due_at = $2 from movements where record_id = $1", volumes[0], due)


async def sets(bank: World, name: str, value: int, letter: str = "A") -> None:
    """A value of one unit's own."""
    said = "insert into policy_parameters (key, value, org_id, effective_from) values ($1, $2, $3, now() - interval '1 day')"
    await bank.sql(said, name, str(value), bank.branches[letter].id)
    bank.later()  # a desk of its own: this one knows the parameters of before


async def test_a_unit_that_warns_earlier_than_the_bank_is_warned_then(bank: World) -> None:
    await sets(bank, "overdue_days.before_due", 5)
    volumes = await bank.volumes()
    request = await bank.approved(volumes, tier=SECOND)
    await bank.seated(Ask(A.CHECK_OUT, request=request, due_on=bank.due(11)), ["archivist"])
    earlier = "update movements set out_at = out_at - interval '30 days', reserved_at = reserved_at - interval '30 days'"
    await bank.past_the_triggers(f"{earlier} where record_id = '{volumes[0]}'")  # whatever holidays there are
    due = await bank.sql("select due_at from movements where record_id = $1", volumes[0])
    async with bank.database.transaction(bank.people["ops"]) as conn:
        warned = (await bank.desk.policy(conn)).working_day_from(due, -5)
    bank.later(seconds=(warned - datetime.now(UTC)).total_seconds() - 60)
    await climb_twice_at_once(bank)
    assert await steps(bank, volumes[0]) == []
    bank.later(minutes=2)
    await climb_twice_at_once(bank)
    assert await steps(bank, volumes[0]) == ["BEFORE_DUE"]


async def test_whoever_is_told_that_they_are_blocked_is_blocked_whoever_keeps_the_record(bank: World) -> None:
    """C18 asks for the days of the holder's unit; the record is of one that has others."""
    await sets(bank, "overdue_days.block", 8)
    volumes, other = await bank.volumes(), await bank.volumes(letter="B")
    await bank.out(volumes, tier=SECOND)
    holder = bank.people["officer_b"].staff_id
    await bank.past_the_triggers(f"update movements set holder_id = '{holder}' where record_id = '{volumes[0]}'")
    found, ask = [], Ask(A.REQUEST_CHECKOUT, records=tuple(other), purpose=Purpose.AUDIT)
    for _ in range(24):
        await climb_twice_at_once(bank)
        blocked = any(
            c.rule.code == "BORROWER_BLOCKED" and not c.passed for c in (await bank.desk.explain(bank.people["officer_b"], ask)).checks
        )
        assert ("BLOCK" in await steps(bank, volumes[0])) is blocked
        found.append(blocked)
        bank.later(hours=12)
    assert set(found) == {True, False}


async def test_what_is_never_put_back_from_the_reading_room_is_told_to_the_same_and_sought(bank: World) -> None:
    volumes = await bank.volumes()
    ask = Ask(A.REQUEST_READING, records=tuple(volumes), purpose=Purpose.AUDIT)
    request = UUID((await bank.done("officer", ask))["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    await bank.done("archivist", Ask(A.START_READING, request=request))
    bank.later(days=40)
    await climb_twice_at_once(bank)
    assert sorted(await steps(bank, volumes[0])) == ["BLOCK", "HEAD", "HOLDER", "RECALL", "SEARCH"]
    heard = await told(bank, volumes[0])
    assert {who for who, kind in heard if kind == "OVERDUE"} == {
        "officer",
        "head",
        "manager",
        "vice",
        "compliance",
        "compliance_two",
        "ops",
    }
    assert heard["ops", "SEARCH_DUE"] == 1 and not {who for who, kind in heard if kind == "RECALLED"}
    assert await bank.state(volumes[0]) == "MISSING" and await climb_twice_at_once(bank) == 0
    await bank.seated(losses.found(bank, volumes[0]), ["archivist"])
    assert await bank.state(volumes[0]) == "FILED"


async def lettered(bank: World) -> tuple[UUID, UUID]:
    """A paper that the registry keeps under its letter, and its request."""
    papers = await bank.papers()
    request = await bank.out(papers)
    return papers[0], request


async def test_what_a_bailee_keeps_under_a_letter_is_confirmed_in_writing_and_not_sought(bank: World) -> None:
    paper, _ = await lettered(bank)
    for _ in range(60):
        await climb_twice_at_once(bank)
        bank.later(hours=12)
    assert await steps(bank, paper) == ["HOLDER", "HEAD", "BLOCK", "RECALL", "CONFIRMATION"]
    assert await bank.state(paper) == "CHECKED_OUT"
    assert await bank.sql("select count(*) from discrepancies where record_id = $1", paper) == 0
    confirm = {who: n for (who, kind), n in (await told(bank, paper)).items() if kind == "CONFIRMATION_DUE"}
    assert confirm == {"officer": 1, "ops": 1, "head": 1, "manager": 1}
    search = Ask(A.OVERDUE_SEARCH, records=(paper,), reason="OVERDUE")
    assert await bank.refused("jobs", search) == [("C24", "KEPT_BY_BAILEE")]


async def test_a_letter_signed_since_the_due_day_is_the_confirmation(bank: World) -> None:
    paper, request = await lettered(bank)
    bank.later(days=8)
    await bank.trusted(request)
    bank.later(days=30)
    await climb_twice_at_once(bank)
    assert sorted(await steps(bank, paper)) == ["BLOCK", "HEAD", "HOLDER", "RECALL"]
    assert ("officer", "CONFIRMATION_DUE") not in await told(bank, paper)


async def test_a_search_and_the_step_that_it_is_are_one(bank: World) -> None:
    """Cut between the two, the record would be missing and nobody told why."""
    volumes = await bank.volumes()
    await bank.out(volumes, tier=SECOND)
    bank.later(days=40)
    await jobs_of(bank)
    await bank.root.execute("create function no_notice() returns trigger language plpgsql as $$ begin raise 'cut'; end $$;"
                            "create trigger no_notice before insert on overdue_steps for each row when (new.step = 'SEARCH') execute function no_notice()")  # fmt: skip
    try:
        with pytest.raises(asyncpg.RaiseError, match="cut"):
            await (await jobs_of(bank)).climb()
        assert await bank.state(volumes[0]) == "CHECKED_OUT"
    finally:
        await bank.root.execute("drop function no_notice() cascade")
    assert await (await jobs_of(bank)).climb() == 1
    assert await bank.state(volumes[0]) == "MISSING" and (await steps(bank, volumes[0]))[-1] == "SEARCH"


async def test_what_is_presented_climbs_no_further_and_what_is_extended_begins_anew(bank: World) -> None:
    back, longer = await bank.volumes(), await bank.volumes()
    for volumes in (back, longer):
        await bank.out(volumes, tier=SECOND)
    ask = Ask(A.REQUEST_EXTENSION, records=tuple(longer), due_on=bank.due(6))
    request = UUID((await bank.done("officer", ask))["request"])
    await bank.done("head", Ask(A.APPROVE, request=request))
    bank.later(days=5)
    await bank.presented(back, tier=SECOND)
    bank.later(days=9)
    await climb_twice_at_once(bank)
    assert await steps(bank, back[0]) == []
    climbed = await steps(bank, longer[0])  # of two at once either may take either, and each has an instant of its own
    assert {"HOLDER", "HEAD"} <= set(climbed) and "BEFORE_DUE" not in climbed


async def test_reservations_operations_and_those_who_wait_are_tidied_once(bank: World) -> None:
    volumes, papers = await bank.volumes(), await bank.papers()
    reserved = await bank.approved(volumes, tier=SECOND)
    waits = Ask(A.REQUEST_CHECKOUT, records=tuple(volumes), purpose=Purpose.AUDIT, queue=True)
    waiting = UUID((await bank.done("legal", waits))["request"])
    await bank.done("head", Ask(A.APPROVE, request=waiting))
    request = await bank.approved(papers)
    operation = UUID((await bank.done("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due())))["operation"])
    bank.later(minutes=20)
    jobs = await jobs_of(bank)
    assert sum(await asyncio.gather(jobs.tidy(), jobs.tidy())) == 1
    assert await bank.sql("select state from operations where id = $1", operation) == "EXPIRED"
    bank.later(days=9)
    jobs = await jobs_of(bank)
    await asyncio.gather(jobs.tidy(), jobs.tidy())
    state = "select state from access_requests where id = $1"
    assert [await bank.sql(state, r) for r in (reserved, waiting, request)] == ["LAPSED", "APPROVED", "LAPSED"]
    assert (await bank.state(volumes[0]), await bank.state(papers[0])) == ("RESERVED", "IN_VAULT")
    assert await bank.sql("select count(*) from events where record_id = $1 and tag = 'record:lapse:done'", volumes[0]) == 1
    await jobs.notify()
    assert await bank.sql("select count(*) from notices where subject_id = $1 and kind = 'RESERVATION_LAPSED'", reserved) == 1


async def test_who_waits_in_vain_lapses_and_a_missed_turn_is_made_up_for(bank: World) -> None:
    volumes, held = await bank.volumes(), await bank.volumes()
    for some in (volumes, held):
        await bank.out(some, tier=SECOND)
    requests = []
    for some in (volumes, held):
        asked = Ask(A.REQUEST_CHECKOUT, records=tuple(some), purpose=Purpose.AUDIT, queue=True)
        requests.append(UUID((await bank.done("legal", asked))["request"]))
        await bank.done("head", Ask(A.APPROVE, request=requests[-1]))
    await bank.sql("update staff set active = false where id = $1", bank.people["legal"].staff_id)
    await bank.presented(held, tier=SECOND)
    await bank.accepted(held, tier=SECOND)
    jobs = await jobs_of(bank)
    assert await jobs.tidy() == 0  # a rule still forbids it; nothing is refused each minute
    assert await bank.sql("select count(*) from access_log where $1 = any(subject_ids)", requests[1]) == 0
    await bank.sql("update staff set active = true where id = $1", bank.people["legal"].staff_id)
    assert await jobs.tidy() == 1
    state = "select state from access_requests where id = $1"
    assert await bank.sql(state, requests[1]) == "APPROVED"
    bank.later(days=60)
    await (await jobs_of(bank)).tidy()
    assert await bank.sql(state, requests[0]) == "LAPSED"


async def test_what_was_asked_and_nobody_can_grant_any_more_lapses_and_its_applicant_is_told(bank: World) -> None:
    (volume,), case = await bank.volumes(), await Case.make(bank)
    await bank.out([volume], tier=SECOND)
    longer = UUID((await bank.done("officer", Ask(A.REQUEST_EXTENSION, records=(volume,), due_on=bank.due(4))))["request"])
    lent = await bank.requests(case.papers)
    still = await bank.requests([*await bank.papers()])
    jobs = await jobs_of(bank)
    await bank.presented([volume], tier=SECOND)
    await case.ready()
    assert await jobs.tidy() == 0  # all of them can still be granted: what was presented may be rejected and go on being out
    lapse = "update access_requests set state = 'LAPSED', decided_at = clock_timestamp() where id = $1"
    for request in (longer, lent, still):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            async with bank.database.transaction(bank.people["officer"]) as conn:
                await conn.raw.execute(lapse, request)
        assert refused.value.constraint_name == "tg_access_requests_c15_step"
    await bank.accepted([volume], tier=SECOND)
    await bank.seated(case.release, SEATED)
    assert sum(await asyncio.gather(jobs.tidy(), jobs.tidy())) == 2
    states = "select state from access_requests where id = $1"
    assert [await bank.sql(states, request) for request in (longer, lent, still)] == ["LAPSED", "LAPSED", "SUBMITTED"]
    for request in (longer, lent):
        assert await bank.sql("select count(*) from events where subject_id = $1 and tag = 'request:lapse:done'", request) == 1
        told = await bank.sql("select array_agg(staff_id) from notices where subject_id = $1 and kind = 'WAITING_LAPSED'", request)
        assert told == [bank.people["officer"].staff_id]


async def test_a_due_day_in_an_unknown_year_is_provisional_and_moves_later_once_the_holidays_are_known(bank: World) -> None:
    volumes = await bank.volumes()
    request = await bank.approved(volumes, tier=SECOND)
    year = await bank.sql("select extract(year from max(day))::int from holidays") or datetime.now(BANK_ZONE).year
    bank.later(days=(date(year + 1, 3, 1) - datetime.now(BANK_ZONE).date()).days)
    request = await bank.approved(volumes, tier=SECOND)
    due = bank.due(2)
    await bank.seated(Ask(A.CHECK_OUT, request=request, due_on=due), ["archivist"])
    row = "select due_at, due_is_provisional from movements where record_id = $1 and closed_at is null"
    before = await bank.root.fetchrow(row, volumes[0])
    assert before["due_is_provisional"]
    jobs = await jobs_of(bank)
    await jobs.notify()
    assert await jobs.calendar() == 0 and (await bank.root.fetchrow(row, volumes[0]))["due_is_provisional"]
    kinds = await bank.root.fetch("select kind from notices where staff_id = $1", bank.people["ops"].staff_id)
    assert "DUE_PROVISIONAL" in {r[0] for r in kinds}
    days = [due + timedelta(days=n) for n in range(3)]
    try:
        for day in days:
            await bank.sql("insert into holidays (day, is_working, name, source) values ($1, false, '放假', 'bank')", day)
        assert await jobs.calendar() == 1
        assert await jobs.calendar() == 0
        after = await bank.root.fetchrow(row, volumes[0])
        assert not after["due_is_provisional"] and after["due_at"] - before["due_at"] >= timedelta(days=3)
        assert ("officer", "DUE_MOVED") in await told(bank, volumes[0])
    finally:
        await bank.sql("delete from holidays where day = any($1)", days)


@pytest.fixture
def app_url(told: dict[str, Any], database_name: str) -> str:
    return servers.url(told, "app", database_name)


async def test_two_workers_of_procrastinate_share_what_is_queued(bank: World, app_url: str, objects: ObjectStore) -> None:
    volumes = await bank.volumes()
    await bank.approved(volumes, tier=SECOND)
    await jobs_of(bank)
    await bank.sql("update staff set active = false where id <> $1 and id in (select staff_id from staff_roles where role = 'SYSTEM')",
                   bank.people["jobs"].staff_id)  # fmt: skip
    bank.later(days=9)
    app = app_of(app_url)
    await bank.sql("delete from jobs.procrastinate_jobs where task_name = 'tidy'")  # a tick that the worker of another test took no more
    async with app.open_async():
        await app.configure_task("tidy").defer_async(timestamp=0)
        assert await bank.sql("select count(*) from jobs.procrastinate_jobs where task_name = 'tidy'") == 1
    await asyncio.gather(*(work(app_url, bank.desk, objects, until_empty=True) for _ in range(2)))
    assert await bank.state(volumes[0]) == "FILED"
    assert await bank.sql("select count(*) from jobs.procrastinate_jobs where status <> 'todo' and task_name = 'tidy'") == 0


async def test_a_server_runs_the_jobs_when_it_starts(
    bank: World, told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    volumes = await bank.volumes()
    await bank.approved(volumes, tier=SECOND)
    await jobs_of(bank)
    await bank.sql("update staff set active = false where id <> $1 and id in (select staff_id from staff_roles where role = 'SYSTEM')",
                   bank.people["jobs"].staff_id)  # fmt: skip
    await bank.sql("update movements set lapses_at = reserved_at where record_id = $1", volumes[0])
    with site(told, database_name, tmp_path_factory.mktemp("working"), worker="true") as served:
        async with asyncio.timeout(300):  # a tick that was taken a moment ago comes again in a minute
            while await bank.state(volumes[0]) != "FILED":  # noqa: ASYNC110  # another process brings it about
                await asyncio.sleep(0.5)
        assert "Traceback" not in served.logged()
