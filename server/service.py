"""In whose name the program acts by itself: jobs and imports."""

from uuid import UUID

from sqlalchemy import exists, literal, select

from storage.database import Database, Principal
from storage.tables import staff, staff_roles
from storage.terms import Role, StaffKind

SERVICE = (
    select(staff.c.id, staff.c.org_id, staff.c.name, staff.c.staff_no)
    .where(staff.c.active, exists().where(staff_roles.c.staff_id == staff.c.id, staff_roles.c.role == Role.SYSTEM.value))
    .order_by((staff.c.kind == literal(StaffKind.SERVICE.value)).desc(), staff.c.staff_no)
)


async def service_of(database: Database) -> Principal | None:
    """The service with the role SYSTEM, for all branches; it never holds a custody seat. None while the bank has none."""
    async with database.transaction(None) as conn:
        found = await conn.row(SERVICE)
    if found is None:
        return None
    roles = frozenset({Role.SYSTEM})
    return Principal(UUID(str(found["id"])), UUID(str(found["org_id"])), found["name"], roles, (), True, found["staff_no"])
