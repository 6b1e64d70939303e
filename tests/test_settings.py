"""Settings come from the environment; a wrong one stops the start with one clear line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.web import START_SECONDS_MAX, outer_environment

NAMES = ("DATA_KEY", "BLIND_INDEX_KEY", "CURSOR_SECRET", "LEDGER_KEY", "RECEIPT_KEY")
KEYS = {f"LOANFILE_{name}": char * 64 for name, char in zip(NAMES, "abcde", strict=True)}
STORE = {"LOANFILE_S3_ENDPOINT": "http://127.0.0.1:1", "LOANFILE_S3_ACCESS_KEY": "x", "LOANFILE_S3_SECRET_KEY": "x"}
PRODUCTION = {
    "LOANFILE_ENV": "production", "LOANFILE_OIDC_ISSUER": "https://issuer.example",
    "LOANFILE_LEDGER_DATABASE_URL": "postgresql://loanfile_ledger@127.0.0.1:9/loanfile", **KEYS,
}  # fmt: skip


def told(command: str, home: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = outer_environment() | {"LOANFILE_HOME": str(home)} | settings
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *command.split()], env=environment, capture_output=True, text=True, timeout=START_SECONDS_MAX
    )


@pytest.mark.parametrize(
    ("command", "settings", "named"),
    [
        ("run", {"LOANFILE_PORT": "none"}, "LOANFILE_PORT"),
        ("run", {"LOANFILE_PORT": "70000"}, "LOANFILE_PORT"),
        ("run", {"LOANFILE_ENV": "staging"}, "LOANFILE_ENV"),
        ("run", {"LOANFILE_LOG_LEVEL": "loud"}, "LOANFILE_LOG_LEVEL"),
        ("run", {"LOANFILE_DATA_KEY": "short"}, "LOANFILE_DATA_KEY"),
        ("run", {"LOANFILE_DEMO_LOANS": "5"}, "LOANFILE_DEMO_LOANS"),
        ("run", {"LOANFILE_S3_ENDPOINT": "http://127.0.0.1:1"}, "LOANFILE_S3_ACCESS_KEY"),
        ("run", {"LOANFILE_S3_ENCRYPTION": "rot13"}, "LOANFILE_S3_ENCRYPTION"),
        ("run", {"LOANFILE_S3_SECOND_ENDPOINT": "http://127.0.0.1:1"}, "LOANFILE_S3_SECOND_ACCESS_KEY"),
        (
            "run",
            {**STORE, **{f"LOANFILE_S3_SECOND_{name.partition('S3_')[2]}": value for name, value in STORE.items()}},
            "LOANFILE_S3_SECOND_LOCKED_BUCKET",
        ),
        ("run", {"LOANFILE_ENV": "production"}, "LOANFILE_DATA_KEY"),
        ("run", PRODUCTION, "LOANFILE_DATABASE_URL"),
        ("run", {**PRODUCTION, "LOANFILE_OIDC_ISSUER": ""}, "LOANFILE_OIDC_ISSUER"),
        ("run", {**PRODUCTION, "LOANFILE_OIDC_ISSUER": "http://issuer.example"}, "LOANFILE_OIDC_ISSUER"),
        ("run", {**PRODUCTION, "LOANFILE_GRAPHIQL": "true"}, "LOANFILE_GRAPHIQL"),
        ("token --as loan-officer", PRODUCTION, "LOANFILE_OIDC_ISSUER"),
        ("run", {"LOANFILE_LEDGER_KEY": "/nowhere"}, "LOANFILE_LEDGER_KEY"),
        ("run", {"LOANFILE_LEDGER_ORIGIN": "a b"}, "LOANFILE_LEDGER_ORIGIN"),
        ("run", {"LOANFILE_ANCHORING": "hope"}, "LOANFILE_ANCHORING"),
        ("run", {**PRODUCTION, "LOANFILE_LEDGER_KEY": "0" * 64}, "LOANFILE_LEDGER_KEY"),
        ("run", {**PRODUCTION, "LOANFILE_RECEIPT_KEY": "0" * 64}, "LOANFILE_RECEIPT_KEY"),
        ("run", {name: value for name, value in PRODUCTION.items() if "LEDGER_DATABASE" not in name}, "LOANFILE_LEDGER_DATABASE_URL"),
        ("run", {**PRODUCTION, "LOANFILE_FAILPOINT": "after_commit"}, "LOANFILE_FAILPOINT"),
        ("serve", {}, "LOANFILE_DATABASE_URL"),
        ("worker", {"LOANFILE_DATABASE_URL": "postgresql://x"}, "LOANFILE_S3_ENDPOINT"),
        ("migrate", {}, "LOANFILE_MIGRATION_DATABASE_URL"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    tmp_path: Path, command: str, settings: dict[str, str], named: str
) -> None:
    made = told(command, tmp_path, **settings)
    assert made.returncode != 0 and made.stdout == ""
    assert made.stderr.startswith("loanfile: ") and made.stderr.count("\n") == 1 and named in made.stderr, made.stderr
    assert not (tmp_path / "pg").exists()
