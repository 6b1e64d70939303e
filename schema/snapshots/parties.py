"""People, units and places as a snapshot names them: what they were called then."""

import strawberry

from schema.lending import Customer, Dealer, LoanProduct
from schema.organisation import OrgUnit, StaffMember, StorageLocation
from schema.paging import col
from schema.reading.declare import Masked, reads
from schema.snapshots import rows
from schema.snapshots.living import as_was
from schema.visibility import MASKED_DATA
from storage.terms import LocationKind, OrgLevel


@reads(rows.staff, "staff")
@as_was(StaffMember, description="A member of staff, as they were called then.")
class StaffSnapshot:
    """Somebody."""

    id: strawberry.ID = col("Of the member of staff.")
    staff_no: str
    name: str = col("Name.")


@reads(rows.org_units, "org")
@as_was(OrgUnit, description="A unit, as it was called then.")
class OrgUnitSnapshot:
    """A unit."""

    id: strawberry.ID = col("Of the unit.")
    code: str
    name: str
    level: OrgLevel = col("Level.")


@reads(rows.storage_locations, "location")
@as_was(StorageLocation, description="A place, as it was called then.")
class StorageLocationSnapshot:
    """A place."""

    id: strawberry.ID = col("Of the place.")
    code: str
    kind: LocationKind = col("Level.")


@reads(rows.customers, "customer")
@as_was(Customer, description="A borrower or owner, as the branch of then knew them; the same masks as now.")
class CustomerSnapshot:
    """A customer."""

    id: strawberry.ID = col("Of the customer.")
    name: str
    district: str
    identity_number_masked: str | None = Masked("identity_number_masked", MASKED_DATA, description="Identity number, masked.")
    phone_masked: str | None = Masked("phone_masked", MASKED_DATA, description="Phone number, masked.")
    address_masked: str | None = Masked("address_masked", MASKED_DATA, description="Address, masked to the district.")


@reads(rows.dealers, "dealer")
@as_was(Dealer, description="A car dealer, as it was called then.")
class DealerSnapshot:
    """A dealer."""

    id: strawberry.ID = col("Of the dealer.")
    code: str
    name: str = col("Name.")


@reads(rows.loan_products, "product")
@as_was(LoanProduct, description="A loan product, as it was called then.")
class LoanProductSnapshot:
    """A product."""

    id: strawberry.ID = col("Of the product.")
    code: str
    name: str
