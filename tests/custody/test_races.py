"""Two server processes on one database, everybody at once: one wins, the others are told why, and the books count one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import Role, Tier
from tests.harness.web import Site, site
from tests.harness.world import World

ROUNDS = [2, pytest.param(200, marks=pytest.mark.soak)]
CUTS = [20, pytest.param(1_000, marks=pytest.mark.soak)]
AT_ONCE = 64


def mutation(name: str, fields: str) -> str:
    head = name[0].upper() + name[1:]
    return f"""mutation M($i: {head}Input!) {{ {name}(input: $i) {{ __typename ... on {head}Payload {{ replayed {fields} }}
      ... on Problem {{ code }} ... on CustodyViolation {{ violations {{ rule code }} }} }} }}"""


APPROVE = mutation("approveRequest", "request { id }")
CHECK_OUT = mutation("checkOut", "operation { id } checkouts { id }")
CONFIRM = mutation("confirmOperation", "operation { id }")
REQUEST = mutation("requestCheckout", "request { id } events { id }")


@pytest.fixture(scope="module")
def pair(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Site]]:
    folder = tmp_path_factory.mktemp("pair")  # one home: both trust one issuer
    with ExitStack() as stack:
        # Whoever comes last waits for all others, and that is their statement's time.
        patient = {"statement_seconds_max": "120"}
        yield [stack.enter_context(site(told, database_name, folder, log_name=f"{n}.log", **patient)) for n in range(2)]


class Crowd:
    """Clients of both processes, signed in as one person."""

    def __init__(self, clients: list[httpx.AsyncClient], field: str) -> None:
        self.clients, self.field = clients, field

    async def at_once(self, text: str, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One answer for each input; never a 5xx, never an error beside the data."""

        async def one(n: int, given: dict[str, Any]) -> dict[str, Any]:
            body = {"query": text, "variables": {"i": {"idempotencyKey": uuid4().hex, **given}}}
            answer = await self.clients[n % len(self.clients)].post("/graphql", json=body)
            assert answer.status_code == 200 and "errors" not in answer.json(), answer.text
            return dict(answer.json()["data"][self.field])

        return list(await asyncio.gather(*(one(n, given) for n, given in enumerate(inputs))))


@pytest_asyncio.fixture
async def crowd(pair: list[Site], bank: World) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:

        async def gather(who: str, field: str) -> Crowd:
            made = [await stack.enter_async_context(s.client(bank.people[who].staff_no)) for s in pair]
            return Crowd(made, field)

        yield gather


def kinds(answers: list[dict[str, Any]]) -> Counter[str]:
    return Counter(a["__typename"] for a in answers)


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_of_64_approvals_of_64_requests_one_reserves(bank: World, crowd: Any, rounds: int) -> None:
    heads = await crowd("head", "approveRequest")
    for _ in range(rounds):
        volumes = await bank.volumes()
        asked = [await bank.requests(volumes, tier=Tier.SECOND) for _ in range(AT_ONCE)]
        answers = await heads.at_once(APPROVE, [{"requestId": f"request_{r}", "expectedVersion": "1"} for r in asked])
        assert kinds(answers) == {"ApproveRequestPayload": 1, "CustodyViolation": AT_ONCE - 1}
        refused = [a for a in answers if a["__typename"] == "CustodyViolation"]
        assert all({"rule": "C14", "code": "RESERVED_BY_OTHER"} in a["violations"] for a in refused)
        assert await bank.state(volumes[0]) == "RESERVED"
        assert await bank.sql("select count(*) from movements where record_id = $1", volumes[0]) == 1
        assert await bank.sql("select count(*) from access_requests where id = any($1) and state = 'APPROVED'", asked) == 1


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_of_64_checkouts_of_one_reservation_one_leaves_with_one_ticket(bank: World, crowd: Any, rounds: int) -> None:
    desks = await crowd("archivist", "checkOut")
    for _ in range(rounds):
        volumes = await bank.volumes()
        request = await bank.approved(volumes, tier=Tier.SECOND)
        code = await bank.sql("select barcode from archive_records where id = $1", volumes[0])
        before = await bank.sql("select count(*) from tickets where org_id = $1", bank.branches["A"].id)
        given = {"requestId": f"request_{request}", "barcodes": [code], "dueOn": str(bank.due())}
        answers = await desks.at_once(CHECK_OUT, [given] * AT_ONCE)
        assert kinds(answers) == {"CheckOutPayload": 1, "CustodyViolation": AT_ONCE - 1}
        assert await bank.sql("select count(*) from movements where record_id = $1 and out_at is not null", volumes[0]) == 1
        assert await bank.sql("select count(*) from tickets where org_id = $1", bank.branches["A"].id) == before + 1
        assert await bank.sql("select max(ticket_no) from tickets where org_id = $1", bank.branches["A"].id) == before + 1


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_of_64_confirmations_of_one_seat_one_sits(bank: World, crowd: Any, rounds: int) -> None:
    keepers = await crowd("cody", "confirmOperation")
    for _ in range(rounds):
        papers = await bank.papers()
        request = await bank.approved(papers)
        opened = await bank.done("kay", Ask(A.CHECK_OUT, request=request, due_on=bank.due()))
        answers = await keepers.at_once(CONFIRM, [{"operationId": f"operation_{opened['operation']}"}] * AT_ONCE)
        assert kinds(answers) == {"ConfirmOperationPayload": 1, "CustodyViolation": AT_ONCE - 1}
        seats = await bank.root.fetch("select seat from operation_seats where operation_id = $1", UUID(opened["operation"]))
        assert sorted(r[0] for r in seats) == ["CODE", "KEY"]


