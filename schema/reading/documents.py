"""Parse, limit and validate once per document; compile once per document, shape of variables and kind of caller."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_nullable_type,
    get_operation_ast,
    get_variable_values,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    parse,
    specified_rules,
    type_from_ast,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from strawberry.schema.schema import validate_document

from schema.cost import Price, Pricing
from schema.limits import check_document, check_text
from schema.reading.compiler import Compiled, Plan, bad_request, definition_of, is_structural
from storage.database import Principal

V = TypeVar("V")
TOKENS_MAX = 1000
DOCUMENTS_BYTES_MAX = 12_000_000  # with their plans; by weight, not by number: some documents are a thousand times others
PLANS_MAX = 16  # of one document
# One thread: a second would wait for the first all the same, and each keeps memory of its own.
BUILDER = ThreadPoolExecutor(1, thread_name_prefix="plans")


class Lru(Generic[V]):
    """The things used last that weigh at most `limit` together."""

    def __init__(self, limit: int) -> None:
        self._limit, self._kept, self.weight = limit, OrderedDict[Any, tuple[V, int]](), 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Any) -> V | None:
        """The thing, and it counts as used."""
        if (found := self._kept.get(key)) is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def values(self) -> list[V]:
        """All of them, the oldest first."""
        return [value for value, _ in self._kept.values()]

    def put(self, key: Any, value: V, weight: int = 1) -> V:
        """Keeps it and forgets what was unused for longest; what would drive out a quarter of all is not kept."""
        if (old := self._kept.pop(key, None)) is not None:
            self.weight -= old[1]
        if weight > max(1, self._limit // 4):
            return value
        self._kept[key] = value, weight
        self.weight += weight
        while self.weight > self._limit:
            self.weight -= self._kept.popitem(last=False)[1][1]
        return value


def document_bytes(query: str) -> int:
    """About what a document takes that was read: its tree with the places of all tokens, measured for 100 to 1,400 characters."""
    return 12_000 + 110 * len(query)


def plan_bytes(sql: str) -> int:
    """About what a plan takes: its text, and what finds its values."""
    return 3_000 + 2 * len(sql)


def shape(type_: Any, value: Any) -> Any:
    """What about a variable may change the statement; the mirror image of `Plan.lift`."""
    type_ = get_nullable_type(type_)
    if value is None or isinstance(value, bool) or (is_enum_type(type_) and is_structural(type_)):
        return value
    if is_input_object_type(type_):
        return tuple((k, shape(type_.fields[k].type, v)) for k, v in value.items())
    if is_list_type(type_):
        inner = get_nullable_type(type_.of_type)
        if is_structural(inner):
            return tuple(shape(inner, v) for v in value)
    return ""


@dataclass
class Document:
    """A document that was read once: its errors, or its operation and everything a plan needs."""

    schema: Any
    errors: list[GraphQLError]
    operation: OperationDefinitionNode | None = None
    fragments: dict[str, Any] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    required: tuple[tuple[Any, frozenset[str]], ...] = ()
    ordinary: bool = False
    types: dict[str, Any] = field(default_factory=dict)
    price: Price = field(default_factory=Price)
    introspects: bool = False
    node: DocumentNode | None = None
    plans: Lru[Compiled] = field(default_factory=lambda: Lru(PLANS_MAX))
    building: dict[Any, "asyncio.Future[Compiled]"] = field(default_factory=dict)
    grown: Callable[["Document"], None] = lambda _: None  # told when there is a plan more

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        assert self.operation is not None  # a document without errors has one
        return self.operation.operation

    def variables(self, given: dict[str, Any] | None) -> Any:
        """Coerced, or a list of errors."""
        assert self.operation is not None
        return get_variable_values(self.schema, self.operation.variable_definitions or (), given or {})

    def key(self, variables: Any, caller: Principal, part: str) -> Any:
        """What the statement depends on."""
        return (
            part,
            caller.everywhere,
            caller.sees_much,
            self.roles & caller.roles,
            tuple((n, shape(self.types[n], v)) for n, v in variables.coerced.items()),
        )

    async def plan(self, variables: Any, caller: Principal, build: Callable[[Plan], Compiled], part: str = "") -> Compiled:
        """The compiled statement; a cold one costs up to 50 ms and is built once, in a thread, beside the loop."""
        key = self.key(variables, caller, part)
        if (known := self.plans.get(key)) is not None:
            return known
        if (building := self.building.get(key)) is None:
            plan = Plan(self.schema, self.operation, self.fragments, variables, caller)
            building = self.building[key] = asyncio.get_running_loop().run_in_executor(BUILDER, build, plan)
            building.add_done_callback(partial(self._built, key))
        return await asyncio.shield(building)  # others wait for it too

    def _built(self, key: Any, done: "asyncio.Future[Compiled]") -> None:
        del self.building[key]
        if not done.cancelled() and done.exception() is None:
            self.plans.put(key, done.result())
            self.grown(self)


class Documents:
    """The documents of one schema."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.known: Lru[Document] = Lru(DOCUMENTS_BYTES_MAX)
        self.kept: dict[tuple[str, str | None], Document] = {}

    def keep(self, query: str) -> None:
        """Reads a document of the bank's own, which is never forgotten: there are as many as its clients were built with."""
        self.kept[query, None] = self.read(query, None)

    def get(self, query: str, name: str | None) -> Document:
        """From the cache, or read now."""
        key = query, name
        if (found := self.kept.get(key) or self.known.get(key)) is not None:
            return found
        made, weight = self.read(query, name), document_bytes(query + (name or ""))
        made.grown = partial(self._weigh, key, weight)
        return self.known.put(key, made, weight)

    def _weigh(self, key: Any, weight: int, grown: Document) -> None:
        """A plan holds on to its document, so it is forgotten with it and not by itself."""
        if self.known.get(key) is grown:
            self.known.put(key, grown, weight + sum(plan_bytes(plan.sql) for plan in grown.plans.values()))

    def read(self, query: str, name: str | None) -> Document:
        """Parses, limits, validates, and looks for what the plan will need."""
        try:
            check_text(query)
            node = parse(query, max_tokens=TOKENS_MAX)
            check_document(node)
        except GraphQLError as error:
            return Document(self.schema, [bad_request(error.message, error.nodes)])
        except RecursionError:
            return Document(self.schema, [bad_request("The document is nested too deep.")])
        if errors := validate_document(self.schema, node, tuple(specified_rules)):
            return Document(self.schema, [_coded(e) for e in errors])
        operation = get_operation_ast(node, name)
        if operation is None:
            return Document(self.schema, [bad_request("Name one operation of the document.")])
        fragments = {d.name.value: FragmentDetails(d) for d in node.definitions if isinstance(d, FragmentDefinitionNode)}
        types = {d.variable.name.value: type_from_ast(self.schema, d.type) for d in operation.variable_definitions or ()}
        try:
            found = _survey(self.schema, node)
        except GraphQLError as error:
            return Document(self.schema, [error])
        price = Pricing(self.schema, fragments).operation(operation)
        return Document(
            self.schema, [], operation, fragments, found.roles, tuple(found.required), found.ordinary, types, price, found.introspects, node
        )


