"""What core banking says of loans."""

from decimal import Decimal as PyDecimal
from typing import Any

import strawberry

from schema.custody import AccessRequest
from schema.custody_mutations.acting import UNSET, ActPayload, act, field
from schema.lending import Loan, LoanPosition
from schema.losses import Discrepancy
from schema.reading.declare import Many, One
from schema.release import SettlementNotice
from schema.results import KeyedInput, camel, given, id_of, maybe_id
from schema.scalars import DateTime, Decimal
from server.custody.moves import Ask
from server.custody.moves.release import PositionSaid
from server.custody.transitions import WHO
from server.errors import InputProblem, InvalidInput
from storage.terms import Action as A
from storage.terms import PayoffKind

AMOUNTS = ("principal", "interest", "fees", "overdue")
CENT = PyDecimal("0.01")


class PositionPayload(ActPayload):
    """Core banking's word."""

    position: LoanPosition | None = One(given="position", description="The position.")
    loan: Loan | None = One(given="loan", description="The loan, as it stands now.")
    requests: list[AccessRequest] = Many(given="requests", description="Release requests that lapsed with a reversed payoff.")
    notices: list[SettlementNotice] = Many(given="notices", description="Settlement notices that it made void.")
    cases: list[Discrepancy] = Many(given="cases", description="Cases of papers that were released already.")


@strawberry.input(description="Input of postLoanPosition.")
class PostLoanPositionInput(KeyedInput):
    """What is owed at an instant; append-only, the newest counts."""

    loan_id: strawberry.ID = field("The loan.")
    as_of: DateTime = field("When core banking said so; not in the future, and no other position of that instant.")
    principal: Decimal = field("Principal still owed, in the loan's currency.")
    interest: Decimal = field("Interest still owed.")
    fees: Decimal = field("Fees still owed.")
    overdue: Decimal = field("Part of it that is past due.")
    days_overdue: int = field("Age of the oldest unpaid instalment in days.")
    settled_at: DateTime | None = field("When it was paid off; all amounts are zero.", UNSET)
    payoff_kind: PayoffKind | None = field("How it was paid off.", UNSET)
    payoff_cleared_at: DateTime | None = field("When clearing was confirmed.", UNSET)
    reversal_of_id: strawberry.ID | None = field("The position whose payoff this one takes back.", UNSET)


def _wrong(i: PostLoanPositionInput) -> list[InputProblem]:
    amounts: dict[str, Any] = {name: getattr(i, name) for name in AMOUNTS}
    wrong = [InputProblem((camel(name),), "OUT_OF_RANGE") for name, value in amounts.items() if value < 0 or value % CENT]
    if i.days_overdue < 0:
        wrong.append(InputProblem(("daysOverdue",), "OUT_OF_RANGE"))
    owed = any(amounts.values())
    reversal = given(i.reversal_of_id) is not None
    for name in ("settled_at", "payoff_kind", "payoff_cleared_at"):
        if given(getattr(i, name)) is not None and (owed or reversal):
            wrong.append(InputProblem((camel(name),), "NOT_ALLOWED"))
    if reversal and not owed:
        wrong.append(InputProblem(("reversalOfId",), "NOT_ALLOWED"))
    return wrong


async def _post(info: strawberry.Info, i: PostLoanPositionInput) -> Ask:
    if wrong := _wrong(i):
        raise InvalidInput(wrong)
    said: Any = {name: getattr(i, name) for name in ("as_of", *AMOUNTS, "days_overdue")}
    said |= {name: given(getattr(i, name)) for name in ("settled_at", "payoff_kind", "payoff_cleared_at")}
    detail = PositionSaid(id_of(i.loan_id, "loan"), **said, reversal_of=maybe_id(i.reversal_of_id, "position"))
    return Ask(A.POST_POSITION, detail=detail)


@strawberry.type
class PositionMutations:
    """Acts of core banking."""

    post_loan_position = act(
        "postLoanPosition", PostLoanPositionInput, PositionPayload, _post, requires=WHO[A.POST_POSITION],
        description="What core banking says is owed; a reversal lapses the release requests that were built on the payoff.",
    )  # fmt: skip
