"""A list of objects that a mutation made and that are no rows: where the parts of an upload go."""

from typing import Any

from sqlalchemy import ARRAY, JSON, Text, cast, func

from schema.reading.compiler import Field, Plan, array, own
from schema.reading.declare import Read, field_of


class ListedRead(Read):
    """`given[name]` is a list of dicts; `columns` are their keys, which are the GraphQL names, with the types of their values.

    A value of the type JSON is given as its text: PostgreSQL unnests no lists of lists.
    """

    def __init__(self, name: str, columns: dict[str, Any]) -> None:
        self.name, self.columns = name, columns

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """As an array, in its order."""
        arrays = [plan.bind(self._values(key), ARRAY(Text if t is JSON else t)) for key, t in self.columns.items()]
        rows = func.unnest(*arrays).table_valued(*self.columns, with_ordinality="n").render_derived(name="listed")
        made = {key: self._leaf(plan, rows.c[key], type_ is JSON) for key, type_ in self.columns.items()}
        return array(plan.object(field.type, field.details, made, own(rows).order_by(rows.c.n)))

    def _values(self, key: str) -> Any:
        return lambda v: [one[key] for one in v.given[self.name]]

    @staticmethod
    def _leaf(plan: Plan, column: Any, as_json: bool) -> Any:
        return lambda f: cast(column, JSON) if as_json else plan.leaf(f.type, column)


def Listed(name: str, columns: dict[str, Any], *, description: str) -> Any:  # noqa: N802  # written like the other reads of a type
    """How a type writes it."""
    return field_of(ListedRead(name, columns), description)
