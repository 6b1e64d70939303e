"""What waits for whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schema.viewer import TaskKind
from server.custody.moves import Ask
from server.custody.moves.release import NoticeAsked
from server.custody.registration import NewRecord, register_records
from storage.terms import Action as A
from storage.terms import PaperKind, Role, Tier
from tests.custody.chapters.stocktakes import count, opened
from tests.custody.releasing import Case
from tests.golden import kinds_of
from tests.harness.losses import missing
from tests.harness.world import World
from tests.reading.test_loan_file import ask as ask
from tests.stories.asking import Asking
from tests.stories.beginning import entered, read_from
from tests.stories.conftest import api as api

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


async def test_what_enters_without_a_seal_waits_for_the_vault_and_for_no_seal(bank: World, ask: Any, api: Asking) -> None:
    car = await entered(bank, api)
    certificate = read_from(car.vin, f"E{bank.tag}", isElectronic=True, registryReference="DJ-1")
    paper = {"archiveNo": f"YJ-{bank.tag}", "title": "电子抵押登记证明", "kind": "CERTIFICATE", "pages": 1, "certificate": certificate}
    await api.does("officer", "registerFirstTier", "records { id }", **car.where, papers=[paper])
    assert await kinds(ask, "officer") == [] and await kinds(ask, "clerk") == await kinds(ask, "kay") == ["TAKE_IN"]
    case = await Case.make(bank)
    await case.paid()
    await bank.done("officer", Ask(A.ISSUE_NOTICE, detail=NoticeAsked(case.loan)))
    assert await kinds(ask, "officer") == [] and await kinds(ask, "clerk") == await kinds(ask, "cody") == ["TAKE_IN", "TAKE_IN"]


async def test_what_was_presented_and_is_missing_since_waits_for_nobodys_inspection(bank: World, ask: Any) -> None:
    papers = await bank.papers()
    await bank.out(papers)
    await bank.presented(papers)
    assert await kinds(ask, "kay") == ["ACCEPT_RETURN"]
    await missing(bank, papers[0])
    assert await kinds(ask, "kay") == []


async def test_who_has_counted_every_place_has_nothing_left_to_count(bank: World, ask: Any) -> None:
    take, _, lies = await opened(bank, papers=2)
    await bank.done("ann", count(take, lies[:1]))
    assert await kinds(ask, "ann") == ["COUNT"]
    await bank.done("ann", count(take, lies[1:]))
    assert await kinds(ask, "ann") == [] and await kinds(ask, "bob") == ["COUNT"]
    await bank.done("bob", count(take, [(code, "", "") for code, _, _ in lies]))  # they differ: both count anew
    assert await kinds(ask, "ann") == await kinds(ask, "bob") == ["COUNT"]


def test_every_kind_of_task_is_somebodys() -> None:
    """The golden list: which kinds a role may be asked to do."""
    every = {kind for role in Role for kind in kinds_of(role)}
    assert every == {kind.name for kind in TaskKind}
