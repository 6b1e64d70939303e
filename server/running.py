"""One process from start to stop: the embedded servers where none are named, migrations, the demo bank, the web server."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import asyncpg
import uvicorn
from rich.console import Console
from rich.progress import Progress
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from server.app import create_app, store_of
from server.settings import Settings, SettingsError, load
from storage import migration
from storage.database import Database
from storage.embedded import Embedded

DEMO_PEOPLE = (
    "  branch       loan-officer  credit-dept-head  risk-head  vice-president",
    "               branch-head  ops-head  collections  legal  inspector",
    "  vault        vault-keeper-key  vault-keeper-code  register-clerk  archivist",
    "  head office  president  president-office  compliance  auditor  admin",
    "  The people of branch 2 end in -b2, the few of branch 3 in -b3.",
)
POLL_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 75  # clients and balancers let go first (5 to 60 s): who closes while the other sends loses a request
GRACE_SECONDS = 5


def _stop(signum: int, _: FrameType | None) -> NoReturn:
    """SIGTERM like Ctrl-C: what was started is stopped on the way out."""
    raise SystemExit(128 + signum)


@contextmanager
def parts_of(settings: Settings) -> Iterator[tuple[Settings, Embedded | None]]:
    """The settings with every address filled in; starts the embedded servers that are needed."""
    if settings.database_url and settings.s3_endpoint:
        yield settings, None
        return
    if settings.production:
        raise SettingsError("LOANFILE_DATABASE_URL and LOANFILE_S3_ENDPOINT must be set in production")
    embedded = Embedded(settings.home)
    with embedded as parts:
        found = {
            "database_url": parts.app_url,
            "reader_database_url": parts.reader_url,
            "migration_database_url": parts.owner_url,
            "s3_endpoint": parts.store.endpoint,
            "s3_access_key": parts.store.access_key,
            "s3_secret_key": parts.store.secret_key,
            "s3_locked_bucket": parts.store.locked_bucket,
            "s3_staging_bucket": parts.store.staging_bucket,
            "ledger_database_url": parts.ledger_url,
            "s3_checkpoint_access_key": parts.secrets["ledger_access_key"],
            "s3_checkpoint_secret_key": parts.secrets["ledger_access_secret"],
        }
        named = {name for name in found if getattr(settings, name) is not None and name in settings.model_fields_set}
        made = ("data_key", "blind_index_key", "cursor_secret", "ledger_key", "receipt_key")
        keys = {name: parts.secrets[name] for name in made if name not in settings.model_fields_set}
        yield load(**{n: v for n, v in found.items() if n not in named}, **keys), embedded


def migrate(settings: Settings) -> None:
    """To head, as the owner."""
    if settings.migration_database_url:
        migration.upgrade(settings.migration_database_url)


async def _seed(settings: Settings, console: Console) -> None:
    from server.demo.seed import is_seeded, seed

    database = Database(settings.database_url or "")
    await database.open()
    objects = store_of(settings)
    try:
        if not await is_seeded(settings):
            with Progress(console=console, transient=True) as progress:
                await seed(settings, database, objects, progress)
    finally:
        objects.close()
        await database.close()


def greet(settings: Settings, console: Console) -> None:
    """The address, the demo people, and how to get a token."""
    lines = [f"[bold]Loanfile[/bold] serves on [bold]http://{settings.host}:{settings.port}/graphql[/bold]", "Ctrl-C stops everything.", ""]
    if not settings.production:
        lines += [
            "Sign in there as one of the demo people, or take a token:",
            "  .venv/bin/loanfile token --as loan-officer",
            "",
            *DEMO_PEOPLE,
            "",
        ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def run(settings: Settings) -> int:
    """Serves until it is told to stop; the exit status."""
    console = Console()
    signal.signal(signal.SIGTERM, _stop)
    started, listening = time.monotonic(), listen(settings)
    with listening, parts_of(settings) as (whole, embedded):
        migrate(whole)
        if whole.demo_loans and not whole.production and embedded is not None:
            asyncio.run(_seed(whole, console))
        return serve(whole, embedded, console, listening, started)


def listen(settings: Settings) -> socket.socket:
    """The socket to serve on, taken before anything is started; SettingsError when somebody else has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY only where the protocol is named
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((settings.host, settings.port))
    except OSError as error:
        made.close()
        raise SettingsError(f"LOANFILE_HOST, LOANFILE_PORT: {settings.host}:{settings.port} cannot be taken: {error.strerror}") from None
    return made


