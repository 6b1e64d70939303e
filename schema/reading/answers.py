"""Where compiled reads meet Strawberry: before its lifecycle for queries, inside a resolver for a mutation's payload."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

import orjson
import strawberry
from graphql import GraphQLError, OperationType, get_named_type
from graphql.execution.collect_fields import FieldDetails, collect_subfields
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionResult

from schema.limits import MUTATION_VALUES_MAX, QUERY_VALUES_MAX, check_size, check_variables
from schema.reading.compiler import Compiled, Values, bad_request
from schema.reading.documents import Document, Documents
from server.errors import ApiError, Forbidden
from storage.database import StalePrincipal

Fetch = Callable[..., Awaitable[str]]


class PassJson(StrawberryGraphQLCoreExecutionContext):
    """Lets a resolver return ready JSON: what the compiler read for a mutation's payload."""

    def complete_value(self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any) -> Any:
        """Ready JSON goes through as it is."""
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)


class ReadOnce(SchemaExtension):
    """What takes the ordinary way was parsed and validated by us already."""

    def on_operation(self) -> Iterator[None]:
        """Hands it over."""
        given = self.execution_context
        schema = cast(ReadingSchema, given.schema)
        if given.query:
            given.graphql_document = schema.documents.get(given.query, given.operation_name).node
            given.validation_rules = ()
        yield


class ReadingSchema(strawberry.Schema):
    """Answers a query with one statement; mutations and what is no read take the ordinary way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"execution_context_class": PassJson, "extensions": [ReadOnce]}
        super().__init__(*args, **kwargs)
        self.documents = Documents(self._schema)

    async def execute(  # type: ignore[override]  # narrower on purpose: our context is never None
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        **rest: Any,
    ) -> Any:
        """Reads through the compiler where the document is a read."""
        if not query:
            return await super().execute(query, variable_values, context_value, root_value, operation_name, **rest)
        document = self.documents.get(query, operation_name)
        errors, variables = self._admitted(document, variable_values, context_value)
        if not errors and document.kind is OperationType.SUBSCRIPTION:
            errors = [bad_request("Subscriptions are served over WebSocket.")]
        if errors:
            return ExecutionResult(data=None, errors=errors)
        if document.kind is not OperationType.QUERY or document.ordinary:
            done = await super().execute(query, variable_values, context_value, root_value, operation_name, **rest)
            return done if document.kind is OperationType.MUTATION else _as_forbidden(done)
        return await self._read(document, variables, context_value)

    async def listen(
        self, query: str, given: dict[str, Any] | None, context: Any, name: str | None
    ) -> AsyncGenerator[ExecutionResult, None]:
        """A subscription's answers as they come."""
        errors, _ = self._admitted(self.documents.get(query, name), given, context)
        if errors:
            yield ExecutionResult(data=None, errors=errors)
            return
        stream: Any = await super().subscribe(query, given, context, None, name)
        async with aclosing(stream) as answers:
            async for answer in answers:
                yield answer

    def _admitted(self, document: Document, given: dict[str, Any] | None, context: Any) -> tuple[list[GraphQLError], Any]:
        """What keeps an operation from being run, or the variables of one that may."""
        if document.errors:
            return document.errors, None
        if error := _forbidden(document, context.principal.roles):
            return [error], None
        if document.introspects and context.settings.production:
            return [bad_request("Introspection is off.")], None
        variables = _checked(document, given)
        if isinstance(variables, list):
            return variables, None
        context.cost = document.price.of(variables.coerced)
        try:
            context.spend()
        except ApiError as refused:
            return [GraphQLError(refused.message, original_error=refused)], None
        return [], variables

    async def _read(self, document: Document, variables: Any, context: Any) -> ExecutionResult:
        me = context.principal
        try:
            plan = await document.plan(variables, me, lambda p: p.query())
            args = plan.bound(Values(variables, me, context.cursor_secret, language=context.language))
        except GraphQLError as error:
            error.extensions = {"code": "BAD_REQUEST", **(error.extensions or {})}
            return ExecutionResult(data=None, errors=[error])
        return ExecutionResult(data=orjson.Fragment(await context.fetch(plan.sql, *args, planned=plan.planned)), errors=None)  # type: ignore[arg-type]  # already JSON


