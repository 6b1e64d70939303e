"""Random operations over the schema as it is: a new type or field is asked for without a line here."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Set
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from tests.reading.rows import SOURCES, snake

# Not asked, and who asks it instead.
UNASKED = {
    "explainCustody": "its answer is the judge's: every rule is compared with PostgreSQL and the acts themselves (tests/model, tests/custody)",
    "contractHistory": "reading it writes what the next reading tells, so no two are alike: compared with plain Python over all events (tests/asof/test_history.py)",
    "loanFileAsOf": "compared with plain Python over the rows of each instant, every field (tests/asof)",
    "retentionDrift": "what a job has read from the object store, and reading it is logged (tests/objects/test_reports.py)",
    "fixityReport": "the same",
    "signedReceipt": "signed anew by a key of the server (tests/compliance/test_receipts.py)",
    "whoSaw": "the same: asking is told (tests/test_disclosure.py)",
    "tasks": "every kind, for whoever has it and for nobody else, until it is done (test_tasks.py)",
    "search": "compared with a plain scan of every text, in ten ways of asking (test_search.py)",
}
ORDINARY = {
    "vaultRegister",
    "ticketRegister",
    "sealRegister",
    "doorLog",
    "offBalanceDifferences",
    "stocktakesDue",
}  # in a document of their own
BEHIND = {
    "vaultRegister": "off_balance_entries",
    "ticketRegister": "tickets",
    "doorLog": "operation_seats",
    "sealRegister": "seals",
    "offBalanceDifferences": "off_balance_entries",
}  # lines, and where a page begins
CODES = {
    "archive_records": ("barcode", "archive_no"), "sealed_envelopes": ("barcode", "seal_no"), "collateral_certificates": ("number",),
    "collateral": ("vin",), "loans": ("number",), "contracts": ("number",),
}  # fmt: skip
NAMED = {"loan": ("loans", "number"), "contract": ("contracts", "number"), "collateralCertificate": ("collateral_certificates", "number")}
UNALIASED = {"id", "version", "edges", "node", "pageInfo", "totalCount"}  # of one type wherever they meet: no conflict between fragments
SELDOM = 0.08
FIELDS = 100  # about; a document has limits


class Raw(str):
    """Text that is written as it is: an enum member."""

    __slots__ = ()


@dataclass
class Given:
    """A variable: its type, a tree whose leaves are made anew, perhaps a default."""

    type: str
    tree: Any
    default: Any
    sent: bool
    cursor_of: str = ""  # response key of the connection that it belongs to

    def declared(self, name: str) -> str:
        return f"${name}: {self.type}{'' if self.default is None else ' = ' + literal(self.default)}"


class Operation:
    """One random query; `variables` makes values for it again and again, of the same shape."""

    def __init__(
        self,
        r: Random,
        schema: GraphQLSchema,
        rows: dict[str, list[dict[str, Any]]],
        ids: list[str],
        seldom: Set[str] = frozenset(),
        depth: int = 3,
    ) -> None:
        """What is `seldom` used so far is chosen with preference, and what leads to it."""
        self.r, self.schema, self.rows, self.ids, self.count, self.seldom = r, schema, rows, ids, 0, seldom
        self.given: dict[str, Given] = {}
        self.used: Counter[str] = Counter()
        self.fragments: dict[str, tuple[str, str]] = {}
        self.ordinary = r.random() < 0.15
        body = self._selection(schema.query_type, depth)
        head = ", ".join(given.declared(name) for name, given in self.given.items())
        self.text = "\n".join([f"query Q{f'({head})' if head else ''} {body}", *(text for _, text in self.fragments.values())])

    def variables(self) -> dict[str, Any]:
        return {name: _plain(filled(given.tree)) for name, given in self.given.items() if given.sent}

    def cursors(self, data: Any) -> dict[str, str]:
        """For each variable that takes a cursor, one out of an answer."""
        found = {name: cursors_of(data, given.cursor_of) for name, given in self.given.items() if given.cursor_of}
        return {name: self.r.choice(known) for name, known in found.items() if known}

    # Values ----------------------------------------------------------------------------------------------------------
    def _value(self, type_: Any, tree: Any) -> str:
        """A literal, or a variable of the argument's type: sent, left to its default, both, or (where null may stand) neither."""
        if self.r.random() < 0.5:
            return literal(filled(tree))
        default = filled(tree) if self.r.random() < 0.3 else None
        omitted = self.r.random() < (0.5 if default is not None else 0.1)
        return self._variable(Given(str(type_), tree, default, not omitted or (default is None and is_non_null_type(type_))))

    def _variable(self, given: Given) -> str:
        name = f"v{len(self.given)}"
        self.given[name] = given
        return f"${name}"

    def _where(self, type_: Any, table: str, depth: int = 0) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, field in type_.fields.items():
            if name in ("and", "or", "not"):
                if depth < 2 and self.r.random() < (0.6 if f"{type_.name}.{name}" in self.seldom else 0.15):
                    some = [self._where(type_, table, depth + 1) for _ in range(1 if name == "not" else self.r.randint(0, 2))]
                    out[name] = some[0] if name == "not" else some
            elif self.r.random() > (0.7 if self._leads(type_, name, field, 2) else 2.0 / len(type_.fields)):
                continue
            elif (inner := get_named_type(field.type)).name.endswith("Where"):
                if depth < 2:
                    out[name] = self._where(inner, SOURCES[inner.name.removesuffix("Where")][0], depth + 1)
            elif inner.name.endswith("ListFilter"):
                if depth < 2:
                    words = self.r.sample(["some", "none"], self.r.randint(0, 2))
                    where = get_named_type(inner.fields["some"].type)
                    self.used.update(f"{inner.name}.{word}" for word in words)
                    out[name] = {word: self._where(where, SOURCES[where.name.removesuffix("Where")][0], depth + 1) for word in words}
            else:
                operators = list(get_named_type(field.type).fields.items())
                chosen = self.r.sample(operators, self.r.randint(0, min(2, len(operators))))
                chosen += [o for o in operators if o not in chosen and f"{inner.name}.{o[0]}" in self.seldom]
                self.used.update(f"{inner.name}.{operator}" for operator, _ in chosen)
                out[name] = {o: self._operand(f.type, o, table, snake(name)) for o, f in chosen}
        self.used.update(f"{type_.name}.{name}" for name in out)
        return out

    def _operand(self, type_: Any, operator: str, table: str, column: str) -> Any:
        if self.r.random() < 0.05:
            return None
        if is_list_type(get_nullable_type(type_)):
            inner = get_nullable_type(type_).of_type
            return lambda: [self._sample(inner, table, column, False) for _ in range(self.r.randint(0, 3))]
        return lambda: self._sample(type_, table, column, operator in ("startsWith", "contains"))

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
        text = str(
            found if found is not None else {"Date": "2024-01-01", "DateTime": "2024-01-01T00:00:00Z", "Decimal": "1"}.get(named.name, "%")
        )
        return text[: self.r.randint(0, len(text))] if part else text

    # Arguments -------------------------------------------------------------------------------------------------------
    def _arguments(self, parent: Any, name: str, field: Any, key: str) -> str:
        known = field.args
        if "first" in known and "last" in known:
            out = self._page(known, self._table(field), 20 if parent is self.schema.query_type else 3, key)
            out += ["within: " + self._value(known["within"].type, self._days)] if "within" in known else []
        elif "id" in known:
            out = ["id: " + self._value(known["id"].type, lambda: self.r.choice(self.ids))]
        elif "ids" in known:
            out = ["ids: " + self._value(known["ids"].type, lambda: [self.r.choice(self.ids) for _ in range(self.r.randint(0, 5))])]
        elif "groupBy" in known:
            keys = list(get_named_type(known["groupBy"].type).values)
            groups = [Raw(k) for k in self.r.sample(keys, self.r.randint(1, 3))]
            out = ["groupBy: " + self._value(known["groupBy"].type, groups)]
            out += ["where: " + self._value(known["where"].type, self._where(get_named_type(known["where"].type), "archive_records"))]
        elif "by" in known:
            out = ["by: " + self._value(known["by"].type, self._by(name))]
        else:
            out = self._of_office(name, known)
        self.used.update(f"{parent.name}.{name}({text.partition(':')[0]})" for text in out)
        return f"({', '.join(out)})" if out else ""

    def _of_office(self, name: str, known: Any) -> list[str]:
        """Of registers and reports: a vault or a unit, a period, a day, a code."""
        leaves: dict[str, Callable[[], Any]] = {
            "vaultId": lambda: self._place("storage_locations", "location"),
            "orgUnitId": lambda: self._place("org_units", "org"),
            "orgUnit": lambda: self._place("org_units", "org"),
            "first": lambda: self.r.choice([1, 2, 5, 500]),
            "after": lambda: self._line(name),
            "day": lambda: self._day("overrides", "overridden_at"),
            "at": lambda: self._some("policy_parameters", "effective_from")(),
            "code": self._code,
        }
        out = []
        for argument, given in known.items():
            if not is_non_null_type(given.type) and self.r.random() < 0.4:
                continue
            tree = leaves.get(argument, {"firstDay": self._first_day, "lastDay": self._last_day})
            out.append(f"{argument}: " + self._value(given.type, tree))
        return out

    def _line(self, name: str) -> str:
        row = self.r.choice(self.rows[BEHIND[name]])
        return str(row["seal_no"]) if name == "sealRegister" else f"entry_{row['id']}"

    def _days(self) -> int:
        return self.r.choice([0, 1, 10, 30, 90, 400, 3650])

    def _place(self, table: str, prefix: str) -> str:
        some = [row for row in self.rows[table] if row.get("kind", "VAULT") == "VAULT"]
        return f"{prefix}_{self.r.choice(some)['id']}" if self.r.random() < 0.9 else str(self.r.choice(self.ids))

    def _first_day(self) -> str:
        return str(self.r.choice(self.rows["tickets"])["issued_at"].date() - dt.timedelta(days=self.r.choice([0, 0, 3, 700])))

    def _last_day(self) -> str:
        newest = max(row["issued_at"] for row in self.rows["tickets"])
        return str(newest.date() + dt.timedelta(days=self.r.choice([0, 1, 90])))

    def _day(self, table: str, column: str) -> str:
        return str((self.r.choice(self.rows[table])[column] + dt.timedelta(hours=8)).date())

    def _code(self) -> str:
        if self.r.random() < 0.25:
            return self._printed()
        table = self.r.choice(list(CODES))
        text = str(self.r.choice(self.rows[table])[self.r.choice(CODES[table])] or "nothing")
        return text.lower() if self.r.random() < 0.2 else text

    def _printed(self) -> str:
        """A number of the bank's own lists."""
        units = {u["id"]: u["code"] for u in self.rows["org_units"]}
        table = self.r.choice(["handovers", "tickets", "intake_receipts"])
        row = self.r.choice(self.rows[table])
        printed = {"handovers": "H{tail}", "tickets": "{ticket_no:06}", "intake_receipts": "R{receipt_no:08}"}[table]
        return f"{units[row['org_id']]}-{printed.format(tail=str(row['id'])[-12:].upper(), **row)}"

    def _page(self, known: Any, table: str, most: int, key: str) -> list[str]:
        out = []
        if "where" in known and self.r.random() < (0.9 if self._wanted(known["where"].type) else 0.6):
            out.append("where: " + self._value(known["where"].type, self._where(get_named_type(known["where"].type), table)))
        if "sort" in known and self.r.random() < 0.5:
            members = list(get_named_type(get_named_type(known["sort"].type).fields["field"].type).values)
            ways = [{}, {"direction": Raw("ASC")}, {"direction": Raw("DESC")}]
            wanted = [k for k in members if f"{get_named_type(known['sort'].type).name}.{k}" in self.seldom]
            chosen = wanted[:2] or self.r.sample(members, self.r.randint(1, min(2, len(members))))
            sort = [{"field": Raw(k), **self.r.choice(ways)} for k in chosen]
            self.used.update(f"{get_named_type(known['sort'].type).name}.{one['field']}" for one in sort)
            out.append("sort: " + self._value(known["sort"].type, sort))
        if "updatedSince" in known and self.r.random() < (0.5 if self.seldom else 0.2):
            out.append("updatedSince: " + self._value(known["updatedSince"].type, self._some(table, "updated_at")))
        size = literal(self.r.randint(1, most))
        if self.r.random() < 0.5:
            size = self._variable(Given("Int!", lambda: self.r.randint(1, most), None, True))
        out.append(f"{self.r.choice(['first', 'last'])}: {size}")
        often = 0.5 if self.seldom else 0.2
        out += [
            f"{name}: {self._variable(Given('String', None, None, False, key))}" for name in ("after", "before") if self.r.random() < often
        ]
        self.r.shuffle(out)
        return out

    def _some(self, table: str, column: str) -> Callable[[], Any]:
        return lambda: self.r.choice(self.rows[table])[column].astimezone(dt.UTC).isoformat() if self.rows[table] else None

    def _by(self, name: str) -> dict[str, Callable[[], str]]:
        if self.r.random() < 0.3:
            return {"id": lambda: self.r.choice(self.ids)}
        if name == "archiveRecord":
            key = self.r.choice(["barcode", "archiveNo"])
            return {key: lambda: str(self.r.choice(self.rows["archive_records"])[snake(key)])}
        table, column = NAMED[name]
        return {column: lambda: str(self.r.choice(self.rows[table])[column])}

    def _table(self, field: Any) -> str:
        name = get_named_type(field.type).name.removesuffix("Connection")
        return SOURCES[name][0] if name in SOURCES else ""

    # Selections ------------------------------------------------------------------------------------------------------
    def _selection(self, type_: Any, depth: int) -> str:
        known = [name for name, (on, _) in self.fragments.items() if on == type_.name]
        if known and self.r.random() < SELDOM:  # one fragment in several places
            return f"{{ __typename ...{self.r.choice(known)}{self._directive()} }}"
        out = self._fields(type_, depth)
        if self.r.random() < 0.3:
            out.append("__typename")
        wider = [type_] if is_abstract_type(type_) else []
        if depth > 0 and self.r.random() < SELDOM:
            wider += getattr(type_, "interfaces", ())
        for each in wider:
            possible = sorted(self.schema.get_possible_types(each), key=lambda t: t.name)
            for one in self.r.sample(possible, min(3, len(possible))) if each is type_ else [each]:
                if self.r.random() < 0.7:
                    out.append(f"... on {one.name}{self._directive()} {self._selection(one, depth - 1)}")
        out = out or ["__typename"]
        self.r.shuffle(out)
        if self.r.random() > 0.1:
            return "{ " + " ".join(out) + " }"
        name = f"F{len(self.fragments)}"
        self.fragments[name] = type_.name, f"fragment {name} on {type_.name} {{ {' '.join(out)} }}"
        return f"{{ ...{name}{self._directive()} __typename }}"

    def _fields(self, type_: Any, depth: int) -> list[str]:
        out, page = [], type_.name.endswith(("Connection", "Edge")) or type_.name == "PageInfo"
        for name, field in getattr(type_, "fields", {}).items():  # a union has none
            named = get_named_type(field.type)
            if name in UNASKED or (type_ is self.schema.query_type and (name in ORDINARY) != self.ordinary):
                continue
            if is_leaf_type(named):
                if self.r.random() < (0.9 if name == "cursor" else 0.45):
                    out.append(self._field(type_, name, field, None, depth))
            elif depth > 0 and self.count < FIELDS and self.r.random() < self._chance(type_, name, field, page):
                out.append(self._field(type_, name, field, named, depth - (not page)))
        return out

    def _chance(self, type_: Any, name: str, field: Any, page: bool) -> float:
        if page:
            return 0.95 if self.seldom else 0.85
        return 0.7 if self._leads(type_, name, field, 3) else 0.15 if self.seldom else 0.3

    def _leads(self, type_: Any, name: str, field: Any, depth: int) -> bool:
        """Whether a field is used seldom, or leads in a few steps to what is."""
        if f"{type_.name}.{name}" in self.seldom or any(f"{type_.name}.{name}({a})" in self.seldom for a in getattr(field, "args", {})):
            return True
        return any(self._wanted(x.type, depth) for x in [field, *getattr(field, "args", {}).values()])

    def _wanted(self, type_: Any, depth: int = 2) -> bool:
        """Whether something within a type is."""
        named = get_named_type(type_)
        if not self.seldom or depth == 0 or is_leaf_type(named):
            return False
        if named.name.endswith("Sort"):
            return any(name.startswith(f"{named.name}.") for name in self.seldom)
        return any(
            self._leads(named, n, f, depth - 1)
            for n, f in getattr(named, "fields", {}).items()
            if n not in ("and", "or", "not") or (f"{named.name}.{n}" in self.seldom)
        )

    def _field(self, type_: Any, name: str, field: Any, inner: Any, depth: int) -> str:
        self.count += 1
        self.used[f"{type_.name}.{name}"] += 1
        key = f"{name}_{self.count}{'x' * 64 if self.r.random() < 0.02 else ''}"
        if name in UNALIASED and self.r.random() < 0.5:
            key = name
        head = f"{'' if key == name else key + ': '}{name}{self._arguments(type_, name, field, key)}"
        times = 2 if inner is not None and self.r.random() < SELDOM / 2 else 1  # the same field twice: the two selections are merged
        return " ".join(f"{head}{self._directive()}{' ' + self._selection(inner, depth) if inner else ''}" for _ in range(times))

    def _coin(self) -> bool:
        return self.r.random() < 0.5

    def _directive(self) -> str:
        if self.r.random() > SELDOM:
            return ""
        value, form = self._coin(), self.r.randint(0, 2)
        told = literal(value) if form == 0 else self._variable(Given("Boolean!", self._coin, None if form == 1 else value, form == 1))
        return f" @{self.r.choice(['include', 'skip'])}(if: {told})"


