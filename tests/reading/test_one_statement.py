"""A whole loan file is exactly one statement with the caller inside it, counted by PostgreSQL while a server answers over HTTP."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.harness.web import Site, site
from tests.reading.conftest import Bank

FILE = """
  number status classification isOverdue updatedAt principal { amount currencyCode } product { name } manager { name } dealer { name }
  customer { id name phoneMasked identityNumberMasked addressMasked }
  position { asOf principal { amount } overdue { amount } daysOverdue settledAt }
  contracts(first: 3) { totalCount edges { cursor node { number kind amount { amount } } } pageInfo { hasNextPage endCursor } }
  collateral { kind vin owner { name } certificates { number kind issuer record { archiveNo state } } }
  archiveRecords(first: 3) { totalCount edges { cursor node { __typename id archiveNo state onHold isOverdue isFrozen
    currentHolder { name } openCheckout { phase dueAt request { purpose approvals { rank approver { name } } } }
    scans { title sha256 } custodyEvents(first: 2) { edges { node { tag seq hash actor { name } } } }
    ... on FirstTierRecord { kind vault { code } certificate { number } envelope { sealNo location { code } records { archiveNo } } }
    ... on SecondTierRecord { retentionClass location { code } custodian { name } items { title documentType scans { title } } } } } }
  inspectionReports(first: 3) { edges { node { number state signOffs { role signedAt staff { name } } } } }
  openCheckouts { phase dueAt holder { name } record { barcode } }
"""
ONE = (
    f"query File($number: String!) {{ loan(by: {{ number: $number }}) {{ {FILE} }} viewer {{ staff {{ name }} roles tasks {{ title }} }} }}"
)
MANY = "query Files($first: Int!) { loans(first: $first) { totalCount edges { node { number collateral { vin } position { asOf } customer { name } archiveRecords(first: 3) { edges { node { archiveNo scans { title } } } } } } } }"
# By anybody but the superuser who counts. What a function does inside a statement is part of that statement.
FORGET = "select pg_stat_statements_reset(0, d.oid, 0) from pg_database d where d.datname = current_database()"
TAKEN = """select query, calls from pg_stat_statements(true) s join pg_database d on d.oid = s.dbid
           join pg_roles r on r.oid = s.userid where d.datname = current_database() and not r.rolsuper"""
THROWN_OUT = "select dealloc from pg_stat_statements_info"


@pytest.fixture(scope="module")
def served(told: dict[str, Any], demo: Bank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(told, demo.name, tmp_path_factory.mktemp("one")) as made:
        yield made


@pytest_asyncio.fixture
async def officer(served: Site, demo: Bank) -> AsyncIterator[httpx.AsyncClient]:
    await demo.root.execute("create extension if not exists pg_stat_statements")
    async with served.client("loan-officer") as client:
        yield client


async def asked(client: httpx.AsyncClient, demo: Bank, text: str, **variables: Any) -> tuple[Any, list[str]]:
    """The answer, and the text of every statement that it took, once for each time it ran."""
    while True:
        thrown_out = await demo.root.fetchval(THROWN_OUT)
        await demo.root.execute(FORGET)
        answer = (await client.post("/graphql", json={"query": text, "variables": variables})).json()
        took = [row["query"] for row in await demo.root.fetch(TAKEN) for _ in range(row["calls"])]
        assert "errors" not in answer, answer
        # The whole run shares one table of statements: when it is full the rare ones go, and ours are rare.
        if thrown_out == await demo.root.fetchval(THROWN_OUT):
            return answer["data"], took


def parts(value: Any, path: str = "") -> set[str]:
    """Where an answer has something to show."""
    if isinstance(value, dict):
        return {p for k, v in value.items() for p in parts(v, f"{path}.{k}")}
    if isinstance(value, list):
        return {p for one in value for p in parts(one, path)}
    return set() if value is None else {path}


async def test_a_whole_loan_file_is_one_statement_with_the_caller_inside(officer: httpx.AsyncClient, demo: Bank) -> None:
    shown = set[str]()
    mine = demo.view(demo.by_name["loan-officer"]).rows
    with_reports = {r["loan_id"] for r in mine["inspection_reports"]}
    out = {r["primary_loan_id"] for r in mine["archive_records"] if r["state"] == "CHECKED_OUT"}
    await asked(officer, demo, ONE, number="")  # the caller is known now
    for loan in sorted(mine["loans"], key=lambda x: (x["id"] not in with_reports, x["id"] not in out, x["number"]))[:40]:
        file, took = await asked(officer, demo, ONE, number=loan["number"])
        assert len(took) == 1, took
        assert all(word in took[0] for word in ("set_config", "principal_version", "archive_records", "inspection_reports")), took
        assert file["loan"]["number"] == loan["number"]
        shown |= parts(file)
    records = ".loan.archiveRecords.edges.node"
    assert {
        ".loan.customer.name", ".loan.position.principal.amount", ".loan.contracts.edges.node.number", ".loan.collateral.certificates.number",
        ".loan.collateral.certificates.record.archiveNo", f"{records}.envelope.sealNo", f"{records}.envelope.records.archiveNo",
        f"{records}.items.title", f"{records}.scans.title", f"{records}.openCheckout.request.approvals.approver.name",
        f"{records}.custodyEvents.edges.node.hash", ".loan.inspectionReports.edges.node.signOffs.staff.name", ".loan.openCheckouts.phase",
        ".viewer.staff.name",
    } <= shown, sorted(shown)  # fmt: skip


async def test_many_loan_files_are_one_statement_too(officer: httpx.AsyncClient, demo: Bank) -> None:
    await asked(officer, demo, MANY, first=1)
    for size in (1, 20):
        files, took = await asked(officer, demo, MANY, first=size)
        assert len(files["loans"]["edges"]) == size and len(took) == 1, took


async def test_a_read_that_is_logged_is_counted_as_more(served: Site, demo: Bank) -> None:
    """The control: what takes several statements is seen to take several."""
    await demo.root.execute("create extension if not exists pg_stat_statements")
    text = "query ($n: String!) { contractHistory(by: {number: $n}, purpose: AUDIT, first: 5) { edges { node { tag } } } }"
    async with served.client("compliance") as client:
        _, took = await asked(client, demo, text, n=demo.rows["contracts"][0]["number"])
    assert len(took) > 2, took
