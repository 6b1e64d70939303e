"""The command `loanfile`."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from server.settings import Settings, SettingsError, load
from storage.embedded import EmbeddedError

SHOWN = 20  # accounts, where none is like the one that was asked for


def _with_servers() -> Settings:
    settings = load()
    if not (settings.database_url and settings.s3_endpoint):
        raise SettingsError("LOANFILE_DATABASE_URL and LOANFILE_S3_ENDPOINT must be set")
    return settings


app = typer.Typer(help="The loan-file archive of a bank.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run() -> None:
    """Start everything that is not named by settings, migrate, seed the demo bank once, and serve."""
    settings = load()  # before the rest of the program is read: a wrong one is told at once
    from server import running

    raise typer.Exit(running.run(settings))


@app.command()
def serve() -> None:
    """Serve on the database and object store that the settings name; migrations are run apart."""
    settings = load()
    if not (settings.database_url and settings.s3_endpoint):
        raise SettingsError("LOANFILE_DATABASE_URL and LOANFILE_S3_ENDPOINT must be set; loanfile run starts its own")
    from rich.console import Console

    from server import running

    with running.listen(settings) as listening:
        raise typer.Exit(running.serve(settings, None, Console(), listening))


@app.command()
def worker() -> None:
    """Run the background jobs alone, on the servers that the settings name; a server started with LOANFILE_WORKER=false runs none."""
    settings = _with_servers()
    from server import running

    raise typer.Exit(running.work_alone(settings))


@app.command()
def retention() -> None:
    """Look at the lock of every stored scan now, put right what is less than due, and name each that differs; status 1 when one does."""
    settings = _with_servers()
    from server import keeping

    raise typer.Exit(keeping.retention(settings))


@app.command()
def fixity(
    gibibytes: Annotated[float, typer.Option(help="How much to hash, the oldest-checked first.", min=0.001)] = 1.0,
    everything: Annotated[bool, typer.Option("--everything", help="Also what was hashed in the last 30 days.")] = False,
) -> None:
    """Hash stored scans again now, heal what is bad, and name it; status 1 when something is bad and was not healed."""
    settings = _with_servers()
    from server import keeping

    raise typer.Exit(keeping.fixity(settings, int(gibibytes * (1 << 30)), everything=everything))


@app.command()
def migrate() -> None:
    """Migrate the database of LOANFILE_MIGRATION_DATABASE_URL to the newest revision."""
    settings = load()
    if not settings.migration_database_url:
        raise SettingsError("LOANFILE_MIGRATION_DATABASE_URL must be set")
    from storage import migration

    migration.upgrade(settings.migration_database_url)


@app.command()
def token(name: Annotated[str, typer.Option("--as", help="Account, e.g. loan-officer.")]) -> None:
    """Print a token of the embedded issuer for an account that there is, and nothing else."""
    settings = load()
    if settings.production or settings.oidc_issuer:
        raise SettingsError("LOANFILE_OIDC_ISSUER signs the tokens here; the embedded issuer does not run")
    import asyncio

    from server.auth import Issuer, accounts

    known = asyncio.run(accounts(_with_embedded_keys(settings).database_url or ""))
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, known) or sorted(known)[:SHOWN]
        raise SettingsError(f"no active member of staff has the account {name}; there is {', '.join(near) or 'nobody'}")
    print(Issuer.of(settings.home).token(settings, name))


@app.command("rotate-keys")
def rotate_keys() -> None:
    """Make a new data key and close all personal data with it; run it again to finish one that was stopped."""
    settings = load()
    if not settings.migration_database_url:
        raise SettingsError("LOANFILE_MIGRATION_DATABASE_URL must be set")
    import asyncio

    from rich.progress import Progress

    from server.personal import Keys, WrongKey
    from server.rotation import rotate

    previous = settings.previous_data_key
    with Progress() as progress:
        task = progress.add_task("Personal data", total=None)
        work = rotate(
            settings.migration_database_url,
            Keys.of(settings),
            bytes.fromhex(previous.get_secret_value()) if previous else None,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
        try:
            done = asyncio.run(work)
        except WrongKey as error:
            raise SettingsError(str(error)) from None
    print(f"{done} customers closed under the new key")


@app.command("ledger-key")
def public_keys() -> None:
    """Print the public keys of the ledger: of checkpoints, and of receipts. Auditors keep them."""
    from server.compliance.receipts import key_of_receipts
    from server.ledger import ledger_key

    settings = _with_embedded_keys(load())
    print(ledger_key(settings).verifier)
    print(key_of_receipts(settings.ledger_origin, bytes.fromhex(settings.receipt_key.get_secret_value())).verifier)


@app.command("export-ledger")
def export_ledger(
    folder: Annotated[Path, typer.Argument(help="Folder to write; one that was begun is gone on with.")],
    name: Annotated[str, typer.Option("--as", help="Account of somebody of compliance or audit, e.g. compliance.")],
    start: Annotated[datetime | None, typer.Option("--from", help="Events from this day on, UTC; left out: everything.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Events before this day, UTC.")] = None,
) -> None:
    """Write the history as JSON lines, with everything that `loanfile verify` asks for."""
    import asyncio

    from rich.progress import Progress

    from server.compliance.exporting import ExportFailed
    from server.errors import ApiError
    from server.exporting import export

    with Progress() as progress:
        tasks = {what: progress.add_task(what, total=None) for what in ("leaves", "checkpoints")}
        try:
            leaves = asyncio.run(
                export(
                    _with_embedded_keys(load()), folder, name, _utc(start), _utc(end),
                    lambda what, done, total: progress.update(tasks[what], completed=done, total=total),
                )
            )  # fmt: skip
        except (ExportFailed, ApiError) as error:
            raise SettingsError(str(error)) from None
    print(f"{leaves} leaves in {folder}")


def _utc(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def verify(context: typer.Context) -> None:
    """Verify an export of the history or a pack, offline; 0: whole, 1: tampered with, 2: unreadable. The same as `python verifier.py`."""
    from server.compliance import verifier

    raise typer.Exit(verifier.main(context.args))


def _with_embedded_keys(settings: Settings) -> Settings:
    """Addresses and keys of the servers that `loanfile run` has started in this home, where none are named."""
    if settings.database_url or settings.production:
        return settings
    import json

    try:
        running = json.loads((settings.home / "running.json").read_text("utf-8"))
        kept = json.loads((settings.home / "secrets.json").read_text("utf-8"))
    except (OSError, ValueError):
        raise SettingsError(f"nothing runs in {settings.home}; start it with `make run`, or set LOANFILE_DATABASE_URL") from None
    found = {
        "database_url": running["app_url"], "s3_endpoint": running["s3_endpoint"], "s3_access_key": kept["app_key"],
        "s3_secret_key": kept["app_secret"], "s3_checkpoint_access_key": kept["ledger_access_key"],
        "s3_checkpoint_secret_key": kept["ledger_access_secret"], "ledger_key": kept["ledger_key"], "receipt_key": kept["receipt_key"],
    }  # fmt: skip
    return load(**{name: value for name, value in found.items() if name not in settings.model_fields_set})


@app.command("export-schema")
def export_schema(
    file: Annotated[Path | None, typer.Argument(help="Where to write the SDL; standard output when left out.")] = None,
) -> None:
    """Write the GraphQL schema."""
    from schema.root import build_schema

    text = build_schema().as_str() + "\n"
    if file is None:
        sys.stdout.write(text)
    else:
        file.write_text(text, "utf-8")


def main() -> None:
    """Runs a command; what is wrong with the settings or the servers is one line."""
    if sys.argv[1:2] in ([], ["import"], ["--help"]):  # the other commands start without reading it
        from server.importing.commands import app as importing

        app.add_typer(importing, name="import")
    try:
        app()
    except (SettingsError, EmbeddedError) as error:
        sys.exit(f"loanfile: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
