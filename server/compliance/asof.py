"""A loan file as it was on a past day, and as it was known on another: who may ask, of what, from when; every asking is logged.

The rows come from the versions that triggers write (record time); value, grade, positions and holder by the days and instants
that they tell themselves (valid time). `loan_file` in PostgreSQL finds them; the read compiler makes the answer of them.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, func, literal, or_, select

from server.compliance import access
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound
from storage.database import Database, Principal
from storage.statements import given
from storage.tables import archive_records, loans
from storage.tables.columns import INSTANT
from storage.terms import AccessResult, Role

# What was known before a correction is for those who answer for the loan, or look after them; those who work with the papers have the present.
READERS = frozenset({Role.COMPLIANCE, Role.AUDITOR, Role.EXAMINER, Role.LEGAL, Role.CREDIT_DEPT_HEAD, Role.RISK_HEAD, Role.BRANCH_HEAD})
RECORDS_MAX = 2_000  # papers and volumes of one loan; the file is put together as a whole
FOUND = select(loans.c.id, func.loan_file_since(loans.c.id, type_=INSTANT).label("since")).where(
    or_(loans.c.id == given("loan"), loans.c.number == given("number", Text))
)
DENIED = select(func.denied_loan(given("loan"), given("number", Text)))
NOW = select(func.clock_timestamp(type_=INSTANT))
_some = select(archive_records.c.id).where(archive_records.c.primary_loan_id == given("loan")).limit(RECORDS_MAX + 1).subquery()
TOO_LARGE = select(func.count() > literal(RECORDS_MAX)).select_from(_some)


@dataclass(frozen=True, slots=True)
class Moment:
    """Which file, when, and known when."""

    loan: UUID
    as_of: datetime
    known_at: datetime


async def moment_of(
    database: Database,
    principal: Principal,
    *,
    loan: UUID | None,
    number: str | None,
    as_of: datetime,
    known_at: datetime | None,
    purpose: str | None,
    request_id: str,
) -> Moment:
    """Judged and logged, and the log committed; Forbidden, NotFound, or InvalidInput about `asOf` and `knownAt`."""
    allowed = bool(READERS & principal.roles)
    async with database.transaction(principal) as conn:
        now: datetime = await conn.value(NOW)
        found = await conn.row(FOUND, loan=loan, number=number)
        known = known_at or now
        told = {"as_of": as_of.isoformat(), "known_at": known.isoformat()}
        result = AccessResult.GRANTED if allowed and found else AccessResult.DENIED
        named = found["id"] if found else await conn.value(DENIED, loan=loan, number=number)
        await access.log(
            conn, principal, "loanFileAsOf", result,
            subjects=[named] if named else [], purpose=purpose, detail=told, request_id=request_id,
        )  # fmt: skip
        large = found is not None and await conn.value(TOO_LARGE, loan=found["id"])
    if not allowed:
        raise Forbidden("loanFileAsOf is for those who answer for the loan, for compliance and audit.")
    if found is None:
        raise NotFound()
    wrong = [InputProblem((name,), "IN_FUTURE") for name, instant in (("asOf", as_of), ("knownAt", known)) if instant > now]
    if not wrong:
        times = (("asOf", as_of), ("knownAt", known))
        wrong = [
            InputProblem((name,), "BEFORE_FIRST_VERSION") for name, instant in times if found["since"] is None or instant < found["since"]
        ]
    if large:
        wrong.append(InputProblem(("by",), "FILE_TOO_LARGE"))
    if wrong:
        raise InvalidInput(wrong)
    return Moment(found["id"], as_of, known)
