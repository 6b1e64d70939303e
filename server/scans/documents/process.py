"""The process that opens documents: little memory, no files of its own, no keys in its environment. Runs until its parent is gone.

`python -m server.scans.documents.process SOCKET LOCK CPU_SECONDS` reads tasks from a socket; each comes with the open file of a document.
Most documents do with little memory. The few that need more get it one at a time, whichever process has them: the lock is common to all.
"""

import fcntl
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from pathlib import Path
from typing import Any, BinaryIO

from server.scans.documents import images, pdf, verdicts
from server.scans.documents.pictures import picture
from server.scans.documents.verdicts import BROKEN, OTHER_TYPE, Costly, Refused

LIGHT_BYTES_MAX, HEAVY_BYTES_MAX, ADDRESSES_BYTES_MAX = 48 << 20, 144 << 20, 2 << 30
KEPT_BYTES_MAX = 32 << 20  # whoever has more when it is done begins anew
LIGHT_PDF_BYTES_MAX = 4 << 20
CPU_SECONDS_PER_MIB = 1.0  # a long document may take longer
MAGIC = {
    "application/pdf": (b"%PDF-1.", b"%PDF-2."),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/tiff": (b"II*\0", b"MM\0*"),
}
KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/tiff": "TIFF"}


def examine(file: BinaryIO, media_type: str, *, light: bool) -> int:
    """How many pages a document has that may be kept; Refused says why it may not."""
    size = os.fstat(file.fileno()).st_size
    if not file.read(8).startswith(MAGIC[media_type]):
        raise Refused(OTHER_TYPE)
    verdicts.alone(file, size)
    if media_type in KINDS:
        return images.pages_of(file, size, KINDS[media_type], light=light)
    if light and size > LIGHT_PDF_BYTES_MAX:
        raise Costly
    return pdf.pages_of(file, size, light=light)


def show(file: BinaryIO, media_type: str, page: int, width: int, *, light: bool) -> bytes:
    """The picture of a page; Refused when it cannot be drawn."""
    if light:
        raise Costly
    try:
        return picture(file, media_type, page, width)
    except MemoryError:
        raise Refused(verdicts.TOO_LARGE) from None
    except Exception:  # whatever two libraries raise on a page that they do not understand: it has no picture
        raise Refused(BROKEN) from None


TASKS: dict[str, Callable[..., Any]] = {"examine": examine, "show": show}


def _limit() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when it ends
    resource.setrlimit(resource.RLIMIT_DATA, (LIGHT_BYTES_MAX, HEAVY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES_BYTES_MAX, ADDRESSES_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextmanager
def _more_memory(lock: int) -> Iterator[None]:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    resource.setrlimit(resource.RLIMIT_DATA, (HEAVY_BYTES_MAX, HEAVY_BYTES_MAX))
    try:
        yield
    finally:
        fcntl.lockf(lock, fcntl.LOCK_UN)


def _answer(task: str, file: BinaryIO, given: Sequence[Any], heavy: bool, lock: int) -> tuple[str, Any]:
    try:
        if not heavy:
            try:
                return "found", TASKS[task](file, *given, light=True)
            except (Costly, MemoryError):
                file.seek(0)
            except Refused as refused:
                if refused.code not in (BROKEN, verdicts.TOO_LARGE):  # which want of memory may look like
                    raise
                file.seek(0)
        with _more_memory(lock):
            return "found", TASKS[task](file, *given, light=False)
    except Refused as refused:
        return "refused", refused.code
    except MemoryError:
        return "refused", verdicts.TOO_LARGE


def _data_bytes() -> int:
    """What it has for its own, as the limit counts it; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    except OSError:
        return 0


def serve(pipe: Any, lock: int, cpu_seconds: float) -> None:
    """Answers task by task: what it found, or the code of a refusal."""
    _limit()
    pipe.send("ready")
    stays = True
    while stays:
        resource.setrlimit(resource.RLIMIT_DATA, (LIGHT_BYTES_MAX, HEAVY_BYTES_MAX))
        try:
            task, heavy, *given = pipe.recv()
        except EOFError:
            return
        with os.fdopen(recv_handle(pipe), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds + CPU_SECONDS_PER_MIB * size / (1 << 20))  # who spends it all ends by SIGPROF
            file.seek(0)  # the place in it is shared with the parent
            answer = _answer(task, file, given, heavy, lock)
            signal.setitimer(signal.ITIMER_PROF, 0)
        stays = _data_bytes() < KEPT_BYTES_MAX
        pipe.send((*answer, stays))


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3]))
