"""The time that a use case may spend on the store, and the breaker that spares everyone the wait while it is down."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

DEADLINE_SECONDS = 4.0  # of the store; an upload has five in all, the rest is for rows and for whoever waits for a connection
PROOF_SECONDS = 30.0  # at the start: two dozen calls, of a store that may be far away
BYTES_PER_SECOND_MIN = 4 << 20  # a store that is slower than this is one that hangs
FAILURES_MAX, OPEN_SECONDS = 3, 2.0


class Budget:
    """Seconds that calls to the store may still take; what happens between them costs nothing."""

    def __init__(self, seconds: float) -> None:
        self.left, self._ends = seconds, math.inf

    @contextmanager
    def spent(self, seconds_max: float | None) -> Iterator[float]:
        """What one call may take of it, and takes from it."""
        began = time.monotonic()
        allowed = self.left if seconds_max is None else min(seconds_max, self.left)
        self._ends = began + allowed
        try:
            yield allowed
        finally:
            self.left -= time.monotonic() - began

    def check(self) -> None:
        """For the thread of a call, between two pieces of a stream: a store that drips does not keep it. Raises TimeoutError."""
        if time.monotonic() > self._ends:
            raise TimeoutError


BUDGET: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def deadline(seconds: float = DEADLINE_SECONDS, *, size_bytes: int = 0) -> Iterator[Budget]:
    """All calls inside share these seconds, and what the bytes take at the least speed; inside another deadline that one holds."""
    outer = BUDGET.get()
    if outer is not None:
        yield outer
        return
    token = BUDGET.set(made := Budget(seconds + size_bytes / BYTES_PER_SECOND_MIN))
    try:
        yield made
    finally:
        BUDGET.reset(token)


def budget() -> Budget:
    """That of the use case, or of this call alone."""
    return BUDGET.get() or Budget(DEADLINE_SECONDS)


class Breaker:
    """Opens after failures in a row; then one call after a pause may try, and closes it when it succeeds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._failures, self._until = clock, 0, 0.0

    @property
    def open(self) -> bool:
        """Whether the last calls all failed."""
        return self._failures >= FAILURES_MAX

    def admits(self) -> bool:
        """Whether a call may be tried now; while it is open, one each pause."""
        if not self.open:
            return True
        if self._clock() < self._until:
            return False
        self._until = self._clock() + OPEN_SECONDS
        return True

    def succeeded(self) -> bool:
        """The store answered; whether that closed it."""
        was, self._failures = self.open, 0
        return was

    def failed(self) -> bool:
        """It did not; whether that opened it."""
        was, self._failures = self.open, self._failures + 1
        self._until = self._clock() + OPEN_SECONDS
        return self.open and not was
