"""What an import of positions does to the books."""

from datetime import UTC, datetime
from typing import Any

import pytest

from server.importing.report import ImportFailed
from server.importing.staging import OnChange
from tests.custody.releasing import Case
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


PAID = {"settled_at": {"value": "2018-06-29"}, "payoff_kind": {"value": "TRANSFER"}, "payoff_cleared_at": {"value": "2018-06-30"}}


async def test_a_payoff_settles_its_loan_and_says_how_it_was_paid(imports: Importer) -> None:
    rows = [row | {"balance": "0"} for row in loan_rows(3)]
    await imports(rows)
    await imports.bank.sql("update loans set status = 'ACTIVE' where source = $1", imports.loans["source"])
    await imports.bank.sql("update loans set status = 'WRITTEN_OFF' where source = $1 and source_key = '3'", imports.loans["source"])
    imports.positions |= PAID
    assert (await imports.post(rows)).new == 3
    found = await imports.bank.root.fetch(
        "select l.status, p.payoff_kind, p.settled_at is not null, p.payoff_cleared_at is not null, settlement_final_at(l.id) <= now()"
        " from loan_positions p join loans l on l.id = p.loan_id where l.source = $1 order by l.source_key", imports.loans["source"],
    )  # fmt: skip
    assert [tuple(row) for row in found] == [(state, "TRANSFER", True, True, True) for state in ("SETTLED", "SETTLED", "WRITTEN_OFF")]
    told = "select count(*) from events e join loans l on l.id = e.chain_id where l.source = $1 and e.tag = 'loan:change:done'"
    assert await imports.bank.sql(told, imports.loans["source"]) == 2
    assert (await imports.post(rows)).unchanged == 3
    imports.positions["payoff_kind"] = {"value": "CASH"}
    await imports.post(rows)
    assert [fault["code"] for fault in imports.rejects()] == ["NOT_CHANGEABLE"] * 3  # a position is never changed


async def test_a_payoff_that_is_taken_back_leaves_nothing_that_was_built_on_it(imports: Importer) -> None:
    case = await Case.make(imports.bank)
    await case.ready()
    number = await imports.bank.sql("select number from loans where id = $1", case.loan)
    payoff = await imports.bank.sql("select as_of from loan_positions where loan_id = $1", case.loan)
    del imports.positions["key"]
    imports.positions |= {
        "number": number, "as_of": {"value": datetime.now(UTC).isoformat()}, "reverses": {"value": payoff.isoformat()},
    }  # fmt: skip
    rows = [row | {"balance": "100"} for row in loan_rows(1)]
    assert (await imports.post(rows, dry_run=True)).new == 1
    assert await imports.bank.sql("select state from access_requests where id = $1", case.request) == "APPROVED"
    assert (await imports.post(rows)).new == 1
    assert await imports.bank.sql("select state from access_requests where id = $1", case.request) == "LAPSED"
    assert await imports.bank.state(case.papers[0]) == "IN_VAULT"
    assert await imports.bank.sql("select status from loans where id = $1", case.loan) == "ACTIVE"
    assert await imports.bank.sql("select bool_and(voided_at is not null) from settlement_notices where loan_id = $1", case.loan)
    assert (await imports.post(rows)).unchanged == 1
    imports.positions["as_of"] = {"value": datetime.now(UTC).isoformat()}
    await imports.post(rows)
    assert [fault["code"] for fault in imports.rejects()] == ["TAKEN"]


@pytest.mark.parametrize(
    ("balance", "said", "code"),
    [
        ("1", PAID, "NOT_ALLOWED"),  # paid off, and something is owed
        ("0", {"settled_at": "state", "payoff_kind": {"value": "CASH"}}, "NOT_A_DATE"),
        ("0", PAID | {"payoff_kind": {"column": "state"}}, "UNKNOWN_VALUE"),
        ("0", PAID | {"settled_at": {"value": "2100-01-01"}}, "OUT_OF_RANGE"),
        ("0", {"reverses": {"value": "2018-06-01"}}, "NOT_ALLOWED"),  # taken back, and nothing is owed
        ("1", {"reverses": {"value": "2018-06-01"}}, "UNKNOWN_POSITION"),
    ],
)  # fmt: skip
async def test_a_payoff_that_does_not_fit_its_row_is_a_bad_row(imports: Importer, balance: str, said: dict[str, Any], code: str) -> None:
    rows = [row | {"balance": balance} for row in loan_rows(1)]
    await imports(rows)
    imports.positions |= said
    assert (await imports.post(rows)).rejected == 1
    assert code in [fault["code"] for fault in imports.rejects()]


@pytest.mark.parametrize("said", [{"payoff_kind": {"value": "CASH"}}, PAID | {"payoff_kind": {"value": "GOLD"}}])
async def test_a_mapping_that_says_half_of_a_payoff_is_refused(imports: Importer, said: dict[str, Any]) -> None:
    await imports(loan_rows(1))
    imports.positions |= said
    with pytest.raises(ImportFailed, match="BAD_MAPPING"):
        await imports.post()
