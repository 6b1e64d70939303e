"""What the stored bytes must be before anyone sees them: size, checksum, kind; a PDF must open."""

import hashlib
import multiprocessing
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from server.errors import InputProblem, InvalidInput
from storage.terms import MediaType

MAGIC: dict[MediaType, Callable[[bytes], bool]] = {
    MediaType.PDF: lambda b: b.startswith(b"%PDF-"),
    MediaType.JPEG: lambda b: b.startswith(b"\xff\xd8\xff"),
    MediaType.PNG: lambda b: b.startswith(b"\x89PNG\r\n\x1a\n"),
    MediaType.TIFF: lambda b: b[:4] in (b"II*\0", b"MM\0*"),
}
# What makes a document act when it is opened.
ACTIVE = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/Encrypt", b"/RichMedia")
OPEN_SECONDS = 5.0
OPEN_BYTES_MAX = 512 << 20
PAGES_MAX = 2000


def check(body: bytes, *, sha256: bytes, size_bytes: int, media_type: MediaType) -> None:
    """InvalidInput with a code for each way to be wrong."""
    if len(body) != size_bytes:
        raise _wrong("sizeBytes", "SIZE_MISMATCH")
    if hashlib.sha256(body).digest() != sha256:
        raise _wrong("sha256", "HASH_MISMATCH")
    if not MAGIC[media_type](body):
        raise _wrong("mediaType", "MEDIA_TYPE_MISMATCH")
    if media_type is MediaType.PDF and (any(mark in body for mark in ACTIVE) or not opens(body)):
        raise _wrong("sha256", "DOCUMENT_REFUSED")


def _wrong(path: str, code: str) -> InvalidInput:
    return InvalidInput([InputProblem((path,), code)])


class Opener:
    """One warm process that opens documents under limits of memory; what hangs is killed with it."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._turn = threading.Lock()

    def opens(self, body: bytes) -> bool:
        """Whether the PDF opens and has pages; a crash or a timeout means that it does not."""
        with self._turn:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_limit)
            try:
                return self._pool.submit(_open, body).result(OPEN_SECONDS)
            except (BrokenProcessPool, TimeoutError):
                self._kill()
                return False

    def _kill(self) -> None:
        assert self._pool is not None
        for process in list((self._pool._processes or {}).values()):  # the pool has no public way to kill what hangs
            process.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None


_OPENER = Opener()
opens = _OPENER.opens


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (OPEN_BYTES_MAX, OPEN_BYTES_MAX))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when it ends


def _open(body: bytes) -> bool:
    """Runs in the child."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(body) as document:
            return 0 < len(document) <= PAGES_MAX
    except pypdfium2.PdfiumError:
        return False
