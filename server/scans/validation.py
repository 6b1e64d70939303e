"""What the stored bytes must be before anyone sees them: size, checksum, kind; a PDF must open."""

import hashlib
import multiprocessing
import resource
from collections.abc import Callable

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


def opens(body: bytes) -> bool:
    """Whether a PDF opens and has pages, tried in a process of its own under limits of time and memory."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_open, args=(theirs, body), daemon=True)
    process.start()
    theirs.close()
    try:
        return bool(ours.poll(OPEN_SECONDS) and ours.recv())
    except EOFError:
        return False
    finally:
        ours.close()
        process.kill()
        process.join()


def _open(answer: "multiprocessing.connection.Connection", body: bytes) -> None:
    """Runs in the child."""
    resource.setrlimit(resource.RLIMIT_AS, (OPEN_BYTES_MAX, OPEN_BYTES_MAX))
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(body) as document:
            answer.send(0 < len(document) <= PAGES_MAX)
    except pypdfium2.PdfiumError:
        answer.send(False)
