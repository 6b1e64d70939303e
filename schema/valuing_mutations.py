"""Values and grades that hold from a day on."""

from typing import Any

import strawberry
from sqlalchemy import Boolean

from schema.collateral import Collateral
from schema.custody import CustodyEvent
from schema.custody_mutations.acting import UNSET, field
from schema.lending import Loan
from schema.payloads import read
from schema.reading.declare import Given, Many, One
from schema.results import KeyedInput, id_of, mutation, version_of
from schema.scalars import Date, Decimal
from server.valuing import VALUERS, Told, Valuing
from storage.terms import Classification


@strawberry.input(description="Input of recordValuation.")
class RecordValuationInput(KeyedInput):
    """A value from a day on, until the next day for which one is recorded."""

    collateral_id: strawberry.ID = field("The collateral.")
    amount: Decimal = field("What it is worth, in its currency.")
    valued_on: Date = field("Day from which the value holds; it may lie in the past, not in the future.")
    reason: str = field("Why, e.g. who valued it.")
    expected_version: str | None = field("Version of the collateral last seen.", UNSET)


@strawberry.type(description="What recordValuation did.")
class RecordValuationPayload:
    """The value of today is that of the last day told."""

    collateral: Collateral | None = One(given="collateral", description="The collateral, as it stands now.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


@strawberry.input(description="Input of classifyLoan.")
class ClassifyLoanInput(KeyedInput):
    """A grade from a day on, until the next day for which one is recorded."""

    loan_id: strawberry.ID = field("The loan.")
    classification: Classification = field("Five-grade classification (五级分类).")
    holds_from: Date = field("Day from which it holds; it may lie in the past, not in the future.")
    reason: str = field("Why.")
    expected_version: str | None = field("Version of the loan last seen.", UNSET)


@strawberry.type(description="What classifyLoan did.")
class ClassifyLoanPayload:
    """The grade of today is that of the last day told."""

    loan: Loan | None = One(given="loan", description="The loan, as it stands now.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


async def _value(info: strawberry.Info, i: RecordValuationInput) -> Any:
    context: Any = info.context
    told: Any = Told(i.valued_on, i.reason, version_of(i.expected_version))
    amount: Any = i.amount
    row = id_of(i.collateral_id, "collateral")
    outcome = await Valuing(context.database).value(context.principal, row, amount, told, key=str(i.idempotency_key))
    return await read(info, RecordValuationPayload, outcome, replayed=outcome["replayed"])


async def _classify(info: strawberry.Info, i: ClassifyLoanInput) -> Any:
    context: Any = info.context
    told: Any = Told(i.holds_from, i.reason, version_of(i.expected_version))
    row = id_of(i.loan_id, "loan")
    outcome = await Valuing(context.database).classify(context.principal, row, i.classification, told, key=str(i.idempotency_key))
    return await read(info, ClassifyLoanPayload, outcome, replayed=outcome["replayed"])


@strawberry.type
class ValuingMutations:
    """What is told of a day, and may be told late."""

    record_valuation = mutation(
        "recordValuation", RecordValuationInput, RecordValuationPayload, _value, requires=VALUERS,
        description="Record what a collateral is worth from a day on (抵押物估值).",
    )  # fmt: skip
    classify_loan = mutation(
        "classifyLoan", ClassifyLoanInput, ClassifyLoanPayload, _classify, requires=VALUERS,
        description="Record the grade of a loan from a day on (五级分类).",
    )  # fmt: skip
