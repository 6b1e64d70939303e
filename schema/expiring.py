"""Papers that run out: certificates, and whatever else has a last day, in one list, the first to run out first."""

from enum import Enum
from typing import Any

import strawberry
from sqlalchemy import Date as SqlDate
from sqlalchemy import Integer, Text, and_, cast, func, literal, select, union_all

from schema.paging import Node, col
from schema.reading import paging
from schema.reading.compiler import Field, Plan, bad_request
from schema.reading.declare import PageRead, PolymorphicOne, Sql, field_of, reads
from schema.scalars import Date
from schema.visibility import found_by_unit, shared
from storage import tables

DAYS_MAX = 3_650


@strawberry.enum(description="What runs out. Open: new members may be added.")
class ExpiringKind(Enum):
    """Kinds of paper."""

    CERTIFICATE = strawberry.enum_value("CERTIFICATE", description="A title or other-right certificate.")


_c = tables.collateral_certificates.c
EXPIRING = union_all(  # a kind of paper that has a last day is one more select
    select(_c.id, literal("CERTIFICATE", Text).label("kind"), _c.number.label("label"), _c.expires_on, _c.visible_to).where(
        _c.is_live, _c.expires_on.is_not(None)
    )
).subquery("expiring")


def _today() -> Any:
    return cast(func.timezone("Asia/Shanghai", func.now()), SqlDate)


@reads(EXPIRING, "expiring", visible=shared)
@strawberry.type(description="Something that runs out.")
class Expiring:
    """A line of the list."""

    kind: ExpiringKind = col("What it is.")
    label: str = col("Its number.")
    expires_on: Date = col("Last day of validity.")
    days_left: int = Sql(lambda row, me: row.expires_on - _today(), description="Days until then; 0 on the last day.")
    subject: Node | None = PolymorphicOne("kind", "id", {"CERTIFICATE": "certificate"}, description="The paper.")


class ExpiringRead(PageRead):
    """A page of those whose last day lies within so many days from today on."""

    def __init__(self) -> None:
        super().__init__()
        self.arguments = {"within": (int, f"Days from today, 0 to {DAYS_MAX}."), **self.arguments}

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """The page of this call."""

        def refuse(values: Any) -> None:
            if not 0 <= field.values(values)["within"] <= DAYS_MAX:
                raise bad_request(f"`within` is 0 to {DAYS_MAX}.", field.node)

        plan.check(refuse)
        within, today = cast(field.args["within"], Integer), _today()
        edge, node = paging.types(field.type)

        def on(line: Any) -> Any:
            soon = and_(line.c.expires_on >= today, line.c.expires_on <= today + within)
            return soon if plan.me.everywhere else and_(soon, found_by_unit(line, plan.me))

        order: Any = [(lambda line: line.expires_on, False), (lambda line: line.id, False)]
        return paging.connection(plan, field, plan.rows(node, on), order, edge, node)


def expiring() -> Any:
    """The field."""
    return field_of(ExpiringRead(), "What runs out within so many days, the first to run out first (即将到期).")
