"""Production refuses to start on what is not fit for it, with one clear line each."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import servers
from tests.harness.web import free_port, outer_environment
from tests.test_settings import PRODUCTION


def start(told: dict[str, Any], role: str, database: str, home: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    given = {
        "LOANFILE_HOME": str(home), "LOANFILE_PORT": str(free_port()), "LOANFILE_DATABASE_URL": servers.url(told, role, database),
        "LOANFILE_MIGRATION_DATABASE_URL": servers.url(told, "owner", database), "LOANFILE_S3_ENDPOINT": told["s3_endpoint"],
        "LOANFILE_S3_ACCESS_KEY": told["secrets"]["app_key"], "LOANFILE_S3_SECRET_KEY": told["secrets"]["app_secret"],
    }  # fmt: skip
    environment = outer_environment() | given | PRODUCTION | settings
    return subprocess.run([sys.executable, "-m", "server.cli", "serve"], env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("role", "settings", "line"),
    [
        ("super", {}, "the role is a superuser"),
        ("owner", {}, "the role owns tables"),
        ("app", {}, "fsync is off"),  # the test servers trade safety for speed
        ("app", {"LOANFILE_S3_LOCKED_BUCKET": "nothing-there"}, "fit for production"),
    ],
)
def test_a_weak_connection_or_bucket_stops_the_start(
    told: dict[str, Any], database_name: str, tmp_path: Path, role: str, settings: dict[str, str], line: str
) -> None:
    made = start(told, role, database_name, tmp_path, **settings)
    assert made.returncode != 0 and "Traceback" not in made.stderr, made.stderr[-1500:]
    assert made.stderr.startswith("loanfile: ") and line in made.stderr and made.stderr.count("\n") == 1, made.stderr[-1500:]
