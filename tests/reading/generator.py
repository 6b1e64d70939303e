"""Random operations over the schema as it is: a new type or field is asked for without a line here."""

import datetime as dt
import json
from random import Random
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
)

from tests.reading.reference import SOURCES, snake

UNASKED = {"explainCustody", "contractHistory", "whoSaw", "tasks", "cursor", "startCursor", "endCursor"}  # judged, logged, of the clock, signed
NAMED = {"loan": ("loans", "number"), "contract": ("contracts", "number"), "collateralCertificate": ("collateral_certificates", "number")}


class Raw(str):
    """Text that is written as it is: an enum member."""

    __slots__ = ()


class Operation:
    """One random query with its variables."""

    def __init__(self, r: Random, schema: GraphQLSchema, rows: dict[str, list[dict[str, Any]]], ids: list[str], depth: int = 3) -> None:
        self.r, self.schema, self.rows, self.ids, self.count = r, schema, rows, ids, 0
        self.given: dict[str, tuple[str, Any]] = {}
        self.fragments: list[str] = []
        body = self._selection(schema.query_type, depth)
        head = ", ".join(f"${name}: {type_}{' = ' + self._literal(value) if value is not None and r.random() < 0.2 else ''}"
                         for name, (type_, value) in self.given.items())  # fmt: skip
        self.text = "\n".join([f"query Q{f'({head})' if head else ''} {body}", *self.fragments])
        self.variables = {name: _plain(value) for name, (_, value) in self.given.items()}

    # Values ----------------------------------------------------------------------------------------------------------
    def _value(self, type_: Any, value: Any) -> str:
        """A literal, or a variable of the argument's type."""
        if self.r.random() < 0.5:
            return self._literal(value)
        name = f"v{len(self.given)}"
        self.given[name] = (str(type_), value)
        return f"${name}"

    def _literal(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{k}: {self._literal(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(self._literal(v) for v in value) + "]"
        return value if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)

    def _where(self, type_: Any, table: str, depth: int = 0) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, field in type_.fields.items():
            if name in ("and", "or"):
                if depth < 2 and self.r.random() < 0.15:
                    out[name] = [self._where(type_, table, depth + 1) for _ in range(self.r.randint(0, 2))]
            elif name == "not":
                if depth < 2 and self.r.random() < 0.15:
                    out[name] = self._where(type_, table, depth + 1)
            elif self.r.random() < 2.0 / len(type_.fields):
                operators = list(get_named_type(field.type).fields.items())
                chosen = self.r.sample(operators, self.r.randint(0, min(2, len(operators))))
                out[name] = {o: self._operand(f.type, o, table, snake(name)) for o, f in chosen}
        return out

    def _operand(self, type_: Any, operator: str, table: str, column: str) -> Any:
        if self.r.random() < 0.05:
            return None
        if is_list_type(get_nullable_type(type_)):
            inner = get_nullable_type(type_).of_type
            return [self._sample(inner, table, column, False) for _ in range(self.r.randint(0, 3))]
        return self._sample(type_, table, column, operator in ("startsWith", "contains"))

    def _sample(self, type_: Any, table: str, column: str, part: bool) -> Any:
        named = get_named_type(type_)
        if is_enum_type(named):
            return Raw(self.r.choice(list(named.values)))
        if named.name == "Boolean":
            return self.r.random() < 0.5
        known = [x for row in self.rows[table] if (x := row.get(column)) is not None]
        found = self.r.choice(known) if known else None
        if named.name == "ID":
            return f"x_{found}" if isinstance(found, UUID) else self.r.choice(self.ids)
        if isinstance(found, dt.datetime):
            return found.astimezone(dt.UTC).isoformat()
        if named.name == "Int":
            return found if isinstance(found, int) else 1
        text = str(found if found is not None else "2024-01-01" if named.name == "Date" else "1" if named.name == "Decimal" else "%")
        return text[: self.r.randint(0, len(text))] if part else text

    def _arguments(self, parent: Any, name: str, field: Any) -> str:
        known, out = field.args, []
        table = self._table(field)
        if "first" in known and "last" in known:
            if "where" in known and self.r.random() < 0.6:
                out.append("where: " + self._value(known["where"].type, self._where(get_named_type(known["where"].type), table)))
            if "sort" in known and self.r.random() < 0.5:
                members = list(get_named_type(get_named_type(known["sort"].type).fields["field"].type).values)
                keys = self.r.sample(members, self.r.randint(1, 2))
                sort = [
                    {"field": Raw(k), **({"direction": Raw(self.r.choice(["ASC", "DESC"]))} if self.r.random() < 0.7 else {})} for k in keys
                ]
                out.append("sort: " + self._value(known["sort"].type, sort))
            if "updatedSince" in known and self.r.random() < 0.2:
                some = self.r.choice(self.rows[table])["updated_at"].astimezone(dt.UTC).isoformat() if self.rows[table] else None
                out.append("updatedSince: " + self._value(known["updatedSince"].type, some))
            size = self.r.choice([1, 2, 5, 20] if parent is self.schema.query_type else [1, 2, 3])
            out.append(f"{self.r.choice(['first', 'last'])}: " + self._value("Int", size))
        elif "id" in known:
            out.append("id: " + self._value("ID!", self.r.choice(self.ids)))
        elif "ids" in known:
            out.append("ids: " + self._value("[ID!]!", [self.r.choice(self.ids) for _ in range(self.r.randint(0, 5))]))
        elif "by" in known:
            out.append("by: " + self._literal(self._by(name)))
        return f"({', '.join(out)})" if out else ""

    def _by(self, name: str) -> dict[str, str]:
        if self.r.random() < 0.3:
            return {"id": self.r.choice(self.ids)}
        if name == "archiveRecord":
            key = self.r.choice(["barcode", "archiveNo"])
            return {key: str(self.r.choice(self.rows["archive_records"])[snake(key)])}
        table, column = NAMED[name]
        return {column: str(self.r.choice(self.rows[table])[column])}

    def _table(self, field: Any) -> str:
        name = get_named_type(field.type).name.removesuffix("Connection")
        return SOURCES[name][0] if name in SOURCES else ""

    # Selections ------------------------------------------------------------------------------------------------------
    def _selection(self, type_: Any, depth: int) -> str:
        out, page = [], type_.name.endswith(("Connection", "Edge")) or type_.name == "PageInfo"
        for name, field in type_.fields.items():
            if name in UNASKED:
                continue
            named = get_named_type(field.type)
            if is_leaf_type(named):
                if self.r.random() < 0.45:
                    out.append(self._field(type_, name, field, ""))
            elif depth > 0 and self.r.random() < (0.85 if page else 0.3):
                out.append(self._field(type_, name, field, " " + self._selection(named, depth - (not page))))
        if self.r.random() < 0.3:
            out.append("__typename")
        if is_abstract_type(type_):
            possible = sorted(self.schema.get_possible_types(type_), key=lambda t: t.name)
            for each in self.r.sample(possible, min(3, len(possible))):
                if self.r.random() < 0.7:
                    out.append(f"... on {each.name}{self._directive()} {self._selection(each, depth - 1)}")
        out = out or ["__typename"]
        if self.r.random() < 0.1:
            self.count += 1
            self.fragments.append(f"fragment F{self.count} on {type_.name} {{ {' '.join(out)} }}")
            return f"{{ ...F{self.count}{self._directive()} __typename }}"
        return "{ " + " ".join(out) + " }"

    def _field(self, type_: Any, name: str, field: Any, inner: str) -> str:
        self.count += 1
        long = "x" * 64 if self.r.random() < 0.02 else ""
        return f"{name}_{self.count}{long}: {name}{self._arguments(type_, name, field)}{self._directive()}{inner}"

    def _directive(self) -> str:
        if self.r.random() > 0.08:
            return ""
        return f" @{self.r.choice(['include', 'skip'])}(if: {self._value('Boolean!', self.r.random() < 0.5)})"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else str(value) if isinstance(value, Raw) else value
