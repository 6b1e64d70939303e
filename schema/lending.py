"""Customers, loans and contracts, as the caller's branch knows them."""

from typing import Annotated, Any

import strawberry
from sqlalchemy import and_, func, select

from schema.organisation import OrgUnit, StaffMember
from schema.paging import (
    BooleanFilter,
    Connection,
    DateFilter,
    DecimalFilter,
    IDFilter,
    IntFilter,
    Node,
    StringFilter,
    Versioned,
    col,
    enum_filter,
    list_filter,
    sort_keys,
    sort_of,
    where_of,
)
from schema.reading.declare import Many, Masked, One, Page, Sql, reads
from schema.reading.declare import Money as money
from schema.scalars import Date, DateTime, Decimal
from schema.visibility import MASKED_DATA, own_unit, through
from storage import tables
from storage.terms import Classification, ContractKind, LoanStatus, PayoffKind

Amendments = Annotated["ContractAmendment", strawberry.lazy("schema.contracts")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
ElementChecks = Annotated["ContractElementCheck", strawberry.lazy("schema.volumes")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Records = Annotated["ArchiveRecord", strawberry.lazy("schema.records")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Reports = Annotated["InspectionReport", strawberry.lazy("schema.papers")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Assets = Annotated["Collateral", strawberry.lazy("schema.collateral")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Checkouts = Annotated["Checkout", strawberry.lazy("schema.custody")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
Notices = Annotated["SettlementNotice", strawberry.lazy("schema.release")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
RecordsFilter = Annotated["ArchiveRecordListFilter", strawberry.lazy("schema.records")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
CheckoutsFilter = Annotated["CheckoutListFilter", strawberry.lazy("schema.custody")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily
ReportsFilter = Annotated["InspectionReportListFilter", strawberry.lazy("schema.papers")]  # type: ignore[name-defined]  # noqa: F821  # resolved lazily


@strawberry.type(description="An amount of money.")
class Money:
    """Amount and currency."""

    amount: Decimal = col("Exact amount.")
    currency_code: str = col("ISO 4217.")


LOAN_FIELDS = ("number", "starts_on", "matures_on", "principal_amount", "updated_at")
LoanWhere = where_of(
    __name__, "LoanWhere", id=IDFilter, number=StringFilter, status=enum_filter(LoanStatus), classification=enum_filter(Classification),
    principal_amount=DecimalFilter, term_months=IntFilter, starts_on=DateFilter, matures_on=DateFilter, is_overdue=BooleanFilter,
    org_id=IDFilter, customer_id=IDFilter, customer="CustomerWhere", contracts="ContractListFilter", archive_records=RecordsFilter,
    open_checkouts=CheckoutsFilter, inspection_reports=ReportsFilter,
)  # fmt: skip
LoanListFilter = list_filter(__name__, "Loan")
LoanSort = sort_of(__name__, "LoanSort", *LOAN_FIELDS)
LOAN_KEYS = sort_keys(*LOAN_FIELDS)
CUSTOMER_FIELDS = ("name", "updated_at")
CustomerWhere = where_of(
    __name__, "CustomerWhere", id=IDFilter, name=StringFilter, district=StringFilter, org_id=IDFilter, loans=LoanListFilter
)
CustomerListFilter = list_filter(__name__, "Customer")
CustomerSort = sort_of(__name__, "CustomerSort", *CUSTOMER_FIELDS)
CUSTOMER_KEYS = sort_keys(*CUSTOMER_FIELDS)
DealerWhere = where_of(__name__, "DealerWhere", id=IDFilter)
CONTRACT_FIELDS = ("number", "signed_on", "updated_at")
ContractWhere = where_of(
    __name__, "ContractWhere", id=IDFilter, number=StringFilter, kind=enum_filter(ContractKind), signed_on=DateFilter, amount=DecimalFilter,
    loans=LoanListFilter,
)  # fmt: skip
ContractListFilter = list_filter(__name__, "Contract")
ContractSort = sort_of(__name__, "ContractSort", *CONTRACT_FIELDS)
CONTRACT_KEYS = sort_keys(*CONTRACT_FIELDS)


def _newest(position: Any, loan: Any, me: Any) -> Any:
    others = tables.loan_positions.alias()
    newest = select(others.c.id).where(others.c.loan_id == loan.id).order_by(others.c.as_of.desc()).limit(1)
    return position.id == newest.correlate_except(others).scalar_subquery()


def _newest_check(check: Any, contract: Any, me: Any) -> Any:
    others = tables.contract_element_checks.alias()
    newest = (
        select(others.c.id).where(others.c.contract_id == contract.id).order_by(others.c.checked_at.desc(), others.c.id.desc()).limit(1)
    )
    return check.id == newest.correlate_except(others).scalar_subquery()


def _is_overdue(loan: Any, me: Any) -> Any:
    positions = tables.loan_positions.alias()
    newest = select(positions.c.overdue_amount > 0).where(positions.c.loan_id == loan.id).order_by(positions.c.as_of.desc()).limit(1)
    return func.coalesce(newest.correlate_except(positions).scalar_subquery(), False)


def _open_checkouts(checkout: Any, loan: Any, me: Any) -> Any:
    records = tables.archive_records.alias()
    of_loan = select(records.c.id).where(records.c.primary_loan_id == loan.id).correlate_except(records)
    return and_(checkout.record_id.in_(of_loan), checkout.closed_at.is_(None), checkout.kind != "ACT")


@reads(tables.customers, "customer", visible=own_unit)
@strawberry.type(description="A borrower, mortgagor or guarantor as this branch knows them (客户).")
class Customer(Node, Versioned):
    """A customer of one branch."""

    name: str = col("Name.")
    district: str = col("District of the address.")
    identity_number_masked: str | None = Masked("identity_number_masked", MASKED_DATA, description="Identity number, masked.")
    phone_masked: str | None = Masked("phone_masked", MASKED_DATA, description="Phone number, masked.")
    address_masked: str | None = Masked("address_masked", MASKED_DATA, description="Address, masked to the district.")
    loans: Connection[Annotated["Loan", strawberry.lazy("schema.lending")]] = Page(
        "customer_id", where=LoanWhere, sort=LoanSort, keys=LOAN_KEYS, description="Loans of the customer here."
    )


@reads(tables.dealers, "dealer")
@strawberry.type(description="A car dealer (经销商).")
class Dealer(Node):
    """A dealer."""

    code: str = col("Business code.")
    name: str = col("Name.")
    unified_credit_code: str = col("Unified social credit code.")


@reads(tables.loan_products, "product")
@strawberry.type(description="A loan product (贷款品种).")
class LoanProduct(Node):
    """A product."""

    code: str = col("Business code.")
    name: str = col("Name.")


@reads(tables.loan_positions, "position", visible=own_unit)
@strawberry.type(description="Balances of a loan, from core banking.")
class LoanPosition(Node):
    """A position; append-only."""

    as_of: DateTime = col("When core banking said so.")
    principal: Money = money("principal_amount", description="Principal still owed.")
    interest: Money = money("interest_amount", description="Interest still owed.")
    fees: Money = money("fees_amount", description="Fees still owed.")
    overdue: Money = money("overdue_amount", description="Part of it that is past due.")
    days_overdue: int = col("Age of the oldest unpaid instalment in days.")
    settled_at: DateTime | None = col("When it was paid off.")
    payoff_kind: PayoffKind | None = col("How it was paid off.")
    payoff_cleared_at: DateTime | None = col("When clearing was confirmed.")
    reversal_of: Annotated["LoanPosition", strawberry.lazy("schema.lending")] | None = One(
        "reversal_of_id", description="The payoff that it takes back (C52)."
    )


@reads(tables.contracts, "contract", visible=own_unit)
@strawberry.type(description="A contract (合同).")
class Contract(Node, Versioned):
    """A contract."""

    number: str = col("Business number.")
    kind: ContractKind = col("Kind.")
    signed_on: Date = col("Day of signature.")
    amount: Money = money("amount", description="Amount.")
    is_maximum_amount: bool = col("Whether it secures several loans up to an amount (最高额).")
    updated_at: DateTime = col("Last change.")
    element_check: ElementChecks | None = One(on=_newest_check, description="The newest check for omissions; null while there is none.")
    element_checks: Connection[ElementChecks] = Page("contract_id", description="All checks for omissions, oldest first.")
    amendments: list[Amendments] = Many(
        "contract_id",
        order=lambda row: row.amended_at,
        description="Amendments, oldest first (合同变更); what they changed stands in the contract.",
    )
    loans: Connection[Annotated["Loan", strawberry.lazy("schema.lending")]] = Page(
        on=through(tables.loan_contracts, "contract_id", "loan_id"), where=LoanWhere, sort=LoanSort, keys=LOAN_KEYS,
        description="Loans it belongs to.",
    )  # fmt: skip


@reads(tables.loans, "loan", visible=own_unit)
@strawberry.type(description="A loan (贷款) with its file.")
class Loan(Node, Versioned):
    """A loan."""

    number: str = col("Business number.")
    status: LoanStatus = col("Life cycle; overdue is derived, not a status.")
    classification: Classification = col("Five-grade classification (五级分类).")
    customer: Customer | None = One("customer_id", description="The borrower, as this branch knows them.")
    product: LoanProduct | None = One("product_id", description="The product.")
    org_unit: OrgUnit | None = One("org_id", description="The branch that owns it.")
    manager: StaffMember | None = One("manager_id", description="The account manager.")
    dealer: Dealer | None = One("dealer_id", description="The dealer that sold the car.")
    principal: Money = money("principal_amount", description="Principal at the start.")
    instalment: Money | None = money("instalment_amount", description="Instalment of a month.")
    annual_rate: Decimal | None = col("Annual interest rate in per cent.")
    term_months: int = col("Term in months.")
    starts_on: Date = col("First day.")
    matures_on: Date = col("Last day.")
    updated_at: DateTime = col("Last change.")
    position: LoanPosition | None = One(on=_newest, description="Newest position from core banking.")
    is_overdue: bool = Sql(_is_overdue, description="True while a due instalment is unpaid.")
    settlement_final_at: DateTime | None = Sql(
        lambda loan, me: func.settlement_final_at(loan.id), description="When its payoff cannot bounce any more; null while it is owed."
    )
    settlement_notices: list[Notices] = Many("loan_id", order=lambda row: row.issued_at, description="Settlement notices, void ones too.")
    contracts: Connection[Contract] = Page(
        on=through(tables.loan_contracts, "loan_id", "contract_id"), where=ContractWhere, sort=ContractSort, keys=CONTRACT_KEYS,
        description="Contracts (合同).",
    )  # fmt: skip
    collateral: list[Assets] = Many(on=through(tables.loan_collateral, "loan_id", "collateral_id"), description="Collateral (抵押物).")
    archive_records: Connection[Records] = Page("primary_loan_id", description="Records of both tiers (档案).")
    inspection_reports: Connection[Reports] = Page("loan_id", description="Inspection reports about it.")
    open_checkouts: list[Checkouts] = Many(on=_open_checkouts, description="Checkouts, reservations and readings that are open.")
