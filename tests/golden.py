"""The golden files: `make golden` writes them, the suite compares. A change of behaviour is a diff in review."""

import ast
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam
from sqlalchemy.dialects import postgresql

from schema.access import table
from schema.reading.compiler import Me
from schema.root import build_schema
from schema.viewer import TaskKind, _tasks
from server import settings
from server.compliance import tree
from server.compliance.events import canonical
from server.compliance.notes import Checkpoint, Key
from server.compliance.tags import Tag
from server.custody.drawing import diagram
from server.custody.printing import matrix_text, rules_markdown, rules_short
from server.custody.rules import Rule
from server.errors import RETRIES, ApiError
from storage.terms import Role, Tier
from tests.catalog import of_the_migrations

FOLDER = Path(__file__).parent / "golden"
ROOT = Path(__file__).parents[1]


def tests_of(rule: Rule) -> list[str]:
    """What breaks the row: alone, at its twin, and in the stories that name its code."""
    from tests.custody.broken import BREAKS
    from tests.custody.twins import ATTACKS

    alone = sum(b.sentence == rule.sentence for b in BREAKS)
    attacked = sum(twin in ATTACKS for twin in rule.twins)
    told = [f"test_one_change_breaks_one_row ({alone})"] if alone else []
    told += [f"test_the_twin_refuses_what_the_rule_forbids ({attacked})"] if attacked else []
    return told + [name for name, texts in _stories().items() if {rule.number, rule.code} <= texts]


@cache
def _stories() -> dict[str, set[str]]:
    """The texts in each test function."""
    found: dict[str, set[str]] = {}
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found[node.name] = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


def schema_text() -> str:
    return build_schema().as_str() + "\n"


def matrix() -> str:
    from tests.custody.examples import examples

    return matrix_text(examples())


def kinds_of(role: Role) -> list[str]:
    """Kinds of task that a role may be asked to do: those that stand in its statement."""
    me = Me(frozenset({role}), True, False, *(bindparam(name, type_=type_) for name, type_ in ME.items()))
    text = str(_tasks(me).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": False}).params)  # type: ignore[no-untyped-call]  # sqlalchemy's
    return [kind.name for kind in TaskKind if f"'{kind.name}'" in text]


ME: dict[str, Any] = {"branches": ARRAY(Uuid), "staff": Uuid, "language": Text}


def task_kinds() -> str:
    return "".join(f"{role}: {' '.join(kinds_of(role))}\n" for role in Role)


def ledger_bytes() -> str:
    """One event, its leaf and a checkpoint over it, byte by byte: docs/ledger-format.md."""
    at = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)
    micros = 1_000_000 * int(at.timestamp()) + at.microsecond
    id_ = UUID(int=micros // 1000 << 80 | 0x7 << 76 | (micros % 1000 * 4096 // 1000) << 64 | 0b10 << 62 | 5)
    ids = {name: UUID(int=number) for number, name in enumerate(("chain", "subject", "by"), 1)}
    detail = {"from": "IN_VAULT", "to": "RESERVED", "tier": "FIRST", "lapses": at, "pages": 3, "名": 'a "b"\n\x01'}
    text = canonical({"id": id_, "chain": ids["chain"], "seq": 1, "at": at, "tag": Tag.RECORD_RESERVED, "subject": ["record", ids["subject"]],
                      "by": ids["by"], "record": ids["subject"], "detail": detail})  # fmt: skip
    hashed = sha256(text).digest()
    entry = tree.event_entry(id_, hashed)
    root = tree.root_of([tree.leaf_hash(entry)])
    key = Key("bank.example/loanfile", bytes(range(32)))
    told = {"canonical": text.hex(), "hash": hashed.hex(), "entry": entry.hex(), "leaf": tree.leaf_hash(entry).hex(), "root": root.hex()}
    lines = [f"{name} {value}" for name, value in told.items()] + [text.decode().replace("\0", "\\0"), f"key {key.verifier}"]
    return "\n".join(lines) + "\n" + key.signed(Checkpoint(key.name, 1, 1, root, at).text())


GOLDEN: dict[str, Callable[[], str]] = {
    "ledger.txt": ledger_bytes,
    "task_kinds.txt": task_kinds,
    "rules.md": lambda: rules_markdown(tests_of),
    "custody_matrix.txt": matrix,
    "schema.graphql": schema_text,
    "field_access.txt": lambda: table(build_schema()._schema),
    "database.sql": of_the_migrations,
}


def errors() -> str:
    """Codes of top-level errors."""
    rows = ["| Code | HTTP | Worth another try | Meaning |", "|---|---|---|---|"]
    for kind in sorted(ApiError.__subclasses__(), key=lambda k: k.status):
        when = f"yes, after {kind.retry_after_seconds} s" if kind.retry_after_seconds else "yes, after `retryAfterSeconds`"
        rows.append(f"| `{kind.code}` | {kind.status} | {when if kind.retryable else 'no'} | {(kind.__doc__ or '').strip()} |")
    return "\n".join(rows)


def problems() -> str:
    """Codes of what a mutation answers in place of its payload."""
    from schema.results import PROBLEMS, ProblemCode  # whose import must not come before the schema's

    rows = ["| Code | Type | Worth another try |", "|---|---|---|"]
    for kind in PROBLEMS:
        code = re.sub("(?<=[a-z])(?=[A-Z])", "_", kind.__name__).upper()
        rows.append(f"| `{ProblemCode[code].name}` | `{kind.__name__}` | {RETRIES[code]} |")
    return "\n".join(rows)


SECTIONS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"rules": rules_short, "settings": settings.table},
    "docs/states.md": {"first tier": lambda: diagram(Tier.FIRST), "second tier": lambda: diagram(Tier.SECOND)},
    "docs/api/errors.md": {"errors": errors, "problems": problems},
}


def page(path: str) -> str:
    """A page with its generated tables as they should be."""
    text = (ROOT / path).read_text("utf-8")
    for name, make in SECTIONS[path].items():
        head, tail = f"<!-- {name}: written by make golden -->\n", "<!-- end -->"
        before, _, rest = text.partition(head)
        text = before + head + make() + "\n" + tail + rest.partition(tail)[2]
    return text


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, make in GOLDEN.items():
        (FOLDER / name).write_text(make(), "utf-8")
    for path in SECTIONS:
        (ROOT / path).write_text(page(path), "utf-8")


if __name__ == "__main__":
    main()
