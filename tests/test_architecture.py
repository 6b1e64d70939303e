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


def test_the_schema_writes_nothing_itself() -> None:
    """What a mutation changes is a use case of the server's, under its rules."""
    writes = re.compile(r"\bconn(ection)?\.(insert|update|run)\(|^from sqlalchemy.* import .*\b(insert|update|delete)\b", re.M)
    for path in (ROOT / "schema").rglob("*.py"):
        assert not writes.search(path.read_text("utf-8")), path


def test_strawberry_stays_in_the_schema() -> None:
    for folder in ("server", "storage"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not re.search(r"^(from|import) strawberry", path.read_text("utf-8"), re.M), path


def test_no_tracked_file_names_a_registry() -> None:
    hosts = re.compile(r"https?://[^ \"']*(/-/[^ \"']+\.tgz|\.whl)|index-url\s*=|registry\.npmjs|pypi\.org")
    for path in tracked():
        if path.suffix in {".py", ".txt", ".lock", ".toml", ".json", ".md", ".yaml", ".cfg"} and path != Path(__file__):
            assert not hosts.search(path.read_text("utf-8", errors="ignore")), path


def test_a_decision_is_known_by_its_number() -> None:
    numbers = [path.name.partition("-")[0] for path in (ROOT / "docs" / "decisions").iterdir()]
    assert len(numbers) == len(set(numbers))
    for path in (ROOT / "docs" / "decisions").iterdir():
        assert path.read_text("utf-8").startswith(f"# {int(path.name.partition('-')[0])}. "), path


def test_every_link_of_a_page_leads_somewhere_and_every_page_is_linked() -> None:
    linked, pages = set(), {path for path in tracked() if path.suffix == ".md"}
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page}: {link}"
            linked.add((page.parent / link).resolve())
    assert {page for page in pages - linked if page.parent not in linked} <= {ROOT / "README.md", ROOT / "CHANGELOG.md"}


def test_no_test_names_a_day_that_is_yet_to_come() -> None:
    """It would pass, and the test that was right with it be wrong."""
    now = datetime.now(UTC).date()
    named = re.compile(r"""\b(?:"|'|date\(|datetime\()(20\d\d)(?:-|, *)(\d\d?)(?:-|, *)(\d\d?)""")
    for path in (ROOT / "tests").rglob("*.py"):
        days = [date(*map(int, found)) for found in named.findall(path.read_text("utf-8")) if found[1:] != ("02", "30")]
        assert not [day for day in days if now <= day < now + timedelta(days=365 * 20)], path
