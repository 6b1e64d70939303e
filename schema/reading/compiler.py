"""An operation becomes one SQLAlchemy statement that returns the JSON text of the answer.

What a read may see of an argument is a SQL parameter; only its shape (null or not, the keys of an input object, a sort)
is known while compiling. So no value can be baked into a plan that is used again for another value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from graphql import (
    GraphQLError,
    ListValueNode,
    ObjectValueNode,
    VariableNode,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import collect_fields, collect_subfields
from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg as PGCompiler
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from schema.scalars import JSON as SCALAR_JSON
from storage.database import Principal
from storage.tables import staff

Expression = Callable[..., Any]


class Inline(PGCompiler):
    """Constants stand in the text, where the planner sees them; a parameter is what has no value yet."""

    def visit_bindparam(self, bindparam: Any, literal_binds: bool = False, **kwargs: Any) -> str:  # type: ignore[override]  # fewer names
        """Prints a value that is known as a literal."""
        visit: Any = super().visit_bindparam
        return str(visit(bindparam, literal_binds=literal_binds or bindparam.value is not None, **kwargs))


DIALECT = dialect()  # type: ignore[no-untyped-call]  # as above
DIALECT.statement_compiler = Inline
KEY_BYTES_MAX = 63  # PostgreSQL cuts longer identifiers
PAIRS_MAX = 50  # a function takes 100 arguments
RECORD = "a row"  # a name no alias can have: `select row_to_json(x) from (select 1 as x) as x` is 1
TEXT_CHARACTERS_MAX = 10_000
GIVEN = "given_"  # begins the parameters of a table that is itself made of what a resolver gives
STRUCTURAL_ENUMS: set[str] = set()  # enums whose value decides the text of the statement: sorts


def bad_request(message: str, nodes: Any = None) -> GraphQLError:
    """The client's mistake, with its place in the document."""
    return GraphQLError(message, nodes, extensions={"code": "BAD_REQUEST"})


def own(row: FromClause) -> Select[Any]:
    """A select from `row` alone; whatever else it mentions belongs to an enclosing select."""
    return select().select_from(row).correlate_except(row)


NO_ROW: Select[Any] = select().correlate_except()  # an object made of an enclosing row


def global_id(text: str) -> tuple[str | None, UUID | None]:
    """`loan_0190…` is ("loan", UUID); (None, None) for anything else: a wrong id is an id of nothing."""
    prefix, _, digits = text.rpartition("_")
    try:
        return (prefix, UUID(digits)) if len(digits) == 36 else (None, None)
    except ValueError:
        return None, None


def scalar(query: Select[Any]) -> ColumnElement[Any]:
    """The one column of a select, as a value."""
    return query.scalar_subquery()


def array(query: Select[Any]) -> ColumnElement[Any]:
    """The `json` column of a select, as a JSON array in its order."""
    rows = query.subquery()
    return scalar(own(rows).add_columns(func.coalesce(func.json_agg(rows.c.json), func.json_build_array())))


def definition_of(thing: Any) -> Any:
    """Strawberry's definition behind a type, field or argument of graphql-core."""
    return thing.extensions["strawberry-definition"]


def is_structural(type_: Any) -> bool:
    """Whether a value decides the text of the statement: a sort does, a status to compare with does not."""
    return is_input_object_type(type_) or (is_enum_type(type_) and type_.name in STRUCTURAL_ENUMS)


class Origin(NamedTuple):
    """Rows to read from: an alias of a table and the conditions on it."""

    row: FromClause
    conditions: tuple[Any, ...]

    def select(self) -> Select[Any]:
        """The rows, nothing selected yet."""
        return own(self.row).where(*self.conditions)


class Me(NamedTuple):
    """The caller, as a read sees them: roles are known, ids are parameters."""

    roles: frozenset[str]
    everywhere: bool
    sees_much: bool
    branches: BindParameter[Any]
    staff: BindParameter[Any]
    language: BindParameter[Any]


