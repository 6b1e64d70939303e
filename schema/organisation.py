"""The bank's units, people and places: everyone may see them."""

from typing import Annotated, Any

import strawberry
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from schema import enums  # noqa: F401  # the enums must exist before a type names one
from schema.paging import Node, Versioned, col
from schema.reading.declare import One, Sql, reads
from schema.scalars import DateTime
from storage import tables
from storage.terms import LocationKind, OrgLevel, Role, StaffKind


def _roles(row: Any, me: Any) -> Any:
    roles = tables.staff_roles.alias()
    found = select(func.coalesce(func.json_agg(aggregate_order_by(roles.c.role, roles.c.role)), func.json_build_array())).where(
        roles.c.staff_id == row.id
    )
    return found.correlate_except(roles).scalar_subquery()


@reads(tables.org_units, "org")
@strawberry.type(description="Head office, branch or sub-branch (机构).")
class OrgUnit(Node, Versioned):
    """A unit."""

    code: str = col("Business code.")
    name: str = col("Name.")
    level: OrgLevel = col("Level.")
    has_vault: bool = col("Whether it may keep first-tier papers overnight.")
    closed_at: DateTime | None = col("When it was closed.")
    parent: Annotated["OrgUnit", strawberry.lazy("schema.organisation")] | None = One("parent_id", description="The unit above.")
    president_in_charge: Annotated["StaffMember", strawberry.lazy("schema.organisation")] | None = One(
        "president_in_charge_id", description="President in charge (主管行长)."
    )


@reads(tables.staff, "staff")
@strawberry.type(description="A member of staff (员工).")
class StaffMember(Node):
    """A person or service."""

    staff_no: str = col("Business number.")
    username: str = col("Name of the account.")
    name: str = col("Name.")
    kind: StaffKind = col("A person, or a service, which never has custody.")
    active: bool = col("False once the person has left.")
    org_unit: OrgUnit | None = One("org_id", description="The unit the person works in.")
    roles: list[Role] = Sql(_roles, description="Roles granted.")


@reads(tables.storage_locations, "location")
@strawberry.type(description="A vault, room, cabinet or slot (库位).")
class StorageLocation(Node):
    """A place."""

    code: str = col("Code on the label.")
    kind: LocationKind = col("Level.")
    org_unit: OrgUnit | None = One("org_id", description="The unit that runs it.")
    parent: Annotated["StorageLocation", strawberry.lazy("schema.organisation")] | None = One("parent_id", description="What it lies in.")
