"""What waits for whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schema.viewer import TaskKind
from server.custody.moves import Ask
from server.custody.registration import NewRecord, register_records
from storage.terms import Action as A
from storage.terms import PaperKind, Role, Tier
from tests.golden import kinds_of
from tests.harness.world import World
from tests.reading.test_loan_file import ask as ask

TASKS = "{ viewer { staff { name } roles tasks(first: 50) { kind title dueAt subject { __typename id } } } }"


async def kinds(ask: Any, who: str) -> list[str]:
    answer = await ask(who, TASKS)
    assert answer["errors"] is None, answer
    return sorted(t["kind"] for t in answer["data"]["viewer"]["tasks"])


async def test_each_step_of_a_checkout_waits_for_the_next_person(bank: World, ask: Any) -> None:
    papers = await bank.papers()
    request = await bank.requests(papers)
    assert await kinds(ask, "head") == ["APPROVE"] and await kinds(ask, "officer") == []
    await bank.done("head", Ask(A.APPROVE, request=request))
    assert await kinds(ask, "head") == [] and await kinds(ask, "risk") == ["APPROVE"]
    await bank.done("risk", Ask(A.APPROVE, request=request))
    assert await kinds(ask, "kay") == ["HAND_OUT"] and await kinds(ask, "archivist") == []
    await bank.trusted(request)
    await bank.done("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    assert await kinds(ask, "cody") == ["CONFIRM", "HAND_OUT"]
    assert await kinds(ask, "clerk") == ["CONFIRM"] and await kinds(ask, "officer") == ["CONFIRM", "FETCH"]
    assert await kinds(ask, "clerk_b") == []


async def test_a_holder_must_return_and_the_archivist_must_accept(bank: World, ask: Any) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    answer = await ask("officer", TASKS)
    (task,) = answer["data"]["viewer"]["tasks"]
    assert (task["kind"], task["subject"]["__typename"]) == ("RETURN", "Checkout") and task["dueAt"]
    await bank.presented(volumes, tier=Tier.SECOND)
    assert await kinds(ask, "officer") == [] and await kinds(ask, "archivist") == ["ACCEPT_RETURN"]


async def test_who_must_confirm_is_told_how_many_seconds_are_left(bank: World, ask: Any) -> None:
    papers = await bank.papers()
    request = await bank.approved(papers)
    await bank.done("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    answer = await ask("clerk", "{ viewer { tasks { kind secondsLeft } } }")
    (task,) = answer["data"]["viewer"]["tasks"]
    assert task["kind"] == "CONFIRM" and 0 < task["secondsLeft"] <= 15 * 60


async def test_what_is_late_waits_for_its_holder_and_for_those_who_chase(bank: World, ask: Any) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    async with bank.root.transaction():  # past the triggers: nobody sets a clock back
        await bank.root.execute("set local session_replication_role = replica")
        await bank.root.execute(
            "update movements set out_at = out_at - interval '9 days', due_at = now() - interval '1 day' where record_id = $1", volumes[0]
        )
    assert await kinds(ask, "officer") == ["OVERDUE"]
    assert await kinds(ask, "ops") == ["CHASE"] and await kinds(ask, "head") == ["CHASE"] and await kinds(ask, "head_b") == []


async def test_papers_and_volumes_on_their_way_wait_for_those_who_take_them_in(bank: World, ask: Any) -> None:
    papers, _ = await bank.registered()
    assert await kinds(ask, "clerk") == ["TAKE_IN"] and await kinds(ask, "officer") == [] and papers
    loan, branch, officer = await bank.loan(), bank.branches["A"], bank.people["officer"]
    at = datetime.now(UTC) - timedelta(minutes=5)
    async with bank.database.transaction(officer) as conn:
        loose = NewRecord(f"A1{bank.tag}9", None, "登记证书", loan, branch.id, branch.id, PaperKind.OTHER_TITLE, await bank.collateral())
        await register_records(conn, officer, [loose], at)
    assert await kinds(ask, "officer") == ["SEAL"] and await kinds(ask, "cody") == ["SEAL", "TAKE_IN"]


def test_every_kind_of_task_is_somebodys() -> None:
    """The golden list: which kinds a role may be asked to do."""
    every = {kind for role in Role for kind in kinds_of(role)}
    assert every == {kind.name for kind in TaskKind}
