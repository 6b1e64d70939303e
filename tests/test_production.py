"""Production refuses to start on what is not fit for it, with one clear line each."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from storage import migration
from storage.embedded import Embedded
from tests.harness import servers
from tests.harness.stores import OpenSeaweed, own_store
from tests.harness.web import ANSWER_SECONDS_MAX, START_SECONDS_MAX, free_port, outer_environment, site
from tests.test_settings import PRODUCTION


def start(told: dict[str, Any], role: str, database: str, home: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    given = {
        "LOANFILE_HOME": str(home), "LOANFILE_PORT": str(free_port()), "LOANFILE_DATABASE_URL": servers.url(told, role, database),
        "LOANFILE_S3_ENDPOINT": told["s3_endpoint"],
        "LOANFILE_S3_ACCESS_KEY": told["secrets"]["app_key"], "LOANFILE_S3_SECRET_KEY": told["secrets"]["app_secret"],
    }  # fmt: skip
    environment = outer_environment() | given | PRODUCTION | settings
    return subprocess.run(
        [sys.executable, "-m", "server.cli", "serve"], env=environment, capture_output=True, text=True, timeout=START_SECONDS_MAX
    )


@pytest.mark.parametrize(
    ("role", "settings", "line"),
    [
        ("super", {}, "the role is a superuser"),
        ("owner", {}, "the role owns tables"),
        ("app", {}, "fsync is off"),  # the test servers trade safety for speed
    ],
)
def test_a_weak_connection_or_bucket_stops_the_start(
    told: dict[str, Any], database_name: str, tmp_path: Path, role: str, settings: dict[str, str], line: str
) -> None:
    made = start(told, role, database_name, tmp_path, **settings)
    assert made.returncode != 0 and "Traceback" not in made.stderr, made.stderr[-1500:]
    assert made.stderr.startswith("loanfile: ") and line in made.stderr and made.stderr.count("\n") == 1, made.stderr[-1500:]


@pytest.fixture(scope="module")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Servers as a bank runs them: nothing is traded for speed."""
    embedded = Embedded(tmp_path_factory.mktemp("durable"), durable=True)
    with embedded as parts:
        migration.upgrade(parts.owner_url)
        yield {
            "secrets": parts.secrets,
            "s3_endpoint": parts.store.endpoint,
            "sockets": str(embedded.sockets),
            "database": embedded.database,
        }


SERVICE = """with head as (insert into org_units (code, name, level) values ('HO', '总行', 'HEAD_OFFICE') on conflict do nothing returning id),
  core as (insert into staff (staff_no, username, name, org_id, kind) select 'core', 'core', '核心', id, 'SERVICE' from head returning id)
  insert into staff_roles (staff_id, role) select id, 'SYSTEM' from core"""
ALARMS = "select told from alarms where kind = 'STORE_NOT_LOCKED' and cleared_at is null"


def as_super(durable: dict[str, Any], statement: str) -> list[Any]:
    async def ask() -> list[Any]:
        conn = await asyncpg.connect(servers.url(durable, "super", durable["database"]))
        try:
            return list(await conn.fetch(statement))
        finally:
            await conn.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("bucket", ["loanfile-staging", "nothing-there"])
def test_a_bucket_whose_lock_is_not_proven_stops_the_start(durable: dict[str, Any], tmp_path: Path, bucket: str) -> None:
    as_super(durable, SERVICE)
    made = start(durable, "app", durable["database"], tmp_path, LOANFILE_S3_LOCKED_BUCKET=bucket)
    assert made.returncode != 0 and "the lock of the bucket is not proven" in made.stderr and made.stderr.count("\n") == 1, made.stderr[
        -1500:
    ]
    (alarm,) = as_super(durable, ALARMS)  # a row as well, for who did not see it start; the second time the same
    assert "the lock of the bucket is not proven" in alarm["told"]


def test_an_object_store_that_can_be_emptied_past_its_lock_stops_the_start(durable: dict[str, Any], tmp_path: Path) -> None:
    with own_store(tmp_path / "open", OpenSeaweed) as store:
        given = {f"LOANFILE_{name.upper()}": str(value) for name, value in store.settings.items()}
        made = start(durable, "app", durable["database"], store.seaweed.home, **given)
    assert made.returncode != 0 and made.stderr.count("\n") == 1, made.stderr[-1500:]
    assert made.stderr.startswith("loanfile: whoever reaches the object store can destroy what is locked, by "), made.stderr
    assert "master GET /col/delete" in made.stderr and "filer gRPC" in made.stderr


def test_what_is_fit_for_production_starts_and_shows_neither_page_nor_issuer(durable: dict[str, Any], tmp_path: Path) -> None:
    given = {name.removeprefix("LOANFILE_").lower(): value for name, value in PRODUCTION.items()}
    with site(durable, durable["database"], tmp_path, **given) as made:
        browser = {"Accept": "text/html"}
        assert httpx.get(f"{made.address}/readyz", trust_env=False, timeout=ANSWER_SECONDS_MAX).json()["ready"] is True
        assert httpx.get(f"{made.address}/graphql", headers=browser, trust_env=False, timeout=ANSWER_SECONDS_MAX).status_code == 401
        assert httpx.get(f"{made.address}/dev/people", trust_env=False, timeout=ANSWER_SECONDS_MAX).status_code == 404
        assert (
            httpx.post(f"{made.address}/dev/token", json={"as": "compliance"}, trust_env=False, timeout=ANSWER_SECONDS_MAX).status_code
            == 404
        )


async def test_every_table_of_a_branch_forces_row_level_security(root: Any) -> None:
    rows = await root.fetch(
        "select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname in ('org_id', 'visible_to')"
    )
    bank_wide = {"staff", "storage_locations", "delegations", "policy_parameters", "ticket_counters", "read_grants"}
    assert {r["relname"] for r in rows if not r["forced"]} == bank_wide
    views = await root.fetch(
        "select relname, pg_get_userbyid(relowner) as owner, reloptions from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace"
        " and relname not like 'pg_stat_statements%'"
    )
    assert {r["relname"] for r in views} == {"certificate_versions", "collateral_plates"}
    assert all(r["owner"] == "loanfile_judge" and "security_barrier=true" in r["reloptions"] for r in views), "they filter by themselves"
