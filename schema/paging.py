"""What every type shares: ids, versions, pages, filter and sort inputs."""

import sys
from enum import Enum
from typing import Any, Generic, TypeVar

import strawberry
from sqlalchemy import Text, cast

from schema.reading.compiler import STRUCTURAL_ENUMS
from schema.reading.declare import Sql
from schema.scalars import Date, DateTime, Decimal

T = TypeVar("T")


def col(description: str) -> Any:
    """A field that is the column of its name."""
    return strawberry.field(description=description)


@strawberry.interface(description="Anything with a global, opaque, refetchable id.")
class Node:
    """Its table is named by `@reads`."""

    id: strawberry.ID = col("Opaque global id.")


@strawberry.interface(description="Anything that carries a version.")
class Versioned:
    """The version rises with each change."""

    version: str = Sql(lambda row, me: cast(row.version, Text), description="Opaque; pass it back as expectedVersion.")


@strawberry.type(description="Where a page lies in its connection.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = col("Whether more follow.")
    has_previous_page: bool = col("Whether more precede.")
    start_cursor: str | None = col("Cursor of the first edge.")
    end_cursor: str | None = col("Cursor of the last edge.")


@strawberry.type(description="An item of a page with its cursor.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = col("Opaque; pass it to `after` or `before`.")
    node: T = col("The item.")


@strawberry.type(description="A page of items in a stable order.")
class Connection(Generic[T]):
    """Relay's connection."""

    edges: list[Edge[T]] = col("The items.")
    page_info: PageInfo = col("Where the page lies.")
    total_count: int = col("How many there are, counted only when asked; exact to 100,000.")
    total_count_capped: bool = col("True when there are more than totalCount says.")


@strawberry.enum(description="Direction of a sort.")
class SortDirection(Enum):
    """Ascending or descending."""

    ASC = strawberry.enum_value("ASC", description="Smallest first.")
    DESC = strawberry.enum_value("DESC", description="Largest first.")


STRUCTURAL_ENUMS.add("SortDirection")


def _operator(type_: Any, description: str, name: str | None = None) -> tuple[Any, Any]:
    return f"{type_} | None" if isinstance(type_, str) else type_ | None, strawberry.field(
        name=name, default=strawberry.UNSET, description=description
    )


def _made(name: str, fields: dict[str, tuple[Any, Any]], description: str, module: str) -> Any:
    """An input type from its fields; lives in the module that asked for it, so that it can name itself."""
    cls = type(name, (), {"__annotations__": {n: t for n, (t, _) in fields.items()}, **{n: f for n, (_, f) in fields.items()}})
    cls.__module__ = module
    made = strawberry.input(cls, description=description)
    setattr(sys.modules[module], name, made)
    return made


def filter_of(name: str, type_: Any, operators: str) -> Any:
    """A filter input of one kind of value, e.g. `eq in gte lt`."""
    known: dict[str, tuple[str, tuple[Any, Any]]] = {
        "eq": ("eq", _operator(type_, "Equals.")),
        "in": ("in_", _operator(list[type_], "Is one of; an empty list matches nothing.", "in")),
        "gte": ("gte", _operator(type_, "At least.")),
        "lt": ("lt", _operator(type_, "Less than.")),
        "startsWith": ("starts_with", _operator(type_, "Begins with.")),
        "contains": ("contains", _operator(type_, "Contains, letter by letter.")),
    }
    fields = dict(known[operator] for operator in operators.split())
    return _made(name, fields, "All given operators must hold.", __name__)


StringFilter = filter_of("StringFilter", str, "eq in startsWith contains")
BooleanFilter = filter_of("BooleanFilter", bool, "eq")
IntFilter = filter_of("IntFilter", int, "eq in gte lt")
DateFilter = filter_of("DateFilter", Date, "eq gte lt")
DateTimeFilter = filter_of("DateTimeFilter", DateTime, "gte lt")
DecimalFilter = filter_of("DecimalFilter", Decimal, "eq gte lt")
IDFilter = filter_of("IDFilter", strawberry.ID, "eq in")
_ENUM_FILTERS: dict[Any, Any] = {}


def enum_filter(type_: Any) -> Any:
    """The filter of an enum, made once."""
    if type_ not in _ENUM_FILTERS:
        _ENUM_FILTERS[type_] = filter_of(f"{type_.__name__}Filter", type_, "eq in")
    return _ENUM_FILTERS[type_]


def where_of(module: str, name: str, /, **fields: Any) -> Any:
    """A `where` input: a filter for each field, a `where` for a relation to one (by name when it stands below), and `and`, `or`, `not`."""
    made = {n: _operator(f, "Filter on this field.") for n, f in fields.items()}
    for word, many in (("and", True), ("or", True), ("not", False)):
        inner = f"list['{name}'] | None" if many else f"'{name}' | None"
        told = {"and": "All of these.", "or": "Any of these; an empty list matches nothing.", "not": "None of this."}[word]
        made[f"{word}_"] = (inner.replace("'", ""), strawberry.field(name=word, default=strawberry.UNSET, description=told))
    return _made(name, made, "All given conditions must hold; at most 3 levels and 50 conditions.", module)


def list_filter(module: str, name: str) -> Any:
    """The filter over a relation to many of a type, beside its `where`."""
    told = {"some": "At least one that the caller sees is so.", "none": "None that the caller sees is so."}
    parts = {word: (f"{name}Where | None", strawberry.field(default=strawberry.UNSET, description=text)) for word, text in told.items()}
    return _made(f"{name}ListFilter", parts, "Over the rows of a relation; all given conditions must hold.", module)


def sort_of(module: str, name: str, /, *fields: str) -> Any:
    """A `sort` input over a closed list of fields."""
    values = {f.upper(): strawberry.enum_value(f.upper(), description=f"By {f.replace('_', ' ')}.") for f in fields}
    make: Any = Enum
    members = make(f"{name}Field", values, module=module)
    enum: Any = strawberry.enum(members, description="Fields to sort by.")
    setattr(sys.modules[module], f"{name}Field", enum)
    STRUCTURAL_ENUMS.add(f"{name}Field")
    parts = {
        "field": (enum, strawberry.field(description="Which field.")),
        "direction": (SortDirection, strawberry.field(default=SortDirection.ASC, description="Which direction.")),
    }
    return _made(name, parts, "One key of an order; the id breaks ties.", module)


def sort_keys(*fields: str) -> dict[str, Any]:
    """Sort keys that are columns of their name; none of them is ever null."""
    return {f.upper(): lambda row, f=f: row[f] for f in fields}
