"""Who has documents looked at: processes that are warm, few, and expendable."""

import asyncio
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from pathlib import Path
from typing import Any, BinaryIO

from server.errors import Unavailable
from server.scans.documents.verdicts import BROKEN, Refused

OPEN_CPU_SECONDS = 5.0  # that the document itself costs: a busy machine makes it no worse
WAIT_SECONDS = 60.0  # on the clock, for a turn, for the process, for its answer: then it is the machine, and not the document
OPENERS = 2
PROGRAM = "server.scans.documents.process"


class Opener:
    """One warm process that opens documents under limits of memory and of its own time.

    What a document does to it is the document's fault: it crashes, it eats the memory or the time. What happens to it otherwise
    is nobody's: it is slow, it is killed from outside, it does not start. Then another try is worth while.
    """

    def __init__(self, cpu_seconds: float = OPEN_CPU_SECONDS, wait_seconds: float = WAIT_SECONDS, lock: int | None = None) -> None:
        self.cpu_seconds, self.wait_seconds = cpu_seconds, wait_seconds
        self._lock = _lock() if lock is None else lock  # of those who share it one at a time has much memory
        self.child: subprocess.Popen[bytes] | None = None
        self._pipe: Any = None
        self._turn = threading.Lock()

    def ask(self, task: str, file: BinaryIO, *given: Any) -> Any:
        """What the process found; Refused by what the document is, Unavailable when nobody can say now."""
        if not self._turn.acquire(timeout=self.wait_seconds):
            raise _not_now()
        try:
            try:
                what, answer = self._asked(task, file, given, heavy=False)
            except EOFError:
                if (ended := self._end()) in (-signal.SIGKILL, -signal.SIGPROF):
                    raise EOFError(ended) from None
                what, answer = self._asked(task, file, given, heavy=True)  # it may have been want of memory
        except EOFError as ended:
            if (ended.args or (self._end(),))[0] == -signal.SIGKILL:  # of want of memory elsewhere, or by hand
                raise _not_now() from None
            raise Refused(BROKEN) from None
        except OSError:  # a broken pipe, no process to be had, no answer in time
            self._end()
            raise _not_now() from None
        except BaseException:  # an answer that nobody took would be the next document's
            self._end()
            raise
        finally:
            self._turn.release()
        if what == "refused":
            raise Refused(answer)
        return answer

    def _asked(self, task: str, file: BinaryIO, given: tuple[Any, ...], *, heavy: bool) -> Any:
        pipe = self._warm()
        assert self.child is not None
        pipe.send((task, heavy, *given))
        send_handle(pipe, file.fileno(), self.child.pid)
        allowed = self.cpu_seconds + os.fstat(file.fileno()).st_size / (1 << 20)  # the place in the file is shared with the process
        if not pipe.poll(self.wait_seconds + 2 * allowed):
            raise TimeoutError
        *answer, stays = pipe.recv()
        if not stays:
            self._end()
        return answer

    def close(self) -> None:
        """Ends the process."""
        with self._turn:
            self._end()

    def _warm(self) -> Any:
        if self.child is not None and self.child.poll() is None:
            return self._pipe
        self._end()
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-I", "-m", PROGRAM, str(theirs.fileno()), str(self._lock), str(self.cpu_seconds)]
            # No environment: what opens a stranger's document knows no secret. A session of its own: Ctrl-C is not for it.
            self.child = subprocess.Popen(  # noqa: S603  # our own program
                command,
                env={},
                pass_fds=[theirs.fileno(), self._lock],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._pipe = Connection(ours.detach())
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
        try:
            return child.wait(1)  # whose pipe is at its end is ending
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()


class Openers:
    """A few of them, each with a thread: who asks waits for one that is free, and keeps no thread of others while he waits."""

    def __init__(self, count: int = OPENERS, wait_seconds: float = WAIT_SECONDS) -> None:
        self.wait_seconds = wait_seconds
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="opener")
        self._free: queue.LifoQueue[Opener] = queue.LifoQueue()  # the warm one first: the second starts when two ask at once
        lock = _lock()
        for _ in range(count):
            self._free.put(Opener(wait_seconds=wait_seconds, lock=lock))

    async def ask(self, task: str, file: BinaryIO, *given: Any) -> Any:
        """As `Opener.ask`."""
        late = time.monotonic() + self.wait_seconds
        ours = os.fdopen(os.dup(file.fileno()), "rb")  # whoever asks may be cancelled, and close theirs
        asked = self._threads.submit(self._ask, late, task, ours, *given)
        asked.add_done_callback(lambda _: ours.close())
        return await asyncio.wrap_future(asked)

    def close(self) -> None:
        """Ends the processes; who waits is told to try again."""
        self._threads.shutdown(cancel_futures=True)
        while not self._free.empty():
            self._free.get().close()

    def _ask(self, late: float, task: str, file: BinaryIO, *given: Any) -> Any:
        if time.monotonic() > late:
            raise _not_now()
        opener = self._free.get()
        try:
            return opener.ask(task, file, *given)
        finally:
            self._free.put(opener)


def _lock() -> int:
    """A file without a name, for as long as the processes that share it."""
    number, name = tempfile.mkstemp()
    Path(name).unlink()
    return number


OPENERS_OF_THIS_PROCESS = Openers()


def _not_now() -> Unavailable:
    return Unavailable("The document could not be checked now; try again.")
