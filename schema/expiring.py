"""Papers that run out: certificates, policies, powers of attorney, letters of bailees, in one list, the first to run out first."""

from enum import Enum
from typing import Any

import strawberry
from sqlalchemy import ARRAY, Integer, Text, Uuid, and_, cast, func, literal, select, tuple_, union_all
from sqlalchemy import Date as SqlDate
from sqlalchemy.dialects.postgresql import array

from schema.paging import Node, col
from schema.reading import paging
from schema.reading.compiler import Field, Plan, bad_request
from schema.reading.declare import PageRead, PolymorphicOne, Sql, field_of, reads
from schema.scalars import Date
from schema.visibility import found_by_unit, shared
from server.custody.transitions import ENDED
from storage import tables
from storage.terms import RecipientCapacity, RecordState, ReleaseState

DAYS_MAX = 3_650


@strawberry.enum(description="What runs out. Open: new members may be added.")
class ExpiringKind(Enum):
    """Kinds of paper."""

    CERTIFICATE = strawberry.enum_value("CERTIFICATE", description="A title or other-right certificate.")
    INSURANCE_POLICY = strawberry.enum_value("INSURANCE_POLICY", description="Of a car that the bank still has the papers of.")
    POWER_OF_ATTORNEY = strawberry.enum_value("POWER_OF_ATTORNEY", description="Of a verified recipient whose papers are not released yet.")
    BAILEE_LETTER = strawberry.enum_value("BAILEE_LETTER", description="The letter that promises the last return of papers that are out.")


_c, _v, _b, _m = (t.c for t in (tables.collateral_certificates, tables.releases, tables.bailee_letters, tables.movements))
_r = tables.archive_records.c
GONE = sorted(ENDED | {RecordState.LOST})
_later = tables.bailee_letters.alias("later")


def _line(kind: str, row: Any, label: Any, last_day: Any, seen: Any) -> Any:
    return select(row.id, literal(kind, Text).label("kind"), label.label("label"), last_day.label("expires_on"), seen.label("visible_to"))


def _of(unit: Any) -> Any:
    return cast(array([unit]), ARRAY(Uuid))


EXPIRING = union_all(  # a kind of paper that has a last day is one more select
    _line("CERTIFICATE", _c, _c.number, _c.expires_on, _c.visible_to).where(_c.is_live, _c.expires_on.is_not(None)),
    _line("INSURANCE_POLICY", _r, _r.archive_no, _r.expires_on, _r.visible_to).where(
        _r.expires_on.is_not(None), *(_r.state != state.value for state in GONE)
    ),
    _line("POWER_OF_ATTORNEY", _v, _v.recipient_name, _v.authority_until, _of(_v.org_id)).where(
        _v.capacity == RecipientCapacity.ATTORNEY.value, _v.state == ReleaseState.DRAFT.value
    ),
    _line("BAILEE_LETTER", _b, _b.letter_no, _b.return_by, _of(_b.org_id)).where(
        select(_m.id)
        .where(_m.request_id == _b.request_id, _m.out_at.is_not(None), _m.closed_at.is_(None))
        .correlate(tables.bailee_letters)
        .exists(),
        ~select(_later.c.id)
        .where(_later.c.request_id == _b.request_id, tuple_(_later.c.return_by, _later.c.id) > tuple_(_b.return_by, _b.id))
        .correlate(tables.bailee_letters)
        .exists(),
    ),
).subquery("expiring")
SUBJECTS = {"CERTIFICATE": "certificate", "INSURANCE_POLICY": "record", "POWER_OF_ATTORNEY": "release", "BAILEE_LETTER": "letter"}


def _today() -> Any:
    return cast(func.timezone("Asia/Shanghai", func.now()), SqlDate)


@reads(EXPIRING, "expiring", visible=shared)
@strawberry.type(description="Something that runs out.")
class Expiring:
    """A line of the list."""

    kind: ExpiringKind = col("What it is.")
    label: str = col("Its number, of a policy the archive number; of a power of attorney the name of its holder.")
    expires_on: Date = col("Last day of validity.")
    days_left: int = Sql(lambda row, me: row.expires_on - _today(), description="Days until then; 0 on the last day.")
    subject: Node | None = PolymorphicOne("kind", "id", SUBJECTS, description="The paper.")


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
