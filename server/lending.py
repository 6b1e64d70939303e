"""Customers, loans, positions and contracts come to be: each change with its event, in the caller's transaction.

Every function takes a list and answers the ids in the order given; the chains are locked once for the whole list. A loan's
events are in its own chain, a customer's in the chain of the branch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import Uuid, bindparam, func, select

from server.compliance.events import Chains
from server.compliance.tags import Tag
from server.personal import Kind, Personal, mask_address, mask_identity, mask_phone
from storage.database import Connection, Principal
from storage.tables import contracts, customers, loan_contracts, loan_positions, loans
from storage.terms import Classification, ContractKind, LoanStatus, PayoffKind

AMOUNT_MAX, CENT = Decimal(10) ** 16, Decimal("0.01")  # what the columns of money hold
PARTY_FOR = select(func.party_for(bindparam("identity_index", type_=customers.c.identity_index.type, required=True), type_=Uuid))
KNOWN_CUSTOMER = select(customers.c.id).where(
    customers.c.org_id == bindparam("org_id", type_=Uuid, required=True),
    customers.c.identity_index == bindparam("identity_index", type_=customers.c.identity_index.type, required=True),
)


def in_cents(amount: Decimal) -> bool:
    """Whether it is an amount: not below zero, in whole cents, and not too large to be stored."""
    return 0 <= amount < AMOUNT_MAX and amount == amount.quantize(CENT)


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A person or company as one branch meets them."""

    org: UUID
    name: str
    identity_number: str
    phone: str | None = None
    address: str | None = None
    district: str = ""


@dataclass(frozen=True, slots=True)
class NewLoan:
    """A loan at its start; amounts in the loan's currency, the rate per year in per cent."""

    number: str
    org: UUID
    customer: UUID
    product: UUID
    principal: Decimal
    term_months: int
    starts_on: date
    matures_on: date
    manager: UUID | None = None
    dealer: UUID | None = None
    annual_rate: Decimal | None = None
    instalment: Decimal | None = None
    currency: str = "CNY"
    status: LoanStatus = LoanStatus.ACTIVE
    classification: Classification = Classification.PASS


@dataclass(frozen=True, slots=True)
class NewPosition:
    """What core banking says is owed at an instant."""

    loan: UUID
    org: UUID
    as_of: datetime
    principal: Decimal
    interest: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    overdue: Decimal = Decimal(0)
    days_overdue: int = 0
    currency: str = "CNY"
    settled_at: datetime | None = None
    payoff_kind: PayoffKind | None = None
    payoff_cleared_at: datetime | None = None
    reversal_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewContract:
    """A contract and the loans that it belongs to, at least one."""

    number: str
    kind: ContractKind
    org: UUID
    signed_on: date
    amount: Decimal
    loans: tuple[UUID, ...]
    currency: str = "CNY"
    is_maximum_amount: bool = False


async def register_customers(conn: Connection, by: Principal, personal: Personal, new: Sequence[NewCustomer], at: datetime) -> list[UUID]:
    """The ids; a person whom the branch knows already is answered, not made again."""
    chains = await Chains.lock(conn, {n.org for n in new})
    ids = []
    for n in new:
        index = personal.index(Kind.IDENTITY, n.identity_number)
        known = await conn.value(KNOWN_CUSTOMER, org_id=n.org, identity_index=index)
        if known is None:
            known = uuid4()
            party = await conn.value(PARTY_FOR, identity_index=index)
            await conn.insert(customers, _customer(personal, n, known, party, index))
            chains.note(n.org, Tag.CUSTOMER_REGISTERED, subject=("customer", known), by=by.staff_id, at=at)
        ids.append(known)
    await chains.write()
    return ids


def _customer(personal: Personal, n: NewCustomer, id_: UUID, party: UUID, index: bytes) -> dict[str, object]:
    return {
        "id": id_,
        "org_id": n.org,
        "party_id": party,
        "name": n.name,
        "district": n.district,
        "identity_index": index,
        "identity_cipher": personal.seal("identity_cipher", id_, n.identity_number),
        "identity_number_masked": mask_identity(n.identity_number),
        "phone_index": personal.index(Kind.PHONE, n.phone) if n.phone else None,
        "phone_cipher": personal.seal("phone_cipher", id_, n.phone) if n.phone else None,
        "phone_masked": mask_phone(n.phone) if n.phone else None,
        "address_cipher": personal.seal("address_cipher", id_, n.address) if n.address else None,
        "address_masked": mask_address(n.district) if n.address else None,
        "key_epoch": personal.epoch,
    }


