"""What leaves of a person's data, to whom and why; and who has seen it.

Everything here is written to the access log and committed before the first byte of the answer, denials included.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Text, func, select, union_all
from sqlalchemy.sql import ClauseElement

from server.compliance import access
from server.compliance.about import about_contract
from server.errors import Forbidden, NotFound
from server.personal import Keys, Personal
from storage.database import Connection, Database, Principal
from storage.statements import given
from storage.tables import (
    access_requests,
    archive_records,
    contracts,
    customers,
    loan_contracts,
    loans,
    movements,
    org_units,
    scans,
)
from storage.terms import AccessResult, Role

UNMASKERS = frozenset({Role.LOAN_OFFICER, Role.CREDIT_DEPT_HEAD, Role.COLLECTIONS, Role.LEGAL, Role.COMPLIANCE, Role.AUDITOR})
EXPORTERS = frozenset({Role.COMPLIANCE})
WATCHERS = frozenset({Role.COMPLIANCE, Role.AUDITOR})
LINES_MAX = 10_000  # of the access log, in what is exported of one person


class PersonalField(StrEnum):
    """What is kept as ciphertext; the value is the column's stem."""

    IDENTITY_NUMBER = "identity"
    PHONE = "phone"
    ADDRESS = "address"


CUSTOMER = select(customers).where(customers.c.id == given("customer"))
EVERYWHERE = select(customers, org_units.c.name.label("unit")).join(org_units, org_units.c.id == customers.c.org_id).where(
    customers.c.party_id == given("party")
).order_by(org_units.c.code)  # fmt: skip
_theirs = select(customers.c.id).where(customers.c.party_id == given("party"))
LOANS = select(loans).where(loans.c.customer_id.in_(_theirs)).order_by(loans.c.number)
_loans = select(loans.c.id).where(loans.c.customer_id.in_(_theirs))
CONTRACTS = (
    select(contracts)
    .where(contracts.c.id.in_(select(loan_contracts.c.contract_id).where(loan_contracts.c.loan_id.in_(_loans))))
    .order_by(contracts.c.number)
)
RECORDS = select(archive_records).where(archive_records.c.primary_loan_id.in_(_loans)).order_by(archive_records.c.archive_no)
ABOUT_PERSON: ClauseElement = select(
    func.array_agg(
        union_all(
            _theirs, _loans,
            select(archive_records.c.id).where(archive_records.c.primary_loan_id.in_(_loans)),
            select(scans.c.id).join(archive_records, archive_records.c.id == scans.c.record_id).where(
                archive_records.c.primary_loan_id.in_(_loans)
            ),
            select(access_requests.c.id).join(movements, movements.c.request_id == access_requests.c.id).join(
                archive_records, archive_records.c.id == movements.c.record_id
            ).where(archive_records.c.primary_loan_id.in_(_loans)),
        ).subquery().c[0]
    )
)  # fmt: skip
CONTRACT_OF = select(contracts.c.id).where(
    (contracts.c.id == given("contract")) | (contracts.c.number == given("number", Text))
)  # fmt: skip


SEEN = """select a.id, a.logged_at, a.action, a.result, a.purpose, a.detail, s.id as staff_id, s.name, s.staff_no
  from seen_of($1::uuid[], null, $2, $3, false, $4) a join staff s on s.id = a.staff_id order by a.logged_at, a.id"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One line: who looked, when, why, and whether they were let."""

    id: UUID
    logged_at: datetime
    action: str
    result: str
    purpose: str | None
    detail: dict[str, Any]
    staff_id: UUID
    name: str
    staff_no: str