def work_alone(settings: Settings) -> int:
    """The background jobs without a web server, until it is told to stop; the exit status."""
    from server import logs
    from server.custody.desk import Desk
    from server.jobs.worker import EVERY, work
    from server.ledger import jobs_of, sealer_of

    logs.configure(settings.log_level)
    database = Database(settings.database_url or "", settings.reader_database_url, writers_max=2, readers_max=1)
    objects = store_of(settings)

    async def serve_jobs() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # raised, it would hit whichever job runs just then
        try:
            await database.open()
            async with database.transaction(None) as conn:
                found = await migration.current(conn.raw)
        except (OSError, asyncpg.PostgresError) as error:
            raise SettingsError(f"LOANFILE_DATABASE_URL: {type(error).__name__}: {error}") from None
        if told := migration.behind(found):
            raise SettingsError(told)
        logs.log.info("the worker runs; Ctrl-C ends it", jobs=sorted(EVERY))
        sealer = sealer_of(settings)
        try:
            url, desk = settings.database_url or "", Desk(database)
            jobs = work(url, desk, objects, **jobs_of(settings))
            await asyncio.gather(jobs, *([sealer.run()] if sealer else []))
        finally:
            objects.close()
            await database.close()

    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(serve_jobs())
    return 0


class OneWrite:
    """A transport that sends at once what is written in one turn of the loop: head and body of an answer are one system call."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._loop, self._waiting = transport, asyncio.get_running_loop(), list[bytes]()

    def write(self, data: bytes) -> None:
        """Waits for what else is written before the loop turns."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)

    def _flush(self) -> None:
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()

    def close(self) -> None:
        """What was written is sent first."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(AutoHTTPProtocol):  # type: ignore[valid-type,misc]  # uvicorn chooses it by what is installed
    """Uvicorn's, with answers in one write."""

    def connection_made(self, transport: Any) -> None:
        """Once a connection."""
        super().connection_made(OneWrite(transport))


def serve(settings: Settings, embedded: Embedded | None, console: Console, listening: socket.socket, started: float | None = None) -> int:
    """The web server in this process, watched together with its embedded parts."""
    app = create_app(settings)
    gc.collect()
    gc.freeze()  # what was made to stay is not looked through again, nor waited for: rubbish would grow to a quarter of it
    config = uvicorn.Config(
        app,
        http=Protocol,
        log_config=None,  # its own would undo ours
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=settings.json_bytes_max,
        ws_per_message_deflate=False,  # a few hundred bytes a message: not worth its memory
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server, ended = uvicorn.Server(config), threading.Event()

    def watch() -> None:
        greeted = False
        while not ended.wait(0.05 if not greeted else POLL_SECONDS):
            if server.started and not greeted:
                greet(settings, console)
                if started is not None:
                    console.print(f"ready after {time.monotonic() - started:.1f} s", highlight=False)
                greeted = True
            if embedded is not None and (told := embedded.dead()):
                print(f"loanfile: {told}", file=sys.stderr)
                server.should_exit = True
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        with contextlib.suppress(KeyboardInterrupt, SystemExit):  # told to stop, and has stopped
            server.run(sockets=[listening])
    finally:
        ended.set()
    if failed := app.state.parts.failed:
        raise SettingsError(" ".join(failed.split()))
    return 0 if server.started else 1
