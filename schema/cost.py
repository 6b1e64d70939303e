"""What an operation may cost: fields, times the sizes of the lists that they stand in, before anything is run.

A document is priced once; what is left for each request is a sum over the sizes that its variables bring.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    IntValueNode,
    ListValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from schema.reading.compiler import definition_of

LIST_SIZE = 5  # what a list without a size is taken for
MUTATION_COST = 10
SIZES = ("first", "last", "ids")


@dataclass(slots=True)
class Price:
    """A sum that is known, and terms whose size a variable brings: (factor, literal sizes, variables, what is multiplied)."""

    known: int = 0
    terms: list[tuple[int, int, tuple[str, ...], "Price"]] = field(default_factory=list)

    def add(self, other: "Price", factor: int = 1) -> None:
        """Adds another price so many times."""
        self.known += factor * other.known
        self.terms += [(factor * f, least, names, inner) for f, least, names, inner in other.terms]

    def of(self, variables: Mapping[str, Any]) -> int:
        """The cost of one request."""
        total = self.known
        for factor, least, names, inner in self.terms:
            total += factor * max(0, least, *(_size(variables.get(name)) for name in names)) * inner.of(variables)
        return total


def _size(value: Any) -> int:
    return value if isinstance(value, int) else len(value) if isinstance(value, list) else 0


class Pricing:
    """Prices the selections of one document; each fragment once."""

    def __init__(self, schema: Any, fragments: Mapping[str, Any]) -> None:
        self.schema, self.fragments = schema, fragments
        self.known: dict[str, Price] = {}

    def operation(self, node: Any) -> Price:
        """The whole operation."""
        root = self.schema.get_root_type(node.operation)
        made = self.selection(node.selection_set, root)
        if root is self.schema.mutation_type:
            made.known += MUTATION_COST * len(node.selection_set.selections)
        return made

    def selection(self, selection: Any, type_: Any) -> Price:
        """Everything that is selected; of several fragments all, though a row is only one of them."""
        made = Price()
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                self._field(made, node, type_)
            elif isinstance(node, FragmentSpreadNode):
                made.add(self._fragment(node.name.value))
            else:
                condition = node.type_condition
                made.add(self.selection(node.selection_set, self.schema.get_type(condition.name.value) if condition else type_))
        return made

    def _fragment(self, name: str) -> Price:
        if name not in self.known:
            node = self.fragments[name].definition
            self.known[name] = self.selection(node.selection_set, self.schema.get_type(node.type_condition.name.value))
        return self.known[name]

    def _field(self, made: Price, node: FieldNode, type_: Any) -> None:
        definition = self.schema.get_field(type_, node.name.value)
        made.known += _weight(definition)
        inner = self.selection(node.selection_set, get_named_type(definition.type)) if node.selection_set else Price()
        given = [a.value for a in node.arguments or () if a.name.value in SIZES]
        names = tuple(v.name.value for v in given if isinstance(v, VariableNode))
        literals = [max(0, int(v.value)) for v in given if isinstance(v, IntValueNode)] + [
            len(v.values) for v in given if isinstance(v, ListValueNode)
        ]  # never below nothing: a field that is skipped is priced too, and would pay for another
        if names:
            made.terms.append((1, max(literals, default=0), names, inner))
        elif literals:
            made.add(inner, max(literals))
        else:
            made.add(inner, LIST_SIZE if _is_open_list(definition) else 1)


def _is_open_list(definition: Any) -> bool:
    """A list that no argument sizes; the edges of a page are sized by their connection."""
    declared = definition.extensions.get("strawberry-definition")
    return is_list_type(get_nullable_type(definition.type)) and not (declared and declared.python_name in ("edges",))


def _weight(definition: Any) -> int:
    declared = definition_of(definition) if definition.extensions.get("strawberry-definition") else None
    read, told = (declared.metadata.get(name) for name in ("read", "cost")) if declared else (None, None)
    cost = told or (read.cost if read is not None else None)  # of a field that a resolver answers, or of a compiled one
    return int(cost.weight) if cost else 1
