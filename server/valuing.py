"""What a collateral is worth and how a loan is graded, from a day on: also from a day that has passed.

A value or grade holds until the next day of which something was told. What was known before a back-dated one stays: it stands in
the versions of the rows, and `loanFileAsOf` tells it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Numeric, Text, Uuid, func, select

from server import idempotency
from server.collateral import LOANS_OF
from server.compliance.events import Chains, Words
from server.compliance.tags import Tag
from server.custody.policy import BANK_ZONE
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound, VersionConflict
from server.lending import in_cents
from storage.database import Connection, Database, Principal
from storage.statements import given
from storage.tables import collateral, loans
from storage.terms import Classification, Role

VALUERS = frozenset({Role.RISK_HEAD})
VALUE = select(
    func.value_collateral(
        given("row"), given("amount", Numeric(18, 2)), given("currency", Text), given("day", Date), given("reason", Text), type_=Uuid
    )
)
CLASSIFY = select(func.classify_loan(given("row"), given("grade", Text), given("day", Date), given("reason", Text), type_=Uuid))
COLLATERAL = select(collateral.c.version, collateral.c.currency, collateral.c.org_id).where(collateral.c.id == given("row"))
LOAN = select(loans.c.version, loans.c.org_id).where(loans.c.id == given("row"))


@dataclass(frozen=True, slots=True)
class Told:
    """From which day it holds, why it is told, and what was seen of the row when it was."""

    day: date
    reason: str
    version: int | None = None


@dataclass(slots=True)
class Valuing:
    """The use cases; each answers an outcome with `events` and `replayed`."""

    database: Database

    async def value(self, by: Principal, row: UUID, amount: Decimal, told: Told, *, key: str) -> dict[str, Any]:
        """A valuation of a collateral of the caller's unit, in its currency."""
        _admit(by, told, "valuedOn")
        if not in_cents(amount):
            raise InvalidInput([InputProblem(("amount",), "OUT_OF_RANGE")])
        spent = {"row": row, "amount": amount, "day": told.day, "reason": told.reason, "version": told.version}
        async with self.database.transaction(by) as conn:
            if (kept := await idempotency.spend(conn, by, "recordValuation", key, spent)) is not None:
                return kept | {"replayed": True}
            secured = [r["loan_id"] for r in await conn.rows(LOANS_OF, collateral=row)]
            found = await conn.row(COLLATERAL, row=row)
            chains = await Chains.lock(conn, secured or ([found["org_id"]] if found else []))
            found = _as_seen(await conn.row(COLLATERAL, row=row), told)
            made = await conn.value(VALUE, row=row, amount=amount, currency=found["currency"], day=told.day, reason=told.reason)
            if made is None:
                raise NotFound()
            cause = None
            for chain in secured or [found["org_id"]]:
                event = chains.note(
                    chain, Tag.COLLATERAL_VALUED, subject=("collateral", row), by=by.staff_id, at=datetime.now(UTC), cause=cause,
                    valuation=made, amount=amount, currency=found["currency"], valued_on=told.day,
                    reason=Words(told.reason),
                )  # fmt: skip
                cause = cause or event
            return await _kept(conn, by, "recordValuation", key, chains, {"collateral": str(row)})

    async def classify(self, by: Principal, row: UUID, grade: Classification, told: Told, *, key: str) -> dict[str, Any]:
        """A grade of a loan of the caller's unit."""
        _admit(by, told, "holdsFrom")
        spent = {"row": row, "grade": grade.value, "day": told.day, "reason": told.reason, "version": told.version}
        async with self.database.transaction(by) as conn:
            if (kept := await idempotency.spend(conn, by, "classifyLoan", key, spent)) is not None:
                return kept | {"replayed": True}
            if await conn.row(LOAN, row=row) is None:
                raise NotFound()
            chains = await Chains.lock(conn, [row])
            _as_seen(await conn.row(LOAN, row=row), told)
            made = await conn.value(CLASSIFY, row=row, grade=grade.value, day=told.day, reason=told.reason)
            if made is None:
                raise NotFound()
            chains.note(
                row, Tag.LOAN_CLASSIFIED, subject=("loan", row), by=by.staff_id, at=datetime.now(UTC),
                classification=grade.value, holds_from=told.day, reason=Words(told.reason),
            )  # fmt: skip
            return await _kept(conn, by, "classifyLoan", key, chains, {"loan": str(row)})


def _admit(by: Principal, told: Told, day: str) -> None:
    if not VALUERS & by.roles:
        raise Forbidden(f"This is for {', '.join(sorted(VALUERS))}.")
    if not told.reason.strip():
        raise InvalidInput([InputProblem(("reason",), "EMPTY")])
    if told.day > datetime.now(BANK_ZONE).date():
        raise InvalidInput([InputProblem((day,), "IN_FUTURE")])


def _as_seen(row: Any, told: Told) -> Any:
    """Read under the lock of its chain, and so compared there."""
    if row is None:
        raise NotFound()
    if told.version is not None and told.version != row["version"]:
        raise VersionConflict(row["version"])
    return row


async def _kept(conn: Connection, by: Principal, mutation: str, key: str, chains: Chains, made: dict[str, Any]) -> dict[str, Any]:
    outcome = made | {"events": [str(e) for e in await chains.write()]}
    await idempotency.keep(conn, by, mutation, key, outcome)
    return outcome | {"replayed": False}
