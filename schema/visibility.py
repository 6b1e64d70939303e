"""Which rows a caller sees (domain section 2.5), as the compiler says it; PostgreSQL's policies say it again."""

from typing import Any

from sqlalchemy import ARRAY, Integer, Uuid, case, cast, false, func, literal_column, or_, select, true

from storage import tables
from storage.terms import Role

MASKED_DATA = frozenset(
    {
        Role.LOAN_OFFICER,
        Role.CREDIT_DEPT_HEAD,
        Role.RISK_HEAD,
        Role.COLLECTIONS,
        Role.LEGAL,
        Role.COMPLIANCE,
        Role.AUDITOR,
        Role.EXAMINER,
    }
)
HOLD_DETAIL = frozenset({Role.LEGAL, Role.COMPLIANCE, Role.AUDITOR})


def own_unit(row: Any, me: Any) -> Any:
    """Rows that belong to one unit."""
    return row.org_id == func.any(me.branches)


def shared(row: Any, me: Any) -> Any:
    """Rows that several units may see: loan, custody and collateral."""
    return row.visible_to.op("&&")(me.branches)


def asked_once(content: str) -> Any:
    """Ids that a function lists, asked once a statement and not once a row."""
    return cast(select(getattr(func, content)()).scalar_subquery(), ARRAY(Uuid))


def not_counted(column: str, content: str = "blind_records") -> Any:
    """C41: not what lies where the caller is counting; the column names the record, or what `content` lists."""

    def seen(row: Any, me: Any) -> Any:
        return case((row[column] == func.any(asked_once(content)), false()), else_=true())

    return seen


def found_by_unit(table: Any, me: Any) -> Any:
    """What is true of all rows of a table that the caller sees, in words that indexes serve behind row-level security."""
    row = table.c
    if "visible_to" in row:
        *some, more = (row.visible_to[literal_column(str(at), Integer)] for at in tables.SEEN)
        return or_(*(unit == func.any(me.branches) for unit in some), more.is_not(None))
    if table.element is tables.events:  # of the unit's own loans, or of a record that it sees
        seen = tables.archive_records.alias()
        records = func.array(select(seen.c.id).where(found_by_unit(seen, me), shared(seen.c, me)).scalar_subquery())
        came = tables.chains.alias()  # loans that came from another unit bring their history
        chains = select(came.c.id).where(came.c.transferred_at.is_not(None), came.c.org_id == func.any(me.branches))
        transferred = func.array(chains.scalar_subquery())
        return or_(row.org_id == func.any(me.branches), row.record_id == func.any(records), row.chain_id == func.any(transferred))
    return true()


def through(link: Any, ours: str, theirs: str) -> Any:
    """The condition of an n:m relation: their id stands beside ours in the link table."""

    def on(other: Any, row: Any, me: Any) -> Any:
        found = select(link.c[theirs]).where(link.c[ours] == row.id).correlate_except(link)
        return other.id.in_(found)

    return on
