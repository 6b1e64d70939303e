"""How a type says where its fields come from.

`@reads(table)` names the rows; a field without a declaration is the column of its name. Every other field is a `Read`: a small
class with one method, `json(plan, field, row)`, that returns a SQL expression. A new kind of field is a new subclass; the
compiler does not change.
"""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import strawberry
from sqlalchemy import FromClause, Integer, Text, Uuid, and_, case, cast, func, null, true
from sqlalchemy.dialects.postgresql import ARRAY
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from schema.directives import Cost, Requires
from schema.reading import filters, paging
from schema.reading.compiler import Expression, Field, Origin, Plan, array, bad_request, global_id, own, scalar
from schema.scalars import DateTime
from schema.visibility import found_by_unit
from storage.terms import Role

T = TypeVar("T", bound=type)
PAGE_COST, COUNTS_COST, SEARCH_COST = 2, 50, 10


class Rows:
    """Where the rows of a type are, and which of them."""

    def __init__(
        self, table: FromClause, prefix: str, only: Expression | None, visible: Expression | None, blind: Expression | None
    ) -> None:
        self.table, self.prefix, self.only, self.visible, self.blind = table, prefix, only, visible, blind


def reads(
    table: FromClause,
    prefix: str,
    *,
    only: Expression | None = None,
    visible: Expression | None = None,
    blind: Expression | None = None,
) -> Callable[[T], T]:
    """Names the table of a type, the prefix of its ids, which rows are of the type, and which the caller may see.

    `blind` holds for everyone, whatever their units: not the list of what they are counting, not what others are told.
    """

    def mark(cls: T) -> T:
        cls.__reads__ = Rows(table, prefix, only, visible, blind)  # type: ignore[attr-defined]  # the compiler looks it up by name
        return cls

    return mark


class Read:
    """Where one field comes from. `roles` are those on which its SQL depends; `arguments` are name to (type, description)."""

    roles: frozenset[str] = frozenset()
    arguments: Mapping[str, tuple[Any, str]] = MappingProxyType({})
    cost: Cost | None = None
    leads = False  # to rows of another type, over which a filter may go

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """The SQL expression of the field's JSON."""
        raise NotImplementedError  # a subclass says it

    def value(self, plan: Plan, row: Any, args: dict[str, Any]) -> Any:
        """The SQL value to compare with in a filter."""
        raise NotImplementedError  # only computed columns have one

    def linked(self, plan: Plan, row: Any) -> Callable[[Any], Any]:
        """The condition on rows of another type that the field leads to, for a filter over them."""
        raise NotImplementedError  # only relations have one


class SqlRead(Read):
    """A computed value: (row, me, **arguments) to an expression."""

    def __init__(self, expression: Expression, **arguments: tuple[Any, str]) -> None:
        self.expression, self.arguments = expression, arguments

    def value(self, plan: Plan, row: Any, args: dict[str, Any]) -> Any:
        """The expression over a row."""
        return self.expression(row.c, plan.me, **args)

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """The expression, written as its scalar is."""
        return plan.leaf(field.type, self.value(plan, row, field.args))


class MaskedRead(SqlRead):
    """A column of masked text for `roles`, null for all others but whom the column `own` names; the full value never leaves through a read."""

    def __init__(self, column: str, roles: frozenset[Role], own: str | None = None) -> None:
        self.column, self.roles, self.own = column, frozenset(roles), own
        self.arguments = {}

    def value(self, plan: Plan, row: Any, args: dict[str, Any]) -> Any:
        """The column, or nothing."""
        if self.roles & plan.me.roles:
            return row.c[self.column]
        return null() if self.own is None else case((row.c[self.own] == plan.me.staff, row.c[self.column]))


class MoneyRead(Read):
    """`Money` from two columns; null when the amount is."""

    def __init__(self, amount: str, currency: str = "currency") -> None:
        self.names = {"amount": amount, "currencyCode": currency}

    def value(self, plan: Plan, row: Any, args: dict[str, Any]) -> Any:
        """The amount: a filter compares it whatever the currency."""
        return row.c[self.names["amount"]]

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """The object of amount and currency."""

        def part_of(column: str) -> Callable[[Field], Any]:
            return lambda f: plan.leaf(f.type, row.c[column])

        made = {name: part_of(column) for name, column in self.names.items()}
        part = scalar(plan.object(field.type, field.details, made))
        return case((row.c[self.names["amount"]].is_not(None), part)) if field.nullable else part


