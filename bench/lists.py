"""Every root list, in every order, and search: the p95 that eight clients see, for one who sees a branch and one who sees all."""

import json
import random
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLSchema, build_schema, get_named_type, is_leaf_type
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import data, peers
from bench.load import Load
from schema.root import build_schema as our_schema
from tests.harness.web import Site

CLIENTS, SECONDS, WARM_SECONDS, FIRST = 8, 1.0, 0.3, 50
BUDGET_MS = SEARCH_BUDGET_MS = 50.0
PEOPLE = ("officer", "newcomer", "compliance")  # nine tenths of all loans, a hundred of them, everything
SEARCHES = 200


@dataclass
class Found:
    """The slowest order of a list, or a kind of search."""

    name: str
    p50_ms: float
    p95_ms: float
    what: str
    cpu_ms: float = 0.0  # of server and database together: what is left of a figure when others work on the machine too


def _leaves(schema: GraphQLSchema, kind: Any) -> list[str]:
    """Fields that are values, that need no argument and no role."""
    guarded = {f.name.value for f in kind.ast_node.fields or () for d in f.directives or () if d.name.value == "requires"}
    return [name for name, f in kind.fields.items() if is_leaf_type(get_named_type(f.type)) and not f.args and name not in guarded]


def documents() -> dict[str, dict[str, str]]:
    """By list, then by order: found in the schema, so that a list that is added is measured."""
    schema = build_schema(our_schema().as_str())
    assert isinstance(schema.query_type, GraphQLObjectType)
    made: dict[str, dict[str, str]] = {}
    for name, field in schema.query_type.fields.items():
        kind: Any = get_named_type(field.type)
        if not kind.name.endswith("Connection") or "sort" not in field.args:
            continue
        node: Any = get_named_type(get_named_type(kind.fields["edges"].type).fields["node"].type)
        order: Any = get_named_type(field.args["sort"].type)
        fields: Any = get_named_type(order.fields["field"].type)
        assert isinstance(fields, GraphQLEnumType)
        body = f"edges {{ node {{ {' '.join(_leaves(schema, node))} }} }} pageInfo {{ hasNextPage endCursor }}"
        made[name] = {"": f"{{ {name}(first: {FIRST}) {{ {body} }} }}"}
        for value in fields.values:
            for direction in ("ASC", "DESC"):
                sort = f"[{{field: {value}, direction: {direction}}}]"
                made[name][f"{value} {direction}"] = f"{{ {name}(first: {FIRST}, sort: {sort}) {{ {body} }} }}"
    return made


def measure(site: Site, load: Load, console: Console) -> list[Found]:
    """One line a list: its slowest order."""
    port = int(site.address.rpartition(":")[2])
    asked, made = documents(), []
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("lists", total=sum(map(len, asked.values())) * len(PEOPLE))
        for name, orders in asked.items():
            worst = Found(name, 0, 0, "")
            for order, document in orders.items():
                for person in PEOPLE:
                    key, headers = f"{name} {order} {person}", {"authorization": f"Bearer {site.token(person)}"}
                    load.keep(key, port, [("/graphql", headers, json.dumps({"query": document}))])
                    load.run(key, seconds=WARM_SECONDS, clients=CLIENTS)
                    told = load.run(key, seconds=SECONDS, clients=CLIENTS)
                    if told["p95_ms"] > worst.p95_ms:
                        worst = Found(name, told["p50_ms"], told["p95_ms"], f"{order or 'as it stands'}, {person}")
                    bar.advance(task)
            made.append(worst)
    return made


def texts() -> dict[str, list[str]]:
    """What people type, by kind; names are those of the bank."""
    r = random.Random(4)

    def number() -> int:
        return r.randrange(1, data.FILES)  # of a loan that has a file

    names = [r.choice(data.SURNAMES) + r.choice(data.GIVEN) + r.choice(data.GIVEN) for _ in range(SEARCHES)]
    return {
        "a surname": [r.choice(data.SURNAMES) for _ in range(SEARCHES)],
        "two characters of a name": [name[at : at + 2] for name in names for at in (r.randrange(2),)],
        "a whole name": names,
        "the head of a loan's number": [data.loan_number(number())[:8] for _ in range(SEARCHES)],
        "the middle of a loan's number": [data.loan_number(number())[4:] for _ in range(SEARCHES)],
        "a certificate's number": [f"QZ{number() * 2:010}" for _ in range(SEARCHES)],
        "a part of a plate": [f"A{number():05x}".upper() for _ in range(SEARCHES)],
        "a part of a VIN": [f"{number():08}" for _ in range(SEARCHES)],
        "the name of a paper": [r.choice(("信贷档案", "机动车", "他项权证", "档案")) for _ in range(SEARCHES)],
        "nothing that is there": [f"{r.choice(data.SURNAMES)}{r.choice('龘靐齉爨')}" for _ in range(SEARCHES)],
    }


SEARCH = "query S($t: String!) { search(text: $t, first: 20) { kind place before matched after node { __typename ... on Node { id } } } }"


def measure_search(bank: data.Bank, site: Site, load: Load, console: Console) -> list[Found]:
    """One line a kind of text, and all of them mixed."""
    port, headers, made = int(site.address.rpartition(":")[2]), {"authorization": f"Bearer {site.token('officer')}"}, []
    kinds = texts()
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("search", total=len(kinds) + 1)
        for name, asked in [*kinds.items(), ("all of these", [t for some in kinds.values() for t in some])]:
            load.keep(name, port, [("/graphql", headers, json.dumps({"query": SEARCH, "variables": {"t": t}})) for t in asked])
            load.run(name, seconds=WARM_SECONDS, clients=CLIENTS)
            pids = [site.process.pid, *peers.children(bank.postmaster)]
            before = peers.cpu_of(pids)
            told = load.run(name, seconds=2 * SECONDS, clients=CLIENTS, seed=1)
            spent = sum(seconds - before[pid] for pid, seconds in peers.cpu_of(pids).items())
            made.append(Found(name, told["p50_ms"], told["p95_ms"], "", spent / told["asked"] * 1000))
            bar.advance(task)
    return made


def table(found: list[Found], title: str) -> Table:
    """What is printed."""
    told = Table(
        title.partition(":")[0].split()[0].lower(),
        "p50 ms",
        "p95 ms",
        "CPU ms" if any(f.cpu_ms for f in found) else "slowest in",
        title=f"{title}, {CLIENTS} clients, {data.LOANS:,} loans",
    )
    for f in found:
        told.add_row(f.name, f"{f.p50_ms:.1f}", f"{f.p95_ms:.1f}", f.what or f"{f.cpu_ms:.1f}")
    return told


def results(found: list[Found]) -> dict[str, Any]:
    """What `results.json` holds of them."""
    return {"p95_ms": round(max(f.p95_ms for f in found), 1), **{f.name: round(f.p95_ms, 1) for f in found}}
