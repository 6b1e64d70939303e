"""Views over the versions of rows: what was said, from when to when; seen with the row itself."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, TableClause, Text, Uuid, column, table

from storage.tables.columns import INSTANT, MONEY


def _view(name: str, of: str, **said: Any) -> TableClause:
    return table(
        name, column("id", BigInteger), column(of, Uuid), column("since", INSTANT), column("until", INSTANT),
        *(column(key, type_) for key, type_ in said.items()),
    )  # fmt: skip


certificate_versions = _view(
    "certificate_versions", "certificate_id", number=Text, kind=Text, issuer=Text, issued_on=Date, expires_on=Date, right_amount=MONEY,
    currency=Text, registration_no=Text, is_electronic=Boolean, registry_reference=Text, vin=Text, owner_name=Text, is_live=Boolean,
)  # fmt: skip
collateral_plates = _view("collateral_plates", "collateral_id", plate_no=Text)
