"""Customers, contracts and collateral as a loan officer enters them; loans and positions come from core banking (domain section 3.2).

Each is of the unit that owns the loans it is entered for, so whoever sees no loan enters nothing. A person or a car that the unit
knows already is answered, not made again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, Text, Uuid, func, select
from stdnum.cn import ric, uscc

from server import idempotency
from server.collateral import NewCollateral, register_collateral, secure_loans
from server.custody.moves.corrections import NUMBER
from server.custody.policy import BANK_ZONE
from server.errors import Forbidden, InputProblem, InvalidInput, NotFound
from server.lending import NewContract, NewCustomer, in_cents, register_contracts, register_customers
from server.personal import Keys, Kind, Personal, normal
from storage.database import Connection, Database, Principal
from storage.statements import given
from storage.tables import collateral, customers, events, loan_collateral, loans
from storage.terms import CollateralKind, ContractKind, Role

REGISTRARS = frozenset({Role.LOAN_OFFICER})
LOANS_MAX = 50  # of one contract or collateral
RANK_MAX = 9
NAME_MAX, WORDS_MAX = 120, 200
PHONE = re.compile(r"\+?[0-9]{5,20}\Z", re.ASCII)
VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}\Z", re.ASCII)  # GB 16735: 17 characters, none of them I, O or Q
LOANS = select(loans.c.id, loans.c.org_id, loans.c.currency).where(loans.c.id == func.any(given("loans", ARRAY(Uuid))))
OWNER = select(customers.c.id).where(customers.c.id == given("owner"), customers.c.org_id == given("org"))
LOCK_VEHICLE = select(func.lock_vehicle(given("vin", Text)))
KNOWN = (
    select(collateral.c.id, collateral.c.kind)
    .where(collateral.c.vin == given("vin", Text), collateral.c.org_id == given("org"))
    .order_by(collateral.c.id)
    .limit(1)
)
MADE = (
    select(events.c.id)
    .where(events.c.subject_id == given("subject"), events.c.transaction_id == func.pg_current_xact_id())
    .order_by(events.c.happened_at, events.c.id)
)
SECURED = select(loan_collateral.c.loan_id).where(loan_collateral.c.collateral_id == given("collateral"))


class IdentityKind(StrEnum):
    """What the number of a customer is; only its form is judged by it."""

    RESIDENT_ID = "RESIDENT_ID"
    UNIFIED_CREDIT_CODE = "UNIFIED_CREDIT_CODE"
    OTHER = "OTHER"


class Secured(NamedTuple):
    """A loan, and how far and in which rank it is secured."""

    loan: UUID
    amount: Decimal
    rank: int


@dataclass(frozen=True, slots=True)
class GivenCustomer:
    """A person or company as the officer writes them down."""

    name: str
    identity_kind: IdentityKind
    identity_number: str
    phone: str | None = None
    address: str | None = None
    district: str = ""


@dataclass(frozen=True, slots=True)
class GivenContract:
    """A contract of one loan, or of several up to an amount (最高额)."""

    number: str
    kind: ContractKind
    signed_on: date
    amount: Decimal
    loans: tuple[UUID, ...]
    is_maximum_amount: bool = False


@dataclass(frozen=True, slots=True)
class GivenCollateral:
    """What secures the loans; what it is worth is told by recordValuation."""

    kind: CollateralKind
    description: str
    loans: tuple[Secured, ...]
    vin: str | None = None
    engine_no: str | None = None
    plate_no: str | None = None
    owner: UUID | None = None


@dataclass(slots=True)
class Registering:
    """The use cases; each answers an outcome with what was entered, `events`, and `new`: empty for what was known."""

    database: Database
    keys: Keys

    async def customer(self, by: Principal, new: GivenCustomer, *, key: str) -> dict[str, Any]:
        """A customer of the caller's unit."""
        _admit(by)
        _check(_wrong_with_customer(new))
        async with self.database.transaction(by) as conn:
            personal = await Personal.load(conn, self.keys)
            # hashed under a key, so that nobody tries out numbers on what the key was spent on
            spent = {n: personal.index(Kind.IDENTITY, getattr(new, n) or "").hex() for n in new.__slots__}
            if (kept := await idempotency.spend(conn, by, "registerCustomer", key, spent)) is not None:
                return kept | {"replayed": True}
            asked = NewCustomer(by.org_id, new.name.strip(), normal(new.identity_number), new.phone, new.address, new.district.strip())
            (made,) = await register_customers(conn, by, personal, [asked], datetime.now(UTC))
            return await _kept(conn, by, "registerCustomer", key, "customer", made)

    async def contract(self, by: Principal, new: GivenContract, *, key: str) -> dict[str, Any]:
        """A contract of the unit that owns its loans."""
        _admit(by)
        _check(_wrong_with_contract(new))
        spent = {n: getattr(new, n) for n in new.__slots__}
        async with self.database.transaction(by) as conn:
            if (kept := await idempotency.spend(conn, by, "registerContract", key, spent)) is not None:
                return kept | {"replayed": True}
            org, currency = await _home(conn, new.loans, "loanIds")
            asked = NewContract(new.number, new.kind, org, new.signed_on, new.amount, new.loans, currency, new.is_maximum_amount)
            try:
                (made,) = await register_contracts(conn, by, [asked], datetime.now(UTC))
            except asyncpg.UniqueViolationError as error:
                raise _taken(error, "uq_contracts_number", "number") from None
            return await _kept(conn, by, "registerContract", key, "contract", made)

    async def collateral(self, by: Principal, new: GivenCollateral, *, key: str) -> dict[str, Any]:
        """A collateral of the unit that owns the loans; a car that it has already secures them too."""
        _admit(by)
        new = replace(new, vin=new.vin and normal(new.vin), plate_no=new.plate_no and normal(new.plate_no))
        _check(_wrong_with_collateral(new))
        spent = {n: getattr(new, n) for n in new.__slots__ if n != "loans"} | {"loans": [list(x) for x in new.loans]}
        async with self.database.transaction(by) as conn:
            if (kept := await idempotency.spend(conn, by, "registerCollateral", key, spent)) is not None:
                return kept | {"replayed": True}
            org, currency = await _home(conn, [s.loan for s in new.loans], "secures")
            if new.owner is not None and await conn.row(OWNER, owner=new.owner, org=org) is None:
                raise NotFound()
            at = datetime.now(UTC)
            known = await _known(conn, new.vin, org)
            asked = NewCollateral(
                org, new.kind, new.description.strip(), tuple((s.loan, s.amount) for s in new.loans), new.vin, new.engine_no, new.plate_no,
                owner=new.owner, currency=currency, ranks=tuple(s.rank for s in new.loans),
            )  # fmt: skip
            try:
                if known is not None:
                    await _lets_in(conn, known, new)
                    await secure_loans(conn, by, org, known["id"], new.loans, currency, at)
                    return await _kept(conn, by, "registerCollateral", key, "collateral", known["id"], known=True)
                (made,) = await register_collateral(conn, by, [asked], at)
            except asyncpg.CheckViolationError as error:
                raise _taken(error, "tg_collateral_one_vehicle", "vin", "VEHICLE_PLEDGED") from None
            return await _kept(conn, by, "registerCollateral", key, "collateral", made)