@pytest.mark.parametrize("rounds", ROUNDS)
async def test_of_two_keepers_who_open_the_same_checkout_one_opens_it(bank: World, crowd: Any, rounds: int) -> None:
    here = bank.branches["A"].id
    twin = await bank.hire("kay_two", {Role.VAULT_KEEPER_KEY}, here, (here,))
    during = "insert into keeper_duties (vault_id, staff_id, seat, during) values ($1, $2, 'KEY', '[2000-01-01,2100-01-01)')"
    await bank.sql(during, bank.branches["A"].vault, twin.staff_id)
    one, two = await crowd("kay", "checkOut"), await crowd("kay_two", "checkOut")
    for _ in range(rounds):
        papers = await bank.papers()
        request = await bank.approved(papers)
        code = await bank.sql("select barcode from archive_records where id = $1", papers[0])
        given = [{"requestId": f"request_{request}", "barcodes": [code], "dueOn": str(bank.due())}] * 4
        answers = [a for some in await asyncio.gather(one.at_once(CHECK_OUT, given), two.at_once(CHECK_OUT, given)) for a in some]
        assert kinds(answers) == {"CheckOutPayload": 1, "CustodyViolation": 7}
        assert await bank.sql("select count(*) from operations where request_id = $1 and state = 'PENDING'", request) == 1


@pytest.mark.parametrize("cuts", CUTS)
async def test_an_answer_lost_after_commit_is_replayed_to_the_same_key(
    bank: World, told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory, cuts: int
) -> None:
    """Every second answer is cut off behind its commit; the client asks again with the same key until it is told."""
    volumes, lost, made = await bank.volumes(), 0, set[str]()
    with site(told, database_name, tmp_path_factory.mktemp("cut"), failpoint="after_commit:0.5") as served:
        async with served.client(bank.people["officer"].staff_no) as client:
            while lost < cuts:
                given = {"recordIds": [f"record_{volumes[0]}"], "purpose": "AUDIT", "idempotencyKey": uuid4().hex}
                was_cut, told_again = False, None
                while told_again is None:
                    try:
                        answer = await client.post("/graphql", json={"query": REQUEST, "variables": {"i": given}})
                        told_again = answer.json()["data"]["requestCheckout"]
                    except (httpx.RemoteProtocolError, httpx.ReadError):
                        was_cut = True
                        lost += 1
                assert told_again["replayed"] is was_cut and len(told_again["events"]) == 1
                made.add(told_again["request"]["id"])
    assert await bank.sql("select count(*) from request_lines where record_id = $1", volumes[0]) == len(made)
    tagged = "select count(*) from events where record_id = $1 and tag = 'request:submit:done'"
    assert await bank.sql(tagged, volumes[0]) == len(made)
