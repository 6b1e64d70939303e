"""`loanfile import loans` and `loanfile import positions`."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import asyncpg
import typer
from rich.console import Console

from server.errors import LoanfileError
from server.importing import mapping as mappings
from server.importing.loans import import_loans
from server.importing.positions import import_positions
from server.importing.report import Bar, ImportFailed, Lines, Meter, Summary
from server.importing.staging import OnChange, Options
from server.personal import Keys
from server.service import service_of
from server.settings import Settings, SettingsError
from server.settings import load as load_settings
from storage import migration
from storage.database import Database, Principal

app = typer.Typer(name="import", help="Read loans or positions from a CSV file.", no_args_is_help=True)
STATEMENT_SECONDS_MAX = 3600.0
SOME_REJECTED, FAILED = 1, 2
Work = Callable[[Database, Principal, Keys, Meter], Coroutine[Any, Any, Summary]]

File = Annotated[Path, typer.Argument(help="The CSV file.", metavar="FILE.csv")]
Mapping = Annotated[Path, typer.Option("--mapping", help="What its columns mean.", metavar="MAPPING.yaml")]
Change = Annotated[OnChange, typer.Option("--on-change", help="What to do with a row that differs from what is stored.")]
Whole = Annotated[bool, typer.Option("--all-or-nothing", help="One bad row, and nothing lands.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]
Rejects = Annotated[Path | None, typer.Option("--rejected", help="Where bad rows are told; FILE.csv.rejected.csv if not given.")]


@app.command()
def loans(
    file: File,
    mapping: Mapping,
    on_change: Change = OnChange.UPDATE,
    all_or_nothing: Whole = False,
    dry_run: Dry = False,
    rejected: Rejects = None,
) -> None:
    """Read loans: one event each; a second time the same rows change nothing."""
    options = Options(on_change, all_or_nothing, dry_run, rejected)

    def work(said: mappings.LoanMapping, database: Database, by: Principal, keys: Keys, meter: Meter) -> Coroutine[Any, Any, Summary]:
        return import_loans(database, by, keys, file, said, options, meter)

    _run(work, mapping, mappings.LoanMapping, file, options)


@app.command()
def positions(
    file: File,
    mapping: Mapping,
    on_change: Change = OnChange.UPDATE,
    all_or_nothing: Whole = False,
    dry_run: Dry = False,
    rejected: Rejects = None,
) -> None:
    """Read what core banking says is owed; a stored position is never changed, so `update` refuses a different one."""
    options = Options(on_change, all_or_nothing, dry_run, rejected)

    def work(said: mappings.PositionMapping, database: Database, by: Principal, _: Keys, meter: Meter) -> Coroutine[Any, Any, Summary]:
        return import_positions(database, by, file, said, options, meter)

    _run(work, mapping, mappings.PositionMapping, file, options)


def _run(
    work: Callable[..., Coroutine[Any, Any, Summary]], mapping: Path, kind: type[mappings.Mapping], file: Path, options: Options
) -> None:
    try:
        ready = partial(work, mappings.load(mapping, kind))
        settings = load_settings()
        console = Console(stderr=True)
        if console.is_terminal:
            with Bar(console) as bar:
                summary = asyncio.run(connected(settings, ready, bar))
        else:
            summary = asyncio.run(connected(settings, ready, Lines()))
    except (LoanfileError, SettingsError) as error:
        _stop(error)
    except asyncpg.PostgresError as error:
        _stop(ImportFailed("DATABASE", f"{str(error).splitlines()[0]} ({error.sqlstate})"))
    except (OSError, asyncpg.InterfaceError) as error:
        _stop(ImportFailed("NO_DATABASE", str(error)))
    except KeyboardInterrupt:
        _stop(ImportFailed("INTERRUPTED", "nothing was changed"), 130)
    typer.echo(summary.line())
    if summary.rejected:
        typer.echo(f"the rejected rows are in {options.rejected or file.with_name(file.name + '.rejected.csv')}", err=True)
    if not summary.landed:
        typer.echo("dry run: nothing was changed" if options.dry_run else "nothing was changed: --all-or-nothing", err=True)
    if summary.rejected:
        raise typer.Exit(SOME_REJECTED)


def _stop(error: Exception, status: int = FAILED) -> NoReturn:
    typer.echo(f"loanfile import: {' '.join(str(error).split())}", err=True)
    raise typer.Exit(status)


async def connected(settings: Settings, work: Work, meter: Meter) -> Summary:
    """Runs the work against the database of the settings, or the embedded one that `make run` has started."""
    database = Database(address(settings), writers_max=1, readers_max=1, statement_seconds_max=STATEMENT_SECONDS_MAX)
    try:
        await database.open()
    except (OSError, asyncpg.PostgresError) as error:
        raise ImportFailed("NO_DATABASE", f"{type(error).__name__}: {error}; is `make run` running?") from None
    try:
        return await work(database, await service(database), Keys.of(settings), meter)
    finally:
        await database.close()


def address(settings: Settings) -> str:
    """Where PostgreSQL is; ImportFailed when nothing runs."""
    if settings.database_url:
        return settings.database_url
    try:
        return str(json.loads((settings.home / "running.json").read_text("utf-8"))["app_url"])
    except (OSError, ValueError, KeyError):
        raise ImportFailed(
            "NO_DATABASE", f"nothing runs in {settings.home}; start it with `make run`, or set LOANFILE_DATABASE_URL"
        ) from None


async def service(database: Database) -> Principal:
    """The service that imports; ImportFailed on a database of another version, and while the bank has none."""
    async with database.transaction(None) as conn:
        if await migration.current(conn.raw) != migration.head():
            raise ImportFailed("NOT_MIGRATED", "the database is not at this version's migration; start the server first")
    found = await service_of(database)
    if found is None:
        raise ImportFailed("NO_SERVICE", "no active member of staff has the role SYSTEM; is the first start still filling the demo bank?")
    return found
