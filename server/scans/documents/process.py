"""The process that opens documents: little memory, no files of its own, no keys in its environment. Runs until its parent is gone.

`python -m server.scans.documents.process FD CPU_SECONDS` reads tasks from a socket; each comes with the open file of a document.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any, BinaryIO

from server.scans.documents import images, pdf, verdicts
from server.scans.documents.pictures import picture
from server.scans.documents.verdicts import BROKEN, OTHER_TYPE, Refused

MEMORY_BYTES_MAX, ADDRESSES_BYTES_MAX = 224 << 20, 2 << 30
CPU_SECONDS_PER_MIB = 1.0  # a long document may take longer
MAGIC = {
    "application/pdf": (b"%PDF-1.", b"%PDF-2."),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/tiff": (b"II*\0", b"MM\0*"),
}
KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/tiff": "TIFF"}


def examine(file: BinaryIO, media_type: str) -> int:
    """How many pages a document has that may be kept; Refused says why it may not."""
    size = os.fstat(file.fileno()).st_size
    if not file.read(8).startswith(MAGIC[media_type]):
        raise Refused(OTHER_TYPE)
    verdicts.alone(file, size)
    return images.pages_of(file, size, KINDS[media_type]) if media_type in KINDS else pdf.pages_of(file, size)


def show(file: BinaryIO, media_type: str, page: int, width: int) -> bytes:
    """The picture of a page; Refused when it cannot be drawn."""
    try:
        return picture(file, media_type, page, width)
    except MemoryError:
        raise Refused(verdicts.TOO_LARGE) from None
    except Exception:  # whatever two libraries raise on a page that they do not understand: it has no picture
        raise Refused(BROKEN) from None


TASKS: dict[str, Callable[..., Any]] = {"examine": examine, "show": show}


def _limit() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when it ends
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES_BYTES_MAX, ADDRESSES_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def serve(pipe: Any, cpu_seconds: float) -> None:
    """Answers task by task: what it found, or the code of a refusal."""
    _limit()
    pipe.send("ready")
    while True:
        try:
            task, *given = pipe.recv()
        except EOFError:
            return
        with os.fdopen(recv_handle(pipe), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds + CPU_SECONDS_PER_MIB * size / (1 << 20))  # who spends it all ends by SIGPROF
            file.seek(0)  # the place in it is shared with the parent
            try:
                answer = ("found", TASKS[task](file, *given))
            except Refused as refused:
                answer = ("refused", refused.code)
            except MemoryError:
                answer = ("refused", verdicts.TOO_LARGE)
            signal.setitimer(signal.ITIMER_PROF, 0)
        pipe.send(answer)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), float(sys.argv[2]))