def usable(schema: GraphQLSchema) -> set[str]:
    """Every field, argument, member of a filter and key of a sort that a query of the generator may use."""
    out, todo, seen = set[str](), [schema.query_type], set[str]()
    while todo:
        type_ = todo.pop()
        if type_.name in seen or is_leaf_type(type_):
            continue
        seen.add(type_.name)
        todo += schema.get_possible_types(type_) if is_abstract_type(type_) else []
        if is_input_object_type(type_) and not type_.name.endswith(("Where", "Filter", "Sort")):
            continue  # one-of: its members are tried one by one
        for name, field in getattr(type_, "fields", {}).items():
            if name in UNASKED:
                continue
            if type_.name.endswith("Sort"):
                out |= {f"{type_.name}.{member}" for member in getattr(get_named_type(field.type), "values", ()) if name == "field"}
                continue
            out.add(f"{type_.name}.{name}")
            todo.append(get_named_type(field.type))
            for argument, given in getattr(field, "args", {}).items():
                out.add(f"{type_.name}.{name}({argument})")
                todo.append(get_named_type(given.type))
    return out


def literal(value: Any) -> str:
    """As it stands in a document."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    return value if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)


def filled(tree: Any) -> Any:
    """The tree with its leaves made."""
    if isinstance(tree, dict):
        return {k: filled(v) for k, v in tree.items()}
    return [filled(v) for v in tree] if isinstance(tree, list) else tree() if callable(tree) else tree


def cursors_of(data: Any, key: str) -> list[str]:
    """The cursors of every page that stands under a response key."""
    if isinstance(data, list):
        return [c for one in data for c in cursors_of(one, key)]
    if not isinstance(data, dict):
        return []
    pages = [data[key]] if isinstance(data.get(key), dict) else []
    edges = [e for page in pages for k, v in page.items() if k.startswith("edges") and isinstance(v, list) for e in v]
    here = [v for edge in edges for k, v in edge.items() if k.startswith("cursor")]
    return here + [c for v in data.values() for c in cursors_of(v, key)]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else str(value) if isinstance(value, Raw) else value
