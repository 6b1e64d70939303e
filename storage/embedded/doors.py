"""The ways into the embedded store beside S3, tried at the start: any of them open, and locked objects are not safe.

Whoever reaches weed's filer, master, volumes or gRPC destroys what S3 keeps locked. Each way is asked for something harmless that a
closed one refuses: nothing is deleted, not even where the way is open.
"""

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

PARTS = ("master", "volume", "filer", "s3", "admin")
SECONDS = 10.0  # a door that answers late is open all the same; a closed one says so at once
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # with the empty SETTINGS that a client begins with
SETTINGS = 4
CLOSED = frozenset({401, 403, 404, 405})
NOBODYS = "loanfile-self-test-nobodys"
# Part, method and path, and what a closed door answers. The volume knows no such volume: 401 says that it asked for a key first.
ASKED: tuple[tuple[str, str, str, frozenset[int]], ...] = (
    ("filer", "GET", "/buckets/", CLOSED),
    ("filer", "POST", f"/{NOBODYS}", CLOSED),
    ("filer", "DELETE", f"/{NOBODYS}", CLOSED),
    ("master", "GET", "/dir/status", CLOSED),
    ("master", "GET", "/dir/assign", CLOSED),
    ("master", "GET", f"/col/delete?collection={NOBODYS}", CLOSED),
    ("volume", "GET", "/4294967295,01637037d6", frozenset({401})),
    ("volume", "POST", "/4294967295,01637037d6", frozenset({401})),
    ("volume", "DELETE", "/4294967295,01637037d6", frozenset({401})),
    ("s3", "GET", "/", CLOSED),
)


def open_doors(home: Path, endpoint: str) -> list[str]:
    """Which ways into the store of this home are open; none when the endpoint is not the home's own."""
    notes = home / "ports.json"
    if not notes.exists():
        return []
    ports: dict[str, int] = json.loads(notes.read_text())
    named = urlsplit(endpoint)
    if named.port != ports["s3"] or not _is_here(named.hostname or ""):
        return []
    return list(_open(ports))


def _is_here(name: str) -> bool:
    """Whether the name, as localhost, is of this machine's own loop."""
    with contextlib.suppress(OSError, UnicodeError):
        return any(ip_address(told[4][0]).is_loopback for told in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))
    return False


def _open(ports: dict[str, int]) -> Iterator[str]:
    for part, method, path, closed in ASKED:
        status = _status(ports[part], method, path)
        if status is not None and status not in closed:
            yield f"{part} {method} {path.partition('?')[0]}"
    for part in PARTS:
        port = ports[f"{part}.grpc"]
        if _speaks(port, tls=False) or _speaks(port, tls=True) or _speaks_by_file(part, port):
            yield f"{part} gRPC"


def _status(port: int, method: str, path: str) -> int | None:
    """What it answers to a caller without keys; None when it does not speak HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path, body=b"x" if method == "POST" else None)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _speaks(port: int, *, tls: bool) -> bool:
    """Whether it speaks HTTP/2 with a caller who has no certificate."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), SECONDS) as plain:
        if not tls:
            return _greets(plain)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # who it is does not matter: whether it lets us in
        context.set_alpn_protocols(["h2"])
        with context.wrap_socket(plain) as wrapped:
            return _greets(wrapped)
    return False


def _speaks_by_file(part: str, port: int) -> bool:
    path = f"/tmp/seaweedfs-{part}-grpc-{port}.sock"  # noqa: S108  # weed chooses the place
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as made:
        made.settimeout(SECONDS)
        made.connect(path)
        return _greets(made)
    return False


def _greets(connection: socket.socket) -> bool:
    """A server that takes us for a client answers the preface with its SETTINGS."""
    connection.sendall(PREFACE)
    head = b""
    while len(head) < 4 and (more := connection.recv(64)):
        head += more
    return len(head) >= 4 and head[3] == SETTINGS
