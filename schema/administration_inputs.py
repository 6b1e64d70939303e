"""What a client says of a change of units, people, duties, places and parameters."""

import strawberry

from schema.custody_mutations import field
from schema.custody_mutations.acting import UNSET
from schema.results import KeyedInput
from schema.scalars import DateTime
from storage.terms import LocationKind, OrgLevel, Role, Seat, StaffKind


@strawberry.input(description="Input of createOrgUnit.")
class CreateOrgUnitInput(KeyedInput):
    """A unit below another."""

    code: str = field("Business code.")
    name: str = field("Name.")
    level: OrgLevel = field("BRANCH or SUB_BRANCH.")
    parent_id: strawberry.ID = field("The unit above.")
    has_vault: bool = field("Whether it may keep first-tier papers overnight.")


@strawberry.input(description="Input of registerStaff.")
class RegisterStaffInput(KeyedInput):
    """Somebody, or some service, that will sign in."""

    staff_no: str = field("Business number.")
    username: str = field("Subject of the tokens.")
    name: str = field("Name.")
    org_unit_id: strawberry.ID = field("The unit.")
    kind: StaffKind = field("A service never has custody.")
    roles: list[Role] = field("Roles from the first day.")


@strawberry.input(description="Input of grantRole.")
class GrantRoleInput(KeyedInput):
    """One role more."""

    staff_id: strawberry.ID = field("Who.")
    role: Role = field("Which.")


@strawberry.input(description="Input of revokeRole.")
class RevokeRoleInput(KeyedInput):
    """One role less."""

    staff_id: strawberry.ID = field("Who.")
    role: Role = field("Which.")


@strawberry.input(description="Input of delegate.")
class DelegateInput(KeyedInput):
    """Somebody acts in another's role for a time."""

    from_staff_id: strawberry.ID = field("Whose role it is.")
    to_staff_id: strawberry.ID = field("Who acts.")
    role: Role = field("Which role.")
    starts_at: DateTime | None = field("Since when; left out: from the proposal on.", UNSET)
    ends_at: DateTime = field("Until when.")


@strawberry.input(description="Input of assignDuty.")
class AssignDutyInput(KeyedInput):
    """Keeping the key or the code of a vault."""

    vault_id: strawberry.ID = field("Which vault.")
    staff_id: strawberry.ID = field("Which keeper.")
    seat: Seat = field("KEY or CODE.")
    starts_at: DateTime | None = field("Since when; left out: from the proposal on.", UNSET)
    ends_at: DateTime = field("Until when.")


@strawberry.input(description="Input of handOverDuty.")
class HandOverDutyInput(KeyedInput):
    """The duty passes at the instant of the confirmation."""

    vault_id: strawberry.ID = field("Which vault.")
    seat: Seat = field("KEY or CODE.")
    from_staff_id: strawberry.ID = field("Who has it now.")
    to_staff_id: strawberry.ID = field("Who takes it over.")
    ends_at: DateTime = field("Until when.")


@strawberry.input(description="Input of declareRelation.")
class DeclareRelationInput(KeyedInput):
    """A relation that keeps a member of staff away from a customer's files (C4)."""

    staff_id: strawberry.ID = field("Who.")
    customer_id: strawberry.ID = field("To which customer; it holds for the person in every branch.")
    kind: str = field("Kind of relation, e.g. SPOUSE.")


@strawberry.input(description="Input of deactivateStaff.")
class DeactivateStaffInput(KeyedInput):
    """Somebody leaves; refused while custody is open (C32)."""

    staff_id: strawberry.ID = field("Who.")


@strawberry.input(description="One place.")
class NewLocationInput:
    """A vault, room, cabinet or slot."""

    kind: LocationKind = field("Level.")
    code: str = field("Code on the label.")
    parent_id: strawberry.ID | None = field("What it lies in.", UNSET)
    parent_code: str | None = field("The same by code, for a place earlier in this list.", UNSET)


@strawberry.input(description="Input of createLocations.")
class CreateLocationsInput(KeyedInput):
    """Places of one unit."""

    org_unit_id: strawberry.ID = field("The unit that runs them.")
    locations: list[NewLocationInput] = field("At most 500.")


@strawberry.input(description="Input of proposePolicy.")
class ProposePolicyInput(KeyedInput):
    """A number or a list of roles that the bank sets for itself."""

    key: str = field("Name of the parameter, e.g. reservation_days or approval_ranks.first.certificate_change.")
    value: int | None = field("Its value, when it is a number.", UNSET)
    roles: list[Role] | None = field("Its value, when it is a list of roles.", UNSET)
    org_unit_id: strawberry.ID | None = field("Where it holds; left out: everywhere.", UNSET)
    effective_from: DateTime = field("Since when; at least ten minutes after the confirmation.")


@strawberry.input(description="Input of grantReading.")
class GrantReadingInput(KeyedInput):
    """An outside auditor or regulator reads units for a time; they act on nothing."""

    staff_id: strawberry.ID = field("Who; has the role EXAMINER.")
    org_unit_ids: list[strawberry.ID] = field("The units, with those below them.")
    starts_at: DateTime | None = field("Since when; left out: from the proposal on.", UNSET)
    ends_at: DateTime = field("Until when.")
    reason: str = field("By what order or contract.")


@strawberry.input(description="Input of transferLoans.")
class TransferLoansInput(KeyedInput):
    """Loans go to another unit with their customers, positions, contracts, collateral and history."""

    from_org_unit_id: strawberry.ID = field("The unit that has them.")
    to_org_unit_id: strawberry.ID = field("The unit that takes them.")
    loan_ids: list[strawberry.ID] | None = field("Which loans, at most 500; all of the unit when left out.", UNSET)
    expected_count: int = field("How many loans that is, at most 3,000; compared again when it is confirmed.")


@strawberry.input(description="Input of closeOrgUnit.")
class CloseOrgUnitInput(KeyedInput):
    """A unit in which nothing and nobody is left."""

    org_unit_id: strawberry.ID = field("Which unit.")
