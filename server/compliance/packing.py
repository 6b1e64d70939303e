"""A pack: one zip file whose every byte follows from its signed manifest. The layout is `verifier`'s, so that it stands in one place.

Members are stored, not packed: scans do not get smaller, and what is stored has one form. Bytes lie in unnamed temporary files until
they are sent, so a pack needs disk and no memory.
"""

import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, cast

from server.compliance import verifier
from server.compliance.events import plain_json
from server.compliance.notes import Key

PIECE_BYTES = 1 << 20
MEMBER_BYTES_MAX = verifier.LARGE - 1


class TooLarge(RuntimeError):
    """A member is larger than the format has room for."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member, and where its bytes lie until they are sent."""

    name: str
    size: int
    crc: int
    sha256: bytes
    file: BinaryIO
    start: int

    def pieces(self) -> Iterator[bytes]:
        """Its bytes."""
        for at in range(self.start, self.start + self.size, PIECE_BYTES):
            self.file.seek(at)
            yield self.file.read(min(PIECE_BYTES, self.start + self.size - at))


class Sink:
    """A file that is written to, and knows what was written since it was last asked."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self._restart()

    def _restart(self) -> None:
        self._start, self._size, self._crc, self._hash = self.file.tell(), 0, 0, sha256()

    def write(self, piece: bytes) -> int:
        """Appends."""
        self.file.write(piece)
        self._size += len(piece)
        self._crc = zlib.crc32(piece, self._crc)
        self._hash.update(piece)
        return len(piece)

    def flush(self) -> None:
        """Whoever reads it reads the same file."""
        self.file.flush()

    def member(self, name: str) -> Member:
        """What was written is this member; the next one begins behind it."""
        if self._size > MEMBER_BYTES_MAX:
            raise TooLarge(name)
        made = Member(name, self._size, self._crc, self._hash.digest(), self.file, self._start)
        self._restart()
        return made


@dataclass
class Pack:
    """Members in the order in which they are added; closing it forgets their bytes."""

    members: list[Member] = field(default_factory=list)
    _files: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Pack":
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def sink(self) -> Sink:
        """A temporary file of the pack's own."""
        return Sink(cast(BinaryIO, self._files.enter_context(tempfile.TemporaryFile())))

    def add(self, name: str, body: bytes | Iterable[bytes]) -> Member:
        """A member with these bytes."""
        sink = self.sink()
        for piece in [body] if isinstance(body, bytes) else body:
            sink.write(piece)
        made = sink.member(name)
        self.members.append(made)
        return made

    def add_verifier(self, readme: str) -> None:
        """How the pack is verified, and with what: the one module that needs nothing of ours."""
        self.add("README.txt", (Path(__file__).parent / readme).read_bytes())
        self.add("verifier.py", Path(verifier.__file__).read_bytes())

    def zipped(self, about: Mapping[str, Any], key: Key) -> Iterator[bytes]:
        """The bytes of the archive: the manifest that says `about` and its signature first, then the members."""
        listed = [{"name": m.name, "size": m.size, "sha256": m.sha256.hex(), "crc32": f"{m.crc:08x}"} for m in self.members]
        manifest = plain_json({"format": verifier.PACK, "origin": key.name, **about, "members": listed}).encode()
        note = key.signed(f"{verifier.PACK}\nmanifest {sha256(manifest).hexdigest()}\n").encode()
        sink = self.sink()
        first = [_written(sink, verifier.MANIFEST, manifest), _written(sink, verifier.NOTE, note)]
        at, directory = 0, b""
        for member in (*first, *self.members):
            header = verifier.local_header(member.name, member.size, member.crc)
            directory += verifier.directory_entry(member.name, member.size, member.crc, at)
            at += len(header) + member.size
            yield header
            yield from member.pieces()
        yield directory + verifier.end_record(len(first) + len(self.members), len(directory), at)


def _written(sink: Sink, name: str, body: bytes) -> Member:
    sink.write(body)
    return sink.member(name)