@dataclass(slots=True)
class Disclosure:
    """The use cases of personal data; `keys` open what is closed."""

    database: Database
    keys: Keys

    async def unmask(
        self, principal: Principal, customer: UUID, fields: Sequence[PersonalField], purpose: str, request_id: str
    ) -> dict[PersonalField, str | None]:
        """The full values of a customer of the caller's branch; NotFound for others. Forbidden without the role."""
        asked = sorted(set(fields))
        async with self.database.transaction(principal) as conn:
            row = await conn.row(CUSTOMER, customer=customer)
            allowed = bool(UNMASKERS & principal.roles) and row is not None
            await self._log(conn, principal, "unmaskCustomer", allowed, [customer], purpose, request_id, fields=[f.name for f in asked])
            values = {f: _opened(await Personal.load(conn, self.keys), row, f) for f in asked} if allowed else {}
        if not UNMASKERS & principal.roles:
            raise Forbidden("unmaskCustomer is for those who deal with the customer.")
        if not allowed:
            raise NotFound()
        return values

    async def export(self, principal: Principal, customer: UUID, purpose: str, request_id: str) -> tuple[str, str]:
        """Everything the bank keeps on the person behind a customer, in every branch, as JSON; and its SHA-256."""
        async with self.database.transaction(principal) as conn:
            row = await conn.row(CUSTOMER, customer=customer)
            allowed = bool(EXPORTERS & principal.roles) and row is not None
            text = await self._everything(conn, row["party_id"]) if allowed and row is not None else ""
            digest = hashlib.sha256(text.encode()).hexdigest()
            await self._log(conn, principal, "exportCustomerData", allowed, [customer], purpose, request_id, sha256=digest)
        if not EXPORTERS & principal.roles:
            raise Forbidden("exportCustomerData is for compliance.")
        if not allowed:
            raise NotFound()
        return text, digest

    async def _everything(self, conn: Connection, party: UUID) -> str:
        personal = await Personal.load(conn, self.keys)
        found: dict[str, Any] = {"made_at": datetime.now(UTC)}
        found["customer_of"] = [
            {"unit": row["unit"], "name": row["name"], "district": row["district"]}
            | {field.name.lower(): _opened(personal, row, field) for field in PersonalField}
            for row in await conn.rows(EVERYWHERE, party=party)
        ]
        told = {
            "loans": (LOANS, ("number", "status", "principal_amount", "currency", "starts_on", "matures_on")),
            "contracts": (CONTRACTS, ("number", "kind", "signed_on", "amount", "currency")),
            "records": (RECORDS, ("archive_no", "tier", "title", "state")),
        }
        for name, (statement, columns) in told.items():
            found[name] = [{c: row[c] for c in columns} for row in await conn.rows(statement, party=party)]
        subjects = await conn.value(ABOUT_PERSON, party=party)
        lines = await conn.raw.fetch(SEEN, subjects or [], None, None, LINES_MAX)
        found["seen_by"] = [{c: line[c] for c in ("logged_at", "action", "result", "purpose", "staff_no")} for line in lines]
        return orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2).decode()

    async def who_saw(
        self, principal: Principal, *, customer: UUID | None, contract: UUID | None, number: str | None, purpose: str, first: int,
        after: tuple[datetime, UUID] | None, request_id: str,
    ) -> tuple[tuple[Seen, ...], bool]:  # fmt: skip
        """Who looked, or was denied, oldest first, and whether more follow; this too is a line of the log."""
        async with self.database.transaction(principal) as conn:
            subjects = await _about(conn, customer, contract, number)
            allowed = bool(WATCHERS & principal.roles) and bool(subjects)
            await self._log(conn, principal, "whoSaw", allowed, subjects[:1], purpose, request_id)
        if not WATCHERS & principal.roles:
            raise Forbidden("whoSaw is for compliance and audit.")
        if not subjects:
            raise NotFound()
        async with self.database.transaction(principal) as conn:
            rows = await conn.raw.fetch(SEEN, subjects, *(after or (None, None)), first + 1)
        return tuple(Seen(**dict(row.items())) for row in rows[:first]), len(rows) > first

    @staticmethod
    async def _log(
        conn: Connection,
        principal: Principal,
        action: str,
        allowed: bool,
        subjects: Sequence[UUID],
        purpose: str,
        request_id: str,
        **detail: Any,
    ) -> None:
        result = AccessResult.GRANTED if allowed else AccessResult.DENIED
        await access.log(conn, principal, action, result, subjects=subjects, purpose=purpose, detail=detail, request_id=request_id)


def _opened(personal: Personal, row: Any, field: PersonalField) -> str | None:
    sealed = row[f"{field.value}_cipher"]
    return None if sealed is None else personal.open(f"{field.value}_cipher", row["id"], bytes(sealed), row["key_epoch"])


async def _about(conn: Connection, customer: UUID | None, contract: UUID | None, number: str | None) -> list[UUID]:
    """Ids that the log may name for a person or a contract; the first is the thing itself."""
    if customer is not None:
        row = await conn.row(CUSTOMER, customer=customer)
        if row is None:
            return []
        return [customer, *(await conn.value(ABOUT_PERSON, party=row["party_id"]) or [])]
    found = await conn.value(CONTRACT_OF, contract=contract, number=number)
    if found is None:
        return []
    return [found, *(await about_contract(conn, found)).subjects]