class OneRead(Read):
    """The row that `via`, a column of ours, points at; that a mutation made (`given`); or `on(other, ours, me, **arguments)`."""

    leads = True

    def __init__(
        self, via: str | None = None, *, given: str | None = None, on: Expression | None = None, **arguments: tuple[Any, str]
    ) -> None:
        self.via, self.given, self.on, self.arguments = via, given, on, arguments

    def linked(self, plan: Plan, row: Any, **args: Any) -> Callable[[Any], Any]:
        """Whichever way was declared."""
        if self.on is not None:
            on = self.on
            return lambda other: on(other.c, None if row is None else row.c, plan.me, **args)
        if self.via is not None:
            return self._pointed(row, self.via)
        return self._made(plan, self.given or "")

    def _pointed(self, row: Any, via: str) -> Callable[[Any], Any]:
        return lambda other: other.c.id == row.c[via]

    def _made(self, plan: Plan, name: str) -> Callable[[Any], Any]:
        return lambda other: other.c.id == plan.bind(lambda v: v.given.get(name), Uuid)

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """The one object, or null."""
        return scalar(plan.objects(field.type, plan.rows(field.type, self.linked(plan, row, **field.args)), field.details))


class MaskedOneRead(OneRead):
    """The row that our column `via` points at, for `roles` and for whom the column `own` names; null for all others."""

    def __init__(self, via: str, roles: frozenset[Role], own: str) -> None:
        super().__init__(via)
        self.roles, self.own = frozenset(roles), own

    def linked(self, plan: Plan, row: Any, **args: Any) -> Callable[[Any], Any]:
        """Nothing where the caller may not know it."""
        pointed = super().linked(plan, row, **args)
        if self.roles & plan.me.roles:
            return pointed
        return lambda other: and_(pointed(other), row.c[self.own] == plan.me.staff)


class ManyRead(OneRead):
    """A short list, ordered: rows whose `via` points at us, that a mutation made (`given`, ids), or `on` says."""

    def __init__(
        self,
        via: str | None = None,
        *,
        given: str | None = None,
        on: Expression | None = None,
        order: Expression = lambda row: row.id,
        **arguments: tuple[Any, str],
    ) -> None:
        super().__init__(via, given=given, on=on, **arguments)
        self.order = order

    def _pointed(self, row: Any, via: str) -> Callable[[Any], Any]:
        return lambda other: other.c[via] == row.c.id

    def _made(self, plan: Plan, name: str) -> Callable[[Any], Any]:
        return lambda other: other.c.id == func.any(plan.bind(lambda v: v.given.get(name) or [], ARRAY(Uuid)))

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """All of them, as an array."""
        origin = plan.rows(field.type, self.linked(plan, row, **field.args))
        ordered = origin.select().order_by(self.order(origin.row.c), origin.row.c.id)
        return array(plan.objects(field.type, origin, field.details, ordered))


class GivenRead(Read):
    """A value that a mutation made, and not a row: whether it was replayed."""

    def __init__(self, name: str, type_: Any, *, as_json: bool = False) -> None:
        self.name, self.type_, self.as_json = name, type_, as_json

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """A parameter."""
        value = plan.bind(lambda v: v.given[self.name], self.type_)
        return func.to_json(value) if self.as_json else plan.leaf(field.type, value)


