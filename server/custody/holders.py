"""C14: whoever finds a record taken learns the unit of the one who has it."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import ARRAY, Uuid, func, select

from server.custody.rules import Violation
from server.custody.rules.table import Unit
from storage.database import Connection
from storage.statements import given
from storage.tables import movements, operations, org_units, staff

TAKEN = frozenset({"ALREADY_CHECKED_OUT", "RESERVED_BY_OTHER"})
# Of a reservation or a checkout whoever reads it, of a pending act whoever opened it.
HOLDERS = (
    select(movements.c.record_id, org_units.c.id, org_units.c.code, org_units.c.name)
    .outerjoin(operations, operations.c.id == movements.c.operation_id)
    .join(staff, staff.c.id == func.coalesce(movements.c.holder_id, operations.c.opened_by))
    .join(org_units, org_units.c.id == staff.c.org_id)
    .where(movements.c.record_id == func.any(given("records", ARRAY(Uuid))), movements.c.closed_at.is_(None))
)


async def with_holders(conn: Connection, violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """The same, each that says that a record is taken with the unit of whoever has it: the caller sees the record."""
    told = tuple(violations)
    taken = {v.record for v in told if v.code in TAKEN and v.record}
    if not taken:
        return told
    found = {r["record_id"]: Unit(r["id"], r["code"], r["name"]) for r in await conn.rows(HOLDERS, records=sorted(taken))}
    return tuple(replace(v, held_by=found.get(v.record)) if v.code in TAKEN and v.record else v for v in told)
