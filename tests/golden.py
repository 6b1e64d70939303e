"""The golden files: `make golden` writes them, the suite compares. A change of behaviour is a diff in review."""

import ast
from collections.abc import Callable
from pathlib import Path

from schema.root import build_schema
from server import settings
from server.custody.printing import matrix_text, rules_markdown
from server.custody.rules import RULES

FOLDER = Path(__file__).parent / "golden"
README = Path(__file__).parents[1] / "README.md"


def tests_by_code() -> dict[str, list[str]]:
    """Tests whose text names a code of the rules table."""
    found: dict[str, list[str]] = {}
    codes = {rule.code for rule in RULES}
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                texts = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
                for code in codes & texts:
                    found.setdefault(code, []).append(node.name)
    return found


def schema_text() -> str:
    return build_schema().as_str() + "\n"


def matrix() -> str:
    from tests.custody.examples import examples

    return matrix_text(examples())


GOLDEN: dict[str, Callable[[], str]] = {
    "rules.md": lambda: rules_markdown(tests_by_code()),
    "custody_matrix.txt": matrix,
    "schema.graphql": schema_text,
    "settings.md": lambda: settings.table() + "\n",
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, make in GOLDEN.items():
        (FOLDER / name).write_text(make(), "utf-8")


if __name__ == "__main__":
    main()
