"""An object store of a test's own: to be stopped, opened or damaged without harm to the others."""

import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from storage.embedded import SECRETS
from storage.embedded.children import Children
from storage.embedded.seaweed import Seaweed, unlink_sockets
from storage.objects import StoreAddress


@dataclass
class OwnStore:
    """SeaweedFS as the product starts it."""

    seaweed: Seaweed
    address: StoreAddress
    secrets: Mapping[str, str]

    @property
    def root(self) -> StoreAddress:
        """With the administrator's keys."""
        return StoreAddress(
            self.address.endpoint, self.secrets["root_key"], self.secrets["root_secret"],
            self.address.locked_bucket, self.address.staging_bucket,
        )  # fmt: skip

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The one process that it is."""
        return self.seaweed.children.running[0].process

    @property
    def settings(self) -> dict[str, Any]:
        """For a server that is to use it."""
        return {
            "s3_endpoint": self.address.endpoint,
            "s3_access_key": self.address.access_key,
            "s3_secret_key": self.address.secret_key,
        }

    @contextmanager
    def hung(self) -> Iterator[None]:
        """It takes connections and says nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            while not self._stands():  # a thread on another core may answer one more question
                time.sleep(0.001)
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def _stands(self) -> bool:
        try:
            return all(
                stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in Path(f"/proc/{self.process.pid}/task").glob("*/stat")
            )
        except OSError:  # a thread that has just ended
            return False

    def listens(self) -> None:
        """Until every part of it does: S3 answers before the last one is there."""
        for name, port in self.seaweed.ports.items():
            while name.endswith(".grpc"):
                assert self.process.poll() is None, "it has ended"
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)

    def damage(self, bodies: Mapping[bytes, bytes]) -> int:
        """Writes other bytes over these in the files of the volumes, as a failing disk would; answers how many places."""
        done = 0
        for volume in sorted((self.seaweed.home / "weed").glob("*.dat")):
            content = volume.read_bytes()
            with volume.open("r+b") as file:
                for was, now in bodies.items():
                    assert len(was) == len(now)
                    at = content.find(was)
                    while at >= 0:
                        file.seek(at)
                        file.write(now)
                        done += 1
                        at = content.find(was, at + 1)
        return done


class OpenSeaweed(Seaweed):
    """As its makers deliver it: whoever reaches a port may do anything."""

    def _configure(self, folder: Path) -> None:
        super()._configure(folder)
        (folder / "security.toml").write_text("")

    def _command(self, folder: Path) -> list[str]:
        return [word for word in super()._command(folder) if word != "-disableHttp"]


@contextmanager
def own_store(folder: Path, kind: type[Seaweed] = Seaweed) -> Iterator[OwnStore]:
    """Runs until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: secrets.token_hex(16) for name in SECRETS}
    sockets = Path(tempfile.mkdtemp(prefix="loanfile-test-", dir="/tmp"))  # a socket's path holds 107 bytes
    children = Children(folder)
    seaweed = kind(children, sockets, kept)
    try:
        seaweed.start()
        yield OwnStore(seaweed, seaweed.ready(), kept)
    finally:
        children.stop()
        unlink_sockets(folder)
        rmtree(sockets, ignore_errors=True)
