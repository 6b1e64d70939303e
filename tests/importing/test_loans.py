"""What an import of loans does to the books."""

from datetime import date
from decimal import Decimal

import pytest

from server.compliance.events import body_of
from server.importing.report import ImportFailed
from server.importing.staging import OnChange
from server.personal import Kind, Personal
from tests.importing.conftest import KEYS, Importer, loan_rows

ROWS = "select (select count(*) from events) + (select count(*) from row_versions) + (select count(*) from parties)"


async def test_every_loan_lands_with_one_event_in_its_own_chain(imports: Importer) -> None:
    summary = await imports(loan_rows(300))
    assert (summary.read, summary.new, summary.rejected) == (300, 300, 0)
    assert await imports.stored() == (300, 300)
    assert summary.made == {"branches": 4, "products": 1}


async def test_the_mapping_decides_what_a_loan_is(imports: Importer) -> None:
    row = loan_rows(1)[0] | {"months": "36", "month": "Feb-2018", "status": "Fully Paid", "state": "NO", "amount": "5000.50"}
    await imports([row])
    loan = await imports.bank.root.fetchrow(
        "select l.*, o.code, o.level, c.name, c.org_id as customer_org from loans l join org_units o on o.id = l.org_id"
        " join customers c on c.id = l.customer_id where l.source = $1", imports.loans["source"],
    )  # fmt: skip
    assert loan is not None
    assert (loan["starts_on"], loan["matures_on"]) == (date(2018, 2, 1), date(2021, 2, 1))
    assert (loan["status"], loan["classification"], loan["currency"]) == ("SETTLED", "PASS", "USD")
    assert (loan["principal_amount"], loan["source_key"], loan["name"]) == (Decimal("5000.50"), "1", "Placeholder 1")
    assert (loan["code"], loan["level"], loan["customer_org"]) == (f"T{imports.bank.tag}-NO", "BRANCH", loan["org_id"])


async def test_an_event_tells_no_identity(imports: Importer) -> None:
    await imports(loan_rows(3))
    for row in await imports.bank.root.fetch(
        "select canonical from events where chain_id in (select id from loans where source = $1)", imports.loans["source"]
    ):
        assert f"TEST{imports.bank.tag}" not in str(body_of(row["canonical"]))


async def test_the_identity_is_closed_for_its_row_and_found_by_its_index(imports: Importer) -> None:
    await imports(loan_rows(1))
    async with imports.bank.database.transaction(imports.by) as conn:
        personal = await Personal.load(conn, KEYS)
    identity = f"TEST{imports.bank.tag}1"
    row = await imports.bank.root.fetchrow("select * from customers where identity_index = $1", personal.index(Kind.IDENTITY, identity))
    assert row is not None
    assert personal.open("identity_cipher", row["id"], row["identity_cipher"], row["key_epoch"]) == identity


async def test_a_second_import_changes_nothing(imports: Importer) -> None:
    await imports(loan_rows(100))
    summary = await imports(on_change=OnChange.FAIL)
    assert (summary.unchanged, summary.new, summary.changed) == (100, 0, 0)
    assert await imports.stored() == (100, 100)


async def test_an_amount_written_otherwise_is_the_same_amount(imports: Importer) -> None:
    rows = loan_rows(1)
    await imports(rows)
    assert (await imports([rows[0] | {"amount": rows[0]["amount"] + ".00"}])).unchanged == 1


async def test_a_changed_loan_is_updated_with_an_event_that_says_what(imports: Importer) -> None:
    rows = loan_rows(10)
    await imports(rows)
    summary = await imports([rows[0] | {"status": "Charged Off", "amount": "1000"}, *rows[1:]])
    assert (summary.changed, summary.unchanged) == (1, 9)
    assert await imports.stored() == (10, 11)
    canonical = await imports.bank.sql(
        "select canonical from events e join loans l on l.id = e.chain_id where l.source = $1 and e.seq = 2", imports.loans["source"]
    )
    assert body_of(canonical)["detail"]["changed"]["principal_amount"] == [f"{rows[0]['amount']}.00", "1000.00"]
    assert (await imports()).unchanged == 10


async def test_keep_leaves_a_changed_loan_as_it_is(imports: Importer) -> None:
    rows = loan_rows(2)
    await imports(rows)
    summary = await imports([row | {"amount": "1000"} for row in rows], on_change=OnChange.KEEP)
    assert (summary.kept, summary.changed) == (2, 0)
    assert await imports.stored() == (2, 2)


async def test_fail_stops_at_a_changed_loan_and_lands_nothing(imports: Importer) -> None:
    await imports(loan_rows(2))
    with pytest.raises(ImportFailed, match="CHANGED: line 3"):
        await imports([loan_rows(2)[0], loan_rows(2)[1] | {"amount": "1000"}, loan_rows(3)[2]], on_change=OnChange.FAIL)
    assert await imports.stored() == (2, 2)


