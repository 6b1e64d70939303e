"""Memory of one server process: steady with a million loans behind it, flat over requests of many different documents."""

import json
import random
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress

from bench import data, peers
from bench.load import Load
from tests.harness.web import Site

DOCUMENTS, REQUESTS, PARTS, CLIENTS = 10_000, 100_000, 10, 8
BUDGET_MB = 150.0
GROWTH_MB_MAX = 10.0
FIELDS = (
    "id",
    "number",
    "status",
    "classification",
    "termMonths",
    "annualRate",
    "startsOn",
    "maturesOn",
    "updatedAt",
    "isOverdue",
    "version",
)
NESTED = (
    "customer { name }",
    "product { code }",
    "orgUnit { name }",
    "principal { amount }",
    "contracts(first: 2) { edges { node { number } } }",
)


@dataclass
class Memory:
    """Resident megabytes."""

    steady_mb: float
    points: list[float]

    @property
    def growth_mb(self) -> float:
        """From when the caches were full for the first time."""
        return self.points[-1] - self.points[1]


def documents(count: int) -> list[str]:
    """All different: other fields, other names, other sizes."""
    r = random.Random(7)
    made = []
    for n in range(count):
        fields = " ".join(r.sample(FIELDS, r.randint(2, 6)) + r.sample(NESTED, r.randint(0, 2)))
        made.append(f"query Q{n}($number: String!) {{ a{n}: loan(by: {{number: $number}}) {{ {fields} }} }}")
    return made


def measure(site: Site, load: Load, console: Console) -> Memory:
    """After a start of its own: what it needs for the first questions, then for ten thousand different ones, each ten times."""
    pid, port = site.process.pid, int(site.address.rpartition(":")[2])
    headers, r = {"authorization": f"Bearer {site.token('officer')}"}, random.Random(8)
    asked = documents(DOCUMENTS)

    def bodies(texts: list[str]) -> list[tuple[str, dict[str, str], str]]:
        some = ({"number": data.loan_number(r.randrange(1, data.FILES))} for _ in texts)
        return [("/graphql", headers, json.dumps({"query": t, "variables": v})) for t, v in zip(texts, some, strict=True)]

    load.keep("steady", port, bodies(asked[:50]))
    load.run("steady", seconds=5, clients=CLIENTS)
    made = Memory(peers.resident_mb(pid), [])
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("memory", total=REQUESTS)
        for part in range(PARTS):
            some = asked[part * DOCUMENTS // PARTS : (part + 1) * DOCUMENTS // PARTS]
            load.keep("different", port, bodies([one for one in some for _ in range(REQUESTS // DOCUMENTS)]))
            load.run("different", seconds=None, clients=CLIENTS)
            made.points.append(peers.resident_mb(pid))
            bar.advance(task, REQUESTS // PARTS)
    return made