def _admit(by: Principal) -> None:
    if not REGISTRARS & by.roles:
        raise Forbidden(f"This is for {', '.join(sorted(REGISTRARS))}.")


def _check(wrong: Sequence[InputProblem]) -> None:
    if wrong:
        raise InvalidInput(wrong)


def _wrong_with_customer(new: GivenCustomer) -> list[InputProblem]:
    valid = {IdentityKind.RESIDENT_ID: ric.is_valid, IdentityKind.UNIFIED_CREDIT_CODE: uscc.is_valid}
    number = normal(new.identity_number)
    wrong = [*_text(new.name, "name", NAME_MAX), *_text(number, "identityNumber", NAME_MAX)]
    if number and not valid.get(new.identity_kind, bool)(number):
        wrong.append(InputProblem(("identityNumber",), "NOT_AN_IDENTITY"))
    if new.phone is not None and not PHONE.match(normal(new.phone)):
        wrong.append(InputProblem(("phone",), "NOT_A_PHONE"))
    if new.address is not None:
        wrong += _text(new.address, "address", WORDS_MAX)
    return wrong + ([InputProblem(("district",), "TOO_LONG")] if len(new.district) > NAME_MAX else [])


def _wrong_with_contract(new: GivenContract) -> list[InputProblem]:
    wrong = [] if NUMBER.match(new.number) else [InputProblem(("number",), "NOT_A_NUMBER")]
    if new.signed_on > datetime.now(BANK_ZONE).date():
        wrong.append(InputProblem(("signedOn",), "IN_FUTURE"))
    if new.kind is ContractKind.LOAN and len(new.loans) > 1 and not new.is_maximum_amount:
        wrong.append(InputProblem(("loanIds",), "TOO_MANY"))
    return wrong + wrong_amount(new.amount, ("amount",)) + _count(new.loans, "loanIds")


