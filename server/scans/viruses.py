"""A virus scanner that speaks the protocol of clamd. It fails closed: whoever cannot be asked has found nothing harmless."""

import asyncio
from dataclasses import dataclass
from typing import Any, BinaryIO

import structlog

from server.errors import Unavailable

CHUNK_BYTES = 256 * 1024
CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 120.0
FOUND = "VIRUS_FOUND"
log: Any = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Scanner:
    """Where it listens: the path of a socket, or HOST:PORT."""

    address: str

    async def found(self, file: BinaryIO) -> str | None:
        """VIRUS_FOUND, or None when the bytes are clean; Unavailable when it does not say either."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                told = await self._ask(file)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.warning("virus scanner", kind=type(error).__name__)
            raise _unreachable() from None
        if told == "stream: OK":
            return None
        if told.startswith("stream: ") and told.endswith(" FOUND"):
            log.warning("virus", signature=told[len("stream: ") : -len(" FOUND")])
            return FOUND
        log.error("virus scanner", told=told[:200])  # too long for its settings, its own fault, or another program's answer
        raise _unreachable()

    async def _ask(self, file: BinaryIO) -> str:
        """INSTREAM: chunks with their length before them, an empty one at the end, one line back."""
        reader, writer = await self._connected()
        try:
            writer.write(b"zINSTREAM\0")
            file.seek(0)
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                writer.write(len(chunk).to_bytes(4, "big") + chunk)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            return (await reader.readuntil(b"\0"))[:-1].decode("utf-8", "replace").strip()
        finally:
            writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(CONNECT_SECONDS):
            if self.address.startswith("/"):
                return await asyncio.open_unix_connection(self.address)
            host, _, port = self.address.rpartition(":")
            return await asyncio.open_connection(host.strip("[]"), int(port))


def scanner_at(address: str | None) -> Scanner | None:
    """None where none is named: then nothing is scanned for viruses."""
    return Scanner(address) if address else None


def _unreachable() -> Unavailable:
    return Unavailable("The virus scanner does not answer: the scan waits, and is checked by itself when it does.")
