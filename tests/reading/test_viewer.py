"""What waits for whom."""

from typing import Any

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import Tier
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
    await bank.done("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
    assert await kinds(ask, "cody") == ["CONFIRM", "HAND_OUT"]
    assert await kinds(ask, "clerk") == ["CONFIRM"] and await kinds(ask, "officer") == ["CONFIRM"]
    assert await kinds(ask, "clerk_b") == []


async def test_a_holder_must_return_and_the_archivist_must_accept(bank: World, ask: Any) -> None:
    volumes = await bank.volumes()
    await bank.out(volumes, tier=Tier.SECOND)
    answer = await ask("officer", TASKS)
    (task,) = answer["data"]["viewer"]["tasks"]
    assert (task["kind"], task["subject"]["__typename"]) == ("RETURN", "Checkout") and task["dueAt"]
    await bank.presented(volumes, tier=Tier.SECOND)
    assert await kinds(ask, "officer") == [] and await kinds(ask, "archivist") == ["ACCEPT_RETURN"]
