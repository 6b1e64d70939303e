"""The tables of a loan file as they were: `then(table)` is read like the table itself, and is made of one call of `loan_file`.

The compiler knows nothing of it: PostgreSQL evaluates the call once, when the first of these tables is read, which is after
the caller was set.
"""

from typing import Any

from sqlalchemy import CTE, Table, Uuid, bindparam, column, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB

from schema.reading.compiler import GIVEN
from storage import tables
from storage.tables.columns import INSTANT

LOAN = bindparam(f"{GIVEN}loan", None, Uuid)
AS_OF = bindparam(f"{GIVEN}as_of", None, INSTANT)
KNOWN_AT = bindparam(f"{GIVEN}known_at", None, INSTANT)
FILE: Any = select(func.loan_file(LOAN, AS_OF, KNOWN_AT, type_=JSONB).label("rows")).cte("loan_file_then").prefix_with("MATERIALIZED")
ROWS: dict[str, tuple[Table, CTE]] = {}  # by the name that `loan_file` gives them


def then(table: Table, name: str | None = None) -> CTE:
    """The rows of a table as they stood; `name` where the file has them under another."""
    name = name or table.name
    if name not in ROWS:
        columns = [column(c.name, c.type) for c in table.c]
        # By its row type, which knows of each column how JSON becomes it; what a version did not have yet, `loan_file` has filled in.
        rows = func.jsonb_populate_recordset(literal_column(f"null::{table.name}"), FILE.c.rows[name]).table_valued(
            *columns, name="version"
        )
        ROWS[name] = table, select(*rows.c).select_from(FILE, rows).cte(f"{name}_then")
    return ROWS[name][1]


loans = then(tables.loans)
loan_positions = then(tables.loan_positions)
loan_contracts = then(tables.loan_contracts)
contracts = then(tables.contracts)
loan_collateral = then(tables.loan_collateral)
collateral = then(tables.collateral)
collateral_certificates = then(tables.collateral_certificates)
archive_records = then(tables.archive_records)
sealed_envelopes = then(tables.sealed_envelopes)
file_items = then(tables.file_items)
scans = then(tables.scans)
movements = then(tables.movements)
holdings = then(tables.movements, "holdings")
access_requests = then(tables.access_requests)
request_lines = then(tables.request_lines)
approvals = then(tables.approvals)
holds = then(tables.holds)
customers = then(tables.customers)
dealers = then(tables.dealers)
loan_products = then(tables.loan_products)
staff = then(tables.staff)
org_units = then(tables.org_units)
storage_locations = then(tables.storage_locations)
