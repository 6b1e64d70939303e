"""The file of a loan as it was, and the question for it: judged and logged first, then one compiled statement."""

from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import func, select, true

from schema.compliance import HistoryPurpose
from schema.directives import Cost
from schema.lending import Loan, Money
from schema.paging import Connection, col
from schema.reading.answers import Selected
from schema.reading.compiler import bad_request
from schema.reading.declare import Given, Many, One, Page, Sql, reads
from schema.reading.declare import Money as money
from schema.reads import LoanBy
from schema.results import given, id_of, refused_argument
from schema.scalars import Date, DateTime, Decimal
from schema.snapshots import rows
from schema.snapshots.lending import AccessRequestSnapshot, CollateralSnapshot, ContractSnapshot, HoldSnapshot, LoanPositionSnapshot
from schema.snapshots.living import as_was
from schema.snapshots.parties import CustomerSnapshot, DealerSnapshot, LoanProductSnapshot, OrgUnitSnapshot, StaffSnapshot
from schema.snapshots.records import ArchiveRecordSnapshot
from schema.visibility import through
from server.compliance.asof import moment_of
from server.errors import InvalidInput, NotFound
from storage.tables.columns import INSTANT
from storage.terms import Classification, LoanStatus

COST = Cost(weight=20, multipliers=[])  # the versions of a whole file are put together, whatever is selected


def _newest(position: Any, loan: Any, me: Any) -> Any:
    others = rows.loan_positions.alias()
    newest = select(others.c.id).where(others.c.loan_id == loan.id).order_by(others.c.as_of.desc()).limit(1)
    return position.id == newest.correlate_except(others).scalar_subquery()


def _is_overdue(loan: Any, me: Any) -> Any:
    positions = rows.loan_positions.alias()
    newest = select(positions.c.overdue_amount > 0).where(positions.c.loan_id == loan.id).order_by(positions.c.as_of.desc()).limit(1)
    return func.coalesce(newest.correlate_except(positions).scalar_subquery(), False)


@reads(rows.loans, "loan")
@as_was(Loan, description="A loan (贷款) with its file, as it was.")
class LoanSnapshot:
    """A loan."""

    id: strawberry.ID = col("Of the loan.")
    number: str
    status: LoanStatus = col("Life cycle.")
    classification: Classification = col("Five-grade classification (五级分类) that held on the day of `asOf`, as it is known.")
    principal: Money = money("principal_amount", description="Principal at the start.")
    instalment: Money | None = money("instalment_amount", description="Instalment of a month.")
    annual_rate: Decimal | None
    term_months: int
    starts_on: Date
    matures_on: Date
    customer: CustomerSnapshot | None = One("customer_id", description="The borrower, as the branch of then knew them.")
    product: LoanProductSnapshot | None = One("product_id", description="The product.")
    org_unit: OrgUnitSnapshot | None = One("org_id", description="The branch that owned it.")
    manager: StaffSnapshot | None = One("manager_id", description="The account manager.")
    dealer: DealerSnapshot | None = One("dealer_id", description="The dealer that sold the car.")
    position: LoanPositionSnapshot | None = One(on=_newest, description="Newest position for an instant up to `asOf`, as it is known.")
    positions: list[LoanPositionSnapshot] = Many(
        "loan_id", order=lambda row: row.as_of, description="All positions for instants up to `asOf`, oldest first."
    )
    is_overdue: bool = Sql(_is_overdue, description="Whether a due instalment was unpaid.")
    contracts: list[ContractSnapshot] = Many(
        on=through(rows.loan_contracts, "loan_id", "contract_id"), order=lambda row: row.number, description="Contracts (合同)."
    )
    collateral: list[CollateralSnapshot] = Many(
        on=through(rows.loan_collateral, "loan_id", "collateral_id"), description="Collateral (抵押物)."
    )
    archive_records: Connection[ArchiveRecordSnapshot] = Page("primary_loan_id", description="Records of both tiers (档案).")
    holds: list[HoldSnapshot] = Many(
        on=lambda hold, loan, me: true(),  # the file has only those that could cover something of it
        order=lambda row: row.placed_at,
        description="Holds that had been placed on the loan, its borrower, dealer, collateral or papers, lifted ones too.",
    )
    access_requests: list[AccessRequestSnapshot] = Many(
        on=lambda request, loan, me: true(),
        order=lambda row: row.submitted_at,
        description="Requests about its papers by then, oldest first.",
    )


@strawberry.type(description="A loan file as it was at `asOf`, as far as it was known at `knownAt`. Ids are those of the living things.")
class LoanFileSnapshot:
    """The two instants, and the file."""

    as_of: DateTime = Given("as_of", INSTANT, description="The instant that was asked for.")
    known_at: DateTime = Given(
        "known_at", INSTANT, description="What was recorded up to then counts; the instant of the answer when left out."
    )
    loan: LoanSnapshot | None = One(given="loan", description="The loan and what belonged to it.")


async def loan_file_as_of(
    info: strawberry.Info,
    by: Annotated[LoanBy, strawberry.argument(description="Exactly one way to name it.")],
    as_of: Annotated[DateTime, strawberry.argument(description="When.")],
    known_at: Annotated[DateTime | None, strawberry.argument(description="As far as it was known then; now when left out.")] = None,
    purpose: Annotated[HistoryPurpose | None, strawberry.argument(description="Why it is read; stands in the access log.")] = None,
) -> LoanFileSnapshot | None:
    """Null when the loan is unknown or not visible; that is logged too."""
    context: Any = info.context
    reading = await Selected.of_field(info, LoanFileSnapshot)
    try:
        loan, number = _named(by)
        moment = await moment_of(
            context.database, context.principal, loan=loan, number=number, as_of=as_of, known_at=known_at,
            purpose=purpose and str(purpose.value), request_id=context.request_id,
        )  # fmt: skip
    except NotFound:
        return None
    except InvalidInput as wrong:
        raise refused_argument(wrong, context.language) from None
    answer: Any = await reading.fetch({"loan": moment.loan, "as_of": moment.as_of, "known_at": moment.known_at})
    return answer  # type: ignore[no-any-return]  # ready JSON


def _named(by: Any) -> tuple[Any, str | None]:
    number = given(by.number)
    if number is not None:
        if "\0" in number:
            raise bad_request("A string must not contain NUL.")
        return None, number
    try:
        return id_of(by.id, "loan"), None
    except NotFound:
        return UUID(int=0), None  # an id of nothing: unknown, and logged as such
