"""Tells those who listen that something was committed: one small question to PostgreSQL a tick, while anybody listens.

Polled, not notified: NOTIFY makes all commits of the database queue for one lock, and what was committed beside a transaction that
still runs may not be told before that one has ended (its events would come later and with a lower number).
"""

import asyncio
from typing import Any

import structlog

from storage.database import Database

TICK_SECONDS, DOWN_SECONDS = 0.2, 1.0
POSITION = "select feed_position()"
log: Any = structlog.get_logger()


class Feed:
    """The position of the newest event below every running transaction, for all who listen in this process."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.position = 0
        self._listening = 0
        self._task: asyncio.Task[None] | None = None
        self._moved = asyncio.Condition()

    async def beyond(self, seen: int) -> int:
        """Waits until the position is beyond what was seen, and tells it."""
        async with self._moved:
            self._listening += 1
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._follow())
            try:
                await self._moved.wait_for(lambda: self.position > seen)
                return self.position
            finally:
                self._listening -= 1

    async def _follow(self) -> None:
        while self._listening:
            pause = TICK_SECONDS
            try:
                async with self.database.readers.acquire() as raw:
                    found = int(await raw.fetchval(POSITION))
                if found > self.position:
                    async with self._moved:
                        self.position = found
                        self._moved.notify_all()
            except Exception as error:  # whatever it is: who waits here would wait for ever
                log.warning("feed", kind=type(error).__name__)  # nothing is lost: the next tick sees everything
                pause = DOWN_SECONDS
            await asyncio.sleep(pause)

    async def stop(self) -> None:
        """Ends the ticks."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
