"""The house: the import arrow, our own packages, no addresses of registries."""

import re
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import schema
import server
import storage

ROOT = Path(__file__).parents[1]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_our_packages_are_the_ones_that_are_imported() -> None:
    for package in (schema, server, storage):
        assert Path(str(package.__file__)).parent.parent == ROOT


def test_no_statement_is_written_outside_the_read_compiler_in_the_schema() -> None:
    allowed = {"schema/paging.py", "schema/scalars.py", "schema/visibility.py", "schema/custody_mutations.py"}
    for path in (ROOT / "schema").rglob("*.py"):
        name = str(path.relative_to(ROOT))
        if "reading/" not in name and name not in allowed:
            assert "session" not in path.read_text("utf-8")


def test_strawberry_stays_in_the_schema() -> None:
    for folder in ("server", "storage"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not re.search(r"^(from|import) strawberry", path.read_text("utf-8"), re.M), path


def test_no_tracked_file_names_a_registry() -> None:
    hosts = re.compile(r"https?://[^ \"']*(/-/[^ \"']+\.tgz|\.whl)|index-url\s*=|registry\.npmjs|pypi\.org")
    for path in tracked():
        if path.suffix in {".py", ".txt", ".lock", ".toml", ".json", ".md", ".yaml", ".cfg"} and path != Path(__file__):
            assert not hosts.search(path.read_text("utf-8", errors="ignore")), path


def test_no_test_names_a_day_that_is_yet_to_come() -> None:
    """It would pass, and the test that was right with it be wrong."""
    now = datetime.now(UTC).date()
    named = re.compile(r"""\b(?:"|'|date\(|datetime\()(20\d\d)(?:-|, *)(\d\d?)(?:-|, *)(\d\d?)""")
    for path in (ROOT / "tests").rglob("*.py"):
        days = [date(*map(int, found)) for found in named.findall(path.read_text("utf-8")) if found[1:] != ("02", "30")]
        assert not [day for day in days if now <= day < now + timedelta(days=365 * 20)], path