def _wrong_with_collateral(new: GivenCollateral) -> list[InputProblem]:
    wrong = [*_text(new.description, "description", WORDS_MAX), *_count([s.loan for s in new.loans], "secures")]
    if new.kind is CollateralKind.VEHICLE and not new.vin:
        wrong.append(InputProblem(("vin",), "REQUIRED"))
    if new.vin and not VIN.match(new.vin):
        wrong.append(InputProblem(("vin",), "NOT_A_VIN"))
    wrong += [
        InputProblem((n,), "NOT_A_NUMBER")
        for n, v in (("engineNo", new.engine_no), ("plateNo", new.plate_no))
        if v is not None and not NUMBER.match(v)
    ]
    for place, secured in enumerate(new.loans):
        wrong += wrong_amount(secured.amount, ("secures", str(place), "amount"))
        if not 1 <= secured.rank <= RANK_MAX:
            wrong.append(InputProblem(("secures", str(place), "rank"), "OUT_OF_RANGE"))
    return wrong


def _text(value: str, path: str, most: int) -> list[InputProblem]:
    code = "EMPTY" if not value.strip() else "TOO_LONG" if len(value) > most else None
    return [InputProblem((path,), code)] if code else []


def wrong_amount(value: Decimal, path: tuple[str, ...]) -> list[InputProblem]:
    """What is wrong with an amount in cents above zero."""
    return [] if value > 0 and in_cents(value) else [InputProblem(path, "OUT_OF_RANGE")]


def _count(ids: Sequence[UUID], path: str) -> list[InputProblem]:
    code = "EMPTY" if not ids else "TOO_MANY" if len(ids) > LOANS_MAX else "DUPLICATE" if len(set(ids)) < len(ids) else None
    return [InputProblem((path,), code)] if code else []


async def _home(conn: Connection, asked: Sequence[UUID], path: str) -> tuple[UUID, str]:
    """The unit and the currency of the loans, which have one of each."""
    rows = await conn.rows(LOANS, loans=list(asked))
    if len(rows) < len(asked):
        raise NotFound()
    homes = {(row["org_id"], row["currency"]) for row in rows}
    if len(homes) > 1:
        raise InvalidInput([InputProblem((path,), "OF_SEVERAL_UNITS")])
    return homes.pop()


async def _known(conn: Connection, vin: str | None, org: UUID) -> Any:
    """The car, when the unit has it; nobody else enters it meanwhile."""
    if vin is None:
        return None
    await conn.run(LOCK_VEHICLE, vin=vin)
    return await conn.row(KNOWN, vin=vin, org=org)


async def _lets_in(conn: Connection, known: Any, new: GivenCollateral) -> None:
    """Whether the car that the unit has is what is meant, and secures none of the loans yet."""
    secured = {row["loan_id"] for row in await conn.rows(SECURED, collateral=known["id"])}
    wrong = [InputProblem(("secures", str(n), "loanId"), "SECURED_ALREADY") for n, s in enumerate(new.loans) if s.loan in secured]
    _check([InputProblem(("kind",), "NOT_ALLOWED")] if known["kind"] != new.kind else wrong)


def _taken(error: asyncpg.PostgresError, constraint: str, path: str, code: str = "TAKEN") -> Exception:
    if getattr(error, "constraint_name", None) != constraint:
        return error
    return InvalidInput([InputProblem((path,), code)])


async def _kept(conn: Connection, by: Principal, mutation: str, key: str, what: str, made: UUID, *, known: bool = False) -> dict[str, Any]:
    told = [str(row["id"]) for row in await conn.rows(MADE, subject=made)]
    outcome: dict[str, Any] = {what: str(made), "events": told, "new": [str(made)] if told and not known else []}
    await idempotency.keep(conn, by, mutation, key, outcome)
    return outcome | {"replayed": False}
