"""A contract is amended: entered by the officer, approved by a head, told in the history of every loan of it."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from storage.terms import Role
from tests.custody.chapters.contracts import amending
from tests.custody.chapters.corrections import scanned
from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.conftest import api as api

CONTRACT = """version amount { amount } loans(first: 5) { totalCount } amendments { number signedOn summary amountBefore { amount }
  amount { amount } joined { id } evidence { id } proposedBy { name } approvedBy { name } }"""
AMENDMENT = f"operation {{ id state }} events {{ tag }} contract {{ {CONTRACT} }}"


async def asked(bank: World, *, is_maximum: bool = False, **more: Any) -> tuple[UUID, dict[str, Any]]:
    """The loan of a contract, and the input of an amendment of it that nothing speaks against."""
    loan, detail = await amending(bank, is_maximum=is_maximum)
    given = {"contractId": f"contract_{detail.contract}", "number": detail.number, "signedOn": str(detail.signed_on), "summary": detail.summary,
             "evidenceScanId": f"scan_{detail.evidence}", "amount": "120000.00"}  # fmt: skip
    return loan, {name: value for name, value in (given | more).items() if value is not None}


async def test_an_amendment_is_approved_by_a_head_and_told_in_every_history(bank: World, api: Asking) -> None:
    loan, given = await asked(bank, is_maximum=True)
    joining = await bank.loan()
    opened = await api.does("officer", "amendContract", AMENDMENT, **given, addLoanIds=[f"loan_{joining}"])
    assert (opened["operation"]["state"], opened["contract"]) == ("PENDING", None)
    done = await api.confirms(opened["operation"]["id"], ["head"], "operation { state } amendment { number } events { tag }")
    assert (done["operation"]["state"], done["amendment"]["number"]) == ("DONE", "补-1")
    query = f"query C($id: ID!) {{ contract(by: {{ id: $id }}) {{ {CONTRACT} }} }}"
    told = await api.ask("officer", query, id=given["contractId"])
    contract = told["contract"]
    assert (contract["amount"]["amount"], contract["loans"]["totalCount"]) == ("120000.00", 2)
    assert contract["amendments"] == [{
        "number": "补-1", "signedOn": given["signedOn"], "summary": "增加额度", "amountBefore": {"amount": "100000.00"}, "amount": {"amount": "120000.00"},
        "joined": [{"id": f"loan_{joining}"}], "evidence": {"id": given["evidenceScanId"]}, "proposedBy": {"name": "officer"}, "approvedBy": {"name": "head"},
    }]  # fmt: skip
    for chain in (loan, joining):
        assert await bank.sql("select count(*) from events where chain_id = $1 and tag = 'contract:amend:done'", chain) == 1
    history = await api.ask(
        "compliance", "query H($by: ContractBy!) { contractHistory(by: $by, purpose: AUDIT, first: 50) { edges { node { tag actorName evidence"
        " changes { field before after } } } } }", by={"id": given["contractId"]},
    )  # fmt: skip
    lines = [e["node"] for e in history["contractHistory"]["edges"] if e["node"]["tag"] == "contract:amend:done"]
    assert len(lines) == 2, "one in the chain of each loan"
    line = lines[0]
    assert line["changes"] == [{"field": "amount", "before": "100000.00", "after": "120000.00"}]
    assert line["evidence"] == [given["evidenceScanId"]]


async def test_explain_says_what_the_amendment_meets(bank: World, api: Asking) -> None:
    _, given = await asked(bank)
    others = (await bank.volumes())[0]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"amount": "100000.00"}, "AMENDMENT_CHANGES_NOTHING"),
        ({"signedOn": str(bank.day(-101))}, "AMENDMENT_DAY_WRONG"),
        ({"signedOn": str(bank.day(2))}, "AMENDMENT_DAY_WRONG"),
        ({"evidenceScanId": f"scan_{await scanned(bank, others)}"}, "AMENDMENT_INCOMPLETE"),
        ({"addLoanIds": [f"loan_{await bank.loan()}"]}, "AMENDMENT_LOAN_NOT_ALLOWED"),
    ]
    for more, code in wrong:
        assert set(await api.refused("officer", "amendContract", **given | more)) == {code}
    first = await api.does("officer", "amendContract", "operation { id }", **given)
    second = await api.does("officer", "amendContract", "operation { id }", **given | {"amount": "130000.00"})
    await api.confirms(first["operation"]["id"], ["head"])
    assert set(await api.refused("head", "confirmOperation", operationId=second["operation"]["id"])) == {"AMENDMENT_NUMBER_TAKEN"}


async def test_a_loan_contract_takes_no_loan_of_somebody_else(bank: World, api: Asking) -> None:
    loan, given = await asked(bank, is_maximum=True)
    await bank.sql("update contracts set kind = 'LOAN' where id = $1", UUID(given["contractId"][9:]))
    borrower = await bank.sql("select customer_id from loans where id = $1", loan)
    theirs = given | {"addLoanIds": [f"loan_{await bank.loan()}"]}
    assert set(await api.refused("officer", "amendContract", **theirs)) == {"AMENDMENT_LOAN_NOT_ALLOWED"}
    await api.does("officer", "amendContract", "operation { id }", **given | {"addLoanIds": [f"loan_{await bank.loan(customer=borrower)}"]})
    many = given | {"addLoanIds": [f"loan_{UUID(int=n)}" for n in range(51)]}
    told = await api.answer("officer", "amendContract", "__typename", **many)
    assert [(p["path"], p["code"]) for p in told["problems"]] == [(["addLoanIds"], "TOO_MANY")]


async def test_who_entered_it_does_not_approve_it_and_nobody_else_sees_it(bank: World, api: Asking) -> None:
    _, given = await asked(bank)
    home = bank.branches["A"].id
    await bank.hire("both", {Role.LOAN_OFFICER, Role.CREDIT_DEPT_HEAD}, home, (home,))
    opened = await api.does("both", "amendContract", "operation { id }", **given)
    assert "SEGREGATION_OF_DUTIES" in await api.refused("both", "confirmOperation", operationId=opened["operation"]["id"])
    for name in ("amendContract", "confirmOperation"):
        theirs = given if name == "amendContract" else {"operationId": opened["operation"]["id"]}
        assert (await api.answer("officer_b" if name == "amendContract" else "head_b", name, "__typename", **theirs))[
            "__typename"
        ] == "NotFound"
    stale = await api.answer("officer", "amendContract", "__typename", **given, expectedVersion="9")
    assert stale["__typename"] == "VersionConflict"
    for more, path in (({"number": " "}, "number"), ({"summary": " "}, "summary"), ({"amount": "0"}, "amount")):
        told = await api.answer("officer", "amendContract", "__typename", **given | more)
        assert (told["__typename"], told["problems"][0]["path"]) == ("InvalidInput", [path])


STANDS = "select amount_before, amount from contract_amendments where contract_id = $1 order by amended_at, id"


async def proposed(api: Asking, given: dict[str, Any], how_many: int) -> list[str]:
    """Operations of as many amendments of one contract, each to another amount."""
    return [
        (await api.does("officer", "amendContract", "operation { id }", **given | {"number": f"补-{n}", "amount": f"{n}00000.00"}))[
            "operation"
        ]["id"]
        for n in range(2, 2 + how_many)
    ]


async def test_amendments_at_once_stand_one_upon_the_other(bank: World, api: Asking) -> None:
    _, given = await asked(bank)
    await asyncio.gather(*(api.confirms(operation, ["head"]) for operation in await proposed(api, given, 4)))
    rows = await bank.root.fetch(STANDS, UUID(given["contractId"][9:]))
    amounts = [Decimal("100000.00"), *(r["amount"] for r in rows)]
    assert [r["amount_before"] for r in rows] == amounts[:-1] and len(rows) == 4


async def test_an_amendment_counts_from_after_the_one_before_also_by_a_clock_that_was_set_back(bank: World, api: Asking) -> None:
    _, given = await asked(bank)
    first, second = await proposed(api, given, 2)
    await api.confirms(first, ["head"])
    bank.later(seconds=-5)
    await api.confirms(second, ["head"])
    rows = await bank.root.fetch(STANDS, UUID(given["contractId"][9:]))
    assert [tuple(map(int, r)) for r in rows] == [(100000, 200000), (200000, 300000)]


async def test_by_sql_nobody_amends_a_contract(bank: World) -> None:
    _, detail = await amending(bank)
    for text in (
        "update contracts set amount = 1 where id = $1",
        "insert into contract_amendments (id, contract_id) values (gen_random_uuid(), $1)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with bank.database.transaction(bank.people["officer"]) as conn:
                await conn.raw.execute(text, detail.contract)
