"""The smallest operation that still shows a fault: parts are taken out as long as the fault stays."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from graphql import (
    REMOVE,
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

TRIES_MAX = 600
PARTS = (FieldNode, InlineFragmentNode, FragmentSpreadNode, DirectiveNode, ArgumentNode)
Faulty = Callable[[str, dict[str, Any]], Awaitable[str | None]]


class _Without(Visitor):
    """Takes out the part of a number, counted from the top; a selection that is left empty asks for __typename."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left, self.found = number, False

    def enter(self, node: Any, *_: Any) -> Any:
        if isinstance(node, PARTS) and not self.found:
            if self.left == 0:
                self.found = True
                return REMOVE
            self.left -= 1
        return None

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> Any:
        return node if node.selections else SelectionSetNode(selections=(FieldNode(name=NameNode(value="__typename")),))


class _Used(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.names.add(node.name.value)

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add("$" + node.name.value)


def _used(node: Any) -> set[str]:
    seen = _Used()
    visit(node, seen)
    return seen.names


def _pruned(document: DocumentNode) -> DocumentNode:
    """Without fragments and variables that nobody uses any more."""
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    reached, waiting = set[str](), _used(operation.selection_set)
    while waiting:
        name = waiting.pop()
        if name not in reached and name in fragments:
            waiting |= _used(fragments[name])
        reached.add(name)
    kept = tuple(v for v in operation.variable_definitions or () if f"${v.variable.name.value}" in reached)
    operation = replace(operation, variable_definitions=kept)
    return DocumentNode(definitions=(operation, *(f for name, f in fragments.items() if name in reached)))


def _documents(text: str) -> Iterator[str]:
    document, number = parse(text), 0
    while True:
        cut = _Without(number)
        made = visit(document, cut)
        if not cut.found:
            return
        yield print_ast(_pruned(made))
        number += 1


async def smallest(text: str, variables: dict[str, Any], faulty: Faulty) -> tuple[str, dict[str, Any]]:
    """A document with the same kind of fault from which nothing can be taken away."""
    text, tries, smaller = print_ast(parse(text)), 0, True
    while smaller:
        smaller = False
        for candidate in _documents(text):
            tries += 1
            if tries > TRIES_MAX:
                break
            if len(candidate) < len(text) and await faulty(candidate, variables):
                text, smaller = candidate, True
                break
    used = _used(parse(text))
    return text, {name: value for name, value in variables.items() if f"${name}" in used}
