"""Keyset connections and their signed cursors.

A cursor is base64url(JSON of the sort keys and the id) "." base64url(HMAC-SHA256, 18 bytes: no spare bits), over the payload
and a digest of the connection's name, filter and sort. PostgreSQL has sha256 but no HMAC without pgcrypto, so the two padded
keys are parameters and HMAC is written out: H(outer + H(inner + message)).
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

import orjson
from graphql import get_named_type
from sqlalchemy import BigInteger, Date, DateTime, Integer, LargeBinary, Numeric, Text, Uuid, and_, cast, func, literal, or_, tuple_

from schema.reading.compiler import NO_ROW, Field, Origin, Plan, Values, array, bad_request, own, scalar, within

PAGE_MAX = 100
GROUPS_MAX = 1_000
TASKS = 20  # when nobody says how many
TOTAL_MAX = 100_000
MAC_BYTES = 18
PARSERS: dict[Any, Callable[[Any], Any]] = {
    Date: dt.date.fromisoformat,
    DateTime: dt.datetime.fromisoformat,
    Numeric: Decimal,
    Uuid: UUID,
    BigInteger: int,
    Integer: int,
    Text: str,
}
EXACT = json.JSONDecoder(parse_float=str)  # a float would lose digits of an amount
Sort = list[tuple[Callable[[Any], Any], bool]]


def at_most(limit: int, values: list[Any]) -> list[Any]:
    """The list, when it is not too long."""
    if len(values) > limit:
        raise bad_request(f"At most {limit} values.")
    return values


def size(value: int) -> int:
    """A page size, when it is one."""
    if not 1 <= value <= PAGE_MAX:
        raise bad_request(f"A page has 1 to {PAGE_MAX} items.")
    return value


def types(connection: Any) -> tuple[Any, Any]:
    """Edge and node type of a connection type."""
    edge = get_named_type(connection.fields["edges"].type)
    return edge, get_named_type(edge.fields["node"].type)


def keys(declared: dict[str, Callable[[Any], Any]], sort: list[dict[str, Any]] | None) -> Sort:
    """The sort with the id behind it, which breaks ties. A sort key is never null, so a comparison is enough."""
    chosen = [(declared[name_of(s["field"])], name_of(s["direction"]) == "DESC") for s in sort or ()]
    return [*chosen, (lambda row: row.id, bool(chosen) and chosen[-1][1])]


def name_of(member: Any) -> str:
    """The name of an enum's member, coerced or not."""
    return str(getattr(member, "name", member))


def beyond(terms: list[tuple[Any, bool, Any]]) -> Any:
    """Rows after a cursor. One direction: a row comparison, which an index answers; mixed: spelt out."""
    if len({desc for _, desc, _ in terms}) == 1:
        ours, theirs = tuple_(*(k for k, _, _ in terms)), tuple_(*(v for _, _, v in terms))
        return ours < theirs if terms[0][1] else ours > theirs
    return or_(*(and_(*(k == v for k, _, v in terms[:i]), (k < v if desc else k > v)) for i, (k, desc, v) in enumerate(terms)))


def connection(plan: Plan, field: Field, origin: Origin, sort: Sort, edge: Any, node: Any) -> Any:
    """The connection as one JSON value."""
    return _Connection(plan, field, origin, sort, edge, node).json()


