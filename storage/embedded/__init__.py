"""PostgreSQL and SeaweedFS as children of this process, for an installation that names no servers of its own."""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from storage.embedded.certificates import write_private
from storage.embedded.children import Children, EmbeddedError
from storage.embedded.postgres import LOGINS, Postgres
from storage.embedded.seaweed import Seaweed, unlink_sockets
from storage.objects import StoreAddress

__all__ = ["Embedded", "EmbeddedError", "Parts"]

NOBODY = 65534
SOCKET_FOLDER_BYTES_MAX = 60
SECRETS = (
    "super", "migrate", "app", "reader", "ledger", "root_key", "root_secret", "app_key", "app_secret", "jwt_volume", "jwt_volume_read", "jwt_filer",
    "jwt_filer_read", "cursor_secret", "data_key", "blind_index_key", "ledger_access_key", "ledger_access_secret", "ledger_key", "receipt_key",
)  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """Where the running servers are."""

    owner_url: str  # as the role that owns the schema: migrations
    app_url: str  # the role that owns nothing: the server
    reader_url: str  # the role that only looks: compiled reads
    ledger_url: str  # the role that seals the history
    store: StoreAddress
    secrets: dict[str, str]


class Embedded:
    """The two servers of one home, as a context manager; EmbeddedError says in one line what is wrong."""

    def __init__(self, home: Path, *, durable: bool = True, database: str = "loanfile") -> None:
        self.home, self.durable, self.database = home.resolve(), durable, database
        base = Path(tempfile.gettempdir())
        if len(os.fsencode(base)) > SOCKET_FOLDER_BYTES_MAX:  # a socket's path holds 107 bytes
            base = Path("/tmp")  # noqa: S108  # the folder below is ours alone, and its owner is checked
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:10]
        self.sockets = base / f"loanfile-{os.geteuid()}-{digest}"
        self.uid = NOBODY if os.geteuid() == 0 else 0
        self.children = Children(self.home)
        self._lock: IO[str] | None = None
        self.postgres: Postgres | None = None

    def __enter__(self) -> Parts:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = self._locked()
        try:
            self.children.reap()
            kept = self._secrets()
            self._socket_folder()
            weed = Seaweed(self.children, self.sockets, kept)
            weed.start()  # while initdb works
            self.postgres = Postgres(self.children, self.sockets, kept, uid=self.uid, durable=self.durable)
            self.postgres.start(self.database)
            store = weed.ready()
            owner, app, reader, ledger = (self.postgres.url(role, self.database) for role in LOGINS)
            parts = Parts(owner, app, reader, ledger, store, kept)
            self._announce(parts)
            return parts
        except BaseException:
            self.stop()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends both servers and leaves nothing behind but the home."""
        self.children.stop()
        unlink_sockets(self.home)
        shutil.rmtree(self.sockets, ignore_errors=True)
        (self.home / "running.json").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def dead(self) -> str | None:
        """A line about a server that ended by itself; the supervisor polls this."""
        return self.children.dead()

    def _announce(self, parts: Parts) -> None:
        """Lets the other commands of the same home find the running servers."""
        told = {"owner_url": parts.owner_url, "app_url": parts.app_url, "reader_url": parts.reader_url, "s3_endpoint": parts.store.endpoint}
        write_private(self.home / "running.json", json.dumps(told))

    def _locked(self) -> IO[str]:
        lock = (self.home / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "?"
            lock.close()
            raise EmbeddedError(f"{self.home} is in use by process {holder}; stop it or set another LOANFILE_HOME") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def _socket_folder(self) -> None:
        with contextlib.suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), self.uid or os.geteuid()):
            raise EmbeddedError(f"{self.sockets} belongs to someone else; remove it")
        if self.uid:
            os.chown(self.sockets, self.uid, self.uid)

    def _secrets(self) -> dict[str, str]:
        path = self.home / "secrets.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = [name for name in SECRETS if name not in kept]
        if missing:
            kept |= {name: secrets.token_hex(32) for name in missing}
            part = path.with_suffix(".part")
            write_private(part, json.dumps(kept))
            part.replace(path)
        return kept
