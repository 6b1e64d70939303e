"""What a loan officer enters: customers, contracts, collateral. What is wrong with them, and what was known already."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.harness.world import World
from tests.stories.asking import Asking
from tests.stories.conftest import api as api

PERSON = {"name": "王小明", "identityKind": "RESIDENT_ID", "identityNumber": "11010519491231002X", "phone": "13812345678",
          "address": "幸福路 7 号 3 单元 502", "district": "朝阳区"}  # fmt: skip
CUSTOMER = "customer { id name identityNumberMasked phoneMasked addressMasked } isNew events { tag } replayed"
CONTRACT = (
    "contract { id number kind amount { amount currencyCode } isMaximumAmount loans(first: 5) { totalCount } } events { tag } replayed"
)
COLLATERAL = "collateral { id vin owner { name } loans(first: 5) { totalCount } } isNew events { tag } replayed"


def vin() -> str:
    return f"LSV{uuid4().hex[:14].upper().replace('I', '1').replace('O', '0')}"


def car(*loans: str, **more: Any) -> dict[str, Any]:
    secures = [{"loanId": loan, "amount": "100000.00"} for loan in loans]
    return {
        "kind": "VEHICLE",
        "description": "大众 朗逸",
        "vin": vin(),
        "engineNo": "EA211-77",
        "plateNo": "京A12345",
        "secures": secures,
        **more,
    }


def paper(bank: World, *loans: str, **more: Any) -> dict[str, Any]:
    number = f"HT-{bank.tag}-{uuid4().hex[:6]}"
    return {"number": number, "kind": "LOAN", "signedOn": str(bank.day()), "amount": "100000.00", "loanIds": list(loans), **more}


async def loan(bank: World, letter: str = "A") -> str:
    return f"loan_{await bank.loan(letter)}"


async def wrong(api: Asking, name: str, /, who: str = "officer", **given: Any) -> set[tuple[str, str]]:
    """Paths and codes of what is wrong with the input."""
    told = await api.answer(who, name, "__typename", **given)
    assert told["__typename"] == "InvalidInput", told
    return {(".".join(p["path"]), p["code"]) for p in told["problems"]}


async def test_a_customer_is_kept_closed_and_known_the_second_time(bank: World, api: Asking) -> None:
    told = await api.does("officer", "registerCustomer", CUSTOMER, **PERSON)
    assert told["customer"] == {"id": told["customer"]["id"], "name": "王小明", "identityNumberMasked": "1101************2X",
                                "phoneMasked": "138****5678", "addressMasked": "朝阳区****"}  # fmt: skip
    assert (told["isNew"], told["events"]) == (True, [{"tag": "customer:register:done"}])
    again = await api.does(
        "officer", "registerCustomer", CUSTOMER, **{**PERSON, "identityNumber": "1101 0519 4912 3100 2x", "name": "王晓明"}
    )
    assert (again["isNew"], again["events"], again["customer"]) == (False, [], told["customer"])
    other = await api.does("officer_b", "registerCustomer", CUSTOMER, **PERSON)
    assert other["isNew"] and other["customer"]["id"] != told["customer"]["id"]
    ids = [UUID(c["customer"]["id"].removeprefix("customer_")) for c in (told, other)]
    assert await bank.sql("select count(distinct party_id) from customers where id = any($1::uuid[])", ids) == 1


async def test_no_number_of_a_person_stands_anywhere_but_under_a_key(bank: World, api: Asking) -> None:
    key = uuid4().hex
    told = await api.does("officer", "registerCustomer", CUSTOMER, **PERSON, idempotencyKey=key)
    replayed = await api.does("officer", "registerCustomer", CUSTOMER, **PERSON, idempotencyKey=key)
    assert replayed == told | {"replayed": True}
    other = await api.answer("officer", "registerCustomer", "__typename", **{**PERSON, "phone": "13912345678"}, idempotencyKey=key)
    assert other["__typename"] == "IdempotencyConflict"
    kept = await bank.root.fetch(
        "select row_to_json(e)::text || convert_from(substr(canonical, 18), 'UTF8') as row from events e where subject_kind = 'customer'"
    )
    kept += await bank.root.fetch("select row_to_json(v)::text as row from row_versions v where table_name = 'customers'")
    kept += await bank.root.fetch("select row_to_json(k)::text as row from idempotency_keys k where idempotency_key = $1", key)
    assert kept and not [r for r in kept if any(secret in r["row"] for secret in ("11010519491231002X", "13812345678", "幸福路"))]


async def test_a_contract_belongs_to_the_loans_of_one_unit(bank: World, api: Asking) -> None:
    one, two, theirs = await loan(bank), await loan(bank), await loan(bank, "B")
    given = paper(bank, one, two, isMaximumAmount=True, kind="MORTGAGE")
    told = await api.does("officer", "registerContract", CONTRACT, **given)
    assert told["contract"]["amount"] == {"amount": "100000.00", "currencyCode": "CNY"}
    assert (told["contract"]["isMaximumAmount"], told["contract"]["loans"]["totalCount"]) == (True, 2)
    assert told["events"] == [{"tag": "contract:register:done"}] * 2, "one in the history of each loan"
    assert await wrong(api, "registerContract", **{**paper(bank, one), "number": given["number"]}) == {("number", "TAKEN")}
    assert (await api.answer("officer", "registerContract", "__typename", **paper(bank, one, theirs, kind="PLEDGE")))[
        "__typename"
    ] == "NotFound"
    assert await wrong(api, "registerContract", **paper(bank, number="一 号", signedOn=str(bank.day(2)), amount="0")) == {
        ("number", "NOT_A_NUMBER"), ("signedOn", "IN_FUTURE"), ("amount", "OUT_OF_RANGE"), ("loanIds", "EMPTY"),
    }  # fmt: skip
    assert await wrong(api, "registerContract", **paper(bank, one, two)) == {("loanIds", "TOO_MANY")}
    assert await wrong(api, "registerContract", **paper(bank, one, one, kind="PLEDGE")) == {("loanIds", "DUPLICATE")}
    assert await wrong(api, "registerContract", **paper(bank, one, amount="1.001")) == {("amount", "OUT_OF_RANGE")}


async def test_a_car_that_the_unit_knows_secures_another_loan(bank: World, api: Asking) -> None:
    one, two = await loan(bank), await loan(bank)
    owner = (await api.does("officer", "registerCustomer", "customer { id }", **PERSON))["customer"]["id"]
    given = car(one, ownerId=owner)
    told = await api.does("officer", "registerCollateral", COLLATERAL, **given)
    assert (told["isNew"], told["collateral"]["owner"], told["events"]) == (True, {"name": "王小明"}, [{"tag": "collateral:register:done"}])
    known = await api.does(
        "officer", "registerCollateral", COLLATERAL, **{**given, "secures": car(two)["secures"], "vin": given["vin"].lower()}
    )
    assert (known["isNew"], known["collateral"]["id"], known["collateral"]["loans"]["totalCount"]) == (False, told["collateral"]["id"], 2)
    assert known["events"] == [{"tag": "collateral:secure:done"}]
    assert await wrong(api, "registerCollateral", **given) == {("secures.0.loanId", "SECURED_ALREADY")}
    assert await wrong(api, "registerCollateral", **{**given, "kind": "INVENTORY", "secures": car(await loan(bank))["secures"]}) == {
        ("kind", "NOT_ALLOWED")
    }


async def test_a_car_that_secures_what_is_owed_elsewhere_is_entered_nowhere_else(bank: World, api: Asking) -> None:
    theirs = await loan(bank, "B")
    given = car(theirs)
    await api.does("officer_b", "registerCollateral", COLLATERAL, **given)
    mine = {**given, "secures": car(await loan(bank))["secures"]}
    assert await wrong(api, "registerCollateral", **mine) == {("vin", "VEHICLE_PLEDGED")}
    with pytest.raises(asyncpg.CheckViolationError, match="tg_collateral_one_vehicle"):
        async with bank.database.transaction(bank.people["officer"]) as conn:
            await conn.raw.execute(
                "insert into collateral (org_id, kind, description, vin) values ($1, 'VEHICLE', '大众', $2)",
                bank.branches["A"].id,
                given["vin"],
            )
    await bank.sql("update loans set status = 'SETTLED' where id = $1", UUID(theirs.removeprefix("loan_")))
    assert (await api.does("officer", "registerCollateral", COLLATERAL, **mine))["isNew"]


async def test_two_units_that_know_one_car_cannot_both_lend_on_it(bank: World, api: Asking) -> None:
    first, theirs, mine = await loan(bank, "B"), await loan(bank, "B"), await loan(bank)
    given = car(first)
    await api.does("officer_b", "registerCollateral", COLLATERAL, **given)
    await bank.sql("update loans set status = 'SETTLED' where id = $1", UUID(first.removeprefix("loan_")))
    assert (await api.does("officer", "registerCollateral", COLLATERAL, **given | {"secures": car(mine)["secures"]}))["isNew"]
    again = given | {"secures": car(theirs)["secures"]}
    assert await wrong(api, "registerCollateral", who="officer_b", **again) == {("vin", "VEHICLE_PLEDGED")}
    with pytest.raises(asyncpg.CheckViolationError, match="tg_collateral_one_vehicle"):
        async with bank.database.transaction(bank.people["officer_b"]) as conn:
            await conn.raw.execute(
                "insert into loan_collateral (org_id, loan_id, collateral_id, amount) select org_id, $1, id, 1 from collateral where vin = $2 and org_id = $3",
                UUID(theirs.removeprefix("loan_")), given["vin"], bank.branches["B"].id,
            )  # fmt: skip


async def test_two_who_enter_one_car_at_once_enter_one(bank: World, api: Asking) -> None:
    given = car()
    loans = [await loan(bank) for _ in range(6)]
    told = await asyncio.gather(
        *(api.does("officer", "registerCollateral", COLLATERAL, **{**given, "secures": car(one)["secures"]}) for one in loans)
    )
    assert sorted(t["isNew"] for t in told) == [False] * 5 + [True]
    assert len({t["collateral"]["id"] for t in told}) == 1
    assert (
        await bank.sql("select count(*) from loan_collateral s join collateral c on c.id = s.collateral_id where c.vin = $1", given["vin"])
        == 6
    )


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"vin": None}, ("vin", "REQUIRED")),
        ({"vin": "LSVAA4187E218439"}, ("vin", "NOT_A_VIN")),
        ({"vin": "LSVAA4187O2184390"}, ("vin", "NOT_A_VIN")),
        ({"engineNo": " "}, ("engineNo", "NOT_A_NUMBER")),
        ({"plateNo": "<b>"}, ("plateNo", "NOT_A_NUMBER")),
        ({"description": " "}, ("description", "EMPTY")),
        ({"description": "x" * 201}, ("description", "TOO_LONG")),
        ({"secures": []}, ("secures", "EMPTY")),
    ],
)
async def test_a_car_is_wrong_in_one_way(bank: World, api: Asking, more: dict[str, Any], found: tuple[str, str]) -> None:
    assert await wrong(api, "registerCollateral", **car(await loan(bank), **more)) == {found}


async def test_amounts_ranks_and_loans_of_a_collateral_are_judged_one_by_one(bank: World, api: Asking) -> None:
    one, theirs = await loan(bank), await loan(bank, "B")
    secures = [{"loanId": one, "amount": "-1"}, {"loanId": one, "amount": "1.00", "rank": 0}]
    assert await wrong(api, "registerCollateral", **car(secures=secures)) == {
        ("secures", "DUPLICATE"), ("secures.0.amount", "OUT_OF_RANGE"), ("secures.1.rank", "OUT_OF_RANGE")
    }  # fmt: skip
    for nobodys in (car(theirs), car(one, ownerId=f"customer_{(await bank.customer('B'))[0]}"), car(one, ownerId=f"customer_{uuid4()}")):
        assert (await api.answer("officer", "registerCollateral", "__typename", **nobodys))["__typename"] == "NotFound"
    assert not await bank.sql("select count(*) from collateral where org_id = $1", bank.branches["A"].id)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"name": ""}, ("name", "EMPTY")),
        ({"identityNumber": "110105194912310021"}, ("identityNumber", "NOT_AN_IDENTITY")),
        ({"identityKind": "UNIFIED_CREDIT_CODE"}, ("identityNumber", "NOT_AN_IDENTITY")),
        ({"identityNumber": " ", "identityKind": "OTHER"}, ("identityNumber", "EMPTY")),
        ({"phone": "138-1234"}, None),
        ({"phone": "one"}, ("phone", "NOT_A_PHONE")),
        ({"address": " "}, ("address", "EMPTY")),
        ({"district": "区" * 121}, ("district", "TOO_LONG")),
    ],
)
async def test_a_customer_is_wrong_in_one_way(api: Asking, more: dict[str, Any], found: tuple[str, str] | None) -> None:
    given = {**PERSON, **more}
    if found is None:
        assert (await api.does("officer", "registerCustomer", CUSTOMER, **given))["isNew"]
    else:
        assert await wrong(api, "registerCustomer", **given) == {found}


async def test_a_company_has_a_credit_code(api: Asking) -> None:
    given = {"name": "上海某某汽车销售有限公司", "identityKind": "UNIFIED_CREDIT_CODE", "identityNumber": "91110000600037341L"}
    told = await api.does("officer", "registerCustomer", CUSTOMER, **given)
    assert (told["isNew"], told["customer"]["phoneMasked"], told["customer"]["addressMasked"]) == (True, None, None)


@pytest.mark.parametrize("who", ["archivist", "head", "compliance"])
async def test_who_is_no_loan_officer_enters_nothing(bank: World, api: Asking, who: str) -> None:
    one = await loan(bank)
    for name, given in (("registerCustomer", PERSON), ("registerContract", paper(bank, one)), ("registerCollateral", car(one))):
        with pytest.raises(AssertionError, match="LOAN_OFFICER"):
            await api.answer(who, name, "__typename", **given)
