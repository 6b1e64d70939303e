"""`where` inputs: a field is the column (or computed field) of its name, its operators are the keys of its value; or a relation."""

from collections.abc import Callable
from typing import Any

from graphql import get_named_type, get_nullable_type, is_list_type
from sqlalchemy import ARRAY, and_, false, func, literal, not_, or_, true, type_coerce

from schema.reading.compiler import Plan, bad_request, definition_of
from schema.reading.paging import types

DEPTH_MAX, LEAVES_MAX = 3, 50
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda c, v: c == v,
    "in_": lambda c, v: c == func.any(type_coerce(v, ARRAY(c.type))),
    "gte": lambda c, v: c >= v,
    "lt": lambda c, v: c < v,
    "starts_with": lambda c, v: c.bool_op("^@")(v),
    "contains": lambda c, v: func.strpos(c, v) > 0,  # no pattern: % and _ are letters like any other
}


def where(plan: Plan, type_: Any, row: Any, tree: dict[str, Any], depth: int = 0) -> Any:
    """The condition that an input says about a row."""
    if depth > DEPTH_MAX:
        raise bad_request(f"A filter is at most {DEPTH_MAX} levels deep.")
    if depth == 0 and _leaves(tree) > LEAVES_MAX:
        raise bad_request(f"A filter has at most {LEAVES_MAX} conditions.")
    return and_(true(), *(_one(plan, type_, row, name, value, depth) for name, value in tree.items()))


def _one(plan: Plan, type_: Any, row: Any, name: str, value: Any, depth: int) -> Any:
    if value is None:
        return true()
    if name == "and_":
        return and_(true(), *(where(plan, type_, row, v, depth + 1) for v in value))
    if name == "or_":
        return or_(false(), *(where(plan, type_, row, v, depth + 1) for v in value))  # none of nothing holds
    if name == "not_":
        return not_(where(plan, type_, row, value, depth + 1))
    field = next((f for f in plan.possible(type_)[0].fields.values() if definition_of(f).python_name == name), None)
    read = definition_of(field).metadata.get("read") if field else None
    if field is not None and read is not None and read.leads:
        return _related(plan, read, field, row, value, depth + 1)
    column = row.c[name] if read is None else read.value(plan, row, {})
    return and_(true(), *(OPERATORS[operator](column, v) for operator, v in value.items() if v is not None))


def _related(plan: Plan, read: Any, field: Any, row: Any, value: dict[str, Any], depth: int) -> Any:
    """Over the rows that a field leads to, as far as the caller sees them: `some` and `none` of many, or the one."""
    type_ = get_named_type(field.type)
    paged = "edges" in type_.fields
    node = types(type_)[1] if paged else type_

    def found(tree: dict[str, Any]) -> Any:
        origin = plan.rows(node, read.linked(plan, row))
        return origin.select().add_columns(literal(1)).where(where(plan, node, origin.row, tree, depth)).exists()

    if not paged and not is_list_type(get_nullable_type(field.type)):
        return found(value)
    some, none = value.get("some"), value.get("none")
    return and_(true(), *([found(some)] if some is not None else []), *([not_(found(none))] if none is not None else []))


def _leaves(tree: Any) -> int:
    if isinstance(tree, dict):
        return sum(_leaves(v) for v in tree.values()) or 1
    return sum(_leaves(v) for v in tree) if isinstance(tree, list) else 1
