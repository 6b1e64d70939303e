"""What a document may cost before anything is validated: nesting and fields, counted once, fragments remembered."""

import re
from typing import Any

from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, FragmentSpreadNode, GraphQLError, OperationDefinitionNode

DEPTH_MAX = 18
FIELDS_MAX = 3000
REPEATS_MAX = 40
ROOT_MUTATIONS_MAX = 10
ROOT_FIELDS_MAX = 50


class _Counter:
    """Depth and number of fields of a selection, each fragment looked at once."""

    def __init__(self, document: DocumentNode) -> None:
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.known: dict[str, tuple[int, int]] = {}
        self.under_way: set[str] = set()

    def of(self, selections: Any) -> tuple[int, int]:
        """(depth, fields); stops at the first limit that is passed."""
        depth, fields, seen = 0, 0, dict[str, int]()
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                seen[key] = seen.get(key, 0) + 1
                inner = self.of(node.selection_set)
                inner = (inner[0] + 1, inner[1] + 1)
            elif isinstance(node, FragmentSpreadNode):
                inner = self.fragment(node.name.value)
            else:
                inner = self.of(node.selection_set)
            depth, fields = max(depth, inner[0]), fields + inner[1]
            if depth > DEPTH_MAX or fields > FIELDS_MAX:
                raise GraphQLError("The document is too deep or too large.", node)
        if seen and max(seen.values()) > REPEATS_MAX:
            raise GraphQLError(f"A field may be repeated at most {REPEATS_MAX} times.")
        return depth, fields

    def fragment(self, name: str) -> tuple[int, int]:
        """Circles and unknown names are validation's to report."""
        if name not in self.known and name in self.fragments and name not in self.under_way:
            self.under_way.add(name)
            self.known[name] = self.of(self.fragments[name].selection_set)
        return self.known.get(name, (0, 0))


NUL = re.compile(r"\0|\\u(0000|\{0+\})")
TEXT_CHARACTERS_MAX = 20_000


def check_text(query: str) -> None:
    """Raises GraphQLError for a document that spells a NUL."""
    if NUL.search(query):
        raise GraphQLError("A document must not contain NUL.")


QUERY_VALUES_MAX, MUTATION_VALUES_MAX = 1_500, 10_000


def check_size(value: Any, limit: int) -> None:
    """Raises GraphQLError for variables of more values than any operation takes, before each is looked at by its type."""
    left, waiting = limit, [value]
    while waiting:
        one = waiting.pop()
        left -= 1
        if left < 0:
            raise GraphQLError(f"Variables hold at most {limit} values.")
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def check_variables(value: Any) -> None:
    """Raises GraphQLError for a string with NUL, or one that is longer than any input takes."""
    if isinstance(value, dict):
        for inner in value.values():
            check_variables(inner)
    elif isinstance(value, list):
        for inner in value:
            check_variables(inner)
    elif isinstance(value, str) and "\0" in value:
        raise GraphQLError("A string must not contain NUL.")
    elif isinstance(value, str) and len(value) > TEXT_CHARACTERS_MAX:
        raise GraphQLError(f"A string has at most {TEXT_CHARACTERS_MAX} characters.")


def check_document(document: DocumentNode) -> None:
    """Raises GraphQLError for a document that would cost too much to validate."""
    counter = _Counter(document)
    for name in counter.fragments:
        counter.fragment(name)
    for operation in (d for d in document.definitions if isinstance(d, OperationDefinitionNode)):
        counter.of(operation.selection_set)
        limit = ROOT_MUTATIONS_MAX if operation.operation.value == "mutation" else ROOT_FIELDS_MAX
        if len(operation.selection_set.selections) > limit:
            raise GraphQLError(f"At most {limit} root fields.", operation)
