"""What was agreed anew on a contract."""

from typing import Any

import strawberry
from sqlalchemy import func

from schema.lending import Loan
from schema.lending import Money as Amount
from schema.organisation import StaffMember
from schema.paging import Node, col
from schema.papers import Scan
from schema.reading.declare import Many, One, reads
from schema.reading.declare import Money as money
from schema.scalars import Date, DateTime
from storage import tables


def _joined(loan: Any, amendment: Any, me: Any) -> Any:
    return loan.id == func.any(amendment.loan_ids)


@reads(tables.contract_amendments, "amendment")
@strawberry.type(description="An amendment of a contract (合同变更), entered by one and approved by another; never changed.")
class ContractAmendment(Node):
    """An amendment."""

    number: str = col("Number of the supplementary agreement (补充协议).")
    signed_on: Date = col("Day of its signature.")
    summary: str = col("What it changes, in words.")
    amount_before: Amount = money("amount_before", description="Amount of the contract before.")
    amount: Amount = money("amount", description="Amount from then on.")
    amended_at: DateTime = col("When it was approved.")
    joined: list[Loan] = Many(on=_joined, order=lambda row: row.number, description="Loans that the contract secures from then on too.")
    evidence: Scan | None = One("evidence_id", description="The scan of it.")
    proposed_by: StaffMember | None = One("proposed_by", description="Who entered it.")
    approved_by: StaffMember | None = One("approved_by", description="Who approved it.")
