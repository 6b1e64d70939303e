"""What runs out within so many days, of the caller's units alone, page by page."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from server.custody.moves import Ask
from storage.terms import Action as A
from storage.terms import NoticeKind, RecipientCapacity
from tests.custody.releasing import SEATED, Case, scan, secures
from tests.harness.jobs import jobs_of
from tests.harness.losses import lost
from tests.harness.world import World
from tests.reading.test_loan_file import ask as ask
from tests.stories.asking import Asking
from tests.stories.conftest import api as api

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


async def soon(ask: Any, who: str, days: int) -> list[tuple[str, str, int, str | None]]:
    found = (await ask(who, SOON, n=days))["data"]["expiring"]["edges"]
    nodes = [edge["node"] for edge in found]
    return [(n["kind"], n["label"], n["daysLeft"], n["subject"] and n["subject"]["__typename"]) for n in nodes]


def here(days: int) -> date:
    return (datetime.now(UTC) + timedelta(hours=8)).date() + timedelta(days=days)


async def notices(bank: World, who: str) -> list[str]:
    for _ in range(2):
        await (await jobs_of(bank)).notify()
    rows = await bank.root.fetch("select subject_kind from notices where staff_id = $1 and kind = 'EXPIRING'", bank.people[who].staff_id)
    return [r[0] for r in rows]


async def test_an_insurance_policy_runs_out_while_the_bank_has_it(bank: World, ask: Any, api: Asking) -> None:
    loan, asset = await bank.loan(), await bank.collateral()
    await secures(bank, loan, asset)
    where = {"loanId": f"loan_{loan}", "collateralId": f"collateral_{asset}", "vaultId": f"location_{bank.branches['A'].vault}"}
    paper = {"archiveNo": f"I{bank.tag}1", "title": "机动车保险单", "kind": "INSURANCE_POLICY", "pages": 2, "expiresOn": str(here(4))}
    wrong = await api.answer("officer", "registerFirstTier", "__typename", **where, papers=[{**paper, "kind": "RECEIPT"}])
    assert wrong["problems"] == [{"path": ["papers", "0", "expiresOn"], "code": "NOT_ALLOWED"}]
    made = await api.does("officer", "registerFirstTier", "records { ... on FirstTierRecord { expiresOn } }", **where, papers=[paper])
    assert made["records"] == [{"expiresOn": str(here(4))}]
    late = {"archiveNo": f"I{bank.tag}2", "title": "保险单", "expectedBy": str(here(9)), "fromWhom": "保险公司"}
    for kind, problem in (("RECEIPT", [{"path": ["expiresOn"], "code": "NOT_ALLOWED"}]), ("INSURANCE_POLICY", None)):
        told = await api.does("officer", "expectPaper", "records { id }", **where, **{**late, "archiveNo": f"{kind}{bank.tag}"}, kind=kind)
        record = told["records"][0]["id"]
        come = await api.answer("officer", "recordArrival", "records { id }", recordId=record, pages=2, expiresOn=str(here(6)))
        assert come.get("problems") == problem
    found = await soon(ask, "officer", 6)
    assert [(kind, days, subject) for kind, _, days, subject in found] == [
        ("INSURANCE_POLICY", 4, "FirstTierRecord"), ("INSURANCE_POLICY", 6, "FirstTierRecord"),
    ]  # fmt: skip
    assert len(await soon(ask, "officer", 4)) == 1 and await soon(ask, "officer_b", 6) == []
    assert await notices(bank, "head") == ["record", "record"]
    first = await bank.sql("select id from archive_records where archive_no = $1", f"I{bank.tag}1")
    await lost(bank, first)
    assert [days for _, _, days, _ in await soon(ask, "officer", 6)] == [6]


async def test_a_power_of_attorney_runs_out_until_the_papers_are_released(bank: World, ask: Any) -> None:
    case = await Case.make(bank)
    await case.paid()
    await case.notice()
    await case.asked()
    paper = await scan(bank, "REQUEST", case.request)
    said = {"capacity": RecipientCapacity.ATTORNEY, "authority": paper, "number": "2" * 18, "authority_until": here(3)}
    await bank.done("clerk", case.shown(**said))
    assert await soon(ask, "officer", 2) == [] and await soon(ask, "officer_b", 3) == []
    assert await soon(ask, "officer", 3) == [("POWER_OF_ATTORNEY", "王小明", 3, "Release")]
    assert await notices(bank, "officer") == ["release"] and await notices(bank, "officer_b") == []
    case.receipt = await scan(bank, "REQUEST", case.request)
    await bank.seated(case.release, SEATED)
    assert await soon(ask, "officer", 3) == []


async def test_of_the_letters_of_what_is_out_the_last_day_that_one_promises_counts(bank: World, ask: Any) -> None:
    papers = await bank.papers()
    request = await bank.approved(papers)
    assert await soon(ask, "officer", 30) == []  # nothing is out
    await bank.seated(Ask(A.CHECK_OUT, request=request, due_on=bank.due()), ["kay", "cody", "clerk", "officer"])
    ((kind, _, days, subject),) = await soon(ask, "officer", 30)
    assert (kind, days in (9, 10), subject) == ("BAILEE_LETTER", True, "BaileeLetter")
    assert await notices(bank, "officer") == ["letter"] and await notices(bank, "head") == []
    await bank.trusted(request, days=20)
    ((_, _, days, _),) = await soon(ask, "officer", 30)
    assert days in (19, 20) and await soon(ask, "officer_b", 30) == []
    await bank.presented(papers)
    await bank.accepted(papers)
    assert await soon(ask, "officer", 30) == []


@pytest.mark.parametrize("days", [-1, 3651])
async def test_days_out_of_bounds_are_a_bad_request(bank: World, ask: Any, days: int) -> None:
    answer = await ask("officer", SOON, n=days)
    assert answer["errors"][0].extensions["code"] == "BAD_REQUEST"
