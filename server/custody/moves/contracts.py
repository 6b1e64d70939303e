"""What an amendment of a contract asks, and what is known of the contract."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Amending:
    """A supplementary agreement (补充协议): its number and day, what it changes, and the scan of it."""

    contract: UUID
    number: str
    signed_on: date
    summary: str
    evidence: UUID
    amount: Decimal | None = None
    loans: tuple[UUID, ...] = ()  # that the contract secures from now on too


@dataclass(frozen=True, slots=True)
class Amended:
    """The contract as it stands."""

    loans: frozenset[UUID] = frozenset()
    amount: Decimal = Decimal(0)
    currency: str = "CNY"
    signed_on: date = date.min
    is_maximum: bool = False
    evidence: bool = True  # the scan is stored and shows a paper of one of its loans
    at_home: bool = True  # the loans that join are of its unit and currency, of a loan contract of its borrower
    taken: bool = False  # it has an amendment of that number
    version: int | None = None
