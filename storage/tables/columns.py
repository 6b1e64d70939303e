"""The few column shapes that every table is made of, and the naming convention of constraints.

Every table and column has a comment: the schema explains itself in psql.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine, UserDefinedType

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class XID8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"


INSTANT = DateTime(timezone=True)
MONEY = Numeric(18, 2)
NOW = text("clock_timestamp()")


SEALED = {"sealed": True}  # a column that the role of reads may not select: what opens it is a write


def table(name: str, comment: str, *parts: SchemaItem) -> Table:
    """A table with its comment."""
    return Table(name, metadata, *parts, comment=comment)


def key() -> Column[Any]:
    """The primary key: a UUIDv7, so that ids sort by age."""
    return Column("id", Uuid, primary_key=True, server_default=text("uuidv7()"), comment="Opaque id, UUIDv7.")


def need(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]], comment: str, *parts: SchemaItem, **options: Any) -> Column[Any]:
    """A column that is never null."""
    return Column(name, kind, *parts, nullable=False, comment=comment, **options)


def may(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]], comment: str, **options: Any) -> Column[Any]:
    """A column that may be null."""
    return Column(name, kind, nullable=True, comment=comment, **options)


def ref(
    name: str, to: str, comment: str, *, null: bool = False, index: bool = False, primary: bool = False, cycle: bool = False
) -> Column[Any]:
    """A column that points at another table's id; `cycle` adds the constraint after both tables exist."""
    return Column(name, Uuid, ForeignKey(f"{to}.id", use_alter=cycle), nullable=null, index=index, primary_key=primary, comment=comment)


def org(comment: str = "The unit that the row belongs to.", *, index: bool = True) -> Column[Any]:
    """The branch that owns the row; row-level security reads it."""
    return ref("org_id", "org_units", comment, index=index)


def visible_to() -> Column[Any]:
    """Units that may see the row, kept by triggers (domain: a record is seen by loan, custody and collateral unit)."""
    return Column(
        "visible_to",
        ARRAY(Uuid),
        nullable=False,
        server_default=text("'{}'::uuid[]"),
        comment="Units that may see the row; kept by triggers.",
    )


def stamps() -> tuple[Column[Any], ...]:
    """Version and last change, both kept by trigger tg_touch."""
    return (
        Column("version", BigInteger, nullable=False, server_default=text("1"), comment="Rises with each change; kept by a trigger."),
        Column("created_at", INSTANT, nullable=False, server_default=NOW, comment="When the row was made."),
        Column("updated_at", INSTANT, nullable=False, server_default=NOW, comment="Last change; kept by a trigger.", index=True),
    )


def one_of(column: str, terms: Iterable[StrEnum], name: str | None = None) -> CheckConstraint:
    """The column holds a member of the vocabulary."""
    members = ", ".join(f"'{term.value}'" for term in terms)
    return CheckConstraint(f"{column} in ({members})", name=name or column)


def check(condition: str, name: str) -> CheckConstraint:
    """A named condition on one row."""
    return CheckConstraint(condition, name=name)


def money(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """An amount; its currency stands in a column of its own."""
    return Column(name, MONEY, nullable=null, comment=comment)


def currency() -> Column[Any]:
    """ISO 4217 code."""
    return Column("currency", Text, nullable=False, server_default=text("'CNY'"), comment="ISO 4217 code of the amounts in the row.")