async def register_loans(conn: Connection, by: Principal, new: Sequence[NewLoan], at: datetime) -> list[UUID]:
    """The ids; a number that is taken breaks uq_loans_number."""
    ids = [uuid4() for _ in new]
    await conn.insert(loans, [_loan(id_, n) for id_, n in zip(ids, new, strict=True)])
    chains = await Chains.lock(conn, ids)
    for id_, n in zip(ids, new, strict=True):
        chains.note(
            id_,
            Tag.LOAN_REGISTERED,
            subject=("loan", id_),
            by=by.staff_id,
            at=at,
            number=n.number,
            customer=n.customer,
            principal=n.principal,
            currency=n.currency,
            status=n.status,
        )
    await chains.write()
    return ids


def _loan(id_: UUID, n: NewLoan) -> dict[str, object]:
    return {
        "id": id_,
        "org_id": n.org,
        "number": n.number,
        "customer_id": n.customer,
        "product_id": n.product,
        "manager_id": n.manager,
        "dealer_id": n.dealer,
        "principal_amount": n.principal,
        "currency": n.currency,
        "term_months": n.term_months,
        "annual_rate": n.annual_rate,
        "instalment_amount": n.instalment,
        "starts_on": n.starts_on,
        "matures_on": n.matures_on,
        "status": n.status,
        "classification": n.classification,
    }


async def post_positions(conn: Connection, by: Principal, new: Sequence[NewPosition], at: datetime) -> list[UUID]:
    """The ids; a loan has one position an instant (uq_loan_positions_loan_id_as_of)."""
    chains = await Chains.lock(conn, {n.loan for n in new})
    ids = [uuid4() for _ in new]
    await conn.insert(loan_positions, [_position(id_, n, at) for id_, n in zip(ids, new, strict=True)])
    for id_, n in zip(ids, new, strict=True):
        chains.note(
            n.loan,
            Tag.POSITION_POSTED,
            subject=("position", id_),
            by=by.staff_id,
            at=at,
            as_of=n.as_of,
            principal=n.principal,
            interest=n.interest,
            fees=n.fees,
            overdue=n.overdue,
            days_overdue=n.days_overdue,
            currency=n.currency,
        )
    await chains.write()
    return ids


def _position(id_: UUID, n: NewPosition, at: datetime) -> dict[str, object]:
    return {
        "id": id_,
        "org_id": n.org,
        "loan_id": n.loan,
        "as_of": n.as_of,
        "principal_amount": n.principal,
        "interest_amount": n.interest,
        "fees_amount": n.fees,
        "overdue_amount": n.overdue,
        "days_overdue": n.days_overdue,
        "currency": n.currency,
        "settled_at": n.settled_at,
        "payoff_kind": n.payoff_kind,
        "payoff_cleared_at": n.payoff_cleared_at,
        "reversal_of_id": n.reversal_of,
        "recorded_at": at,
    }


async def register_contracts(conn: Connection, by: Principal, new: Sequence[NewContract], at: datetime) -> list[UUID]:
    """The ids; the event stands in the chain of every loan of the contract."""
    chains = await Chains.lock(conn, {loan for n in new for loan in n.loans})
    ids = [uuid4() for _ in new]
    rows, links = [], []
    for id_, n in zip(ids, new, strict=True):
        if not n.loans:
            raise ValueError(f"contract {n.number} belongs to no loan")
        rows.append(
            {
                "id": id_,
                "org_id": n.org,
                "number": n.number,
                "kind": n.kind,
                "signed_on": n.signed_on,
                "amount": n.amount,
                "currency": n.currency,
                "is_maximum_amount": n.is_maximum_amount,
            }
        )
        links += [{"org_id": n.org, "loan_id": loan, "contract_id": id_} for loan in n.loans]
        cause = None
        for loan in n.loans:
            told = {"number": n.number, "kind": n.kind, "amount": n.amount, "currency": n.currency, "signed_on": n.signed_on}
            event = chains.note(
                loan, Tag.CONTRACT_REGISTERED, subject=("contract", id_), by=by.staff_id, at=at, record=None, cause=cause, **told
            )
            cause = cause or event
    await conn.insert(contracts, rows)
    await conn.insert(loan_contracts, links)
    await chains.write()
    return ids
