"""Reads: the three questions put to four servers in turn, after all have been seen to answer the same."""

import asyncio
import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import data, peers
from bench.load import Load
from bench.questions import Question, leaves, orm_cursor, our_cursor, peer_cursor, plain, questions
from schema.reading.compiler import Values
from schema.root import build_schema
from server.auth import Authenticator
from server.oidc import FixedKeys
from server.settings import Settings
from storage.database import Database, Principal

ROUNDS, SECONDS, CLIENTS, CHECKED = 9, 2.0, 8, 12
BUDGETS = {  # at least: of the limit, times PostGraphile
    "page": (0.80, 2.0),
    "file": (0.80, 2.0),
    "deep": (0.75, 1.3),
}


@dataclass
class Measured:
    """One server and one question, a figure a round."""

    per_second: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)


def median(values: list[float]) -> float:
    return statistics.median(values)


def ratios(ours: Measured, other: Measured) -> list[float]:
    """Round by round: what disturbed the machine disturbed both."""
    return [a / b for a, b in zip(ours.per_second, other.per_second, strict=True)]


def spread(values: list[float]) -> str:
    """Between the quarters."""
    low, _, high = statistics.quantiles(values, n=4)
    return f"{low:.2f}–{high:.2f}"


async def principal_of(bank: data.Bank, account: str) -> Principal:
    """As the server would read it."""
    database = Database(bank.parts.app_url, bank.parts.reader_url)
    await database.open()
    try:
        return (await Authenticator(Settings(), database, FixedKeys({})).person(account))[0]
    finally:
        await database.close()


async def digest_of(document: str, principal: Principal, secret: bytes) -> bytes:
    """What the cursors of a question are signed over, beside the keys: the one parameter that is a SHA-256."""
    found = build_schema().documents.get(document, None)
    variables = found.variables({"after": None})
    plan = await found.plan(variables, principal, lambda p: p.query())
    bound = plan.bound(Values(variables, principal, secret))
    return next(value for value in bound if isinstance(value, bytes) and len(value) == 32)


def variables_of(question: Question, servers: dict[str, peers.Server], digest: bytes, secret: bytes) -> dict[str, list[dict[str, Any]]]:
    """The same loans, as each server spells them."""
    if question.variable == "number":
        told = [{"number": data.loan_number(n)} for n in question.loans]
        return dict.fromkeys(servers, told)
    sample = servers["postgraphile"].ask(question.peer_document, {"after": None})["allLoans"]["pageInfo"]["endCursor"]
    spelt: dict[str, Callable[[int], str]] = {
        "ours": lambda n: our_cursor(n, secret, digest),
        "limit": lambda n: our_cursor(n, secret, digest),
        "orm": orm_cursor,
        "postgraphile": lambda n: peer_cursor(sample, n),
    }
    return {name: [{"after": spelt[name](n)} for n in question.loans] for name in servers}


def agree(question: Question, servers: dict[str, peers.Server], variables: dict[str, list[dict[str, Any]]]) -> tuple[int, int]:
    """Raises when two servers differ, or when a loan shows that the officer must not see; the leaves and bytes of an answer."""
    sizes = []
    for at in range(CHECKED):
        found = {}
        for name, server in servers.items():
            answer = server.ask(question.peer_document if name == "postgraphile" else question.document, variables[name][at])
            found[name] = plain(question.of_peer(answer) if name == "postgraphile" else answer)
            if name == "ours":
                sizes.append(leaves(answer))
        for name, answer in found.items():
            if answer != found["ours"]:
                raise RuntimeError(f"{question.name}: {name} differs from ours at {_difference(answer, found['ours'])}")
        _expected(question, question.loans[at], found["ours"])
    return min(sizes), max(sizes)


def _expected(question: Question, n: int, answer: Any) -> None:
    """Not only do all agree: these are the loans that were put there."""
    if question.variable == "number":
        assert answer["loan"]["number"] == data.loan_number(n)
        assert len(answer["loan"]["archiveRecords"]["edges"]) == 3
        return
    wanted = [m for m in range(n + 1, n + 200) if data.visible(m)][:50]
    assert [edge["node"]["number"] for edge in answer["loans"]["edges"]] == [data.loan_number(m) for m in wanted], question.name


def _difference(one: Any, other: Any, where: str = "") -> str:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return next((told for k in one if (told := _difference(one[k], other[k], f"{where}.{k}"))), "")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return next((told for i, (a, b) in enumerate(zip(one, other, strict=True)) if (told := _difference(a, b, f"{where}[{i}]"))), "")
    return "" if one == other else f"{where}: {str(one)[:200]} is not {str(other)[:200]}"