class Field(NamedTuple):
    """A selected field: its arguments lifted to parameters, and how to get their values from a request."""

    parent: Any
    definition: Any
    details: list[Any]
    args: dict[str, Any]
    values: Callable[[Values], dict[str, Any]]

    @property
    def node(self) -> Any:
        """Its first place in the document."""
        return self.details[0].node

    @property
    def name(self) -> str:
        """Its GraphQL name."""
        return str(self.node.name.value)

    @property
    def type(self) -> Any:
        """Its named type."""
        return get_named_type(self.definition.type)

    @property
    def nullable(self) -> bool:
        """Whether null may stand there."""
        return not is_non_null_type(self.definition.type)


@dataclass
class Values:
    """What one request brings: variables, caller, the secret of the cursors; for a payload, the ids the mutation made."""

    variables: Any
    principal: Principal
    secret: bytes
    given: dict[str, Any] = field(default_factory=dict)
    language: str = "en"
    seen: dict[Any, Any] = field(default_factory=dict)

    def of(self, definition: Any, node: Any) -> dict[str, Any]:
        """Argument values of a field, coerced once a request."""
        return dict(self.once(id(node), lambda: get_argument_values(definition, node, self.variables)))

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Makes it the first time it is asked for."""
        if key not in self.seen:
            self.seen[key] = make()
        return self.seen[key]


class Plan:
    """Builds the statement of one operation for one shape of variables and one kind of caller."""

    def __init__(self, schema: Any, operation: Any, fragments: Any, variables: Any, caller: Principal) -> None:
        self.schema, self.operation, self.fragments, self.variables = schema, operation, fragments, variables
        self.getters: dict[str, Callable[[Values], Any]] = {}
        self.checks: list[Callable[[Values], Any]] = []
        self.planned = False  # for its values, each time: a list of a whole table, for one who sees little of it
        branches = self.bind(lambda v: list(v.principal.branches), ARRAY(Uuid))
        staff, language = self.bind(lambda v: v.principal.staff_id, Uuid), self.bind(lambda v: v.language, Text)
        self.me = Me(caller.roles, caller.everywhere, caller.sees_much, branches, staff, language)

    # Parameters ------------------------------------------------------------------------------------------------------
    def bind(self, get: Callable[[Values], Any], type_: Any = None) -> BindParameter[Any]:
        """A parameter whose value each request brings."""
        parameter: BindParameter[Any] = bindparam(f"p{len(self.getters)}", None, type_)
        self.getters[parameter.key] = get
        return parameter

    def check(self, refuse: Callable[[Values], Any]) -> None:
        """Runs before the statement of every request, whether or not the parameter made it into the text."""
        self.checks.append(refuse)

    def lift(self, type_: Any, value: Any, get: Callable[[Any], Any]) -> Any:
        """Coerced argument to the same tree with parameters for leaves."""
        type_ = get_nullable_type(type_)
        if value is None or (is_enum_type(type_) and is_structural(type_)):
            return value
        if is_input_object_type(type_):
            return {
                definition_of(type_.fields[k]).python_name: self.lift(type_.fields[k].type, v, within(get, k)) for k, v in value.items()
            }
        if is_list_type(type_) and is_structural(get_nullable_type(type_.of_type)):
            return [self.lift(type_.of_type, v, within(get, i)) for i, v in enumerate(value)]
        if get_named_type(type_).name == "ID" and not is_list_type(type_):
            return self.bind(lambda v: global_id(get(v))[1], Uuid)
        if is_list_type(type_) and get_named_type(type_).name == "ID":
            return self.bind(lambda v: [global_id(one)[1] for one in get(v)], ARRAY(Uuid))
        return self.bind(lambda v: _plain(get(v)))

    def field(self, parent: Any, details: list[Any]) -> Field:
        """A selected field with its arguments."""
        node = details[0].node
        definition = parent.fields[node.name.value]
        args = get_argument_values(definition, node, self.variables)
        values = self._values(definition, node, args)
        lifted = {
            definition_of(definition.args[k]).python_name: self.lift(definition.args[k].type, v, within(values, k)) for k, v in args.items()
        }
        return Field(parent, definition, details, lifted, values)

    def _values(self, definition: Any, node: Any, args: dict[str, Any]) -> Callable[[Values], dict[str, Any]]:
        """How a request gets its argument values: literals are coerced here, once; only what a variable brings is new."""
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        whole = {name: value.name.value for name, value in given.items() if isinstance(value, VariableNode)}
        if any(_has_variable(value) for name, value in given.items() if name not in whole):
            return lambda v: v.of(definition, node)
        brought = {name: variable for name, variable in whole.items() if variable in self.variables.coerced}  # part of the plan's key
        constant = {name: value for name, value in args.items() if name not in brought}
        if not brought:
            return lambda v: constant
        key = id(node)
        return lambda v: v.once(key, lambda: {**constant, **{name: v.variables.coerced[variable] for name, variable in brought.items()}})

    # Rows ------------------------------------------------------------------------------------------------------------
    def possible(self, type_: Any) -> list[Any]:
        """Object types that a type may turn out to be."""
        return list(self.schema.get_possible_types(type_)) if is_abstract_type(type_) else [type_]

    def source(self, type_: Any) -> Any:
        """The `@reads` of a type."""
        return getattr(definition_of(type_).origin, "__reads__", None)

    def rows(self, type_: Any, on: Callable[[FromClause], Any]) -> Origin:
        """Rows of a type (or of types that share a table) that the caller may see: the only place that makes a FROM."""
        types = type_ if isinstance(type_, list) else self.possible(type_)
        sources = [self.source(t) for t in types]
        row = sources[0].table.alias()
        conditions = [on(row)]
        if sources[0].visible is not None and not self.me.everywhere:
            conditions.append(sources[0].visible(row.c, self.me))
        if sources[0].blind is not None:
            conditions.append(sources[0].blind(row.c, self.me))
        if len(sources) == 1 and sources[0].only is not None:
            conditions.append(sources[0].only(row.c))
        return Origin(row, tuple(conditions))

    # JSON ------------------------------------------------------------------------------------------------------------
    def record(self, columns: dict[str, Any], query: Select[Any]) -> Select[Any]:
        """One JSON object per row of `query`."""
        if columns and all(len(key.encode()) <= KEY_BYTES_MAX for key in columns):
            rows = query.add_columns(*(c.label(key) for key, c in columns.items())).subquery(RECORD)
            return own(rows).add_columns(func.row_to_json(rows.table_valued()).label("json"))
        if len(columns) > PAIRS_MAX:
            raise bad_request(f"More than {PAIRS_MAX} fields beside an alias over {KEY_BYTES_MAX} bytes.")
        pairs = [x for key, c in columns.items() for x in (literal(key), c)]
        return query.add_columns(func.json_build_object(*pairs).label("json"))

    def object(
        self, type_: Any, details: list[Any], made: dict[str, Callable[[Field], Any]], query: Select[Any] | None = None
    ) -> Select[Any]:
        """An object that has no row of its own: how each of its fields is made, by GraphQL name."""
        made = {"__typename": lambda f: literal(type_.name), **made}
        columns = {key: made[f.name](f) for key, f in self.selected(type_, details).items()}
        return self.record(columns, NO_ROW if query is None else query)

    def objects(self, type_: Any, origin: Origin, details: list[Any], query: Select[Any] | None = None) -> Select[Any]:
        """One JSON object per row, of whichever possible type the row is."""
        query = origin.select() if query is None else query
        types = type_ if isinstance(type_, list) else self.possible(type_)
        if len(types) == 1:
            return self.record(self.columns(types[0], origin.row, details), query)
        whichever = case(
            *((self.source(t).only(origin.row.c), scalar(self.record(self.columns(t, origin.row, details), NO_ROW))) for t in types)
        )
        return query.add_columns(whichever.label("json"))

    def selected(self, type_: Any, details: list[Any]) -> dict[str, Field]:
        """The fields selected on a type, fragments and directives followed by graphql-core itself."""
        groups = collect_subfields(self.schema, self.fragments, self.variables, self.operation, type_, details).grouped_field_set
        return self._fields(type_, groups)

    def _fields(self, type_: Any, groups: Any) -> dict[str, Field]:
        def typename(details: list[Any]) -> Field:
            return Field(type_, self.schema.get_field(type_, "__typename"), details, {}, lambda v: {})

        return {key: typename(ds) if ds[0].node.name.value == "__typename" else self.field(type_, ds) for key, ds in groups.items()}

    def columns(self, type_: Any, row: Any, details: list[Any]) -> dict[str, Any]:
        """The selected fields of a type over a row, by response key."""
        return {key: self.value(type_, row, f) for key, f in self.selected(type_, details).items()}

    def value(self, type_: Any, row: Any, field: Field) -> Any:
        """One field: as declared, or the column of its name."""
        if field.name == "__typename":
            return literal(type_.name)
        declared = definition_of(field.definition)
        if (read := declared.metadata.get("read")) is not None:
            return read.json(self, field, row)
        if field.type.name == "ID":
            return literal(self.source(type_).prefix + "_").concat(cast(row.c[declared.python_name], Text))
        return self.leaf(field.type, row.c[declared.python_name])

    def leaf(self, type_: Any, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        """A scalar as JSON."""
        return SCALAR_JSON[type_.name](expression) if type_.name in SCALAR_JSON else expression

    # The statement ---------------------------------------------------------------------------------------------------
    def statement(self, root: Any, groups: Any) -> Compiled:
        """`case when <set the caller> then <the answer> end`: CASE fixes the order of evaluation, in one round trip."""
        columns = {key: self.value(root, None, f) for key, f in self._fields(root, groups).items()}
        answer = cast(scalar(self.record(columns, NO_ROW)), Text)
        names = ("app.staff", "app.branches", "app.roles")
        caller = and_(
            *(
                func.set_config(literal(name), self.bind(within(lambda v: v.principal.settings, i), Text), literal(True)).is_not(None)
                for i, name in enumerate(names)
            )
        )
        return Compiled(select(case((and_(self._fresh(), caller), answer))), self)

    def _fresh(self) -> Any:
        """Whether the caller still is who they were when they were read; otherwise the statement answers NULL."""
        version = self.bind(lambda v: v.principal.version, BigInteger)
        same = exists().where(staff.c.id == self.me.staff, staff.c.principal_version == version, staff.c.active)
        return or_(version == 0, same)

    def query(self) -> Compiled:
        """The whole operation."""
        root = self.schema.query_type
        found = collect_fields(self.schema, self.fragments, self.variables, root, self.operation)
        return self.statement(root, found.grouped_field_set)

    def payload(self, type_: Any, details: list[Any]) -> Compiled:
        """What a mutation selected of its payload."""
        found = collect_subfields(self.schema, self.fragments, self.variables, self.operation, type_, details)
        return self.statement(type_, found.grouped_field_set)


def within(get: Callable[[Any], Any], key: Any) -> Callable[[Any], Any]:
    """The member of what another getter gets."""
    return lambda v: get(v)[key]


def _resolved(name: str) -> Callable[[Values], Any]:
    """What the resolver gave to a table that it made."""
    return lambda v: v.given[name.removeprefix(GIVEN)]


def _has_variable(value: Any) -> bool:
    """Whether a variable stands somewhere inside a value of the document."""
    if isinstance(value, ListValueNode):
        return any(_has_variable(one) for one in value.values)
    if isinstance(value, ObjectValueNode):
        return any(_has_variable(one.value) for one in value.fields)
    return isinstance(value, VariableNode)


def _plain(value: Any) -> Any:
    """Enum members as what stands in the row."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return getattr(value, "value", value)


class Compiled:
    """Text for asyncpg and where each $n comes from."""

    def __init__(self, statement: Select[Any], plan: Plan) -> None:
        compiled: Any = statement.compile(dialect=DIALECT)
        self.sql: str = compiled.string
        self.checks, self.planned = plan.checks, plan.planned
        self.getters = [plan.getters.get(name) or _resolved(name) for name in compiled.positiontup]

    def bound(self, values: Values) -> list[Any]:
        """Checks what must be checked before SQL, then the arguments in order."""
        for check in self.checks:
            check(values)
        out = [get(values) for get in self.getters]
        _refuse_texts(out)
        return out


def _refuse_texts(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, list):
            _refuse_texts(value)
        elif isinstance(value, str) and "\0" in value:
            raise bad_request("A string must not contain NUL.")
        elif isinstance(value, str) and len(value) > TEXT_CHARACTERS_MAX:
            raise bad_request(f"A string has at most {TEXT_CHARACTERS_MAX} characters.")