def _coded(error: GraphQLError) -> GraphQLError:
    error.extensions = {**(error.extensions or {}), "code": "BAD_REQUEST"}
    return error


@dataclass
class _Found:
    roles: frozenset[str] = frozenset()
    required: list[tuple[Any, frozenset[str]]] = field(default_factory=list)
    ordinary: bool = False
    introspects: bool = False


def _survey(schema: Any, node: Any) -> _Found:
    """Roles that any field depends on or requires; whether a root field of the query is executed ordinarily."""
    info, found, kinds, alone = TypeInfo(schema), _Found(), set(), set()

    class Survey(Visitor):
        def enter_field(self, field_node: Any, *_: Any) -> None:
            definition = info.get_field_def()
            at_root = info.get_parent_type() is schema.query_type
            declared = definition_of(definition) if definition and definition.extensions.get("strawberry-definition") else None
            read = declared.metadata.get("read") if declared else None
            found.introspects |= field_node.name.value in ("__schema", "__type")
            if at_root and field_node.name.value != "__typename":
                kinds.add(read is None)
                if read is None:
                    alone.add(field_node.name.value)
            if read is not None:
                found.roles |= read.roles
            if declared and declared.metadata.get("requires") and not declared.metadata.get("logs_denials"):
                found.required.append((field_node, frozenset(declared.metadata["requires"])))

    visit(node, TypeInfoVisitor(info, Survey()))
    if len(kinds) == 2:
        raise bad_request(f"Ask for {', '.join(sorted(alone))} in an operation of its own: the other fields are compiled to one statement.")
    found.ordinary = kinds == {True}
    return found
