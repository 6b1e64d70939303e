"""What an import of positions does to the books."""

import pytest

from server.importing.report import ImportFailed
from server.importing.staging import OnChange
from tests.importing.conftest import Importer, loan_rows


async def test_a_position_lands_for_each_loan_with_its_event(imports: Importer) -> None:
    await imports(loan_rows(50))
    assert (await imports.post()).new == 50
    assert await imports.stored() == (50, 100)
    row = await imports.bank.root.fetchrow(
        "select p.*, p.as_of at time zone 'Asia/Shanghai' as local from loan_positions p join loans l on l.id = p.loan_id"
        " where l.source = $1 and l.source_key = '1'", imports.loans["source"],
    )  # fmt: skip
    assert row is not None
    assert (str(row["principal_amount"]), row["currency"], str(row["local"])) == (loan_rows(1)[0]["balance"], "USD", "2018-06-30 17:30:00")


async def test_the_same_position_twice_is_one(imports: Importer) -> None:
    await imports(loan_rows(5))
    await imports.post()
    assert (await imports.post()).unchanged == 5
    assert await imports.stored() == (5, 10)


async def test_another_position_of_the_same_instant_is_refused_kept_or_the_end(imports: Importer) -> None:
    rows = loan_rows(2)
    await imports(rows)
    await imports.post()
    other = [rows[0] | {"balance": "1"}, rows[1]]
    assert (await imports.post(other)).rejected == 1
    assert [(fault["line"], fault["code"]) for fault in imports.rejects()] == [("2", "NOT_CHANGEABLE")]
    assert (await imports.post(other, on_change=OnChange.KEEP)).kept == 1
    with pytest.raises(ImportFailed, match="CHANGED: line 2"):
        await imports.post(other, on_change=OnChange.FAIL)


async def test_a_loan_nobody_knows_a_future_and_a_wrong_amount_are_bad_rows(imports: Importer) -> None:
    await imports(loan_rows(1))
    rows = loan_rows(3)
    await imports.post([rows[0], rows[1], rows[2] | {"balance": "x"}, rows[0]])
    assert sorted((fault["line"], fault["code"]) for fault in imports.rejects()) == [
        ("3", "UNKNOWN_LOAN"), ("4", "NOT_A_NUMBER"), ("5", "DUPLICATE"),
    ]  # fmt: skip
    imports.positions["as_of"] = {"value": "2100-01-01"}
    await imports.post(loan_rows(1))
    assert [fault["code"] for fault in imports.rejects()] == ["OUT_OF_RANGE"]


async def test_a_position_finds_its_loan_by_number(imports: Importer) -> None:
    await imports(loan_rows(2))
    del imports.positions["key"]
    imports.positions["number"] = imports.loans["number"]
    imports.positions["as_of"] = {"value": "2018-07-01T09:00:00+08:00"}
    assert (await imports.post()).new == 2