class _Connection:
    """The parts of one connection's statement."""

    def __init__(self, plan: Plan, field: Field, origin: Origin, sort: Sort, edge: Any, node: Any) -> None:
        self.plan, self.field, self.origin, self.sort, self.edge, self.node = plan, field, origin, sort, edge, node
        self.forward = field.args.get("first") is not None
        if self.forward == (field.args.get("last") is not None):
            raise bad_request("Give either first or last.", field.node)
        name, values = "first" if self.forward else "last", field.values
        plan.check(lambda v: size(values(v)[name]))
        self.limit = field.args[name]
        self.cursors = _Cursors(_declaring(field), field.name, field.values, field.node)
        self.context = plan.bind(self.cursors.digest, LargeBinary)
        self.inner = plan.bind(lambda v: _padded(v.secret, 0x36), LargeBinary)
        self.outer = plan.bind(lambda v: _padded(v.secret, 0x5C), LargeBinary)

    def json(self) -> Any:
        row, plan = self.origin.row, self.plan
        found = (
            own(row)
            .add_columns(*(c for c in row.c if not any(getattr(base, "info", {}).get("sealed") for base in c.base_columns)))
            .where(*self.origin.conditions, *self._bounds())
            .order_by(*self._order(row, self.forward))
            .limit(cast(self.limit, Integer) + 1)
            .cte(nesting=True)
        )
        page = own(found).add_columns(*found.c).order_by(*self._order(found, self.forward)).limit(self.limit).subquery()
        edges = {
            "cursor": lambda f: self._cursor(page),
            "node": lambda f: scalar(plan.objects(self.node, Origin(page, ()), f.details, NO_ROW)),
        }
        info = self._info(found, page)
        total = self.origin.select().add_columns(literal(1).label("one")).limit(TOTAL_MAX + 1).subquery()
        count = scalar(own(total).add_columns(func.count()))
        here = NO_ROW.add_cte(found, nest_here=True)  # else SQLAlchemy repeats it in every subselect that reads it
        made = {
            "edges": lambda f: array(plan.object(self.edge, f.details, edges, own(page).order_by(*self._order(page, True)))),
            "pageInfo": lambda f: scalar(plan.object(f.type, f.details, info)),
            "totalCount": lambda f: func.least(count, literal(TOTAL_MAX)),
            "totalCountCapped": lambda f: count > literal(TOTAL_MAX),
        }
        return scalar(plan.object(self.field.type, self.field.details, made, here))

    def _order(self, row: Any, along: bool) -> list[Any]:
        return [k(row.c).desc() if desc is along else k(row.c).asc() for k, desc in self.sort]

    def _bounds(self) -> list[Any]:
        bounds, row = [], self.origin.row
        for name, ahead in (("after", True), ("before", False)):
            if self.field.args.get(name) is None:
                continue
            columns = [key(row.c) for key, _ in self.sort]
            parsers = [next(parse for kind, parse in PARSERS.items() if isinstance(c.type, kind)) for c in columns]

            read = partial(self.cursors.read, name=name, parsers=parsers)
            self.plan.check(read)
            values = [self.plan.bind(within(read, i), c.type) for i, c in enumerate(columns)]
            bounds.append(beyond([(c, desc == ahead, val) for c, val, (_, desc) in zip(columns, values, self.sort, strict=True)]))
        return bounds

    def _cursor(self, row: Any) -> Any:
        payload = func.convert_to(cast(func.json_build_array(*(k(row.c) for k, _ in self.sort)), Text), literal("UTF8"))
        inner = func.sha256(self.inner.concat(self.context).concat(payload))
        mac = func.substr(func.sha256(self.outer.concat(inner)), literal(1), literal(MAC_BYTES))

        def text(raw: Any) -> Any:
            return func.translate(func.encode(raw, literal("base64")), literal("+/=\n"), literal("-_"))

        return text(payload).concat(literal(".")).concat(text(mac))

    def _info(self, found: Any, page: Any) -> dict[str, Callable[[Field], Any]]:
        def more(_: Field) -> Any:
            return scalar(own(found).add_columns(func.count() > self.limit))

        def known(name: str) -> Callable[[Field], Any]:
            return lambda _: literal(self.field.args.get(name) is not None)

        def end(first: bool) -> Callable[[Field], Any]:
            return lambda _: scalar(own(page).add_columns(self._cursor(page)).order_by(*self._order(page, first)).limit(1))

        return {
            "hasNextPage": more if self.forward else known("before"),
            "hasPreviousPage": known("after") if self.forward else more,
            "startCursor": end(True),
            "endCursor": end(False),
        }


class _Cursors:
    """Reads the cursors of one connection. Apart from the statement: a plan is kept for its text, not for what it was built of."""

    def __init__(self, declaring: str, field: str, arguments: Callable[[Values], dict[str, Any]], node: Any) -> None:
        self.declaring, self.field, self.arguments, self.node = declaring, field, arguments, node

    def digest(self, values: Values) -> bytes:
        """What the cursors of this filter and order are signed over, beside the keys."""
        return bytes(values.once(id(self), lambda: self._digest(values)))

    def _digest(self, values: Values) -> bytes:
        args = self.arguments(values)
        told = [self.declaring, self.field, args.get("where"), args.get("sort"), args.get("updatedSince")]
        return hashlib.sha256(orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS)).digest()

    def read(self, values: Values, *, name: str, parsers: list[Callable[[Any], Any]]) -> list[Any]:
        """The keys in a cursor."""
        return list(values.once((id(self), name), lambda: self._read(values, name, parsers)))

    def _read(self, values: Values, name: str, parsers: list[Callable[[Any], Any]]) -> list[Any]:
        """Checked before any SQL: one answer for every way a cursor can be wrong."""
        try:
            given = self.arguments(values)[name].split(".")
            payload, mac = (base64.b64decode(p + "=" * (-len(p) % 4), b"-_", validate=True) for p in given)
            message = _padded(values.secret, 0x36) + self.digest(values) + payload
            good = hashlib.sha256(_padded(values.secret, 0x5C) + hashlib.sha256(message).digest()).digest()[:MAC_BYTES]
            if not hmac.compare_digest(mac, good):
                raise ValueError
            return [parse(part) for parse, part in zip(parsers, EXACT.decode(payload.decode()), strict=True)]
        except (ValueError, AttributeError):
            raise bad_request(f"`{name}` is not a cursor of this connection.", self.node) from None


def _declaring(field: Field) -> str:
    """The interface that has the field, else its type: a cursor made in one type is good in another that shares the connection."""
    owners = [each for each in getattr(field.parent, "interfaces", ()) if field.name in each.fields]
    return str((owners[0] if owners else field.parent).name)


@lru_cache(4)
def _padded(secret: bytes, pad: int) -> bytes:
    return bytes(b ^ pad for b in secret.ljust(64, b"\0"))
