"""SeaweedFS (`weed mini`) on 127.0.0.1: four JWT keys, gRPC under mutual TLS and -disableHttp, or locked objects are not safe."""

import json
import signal
import socket
import sys
import time
from pathlib import Path

from storage.embedded.certificates import grpc_section, write_private
from storage.embedded.children import Child, Children, EmbeddedError
from storage.objects import CheckpointBucket, ObjectStore, ObjectStoreDown, StoreAddress

PARTS = ("master", "volume", "filer", "s3", "admin")
START_SECONDS_MAX = 120.0
TRIES = 3
LOCKED_BUCKET, STAGING_BUCKET, CHECKPOINT_BUCKET = "loanfile", "loanfile-staging", "loanfile-checkpoints"
APP_ACTIONS = (
    "Read", "Write", "List", "Tagging", "ReadAcp", "WriteAcp", "GetObjectRetention", "PutObjectRetention", "GetObjectLegalHold",
    "PutObjectLegalHold", "GetBucketObjectLockConfiguration",
)  # fmt: skip


class Seaweed:
    """The object store of one home."""

    def __init__(self, children: Children, sockets: Path, secrets: dict[str, str]) -> None:
        self.children, self.sockets, self.secrets = children, sockets, secrets
        self.home = children.home
        self.ports: dict[str, int] = {}
        self._child: Child | None = None

    def start(self) -> None:
        """Starts it; `ready` waits for it, so that PostgreSQL can start meanwhile."""
        unlink_sockets(self.home)
        folder = self.home / "weed.conf"
        folder.mkdir(exist_ok=True, mode=0o700)
        (self.home / "weed").mkdir(exist_ok=True)
        self._configure(folder)
        names = [name for part in PARTS for name in (part, f"{part}.grpc")]
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        (self.home / "ports.json").write_text(json.dumps(self.ports))
        self._child = self.children.start("weed", self._command(folder), signal.SIGTERM, cwd=self.home / "weed")

    def ready(self) -> StoreAddress:
        """Waits until a write succeeds with our own key; tries other ports when somebody took one of ours."""
        for attempt in range(TRIES):
            try:
                return self._await()
            except EmbeddedError:
                if attempt == TRIES - 1 or self._child is None or self._child.process.poll() is None:
                    raise
                self.children.forget(self._child)
                self.start()
        raise AssertionError("the loop returns or raises")

    def _await(self) -> StoreAddress:
        endpoint, end = f"http://127.0.0.1:{self.ports['s3']}", time.monotonic() + START_SECONDS_MAX
        root = ObjectStore(StoreAddress(endpoint, self.secrets["root_key"], self.secrets["root_secret"], LOCKED_BUCKET, STAGING_BUCKET))
        while True:
            try:
                root.make_buckets()
                CheckpointBucket(root.client, CHECKPOINT_BUCKET).make()
                break
            except ObjectStoreDown as error:
                assert self._child is not None
                if self._child.process.poll() is not None or time.monotonic() > end:
                    raise EmbeddedError(f"SeaweedFS did not start, see {self.children.log('weed')} ({error})") from None
                time.sleep(0.05)
        root.close()
        return StoreAddress(endpoint, self.secrets["app_key"], self.secrets["app_secret"], LOCKED_BUCKET, STAGING_BUCKET)

    def _configure(self, folder: Path) -> None:
        keys = {
            "signing": "jwt_volume",
            "signing.read": "jwt_volume_read",
            "filer_signing": "jwt_filer",
            "filer_signing.read": "jwt_filer_read",
        }
        jwt = "".join(f'[jwt.{section}]\nkey = "{self.secrets[name]}"\n' for section, name in keys.items())
        rest = "[access]\nui = false\n[filer.expose_directory_metadata]\nenabled = false\n"
        write_private(folder / "security.toml", jwt + rest + grpc_section(folder))
        may = [f"{action}:{bucket}" for bucket in (LOCKED_BUCKET, STAGING_BUCKET) for action in APP_ACTIONS]
        seals = [f"{action}:{CHECKPOINT_BUCKET}" for action in APP_ACTIONS]
        people = [
            ("root", "root_key", "root_secret", ["Admin"]),
            ("app", "app_key", "app_secret", may),
            ("ledger", "ledger_access_key", "ledger_access_secret", seals),
        ]
        identities = [
            {"name": name, "credentials": [{"accessKey": self.secrets[k], "secretKey": self.secrets[s]}], "actions": actions}
            for name, k, s, actions in people
        ]
        write_private(folder / "s3.json", json.dumps({"identities": identities}))

    def _command(self, folder: Path) -> list[str]:
        ports = [
            f"-{name.removesuffix('.grpc')}.port{'.grpc' if name.endswith('.grpc') else ''}={port}" for name, port in self.ports.items()
        ]
        return [
            str(Path(sys.executable).parent / "weed"), f"-config_dir={folder}", "-logtostderr", "-v=-1", "mini",
            f"-dir={self.home / 'weed'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-disableHttp",
            "-filer.exposeDirectoryData=false", "-filer.disableDirListing", f"-filer.localSocket={self.sockets}/f.sock",
            f"-s3.config={folder / 's3.json'}", "-s3.iam=false", "-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.localSocket={self.sockets}/s.sock", "-webdav=false", "-admin.ui=false", *ports,
        ]  # fmt: skip


def unlink_sockets(home: Path) -> None:
    """Weed leaves these in /tmp, whatever TMPDIR says; a killed run's are known by the ports it wrote down."""
    notes = home / "ports.json"
    if notes.exists():
        for name, port in json.loads(notes.read_text()).items():
            part = name.removesuffix(".grpc")
            Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108  # weed chooses the place
        notes.unlink()


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that are free now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
