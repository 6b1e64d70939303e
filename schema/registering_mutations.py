"""Customers, contracts and collateral, as a loan officer enters them."""

from typing import Any

import strawberry
from sqlalchemy import Boolean

from schema.collateral import Collateral
from schema.custody import CustodyEvent
from schema.custody_mutations.acting import UNSET, field, payload_of
from schema.enums import expose
from schema.lending import Contract, Customer
from schema.payloads import read
from schema.reading.declare import Given, Many, One
from schema.results import KeyedInput, given, id_of, maybe_id, mutation
from schema.scalars import Date, Decimal
from server.personal import Keys
from server.registering import REGISTRARS, GivenCollateral, GivenContract, GivenCustomer, IdentityKind, Registering, Secured
from storage.terms import CollateralKind, ContractKind

expose(IdentityKind)


@strawberry.input(description="Input of registerCustomer.")
class RegisterCustomerInput(KeyedInput):
    """A borrower, mortgagor or guarantor, as the caller's unit meets them."""

    name: str = field("Name.")
    identity_kind: IdentityKind = field("What the number is.")
    identity_number: str = field("Number that tells who it is; kept closed, shown masked.")
    phone: str | None = field("Phone number; kept closed, shown masked.", UNSET)
    address: str | None = field("Address without the district; kept closed, shown masked.", UNSET)
    district: str | None = field("District of the address; in clear.", UNSET)


class Entered:
    """What was entered, or was known already."""

    is_new: bool = Given("is_new", Boolean, description="False for what the unit knew already: it stands as it stood.")
    events: list[CustodyEvent] = Many(given="events", description="What was recorded.")
    replayed: bool = Given("replayed", Boolean, description="True when the key had been spent before.")


class CustomerEntered(Entered):
    """Somebody whom the unit knows is answered, not made again."""

    customer: Customer | None = One(given="customer", description="The customer.")


@strawberry.input(description="Input of registerContract.")
class RegisterContractInput(KeyedInput):
    """A contract and the loans that it belongs to, all of one unit."""

    number: str = field("Business number; nobody else's in the bank.")
    kind: ContractKind = field("Kind.")
    signed_on: Date = field("Day of signature.")
    amount: Decimal = field("Amount, in the currency of the loans.")
    loan_ids: list[strawberry.ID] = field("Its loans, at most 50; a loan contract has one, unless it is of a maximum amount.")
    is_maximum_amount: bool = strawberry.field(
        description="Whether it secures several loans up to the amount (最高额); further ones join by amendContract.", default=False
    )


class ContractEntered(Entered):
    """Check its elements next: recordElementCheck."""

    contract: Contract | None = One(given="contract", description="The contract.")


@strawberry.input(description="A loan that a collateral secures.")
class SecuredLoanInput:
    """How far, and in which rank."""

    loan_id: strawberry.ID = field("The loan.")
    amount: Decimal = field("Secured amount, in the currency of the loan.")
    rank: int = strawberry.field(description="Rank of the mortgage, 1 first.", default=1)


@strawberry.input(description="Input of registerCollateral.")
class RegisterCollateralInput(KeyedInput):
    """What secures loans of one unit; its certificates come with expectPaper and registerFirstTier."""

    kind: CollateralKind = field("Kind.")
    description: str = field("Make and model, or what it is.")
    secures: list[SecuredLoanInput] = field("The loans, at most 50.")
    vin: str | None = field("Vehicle identification number, of a vehicle: 17 characters.", UNSET)
    engine_no: str | None = field("Engine number.", UNSET)
    plate_no: str | None = field("Number plate.", UNSET)
    owner_id: strawberry.ID | None = field("Owner or mortgagor (抵押人), a customer of the unit.", UNSET)


class CollateralEntered(Entered):
    """A car that the unit has already secures the loans too."""

    collateral: Collateral | None = One(given="collateral", description="The collateral.")


CUSTOMER_PAYLOAD = payload_of(CustomerEntered, "RegisterCustomerPayload")
CONTRACT_PAYLOAD = payload_of(ContractEntered, "RegisterContractPayload")
COLLATERAL_PAYLOAD = payload_of(CollateralEntered, "RegisterCollateralPayload")


def _registering(info: strawberry.Info) -> Registering:
    context: Any = info.context
    return Registering(context.database, Keys.of(context.settings))


async def _answered(info: strawberry.Info, payload: type, outcome: dict[str, Any]) -> Any:
    return await read(info, payload, outcome, is_new=bool(outcome["new"]), replayed=outcome["replayed"])


async def _customer(info: strawberry.Info, i: RegisterCustomerInput) -> Any:
    context: Any = info.context
    new = GivenCustomer(i.name, i.identity_kind, i.identity_number, given(i.phone), given(i.address), given(i.district) or "")
    return await _answered(info, CUSTOMER_PAYLOAD, await _registering(info).customer(context.principal, new, key=i.idempotency_key))


async def _contract(info: strawberry.Info, i: RegisterContractInput) -> Any:
    context: Any = info.context
    day: Any = i.signed_on
    amount: Any = i.amount
    loans = tuple(id_of(text, "loan") for text in i.loan_ids)
    new = GivenContract(i.number.strip(), i.kind, day, amount, loans, i.is_maximum_amount)
    return await _answered(info, CONTRACT_PAYLOAD, await _registering(info).contract(context.principal, new, key=i.idempotency_key))


async def _collateral(info: strawberry.Info, i: RegisterCollateralInput) -> Any:
    context: Any = info.context
    secures: Any = i.secures
    loans = tuple(Secured(id_of(s.loan_id, "loan"), s.amount, s.rank) for s in secures)
    owner = maybe_id(i.owner_id, "customer")
    new = GivenCollateral(i.kind, i.description, loans, given(i.vin), given(i.engine_no), given(i.plate_no), owner)
    outcome = await _registering(info).collateral(context.principal, new, key=i.idempotency_key)
    return await _answered(info, COLLATERAL_PAYLOAD, outcome)


@strawberry.type
class RegisteringMutations:
    """What the loan officer enters; loans and positions come from core banking."""

    register_customer = mutation(
        "registerCustomer", RegisterCustomerInput, CUSTOMER_PAYLOAD, _customer, requires=REGISTRARS,
        description="Enter a borrower, mortgagor or guarantor (登记客户).",
    )  # fmt: skip
    register_contract = mutation(
        "registerContract", RegisterContractInput, CONTRACT_PAYLOAD, _contract, requires=REGISTRARS,
        description="Enter a contract of loans (登记合同).",
    )  # fmt: skip
    register_collateral = mutation(
        "registerCollateral", RegisterCollateralInput, COLLATERAL_PAYLOAD, _collateral, requires=REGISTRARS,
        description="Enter what secures loans (登记押品).",
    )  # fmt: skip
