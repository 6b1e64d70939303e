"""`recordValuation` and `classifyLoan`: what they change, whom they refuse, and that a key is spent once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.asof.changing import Changing
from tests.harness.world import World

FIELDS = {
    "recordValuation": "collateral { value { amount } valuedOn version } events { tag } replayed",
    "classifyLoan": "loan { classification version } events { tag } replayed",
}


@pytest.fixture
def act(ask: Any) -> Any:
    async def act(who: str, name: str, **given: Any) -> Any:
        kind = f"{name[0].upper()}{name[1:]}"
        text = f"""mutation M($i: {kind}Input!) {{ {name}(input: $i) {{ __typename ... on {kind}Payload {{ {FIELDS[name]} }}
          ... on InvalidInput {{ problems {{ path code }} }} ... on Problem {{ code }} }} }}"""
        answer = await ask(who, text, i={"idempotencyKey": uuid4().hex, "reason": "季度复评", **given})
        return answer["data"][name] if not answer["errors"] else answer["errors"][0]["extensions"]["code"]

    return act


async def test_a_value_between_two_others_holds_until_the_next_and_leaves_today_alone(bank: World, act: Any, ask: Any) -> None:
    file = await Changing.make(bank, 5)
    asset = {"collateralId": f"collateral_{file.asset}"}
    for day, amount in ((-20, "100.00"), (-2, "80.00"), (-10, "90.00")):
        told = await act("risk", "recordValuation", **asset, amount=amount, valuedOn=str(bank.day(day)))
        assert told["__typename"] == "RecordValuationPayload" and told["events"] == [{"tag": "collateral:value:done"}], told
    assert (told["collateral"]["value"], told["collateral"]["valuedOn"]) == ({"amount": "80.00"}, str(bank.day(-2)))
    rows = await bank.root.fetch("select during, amount from collateral_valuations where collateral_id = $1 order by during", file.asset)
    assert [(r["during"].lower, r["during"].upper, str(r["amount"])) for r in rows] == [
        (bank.day(-20), bank.day(-10), "100.00"), (bank.day(-10), bank.day(-2), "90.00"), (bank.day(-2), None, "80.00"),
    ]  # fmt: skip
    query = """query ($id: ID!) { node(id: $id) { ... on Collateral {
      valuations { amount { amount } holdsFrom holdsUntil reason recordedBy { name } } } } }"""
    found = (await ask("officer", query, id=f"collateral_{file.asset}"))["data"]["node"]["valuations"]
    assert [(v["holdsFrom"], v["holdsUntil"], v["amount"]["amount"]) for v in found] == [
        (str(r["during"].lower), r["during"].upper and str(r["during"].upper), str(r["amount"])) for r in rows
    ]
    assert {(v["reason"], v["recordedBy"]["name"]) for v in found} == {("季度复评", "risk")}
    assert (await ask("officer_b", query, id=f"collateral_{file.asset}"))["data"]["node"] is None


async def test_a_grade_is_told_once_for_a_key_and_again_for_the_same_day(bank: World, act: Any) -> None:
    file = await Changing.make(bank, 6)
    given = {"loanId": f"loan_{file.loan}", "holdsFrom": str(bank.day(-4))}
    first = await act("risk", "classifyLoan", **given, classification="DOUBTFUL", idempotencyKey="k")
    assert first["loan"]["classification"] == "DOUBTFUL" and first["events"] == [{"tag": "loan:classify:done"}] and not first["replayed"]
    again = await act("risk", "classifyLoan", **given, classification="DOUBTFUL", idempotencyKey="k")
    assert again == {**first, "replayed": True}
    other = await act("risk", "classifyLoan", **given, classification="LOSS", idempotencyKey="k")
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    anew = await act("risk", "classifyLoan", **given, classification="LOSS")
    assert anew["loan"]["classification"] == "LOSS"
    assert await bank.sql("select count(*) from loan_classifications where loan_id = $1", file.loan) == 1
    assert await bank.sql("select count(*) from row_versions where table_name = 'loan_classifications' and content->>'loan_id' = $1", str(file.loan)) == 2  # fmt: skip


async def test_what_cannot_hold_is_refused_by_its_path(bank: World, act: Any) -> None:
    file = await Changing.make(bank, 7)
    asset, today = {"collateralId": f"collateral_{file.asset}"}, str(bank.day())
    ahead = str(bank.day() + timedelta(days=2))
    for given, path, code in (
        ({"amount": "1.00", "valuedOn": ahead}, "valuedOn", "IN_FUTURE"),
        ({"amount": "-1.00", "valuedOn": today}, "amount", "OUT_OF_RANGE"),
        ({"amount": "1.001", "valuedOn": today}, "amount", "OUT_OF_RANGE"),
        ({"amount": "1.00", "valuedOn": today, "reason": " "}, "reason", "EMPTY"),
    ):
        told = await act("risk", "recordValuation", **asset, **given)
        assert told["problems"] == [{"path": [path], "code": code}], told
    stale = await act("risk", "recordValuation", **asset, amount="1.00", valuedOn=today, expectedVersion="99")
    assert stale["code"] == "VERSION_CONFLICT"
    assert await act("officer", "recordValuation", **asset, amount="1.00", valuedOn=today) == "FORBIDDEN"
    for who in ("risk_b",):
        told = await act(who, "recordValuation", **asset, amount="1.00", valuedOn=today)
        assert told["code"] == "NOT_FOUND"
    assert await bank.sql("select count(*) from collateral_valuations where collateral_id = $1", file.asset) == 0
