"""The caller is kept by the process, yet out at once: every statement compares.

That no read pays a second round trip for it is seen in tests/reading/test_one_statement.py.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from storage.terms import Role, Tier
from tests.harness.web import Site, site
from tests.harness.world import World

ME = {"query": "{ viewer { staff { name } roles } }"}


@pytest.fixture(scope="module")
def served(told: dict[str, Any], database_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(told, database_name, tmp_path_factory.mktemp("principal")) as made:
        yield made


@pytest_asyncio.fixture
async def officer(served: Site, bank: World) -> Any:
    async with served.client(bank.people["officer"].staff_no) as client:
        yield client


async def roles(client: httpx.AsyncClient) -> list[str]:
    answer = await client.post("/graphql", json=ME)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"]["viewer"]["roles"])


async def test_a_role_given_or_taken_is_seen_by_the_next_statement(officer: httpx.AsyncClient, bank: World) -> None:
    me = bank.people["officer"].staff_id
    assert await roles(officer) == ["LOAN_OFFICER"]
    await bank.sql("insert into staff_roles (staff_id, role) values ($1, 'LEGAL')", me)
    assert await roles(officer) == ["LEGAL", "LOAN_OFFICER"]
    await bank.sql("delete from staff_roles where staff_id = $1 and role = 'LEGAL'", me)
    assert await roles(officer) == ["LOAN_OFFICER"]


async def test_a_leaver_is_out_at_once_for_reads_and_writes(officer: httpx.AsyncClient, bank: World) -> None:
    volumes = await bank.volumes()
    request = """mutation ($i: RequestCheckoutInput!) { requestCheckout(input: $i) { __typename } }"""
    given = {"recordIds": [f"record_{volumes[0]}"], "purpose": "AUDIT", "idempotencyKey": "a"}
    assert (await officer.post("/graphql", json={"query": request, "variables": {"i": given}})).status_code == 200
    await bank.sql("update staff set active = false where id = $1", bank.people["officer"].staff_id)
    for body in ({"query": request, "variables": {"i": {**given, "idempotencyKey": "b"}}}, ME):
        answer = await officer.post("/graphql", json=body)
        assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer"), answer.text
    assert await bank.sql("select count(*) from request_lines where record_id = $1", volumes[0]) == 1


async def test_a_delegation_begins_and_ends_by_the_clock(served: Site, bank: World) -> None:
    give = """insert into delegations (from_staff_id, to_staff_id, role, org_id, during)
              values ($1, $2, 'CREDIT_DEPT_HEAD', $3, tstzrange(clock_timestamp(), clock_timestamp() + $4)) returning upper(during)"""
    vice, head = bank.people["vice"], bank.people["head"]
    async with served.client(vice.staff_no) as client:
        assert await roles(client) == ["VICE_PRESIDENT"]
        for seconds in (1, 5, 25):  # on a busy machine a short one may be over before anybody asks
            end = await bank.sql(give, head.staff_id, vice.staff_id, vice.org_id, timedelta(seconds=seconds))
            if begun := await roles(client) == ["CREDIT_DEPT_HEAD", "VICE_PRESIDENT"]:
                break
        assert begun
        await bank.sql("select pg_sleep_until($1)", end + timedelta(seconds=0.1))
        assert await roles(client) == ["VICE_PRESIDENT"]


async def test_a_unit_made_below_is_seen_by_those_above(served: Site, bank: World) -> None:
    here = bank.branches["A"].id
    async with served.client(bank.people["officer"].staff_no) as client:
        await roles(client)
        below = await bank.sql(
            "insert into org_units (code, name, level, parent_id) values ($1, '分理处', 'SUB_BRANCH', $2) returning id",
            f"S{bank.tag}",
            here,
        )
        customer = (await bank.customer("A"))[0]
        await bank.sql("update customers set org_id = $1 where id = $2", below, customer)
        answer = await client.post("/graphql", json={"query": f'{{ node(id: "customer_{customer}") {{ id }} }}'})
    assert answer.json()["data"]["node"] == {"id": f"customer_{customer}"}


async def test_a_refused_role_change_costs_the_caller_nothing_but_a_second_reading(served: Site, bank: World) -> None:
    """The kept caller is stale in the first statement of a write: it is read anew and the act is done once."""
    volumes = await bank.volumes()
    request = await bank.requests(volumes, tier=Tier.SECOND)
    here = bank.branches["A"].id
    await bank.hire("newcomer", {Role.LOAN_OFFICER}, here, (here,))
    approve = (
        """mutation ($i: ApproveRequestInput!) { approveRequest(input: $i) { __typename ... on ApproveRequestPayload { replayed } } }"""
    )
    body = {"query": approve, "variables": {"i": {"requestId": f"request_{request}", "expectedVersion": "1", "idempotencyKey": "k"}}}
    async with served.client(bank.people["newcomer"].staff_no) as client:
        assert (await client.post("/graphql", json=body)).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        await bank.sql("insert into staff_roles (staff_id, role) values ($1, 'CREDIT_DEPT_HEAD')", bank.people["newcomer"].staff_id)
        answer = (await client.post("/graphql", json=body)).json()
    assert answer["data"] == {"approveRequest": {"__typename": "ApproveRequestPayload", "replayed": False}}
