"""Whether the history is anchored in time, as each process knows it: when it is not, an alarm, and by setting no custody."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import structlog

from server.errors import Unavailable
from storage.database import Database

log: Any = structlog.get_logger()
TICK_SECONDS, ALARM_SECONDS = 2.0, 60.0
AGE = "select anchoring_age()"


@dataclass(slots=True)
class Anchoring:
    """The age of the oldest change that no stored checkpoint has sealed."""

    database: Database
    seconds_max: float
    refuses: bool
    age_seconds: float = 0.0
    _told_at: float = field(default=float("-inf"))
    _task: "asyncio.Task[None] | None" = None

    @property
    def is_late(self) -> bool:
        """Whether it is too great, as it is known."""
        return self.age_seconds > self.seconds_max

    async def start(self) -> None:
        """Knows the age, and goes on knowing it."""
        await self.look()
        self._task = asyncio.create_task(self._follow())

    async def look(self) -> None:
        """Reads the age; tells when it is too great, once a minute."""
        async with self.database.transaction(None) as conn:
            self.age_seconds = float(await conn.raw.fetchval(AGE))
        if self.is_late and time.monotonic() - self._told_at > ALARM_SECONDS:
            self._told_at = time.monotonic()
            log.error("ledger", alarm="changes wait for a checkpoint", seconds=round(self.age_seconds), refuses=self.refuses)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self.look()
            except Exception as error:  # whatever it is: what was known last stands until the next tick
                log.warning("anchoring", kind=type(error).__name__)

    def admit(self) -> None:
        """Raises Unavailable where custody waits for the history."""
        if self.refuses and self.is_late:
            raise Unavailable("The history could not be anchored for a while; custody waits until it is.")

    async def stop(self) -> None:
        """Ends the ticks."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