class PageRead(Read):
    """A connection: rows whose `via` points at us (all visible rows without `via`), filtered, sorted, by keyset."""

    cost, leads = Cost(weight=PAGE_COST, multipliers=["first", "last"]), True

    def __init__(
        self,
        via: str | None = None,
        *,
        on: Expression | None = None,
        where: type | None = None,
        sort: type | None = None,
        keys: dict[str, Expression] | None = None,
        updated_since: bool = False,
    ) -> None:
        self.via, self.on, self.keys = via, on, keys or {}
        self.arguments = {
            **({"where": (where | None, "Filter.")} if where else {}),
            **({"sort": (list[sort] | None, "Order; the id breaks ties.")} if sort else {}),  # type: ignore[valid-type]  # a class made at run time
            **({"updated_since": (DateTime | None, "Only rows that changed at or after this instant.")} if updated_since else {}),
            "first": (int | None, "1 to 100."),
            "after": (str | None, "Cursor."),
            "last": (int | None, "1 to 100, backwards."),
            "before": (str | None, "Cursor."),
        }

    def linked(self, plan: Plan, row: Any) -> Callable[[Any], Any]:
        """All rows that the connection is over."""
        via, on = self.via, self.on

        def condition(other: Any) -> Any:
            terms = [other.c[via] == row.c.id] if via else []
            return and_(true(), *terms, *([on(other.c, None if row is None else row.c, plan.me)] if on else []))

        return condition

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """The page."""
        edge, node = paging.types(field.type)
        condition, since, every = field.args.get("where"), field.args.get("updated_since"), self.linked(plan, row)

        def on(other: Any) -> Any:
            terms = [filters.where(plan, node, other, condition)] if condition else []
            if row is None and not (plan.me.everywhere or plan.me.sees_much):
                plan.planned = True
                terms.append(found_by_unit(other, plan.me))
            return and_(every(other), *terms, *([other.c.updated_at >= since] if since is not None else []))

        sort = paging.keys(self.keys, field.args.get("sort"))
        return paging.connection(plan, field, plan.rows(node, on), sort, edge, node)


class HitsRead(Read):
    """Objects that a function of PostgreSQL finds: `hits(me, **arguments)` is its rows, which come in order."""

    cost = Cost(weight=SEARCH_COST, multipliers=["first"])

    def __init__(self, hits: Callable[..., Any], **arguments: tuple[Any, str]) -> None:
        self.hits, self.arguments = hits, arguments

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """One object a hit."""
        values = field.values
        sized = {"first": plan.bind(lambda v: values(v).get("first") or paging.TASKS, Integer)} if "first" in self.arguments else {}
        if sized:
            plan.check(lambda v: paging.size(values(v).get("first") or paging.TASKS))
        hits = self.hits(plan.me, **{**field.args, **sized})
        found = Origin(hits, ())
        return array(plan.objects(field.type, found, field.details, found.select().order_by(hits.c.n)))


def pick(plan: Plan, field: Field, kind: Any, id_: Any) -> Any:
    """The object of a kind and an id: only the matching branch runs, so there is no plan per kind."""
    by_prefix: dict[str, list[Any]] = {}
    for type_ in plan.possible(field.type):
        source = plan.source(type_)
        if source is not None:
            by_prefix.setdefault(source.prefix, []).append(type_)
    return case(
        *(
            (kind == prefix, scalar(plan.objects(types, plan.rows(types, lambda other: other.c.id == id_), field.details)))
            for prefix, types in by_prefix.items()
        )
    )


class TaskListRead(Read):
    """Objects that have no table: `lines(me)` selects their rows; at most `first`, by due_at, then id."""

    roles = frozenset(Role)

    def __init__(self, lines: Callable[..., Any]) -> None:
        self.lines = lines
        self.arguments = {"first": (int | None, "1 to 100; 20 when left out.")}

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """The most urgent ones."""
        values = field.values
        plan.check(lambda v: paging.size(values(v).get("first") or paging.TASKS))
        size = plan.bind(lambda v: values(v).get("first") or paging.TASKS, Integer)
        every = self.lines(plan.me).subquery()
        origin = Origin(every, ())
        ordered = origin.select().order_by(every.c.due_at.asc().nulls_last(), every.c.id).limit(size)
        return array(plan.objects(field.type, origin, field.details, ordered))