def _slice(load: Load, bank: data.Bank, server: peers.Server, name: str, seed: int, into: Measured | None) -> None:
    """One server and one question for two seconds; the first time only to warm up."""
    backends = peers.children(bank.postmaster)
    before, before_database = peers.cpu_seconds(server.pid), peers.cpu_of(backends)
    found = load.run(f"{server.name} {name}", seconds=SECONDS, clients=CLIENTS, seed=seed)
    if into is None:
        return
    into.per_second.append(found["per_second"])
    into.p50_ms.append(found["p50_ms"])
    into.p99_ms.append(found["p99_ms"])
    into.cpu_ms.append((peers.cpu_seconds(server.pid) - before) / found["asked"] * 1000)
    after = peers.cpu_of(backends)
    into.database_ms.append(sum(after[pid] - before_database[pid] for pid in after) / found["asked"] * 1000)


def measure(bank: data.Bank, servers: dict[str, peers.Server], load: Load, console: Console) -> dict[str, dict[str, Measured]]:
    """By question, then by server."""
    secret = bytes.fromhex(bank.parts.secrets["cursor_secret"])
    principal = asyncio.run(principal_of(bank, "officer"))
    asked = questions()
    for question in asked:
        digest = b"" if question.variable == "number" else asyncio.run(digest_of(question.document, principal, secret))
        variables = variables_of(question, servers, digest, secret)
        least, most = agree(question, servers, variables)
        console.print(f"{question.name}: the four servers agree on {CHECKED} answers of {least} to {most} leaves", highlight=False)
        for name, server in servers.items():
            document = question.peer_document if name == "postgraphile" else question.document
            bodies = [(server.path, server.headers, _body(document, one)) for one in variables[name]]
            load.keep(f"{name} {question.name}", server.port, bodies)
    made = {question.name: {name: Measured() for name in servers} for question in asked}
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("reads", total=(ROUNDS + 1) * len(asked) * len(servers))
        for turn in range(ROUNDS + 1):
            for question in asked:
                names = list(servers)
                for name in names[turn % 4 :] + names[: turn % 4]:  # nobody is always the first
                    _slice(load, bank, servers[name], question.name, turn, made[question.name][name] if turn else None)
                    bar.advance(task)
    return made


def _body(document: str, variables: dict[str, Any]) -> str:
    return json.dumps({"query": document, "variables": variables})


def table(made: dict[str, dict[str, Measured]], servers: dict[str, peers.Server]) -> Table:
    """What is printed."""
    told = Table(
        "question", "server", "req/s", "p50 ms", "p99 ms", "server CPU ms", "database CPU ms", "ours is", "spread of that",
        title=f"Reads: medians of {ROUNDS} interleaved rounds of {SECONDS:.0f} s, {CLIENTS} clients, {data.LOANS:,} loans",
    )  # fmt: skip
    for question, by_server in made.items():
        for name, m in by_server.items():
            of = ratios(by_server["ours"], m)
            cells = [f"{median(v):.{d}f}" for v, d in ((m.per_second, 0), (m.p50_ms, 1), (m.p99_ms, 1), (m.cpu_ms, 2), (m.database_ms, 2))]
            told.add_row(question, servers[name].label, *cells, *(("", "") if name == "ours" else (f"{median(of):.2f}×", spread(of))))
    return told


def results(made: dict[str, dict[str, Measured]]) -> dict[str, dict[str, Any]]:
    """What `results.json` holds of them."""
    told: dict[str, dict[str, Any]] = {}
    for question, by_server in made.items():
        ours = by_server["ours"]
        told[question] = {"p99_ms": round(median(ours.p99_ms), 2), "per_second": round(median(ours.per_second), 1)}
        for name in ("limit", "postgraphile", "orm"):
            told[question][f"vs_{name}"] = round(median(ratios(ours, by_server[name])), 3)
            told[question][f"vs_{name}_spread"] = spread(ratios(ours, by_server[name]))
    return told


def over_budget(told: dict[str, dict[str, Any]]) -> list[str]:
    """Lines about what is below its budget."""
    lines = []
    for question, (limit, peer) in BUDGETS.items():
        for name, least in (("vs_limit", limit), ("vs_postgraphile", peer)):
            if told[question][name] < least:
                lines.append(f"{question}: {name} is {told[question][name]:.2f}, budget {least:.2f}")
    return lines
