"""What runs out within so many days, of the caller's units alone, page by page."""

from typing import Any

import pytest

from storage.terms import NoticeKind
from tests.harness.jobs import jobs_of
from tests.harness.world import World
from tests.reading.test_loan_file import ask as ask

SOON = """query ($n: Int!, $a: String) { expiring(within: $n, first: 2, after: $a) { totalCount pageInfo { hasNextPage endCursor }
  edges { node { kind label expiresOn daysLeft subject { __typename ... on CollateralCertificate { number } } } } } }"""


async def certificate(bank: World, days: int, letter: str = "A") -> str:
    number = f"C{bank.tag}{letter}{days}"
    await bank.sql(
        "insert into collateral_certificates (org_id, collateral_id, number, kind, issuer, issued_on, expires_on) values"
        " ($1, $2, $3, 'OTHER_RIGHT', '不动产登记中心', '2024-01-01', (now() at time zone 'Asia/Shanghai')::date + $4::int)",
        bank.branches[letter].id, await bank.collateral(letter), number, days,
    )  # fmt: skip
    return number


async def test_certificates_that_run_out_are_listed_and_told_of(bank: World, ask: Any) -> None:
    numbers = [await certificate(bank, days) for days in (20, 0, 7, 31, -1)]
    await certificate(bank, 5, "B")
    first = (await ask("officer", SOON, n=30))["data"]["expiring"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (3, True)
    second = (await ask("officer", SOON, n=30, a=first["pageInfo"]["endCursor"]))["data"]["expiring"]
    found = [e["node"] for e in (*first["edges"], *second["edges"])]
    assert [(n["label"], n["daysLeft"]) for n in found] == [(numbers[1], 0), (numbers[2], 7), (numbers[0], 20)]
    assert found[0]["subject"] == {"__typename": "CollateralCertificate", "number": numbers[1]} and found[0]["kind"] == "CERTIFICATE"
    jobs = await jobs_of(bank)
    await jobs.notify()
    told = "select count(*) from notices where staff_id = $1 and kind = $2"
    assert await bank.sql(told, bank.people["head"].staff_id, NoticeKind.EXPIRING.value) == 3
    await jobs.notify()
    assert await bank.sql(told, bank.people["head"].staff_id, NoticeKind.EXPIRING.value) == 3


@pytest.mark.parametrize("days", [-1, 3651])
async def test_days_out_of_bounds_are_a_bad_request(bank: World, ask: Any, days: int) -> None:
    answer = await ask("officer", SOON, n=days)
    assert answer["errors"][0].extensions["code"] == "BAD_REQUEST"