def _checked(document: Document, given: dict[str, Any] | None) -> Any:
    """The variables as their types take them, or what is wrong with them; a mutation tells of its own texts by path."""
    query = document.kind is not OperationType.MUTATION
    try:
        check_size(given, QUERY_VALUES_MAX if query else MUTATION_VALUES_MAX)
        variables = document.variables(given)
        if query and not isinstance(variables, list):
            check_variables(given)
    except GraphQLError as error:
        variables = [error]
    for wrong in variables if isinstance(variables, list) else ():
        wrong.extensions = {**(wrong.extensions or {}), "code": "BAD_REQUEST"}
    return variables


def _forbidden(document: Document, roles: frozenset[str]) -> GraphQLError | None:
    for node, required in document.required:
        if not required & roles:
            told = f"{node.name.value} is for {', '.join(sorted(required))}."
            return GraphQLError(told, node, extensions={"code": "FORBIDDEN"})
    return None


def _as_forbidden(result: Any) -> Any:
    """What a use case refused, which has written whom: answered as what is refused before anything runs."""
    told = [e for e in result.errors or () if isinstance(e.original_error, Forbidden)]
    if not told:
        return result
    return ExecutionResult(data=None, errors=[GraphQLError(e.message, e.nodes, extensions={"code": "FORBIDDEN"}) for e in told])


async def payload(info: Any, type_: type, connection: Any, **given: Any) -> orjson.Fragment:
    """The selected fields of a mutation's payload, read in the mutation's own transaction."""
    reading = await Selected.of_field(info, type_)
    return await reading.read(connection, given)


@dataclass(frozen=True, slots=True)
class Selected:
    """What a client selected of a payload, compiled once and read as often as the mutation acts."""

    plan: Compiled
    variables: Any
    context: Any

    @classmethod
    async def of(cls, info: Any, type_: type, details: list[FieldDetails], part: str) -> "Selected":
        """`details` select on the type; `part` tells selections of one document apart."""
        raw, context = info._raw_info, info.context
        document: Document = info.schema.documents.get(context.query, raw.operation.name and raw.operation.name.value)
        variables = document.variables(context.variables)
        if error := _forbidden(document, context.principal.roles):  # the role of a listener may have ended since they were admitted
            raise error
        made = _named(info, type_)
        plan = await document.plan(variables, context.principal, lambda p: p.payload(made, details), part)
        return cls(plan, variables, context)

    @classmethod
    async def of_field(cls, info: Any, type_: type) -> "Selected":
        """What is selected of the field that is being resolved."""
        raw = info._raw_info
        return await cls.of(info, type_, [FieldDetails(n, None) for n in raw.field_nodes], str(raw.path.key))

    async def read(self, connection: Any, given: dict[str, Any]) -> orjson.Fragment:
        """The JSON of what one act made."""
        text = await connection.raw.fetchval(self.plan.sql, *self._args(given))
        if text is None:
            raise StalePrincipal
        return orjson.Fragment(text)

    async def fetch(self, given: dict[str, Any]) -> orjson.Fragment:
        """The JSON of a question that a resolver judged first, by the way of all reads."""
        return orjson.Fragment(await self.context.fetch(self.plan.sql, *self._args(given), planned=self.plan.planned))

    def _args(self, given: dict[str, Any]) -> list[Any]:
        context = self.context
        return self.plan.bound(Values(self.variables, context.principal, context.cursor_secret, given, context.language))


def below(info: Any, type_: type, *names: str) -> dict[tuple[str, ...], list[FieldDetails]]:
    """What is selected at `names` below a mutation's payload, by the response keys on the way."""
    raw, context = info._raw_info, info.context
    document: Document = info.schema.documents.get(context.query, raw.operation.name and raw.operation.name.value)
    variables, operation, schema = document.variables(context.variables), document.operation, info.schema._schema
    assert operation is not None
    found: list[tuple[tuple[str, ...], Any, list[FieldDetails]]]
    found = [((str(raw.path.key),), _named(info, type_), [FieldDetails(n, None) for n in raw.field_nodes])]
    for name in names:
        deeper = []
        for path, at, details in found:
            groups = collect_subfields(schema, document.fragments, variables, operation, at, details).grouped_field_set
            inner = get_named_type(at.fields[name].type)
            deeper += [((*path, key), inner, ds) for key, ds in groups.items() if ds[0].node.name.value == name]
        found = deeper
    return {path: details for path, _, details in found}


def _named(info: Any, type_: type) -> Any:
    return info.schema._schema.get_type(type_.__strawberry_definition__.name)  # type: ignore[attr-defined]  # strawberry keeps its definition there