@pytest.mark.parametrize(
    ("wrong", "column", "code"),
    [
        ({"amount": "-5"}, "amount", "NEGATIVE"),
        ({"amount": "0"}, "amount", "OUT_OF_RANGE"),
        ({"amount": "9" * 25}, "amount", "OUT_OF_RANGE"),
        ({"amount": "9" * 5000}, "amount", "NOT_A_NUMBER"),
        ({"amount": "1.005"}, "amount", "TOO_PRECISE"),
        ({"amount": "NaN"}, "amount", "NOT_A_NUMBER"),
        ({"amount": "١٢٣"}, "amount", "NOT_A_NUMBER"),
        ({"amount": ""}, "amount", "EMPTY"),
        ({"months": "0"}, "months", "OUT_OF_RANGE"),
        ({"months": "99999999999999999999"}, "months", "OUT_OF_RANGE"),
        ({"months": "36.5"}, "months", "NOT_A_NUMBER"),
        ({"rate": "1000"}, "rate", "OUT_OF_RANGE"),
        ({"month": "Foo-2018"}, "month", "NOT_A_DATE"),
        ({"month": "Jan-1800"}, "month", "OUT_OF_RANGE"),
        ({"month": "Jan-9999"}, "month", "OUT_OF_RANGE"),
        ({"status": "Lost"}, "status", "UNKNOWN_VALUE"),
        ({"state": ""}, "state", "EMPTY"),
        ({"state": "N\x07Y"}, "state", "CONTROL_CHARACTER"),
        ({"state": "X" * 200}, "state", "TOO_LONG"),
        ({"id": ""}, "id", "EMPTY"),
    ],
)
async def test_a_bad_row_is_told_and_the_good_ones_land(imports: Importer, wrong: dict[str, str], column: str, code: str) -> None:
    rows = loan_rows(3)
    summary = await imports([rows[0], rows[1] | wrong, rows[2]])
    assert (summary.new, summary.rejected) == (2, 1)
    assert ("3", column, code) in [(fault["line"], fault["column"], fault["code"]) for fault in imports.rejects()]


async def test_a_row_of_another_length_is_a_bad_row(imports: Importer) -> None:
    await imports(loan_rows(1))
    with imports.file.open("a", encoding="utf-8") as file:
        file.write("7,NY\r\n8,NY,1,2,3,4,5,6,7,8,9\r\n")
    summary = await imports()
    assert [(fault["line"], fault["code"]) for fault in imports.rejects()] == [("3", "ROW_LENGTH"), ("4", "ROW_LENGTH")]
    assert (summary.unchanged, summary.rejected) == (1, 2)


async def test_a_repeated_identity_names_the_line_of_the_first(imports: Importer) -> None:
    rows = loan_rows(3)
    summary = await imports([*rows, rows[1] | {"amount": "2000"}])
    assert (summary.new, summary.rejected) == (3, 1)
    assert imports.rejects() == [{"line": "5", "column": "id", "code": "DUPLICATE", "reason": "the same as on line 3"}]


async def test_all_or_nothing_lands_nothing_for_one_bad_row(imports: Importer) -> None:
    summary = await imports([*loan_rows(3), loan_rows(4)[3] | {"amount": "-1"}], all_or_nothing=True)
    assert (summary.landed, summary.rejected, len(imports.rejects())) == (False, 1, 1)
    assert await imports.stored() == (0, 0)
    assert await imports.bank.sql("select count(*) from org_units where code like $1", f"T{imports.bank.tag}%") == 0


async def test_a_dry_run_says_what_would_happen_and_changes_nothing(imports: Importer) -> None:
    before = await imports.bank.sql(ROWS)
    assert (await imports(loan_rows(20), dry_run=True)).new == 20
    after = await imports.bank.sql(ROWS)
    assert after == before


async def test_a_branch_or_product_nobody_knows_is_a_bad_row_without_create_missing(imports: Importer) -> None:
    imports.loans["branch"]["create_missing"] = False
    await imports(loan_rows(2))
    assert {fault["code"] for fault in imports.rejects()} == {"UNKNOWN_BRANCH"}
    imports.loans["branch"] = {"code": f"A{imports.bank.tag}"}
    imports.loans["product"]["create_missing"] = False
    await imports(loan_rows(2))
    assert {fault["code"] for fault in imports.rejects()} == {"UNKNOWN_PRODUCT"}


async def test_a_loan_cannot_move_to_another_branch_by_import(imports: Importer) -> None:
    row = loan_rows(1)[0] | {"state": "NY"}
    await imports([row])
    await imports([row | {"state": "CA"}])
    assert [(fault["code"], "another branch" in fault["reason"]) for fault in imports.rejects()] == [("NOT_CHANGEABLE", True)]


async def test_a_number_of_another_source_is_taken(imports: Importer) -> None:
    await imports(loan_rows(1))
    imports.loans["source"] += "-two"
    await imports()
    assert [fault["code"] for fault in imports.rejects()] == ["NUMBER_TAKEN"]


async def test_rows_with_one_identity_in_one_branch_are_one_customer(imports: Importer) -> None:
    imports.loans["customer"] = {"name": "Borrowers of {state}", "identity": f"B{imports.bank.tag}{{state}}"}
    await imports(loan_rows(50))
    assert await imports.bank.sql("select count(distinct customer_id) from loans where source = $1", imports.loans["source"]) == 4


async def test_a_report_of_an_earlier_import_does_not_stay(imports: Importer) -> None:
    await imports([loan_rows(1)[0] | {"amount": "-1"}])
    assert imports.rejects()
    await imports(loan_rows(1))
    assert not imports.rejects()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
async def test_an_encoding_is_recognised(imports: Importer, encoding: str) -> None:
    row = loan_rows(1)[0] | {"state": "北京朝阳"}
    assert (await imports([row], encoding)).encoding == encoding
    assert await imports.bank.sql("select count(*) from org_units where code = $1", f"T{imports.bank.tag}-北京朝阳") == 1