class CountsRead(Read):
    """How many rows of a type there are for each combination of `keys` (name in the enum to column and expression)."""

    cost = Cost(weight=COUNTS_COST, multipliers=[])

    def __init__(self, type_: str, keys: dict[str, tuple[str, Expression]], groups: type, where: type) -> None:
        self.type_, self.keys = type_, keys
        self.arguments = {"group_by": (list[groups], "At least one."), "where": (where | None, "Which rows to count.")}  # type: ignore[valid-type]  # a class made at run time

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """The most frequent combinations first."""
        type_, condition = plan.schema.get_type(self.type_), field.args.get("where")
        chosen = {paging.name_of(member) for member in field.args["group_by"]}
        if not chosen:
            raise bad_request("Give at least one key to group by.", field.node)
        origin = plan.rows(type_, lambda other: filters.where(plan, type_, other, condition) if condition else true())
        by = [self.keys[key][1](origin.row.c) for key in self.keys if key in chosen]
        every = {key: (name, make(origin.row.c)) for key, (name, make) in self.keys.items()}
        shown = [(column if key in chosen else cast(null(), column.type)).label(name) for key, (name, column) in every.items()]
        counted = origin.select().add_columns(*shown, func.count().label("count")).group_by(*by).subquery()
        order = [counted.c.count.desc(), *(counted.c[name].asc().nulls_last() for name, _ in self.keys.values())]
        groups = Origin(counted, ())
        return array(plan.objects(field.type, groups, field.details, groups.select().order_by(*order).limit(paging.GROUPS_MAX)))


class PolymorphicOneRead(Read):
    """The object that two columns, a kind and an id, name: `kinds` maps the stored kind to an id prefix."""

    def __init__(self, kind: str, id_: str, kinds: dict[str, str]) -> None:
        self.kind, self.id, self.kinds = kind, id_, kinds

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """The object, or null when it is not visible."""
        prefix = case(*((row.c[self.kind] == stored, name) for stored, name in self.kinds.items()))
        return pick(plan, field, prefix, row.c[self.id])


class NodeByIdRead(Read):
    """Any object by global id; null for what is unknown, malformed or not visible."""

    def __init__(self, *, many: bool = False) -> None:
        self.many = many
        self.arguments = {"ids": (list[strawberry.ID], "At most 100.")} if many else {"id": (strawberry.ID, "Opaque global id.")}

    def json(self, plan: Plan, field: Field, row: Any) -> Any:
        """In the order asked for."""

        def ids(v: Any) -> list[str]:
            given = field.values(v)
            return paging.at_most(paging.PAGE_MAX, list(given["ids"])) if self.many else [given["id"]]

        plan.check(ids)
        kinds = plan.bind(lambda v: [global_id(i)[0] for i in ids(v)], ARRAY(Text))
        uuids = plan.bind(lambda v: [global_id(i)[1] for i in ids(v)], ARRAY(Uuid))
        asked = func.unnest(kinds, uuids).table_valued("kind", "id", with_ordinality="n").render_derived(name="asked")
        found = own(asked).add_columns(pick(plan, field, asked.c.kind, asked.c.id).label("json"))
        return array(found.order_by(asked.c.n)) if self.many else scalar(found)


def _default(type_: Any) -> Any:
    """An argument that may be null may be left out."""
    return strawberry.UNSET if type(None) in getattr(type_, "__args__", ()) else inspect.Parameter.empty


def field_of(read: Read, description: str, requires: frozenset[Role] | None = None) -> Any:
    """A strawberry field that carries a read; `requires` shows and enforces roles on a root field."""
    directives: list[object] = [read.cost] if read.cost else []
    if requires is not None:
        directives.append(Requires(roles=sorted(requires)))
    field = strawberry.field(metadata={"read": read, "requires": requires}, description=description, directives=directives)
    if read.arguments:
        field.arguments = [
            StrawberryArgument(name, None, StrawberryAnnotation(type_), default=_default(type_), description=text)
            for name, (type_, text) in read.arguments.items()
        ]
    return field


def _declares(kind: type[Read]) -> Callable[..., Any]:
    """How a type writes a read: `customer: Customer | None = One("customer_id", description="…")`."""

    def declare(*args: Any, description: str, requires: frozenset[Role] | None = None, **kwargs: Any) -> Any:
        return field_of(kind(*args, **kwargs), description, requires)

    return declare


Sql, Masked, Money = _declares(SqlRead), _declares(MaskedRead), _declares(MoneyRead)
One, Many, Page = _declares(OneRead), _declares(ManyRead), _declares(PageRead)
MaskedOne = _declares(MaskedOneRead)
Given, Hits = _declares(GivenRead), _declares(HitsRead)
TaskList, Counts = _declares(TaskListRead), _declares(CountsRead)
PolymorphicOne, NodeById = _declares(PolymorphicOneRead), _declares(NodeByIdRead)
