"""What the bank has set for itself, what was let through by it, and what was let through against a rule."""

from typing import Any

import strawberry
from sqlalchemy import Date, Integer, Text, Uuid, and_, case, cast, column, func, literal, null, or_, select, values
from sqlalchemy.dialects.postgresql import ARRAY, INTERVAL, JSON, TIMESTAMP

from schema.organisation import OrgUnit, StaffMember
from schema.paging import Node, col
from schema.reading.declare import Hits, Many, One, Sql, reads
from schema.records import ArchiveRecord
from schema.scalars import Date as Day
from schema.scalars import DateTime
from schema.visibility import shared
from server.custody.policy import PARAMETERS, ROLE_PARAMETERS
from storage import tables
from storage.terms import Action, Role

REPORTED_TO = frozenset({Role.COMPLIANCE, Role.AUDITOR, Role.OPS_HEAD})
SET = tables.policy_parameters.c


def _number(value: Any) -> Any:
    return case((value.regexp_match("^-?[0-9]+$"), cast(value, Integer)))


def _roles(value: Any) -> Any:
    return case((value.like("[%"), cast(value, JSON)))


@reads(tables.policy_parameters, "policy")
@strawberry.type(description="A value that was proposed by one person and confirmed by another; never changed.")
class PolicyVersion(Node):
    """A row of a parameter."""

    name: str = Sql(lambda row, me: row.key, description="The parameter.")
    number: int | None = Sql(lambda row, me: _number(row.value), description="Its value, when it is a number.")
    roles: list[Role] | None = Sql(lambda row, me: _roles(row.value), description="Its value, when it is a list of roles.")
    since: DateTime = Sql(lambda row, me: row.effective_from, description="Since when it holds.")
    recorded_at: DateTime = col("When it was confirmed.")
    org_unit: OrgUnit | None = One("org_id", description="Where it holds; null: everywhere.")
    approved_by: StaffMember | None = One("approved_by", description="Who confirmed it.")


def _parameters(_: Any, at: Any = None, org_unit: Any = None) -> Any:
    """Every parameter with its default and bounds, and the row that holds at that instant for that unit."""
    lines: list[tuple[Any, ...]] = [(n, p.default, p.least, p.most, None, None) for n, p in PARAMETERS.items()]
    lines += [(n, None, p.least, None, sorted(p.default), sorted(p.allowed)) for n, p in ROLE_PARAMETERS.items()]
    told = [(place, *line) for place, line in enumerate(sorted(lines, key=lambda line: line[0]), 1)]
    known = values(
        column("n", Integer), column("name", Text), column("default_number", Integer), column("least", Integer), column("most", Integer),
        column("default_roles", ARRAY(Text)), column("allowed", ARRAY(Text)), name="known",
    ).data(told)  # fmt: skip
    unit, then = cast(org_unit, Uuid), func.coalesce(cast(at, TIMESTAMP(timezone=True)), func.now())
    here = or_(SET.org_id.is_(None), SET.org_id == unit) if org_unit is not None else SET.org_id.is_(None)
    found = (
        select(SET.id).where(SET.key == known.c.name, here, SET.effective_from <= then)
        .order_by(SET.org_id.is_not(None).desc(), SET.effective_from.desc()).limit(1).correlate(known).scalar_subquery()
    )  # fmt: skip
    return select(known, found.label("version"), (unit if org_unit is not None else cast(null(), Uuid)).label("unit")).subquery(
        "parameters"
    )


def _held(row: Any, name: str) -> Any:
    return select(SET[name]).where(SET.id == row.version).scalar_subquery()


def _scope(other: Any, row: Any, me: Any) -> Any:
    return and_(other.key == row.name, or_(other.org_id.is_(None), other.org_id == row.unit))


@strawberry.type(description="Something that the bank sets for itself: a number of days, a limit, the roles of a rank.")
class PolicyParameter:
    """A parameter as it holds at one instant for one unit."""

    name: str = col("As proposePolicy names it.")
    number: int | None = Sql(
        lambda row, me: func.coalesce(_number(_held(row, "value")), row.default_number), description="What holds, when it is a number."
    )
    roles: list[Role] | None = Sql(
        lambda row, me: func.coalesce(_roles(_held(row, "value")), func.to_json(row.default_roles)),
        description="What holds, when it is a list of roles.",
    )
    since: DateTime | None = Sql(lambda row, me: _held(row, "effective_from"), description="Since when; null for the default.")
    default_number: int | None = col("What holds where nobody has set it.")
    default_roles: list[Role] | None = Sql(lambda row, me: func.to_json(row.default_roles), description="The same of a list of roles.")
    least: int = col("Smallest value, or fewest roles.")
    most: int | None = col("Largest value.")
    allowed_roles: list[Role] | None = Sql(lambda row, me: func.to_json(row.allowed), description="Roles to choose among.")
    in_force: PolicyVersion | None = One(
        on=lambda other, row, me: other.id == row.version, description="The row that holds; null: the default."
    )
    history: list[PolicyVersion] = Many(
        on=_scope, order=lambda row: row.effective_from, description="Every value set for the whole bank or this unit, later ones included."
    )


PARAMETERS_LIST = Hits(
    _parameters,
    at=(DateTime | None, "At which instant; now when left out."),
    org_unit=(strawberry.ID | None, "For which unit; for the whole bank when left out."),
    description="What the bank sets for itself: every parameter, with its default, its bounds and who confirmed it.",
)


@reads(tables.decisions, "decision")
@strawberry.type(description="Why an act was let through; compliance and audit alone.")
class Decision(Node):
    """What was judged, and by which versions of the parameters."""

    action: Action = col("Which act.")
    decided_at: DateTime = col("The instant that the rules were judged at.")
    caller: StaffMember | None = One("caller_id", description="Who called.")
    moves: str = Sql(lambda row, me: cast(row.moves, Text), description="What was judged, as JSON; no free text, no personal data.")
    parameters: str = Sql(
        lambda row, me: cast(row.parameters, Text), description="Parameters that were read, as JSON: name, value, and the row that held it."
    )


@reads(tables.overrides, "override", visible=shared)
@strawberry.type(description="A rule that was broken for a record because a second person let it be; never changed.")
class RuleOverride(Node):
    """An override."""

    rule: str = col("Number of the rule.")
    code: str = col("How it was broken.")
    comment: str = col("Why.")
    overridden_at: DateTime = col("When.")
    record: ArchiveRecord | None = One("record_id", description="For which record.")
    asked_by: StaffMember | None = One("asked_by", description="Whose act it is.")
    confirmed_by: StaffMember | None = One("confirmed_by", description="The second person.")


def _that_day(row: Any, _: Any, me: Any, day: Any) -> Any:
    """In the bank's own time."""
    begins = func.timezone("Asia/Shanghai", cast(cast(day, Date), TIMESTAMP))
    return and_(row.overridden_at >= begins, row.overridden_at < begins + literal("1 day", Text).cast(INTERVAL))


OVERRIDE_REPORT = Many(
    on=_that_day,
    order=lambda row: row.overridden_at,
    day=(Day, "A day of the bank."),
    description="Rules overridden that day, in the caller's units.",
    requires=REPORTED_TO,
)
