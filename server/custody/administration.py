"""Changes of units, people, duties, places and parameters: what can be wrong with one, found out by doing and undoing it.

The desk carries them through their two seats; PostgreSQL applies them (`administer` in migration 0002).
"""

import asyncpg

from server.custody.writing import Writing
from server.errors import InputProblem, InvalidInput, NotFound

REHEARSED = "LF001"
WRONG = {  # a constraint of the tables, and the part of the input that it means
    "uq_org_units_code": ("code", "TAKEN"),
    "uq_staff_staff_no": ("staffNo", "TAKEN"),
    "uq_staff_username": ("username", "TAKEN"),
    "uq_staff_roles_staff_id_role": ("role", "HELD_ALREADY"),
    "uq_staff_relations_staff_id_party_id": ("customerId", "DECLARED_ALREADY"),
    "uq_storage_locations_code": ("locations", "TAKEN"),
    "uq_policy_parameters_key_scope_from": ("effectiveFrom", "TAKEN"),
    "ck_org_units_head_office_has_no_parent": ("parentId", "NOT_ALLOWED"),
    "ck_delegations_c3_to_another": ("toStaffId", "NOT_ALLOWED"),
    "administer_role_not_held": ("role", "NOT_HELD"),
    "administer_nothing_to_change": ("staffId", "NOTHING_TO_CHANGE"),
    "administer_too_soon": ("effectiveFrom", "TOO_SOON"),
    "administer_count_changed": ("expectedCount", "COUNT_CHANGED"),
    "administer_too_many": ("expectedCount", "TOO_MANY"),
    "administer_unit_closed": ("toOrgUnitId", "NOT_ALLOWED"),
    "tg_c32_unit_is_open": ("orgUnitId", "NOT_ALLOWED"),
    "administer_parent_elsewhere": ("locations", "PARENT_ELSEWHERE"),
}


def wrong_with_change(constraint: str | None) -> InvalidInput | NotFound | None:
    """What the caller hears when the tables refuse a change; None when it is a rule that refuses, or a bug."""
    if constraint is not None and constraint.startswith("fk_"):
        return NotFound()
    if constraint not in WRONG:
        return None
    field, code = WRONG[constraint]
    return InvalidInput([InputProblem((field,), code)])


async def rehearse(w: Writing) -> None:
    """Whoever proposes a change learns at once what the tables would say; nothing of it stays."""
    assert w.ask.change is not None
    try:
        async with w.conn.savepoint():
            await w.conn.raw.execute("select rehearse($1, $2, $3)", w.ask.action.value, dict(w.ask.change), w.by.id)
    except asyncpg.PostgresError as error:
        if error.sqlstate != REHEARSED:
            raise
