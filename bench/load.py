"""Load from a process of its own: so many connections, each asking again as soon as it is answered.

Reads one JSON command a line: {"keep": name, "port": n, "requests": [[path, headers, body], …]} keeps requests ready as bytes,
{"run": name, "clients": n, "seconds": s, "seed": n} asks them in a drawn order and answers one line of figures; without seconds
each is asked once, in the order given.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
GOOD = b'{"data":{'


class Client(asyncio.Protocol):
    """One connection; asks until it is told to stop, or there is nothing left to ask."""

    def __init__(self, following: Callable[[], bytes | None]) -> None:
        self.following = following
        self.times: list[float] = []
        self.wrong = self.read = 0
        self.buffer = bytearray()
        self.needed = 0
        self.stopping = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        request = None if self.stopping else self.following()
        if request is None:
            self.stopping = True
            self.transport.close()
            return
        self.buffer.clear()
        self.needed = 0
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.needed:
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            found = LENGTH.search(self.buffer, 0, head)
            assert found is not None, "the answer has no content-length"
            self.head, self.needed = head + 4, head + 4 + int(found.group(1))
        if len(self.buffer) < self.needed:
            return
        self.times.append(time.perf_counter() - self.began)
        self.read += self.needed
        if self.buffer[9:12] != b"200" or self.buffer[self.head : self.head + len(GOOD)] != GOOD:
            self.wrong += 1
        self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None or not self.stopping:
            self.wrong += 1
        if not self.done.done():
            self.done.set_result(None)


def raw(port: int, path: str, headers: dict[str, str], body: str) -> bytes:
    """A request as it goes over the wire."""
    given = {"host": f"127.0.0.1:{port}", "content-type": "application/json", **headers, "content-length": str(len(body.encode()))}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n{body}".encode()


def share(times: list[float], part: float) -> float:
    """A quantile of sorted seconds, in milliseconds."""
    return times[min(len(times) - 1, int(len(times) * part))] * 1000


async def run(port: int, requests: list[bytes], command: dict[str, Any]) -> dict[str, Any]:
    """One slice of load."""
    loop, drawn, left = asyncio.get_running_loop(), random.Random(command["seed"]), iter(requests)
    seconds = command["seconds"]

    def following() -> bytes | None:
        return drawn.choice(requests) if seconds else next(left, None)

    began = time.perf_counter()
    made = [(await loop.create_connection(lambda: Client(following), "127.0.0.1", port))[1] for _ in range(command["clients"])]
    if seconds:
        await asyncio.sleep(seconds)
        for client in made:
            client.stopping = True
    await asyncio.gather(*(client.done for client in made))
    took = time.perf_counter() - began
    times = sorted(t for client in made for t in client.times)
    return {
        "asked": len(times),
        "per_second": len(times) / took,
        "p50_ms": share(times, 0.50),
        "p95_ms": share(times, 0.95),
        "p99_ms": share(times, 0.99),
        "wrong": sum(client.wrong for client in made),
        "bytes": sum(client.read for client in made),
    }


def main() -> None:
    """Commands from standard input until it ends."""
    kept: dict[str, tuple[int, list[bytes]]] = {}
    for line in sys.stdin:
        command = json.loads(line)
        if "keep" in command:
            kept[command["keep"]] = command["port"], [raw(command["port"], *request) for request in command["requests"]]
            answer: dict[str, Any] = {}
        else:
            answer = asyncio.run(run(*kept[command["run"]], command))
        print(json.dumps(answer), flush=True)


class Load:
    """The process, as a context manager."""

    def __enter__(self) -> "Load":
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)

    def _told(self, **command: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def keep(self, name: str, port: int, requests: list[tuple[str, dict[str, str], str]]) -> None:
        """Requests to draw from, under a name."""
        self._told(keep=name, port=port, requests=requests)

    def run(self, name: str, *, seconds: float | None, clients: int, seed: int = 0) -> dict[str, Any]:
        """A slice of load; raises when an answer was wrong."""
        found = self._told(run=name, seconds=seconds, clients=clients, seed=seed)
        if found["wrong"]:
            raise RuntimeError(f"{name}: {found['wrong']} of {found['asked']} answers were wrong")
        return found


if __name__ == "__main__":
    main()
