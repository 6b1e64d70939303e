"""The command itself, in a process of its own: what it prints and how it ends."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import servers
from tests.importing.conftest import Importer, loan_rows, write

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from server.importing.commands import app; app()")


@pytest.fixture
def address(told: dict[str, Any], database_name: str) -> str:
    return servers.url(told, "app", database_name)


async def command(folder: Path, address: str | None, *arguments: str) -> tuple[int, str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOANFILE_")}
    env = kept | {"LOANFILE_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)} | ({"LOANFILE_DATABASE_URL": address} if address else {})
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdout=pipe, stderr=pipe, env=env, cwd=ROOT)
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_imports_and_says_what_came_of_the_rows(imports: Importer, address: str) -> None:
    write(imports.file, [*loan_rows(40), loan_rows(1)[0]])
    status, out, err = await command(imports.folder, address, "loans", str(imports.file), "--mapping", str(imports.says(imports.loans)))
    assert (status, out.split(";")[0]) == (
        1,
        "read 41, new 40, changed 0, kept 0, unchanged 0, rejected 1, branches made 4, products made 1",
    )
    assert "input.csv.rejected.csv" in err
    assert await imports.stored() == (40, 40)
    status, out, _ = await command(
        imports.folder, address, "positions", str(imports.file), "--mapping", str(imports.says(imports.positions)), "--dry-run"
    )
    assert (status, "new 40" in out) == (1, True)
    assert await imports.stored() == (40, 40)


async def test_an_error_is_one_line_and_status_2(imports: Importer, address: str) -> None:
    write(imports.file, loan_rows(1))
    mapping = imports.says(imports.loans)
    for where, file, code in (
        (address, imports.folder / "none.csv", "NO_FILE"),
        (address, mapping, "MISSING_COLUMN"),
        (None, imports.file, "NO_DATABASE"),
        ("postgresql://nobody@127.0.0.1:1/none", imports.file, "NO_DATABASE"),
    ):
        status, out, err = await command(imports.folder, where, "loans", str(file), "--mapping", str(mapping))
        last = err.strip().splitlines()[-1]
        assert (status, out, last.startswith(f"loanfile import: {code}: ")) == (2, "", True), err
        assert "Traceback" not in err
