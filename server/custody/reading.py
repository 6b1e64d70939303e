"""What the desk reads as its caller: records, requests, operations, people, holds. Built once, run as text."""

from sqlalchemy import ARRAY, Interval, Text, Uuid, case, cast, column, func, literal_column, select, text, union
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.sql import ClauseElement

from storage.statements import given
from storage.tables import (
    access_requests,
    approvals,
    archive_records,
    delegations,
    holds,
    movements,
    operation_seats,
    operations,
    request_lines,
    staff,
    staff_roles,
)

IDS = ARRAY(Uuid)
AT = TIMESTAMP(timezone=True)
_now = cast(func.clock_timestamp(), AT) + given("shift", Interval())
NOW = select(func.clock_timestamp() + given("shift", Interval()))
RECORDS = select(archive_records).where(archive_records.c.id == func.any(given("ids", IDS))).order_by(archive_records.c.id)
RECORDS_LOCKED = RECORDS.with_for_update()
RECORDS_OF_REQUEST = select(request_lines.c.record_id).where(request_lines.c.request_id == given("request"))
_prolongs = select(movements.c.request_id).where(movements.c.id == access_requests.c.extends_id).scalar_subquery().label("prolongs")
REQUEST = select(access_requests, _prolongs).where(access_requests.c.id == given("request"))
REQUEST_LOCKED = REQUEST.with_for_update(of=access_requests)
APPROVALS = select(approvals.c.rank, approvals.c.approver_id).where(approvals.c.request_id == given("request"))
OPERATION = select(operations).where(operations.c.id == given("operation"))
OPERATION_LOCKED = OPERATION.with_for_update()
SEATS = select(operation_seats.c.seat, operation_seats.c.staff_id, operation_seats.c.taken_at).where(
    operation_seats.c.operation_id == given("operation")
)
HOLD = select(holds).where(holds.c.id == given("hold"))
HOLD_LOCKED = HOLD.with_for_update()
STAFF_FACTS = select(text("*")).select_from(
    func.facts_of_staff(given("who"), given("vault"), func.tstzrange(given("start", AT), given("end", AT)), _now, given("seat", Text))
)
_told_until = select(func.told_until(given("ids", IDS))).scalar_subquery().label("told_until")
_ends = (  # asked of the few records that are kept so
    case(
        (literal_column("'COUNT'") == func.any(column("frozen", ARRAY(Text))), func.counted_until(column("record_id"), column("now")))
    ).label("counted_until"),
    case((column("operation_id").is_not(None), func.pending_until(column("operation_id")))).label("pending_until"),
)
FACTS = select(text("*"), _told_until, *_ends).select_from(
    func.facts_of(given("ids", IDS), given("people", IDS), given("shift", Interval()))
)
LATENESS = select(text("*")).select_from(func.lateness_of(given("people", IDS), given("at", AT)))
SUBJECT_LOCKED: ClauseElement = select(column("record_id"), column("loan_id")).select_from(
    func.lock_subject(*(given(name) for name in ("record", "loan", "asset", "party", "dealer")))
)

_roles = union(  # each asked for those people alone: PostgreSQL would else read the roles of the whole bank first
    select(staff_roles.c.staff_id, staff_roles.c.role).where(staff_roles.c.staff_id == func.any(given("ids", IDS))),
    select(delegations.c.to_staff_id, delegations.c.role).where(
        delegations.c.to_staff_id == func.any(given("ids", IDS)), delegations.c.during.op("@>")(_now)
    ),
).subquery()
PEOPLE = (
    select(staff.c.id, staff.c.org_id, staff.c.active, staff.c.kind, func.array_agg(_roles.c.role).label("roles"))
    .outerjoin(_roles, _roles.c.staff_id == staff.c.id)
    .where(staff.c.id == func.any(given("ids", IDS)))
    .group_by(staff.c.id)
)
