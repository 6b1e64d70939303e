"""What the stored bytes must be before anyone sees them: size, checksum, kind; a PDF must open."""

import hashlib
import multiprocessing
import resource
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from server.errors import InputProblem, InvalidInput, Unavailable
from storage.terms import MediaType

MAGIC: dict[MediaType, Callable[[bytes], bool]] = {
    MediaType.PDF: lambda b: b.startswith(b"%PDF-"),
    MediaType.JPEG: lambda b: b.startswith(b"\xff\xd8\xff"),
    MediaType.PNG: lambda b: b.startswith(b"\x89PNG\r\n\x1a\n"),
    MediaType.TIFF: lambda b: b[:4] in (b"II*\0", b"MM\0*"),
}
# What makes a document act when it is opened.
ACTIVE = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/Encrypt", b"/RichMedia")
OPEN_CPU_SECONDS = 5.0  # that the document itself costs: a busy machine makes it no worse
WAIT_SECONDS = 60.0  # on the clock, for a turn, for the process, for its answer: then it is the machine, and not the document
OPEN_BYTES_MAX = 512 << 20
PAGES_MAX = 2000


def check(body: bytes, *, sha256: bytes, size_bytes: int, media_type: MediaType) -> None:
    """InvalidInput with a code for each way to be wrong; Unavailable when it could not be checked now."""
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
    """One warm process that opens documents under limits of memory and of its own time.

    What a document does to it is the document's fault: it crashes, it eats the memory or the time. What happens to it otherwise
    is nobody's: it is slow, it is killed from outside, it does not start. Then another try is worth while.
    """

    def __init__(self, cpu_seconds: float = OPEN_CPU_SECONDS, wait_seconds: float = WAIT_SECONDS) -> None:
        self.cpu_seconds, self.wait_seconds = cpu_seconds, wait_seconds
        self.child: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._turn = threading.Lock()

    def opens(self, body: bytes) -> bool:
        """Whether the PDF opens and has pages; Unavailable when nobody can say now."""
        if not self._turn.acquire(timeout=self.wait_seconds):
            raise _not_now()
        try:
            pipe = self._warm()
            pipe.send_bytes(body)
            if not pipe.poll(self.wait_seconds):
                raise TimeoutError
            return bool(pipe.recv())
        except EOFError:
            if self._end() == -signal.SIGKILL:  # of want of memory elsewhere, or by hand
                raise _not_now() from None
            return False
        except OSError:  # a broken pipe, no process to be had, no answer in time
            self._end()
            raise _not_now() from None
        finally:
            self._turn.release()

    def _warm(self) -> Connection:
        if self.child is not None and self.child.is_alive() and self._pipe is not None:
            return self._pipe
        self._end()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.child = context.Process(target=_serve, args=(theirs, self.cpu_seconds), daemon=True)
        self.child.start()
        theirs.close()  # so that the end of the process is the end of the pipe
        try:
            if not self._pipe.poll(self.wait_seconds):
                raise TimeoutError
            self._pipe.recv()
        except EOFError:
            raise OSError("the process did not start") from None
        return self._pipe

    def _end(self) -> int | None:
        """How the process ended; it is killed if it has not."""
        child, pipe, self.child, self._pipe = self.child, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        if child is None:
            return None
        child.join(1)  # whose pipe is at its end is ending
        if child.exitcode is None:
            child.kill()
            child.join()
        return child.exitcode


_OPENER = Opener()
opens = _OPENER.opens


def _not_now() -> Unavailable:
    return Unavailable("The document could not be checked now; try again.")


def _serve(pipe: Connection, cpu_seconds: float) -> None:
    """Runs in the child, until the parent is gone."""
    import pypdfium2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when it ends
    resource.setrlimit(resource.RLIMIT_AS, (OPEN_BYTES_MAX, OPEN_BYTES_MAX))
    pipe.send(True)
    while True:
        try:
            body = pipe.recv_bytes()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # whoever spends it all is ended by SIGPROF
        try:
            with pypdfium2.PdfDocument(body) as document:
                opened = 0 < len(document) <= PAGES_MAX
        except (pypdfium2.PdfiumError, MemoryError):
            opened = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        pipe.send(opened)
