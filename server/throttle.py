"""How much one person may ask of one process: a bucket of cost that fills again with time."""

import time
from dataclasses import dataclass, field
from math import ceil
from uuid import UUID

from server.errors import Throttled

KNOWN_MAX = 10_000


@dataclass(slots=True)
class Buckets:
    """A bucket per principal; `size` is full, `per_second` comes back."""

    size: int
    per_second: int
    kept: dict[UUID, tuple[float, float]] = field(default_factory=dict)  # level, and the clock reading of it

    def spend(self, who: UUID, cost: int) -> None:
        """Takes the cost out, or raises Throttled with the time after which it is there."""
        now = time.monotonic()
        level, since = self.kept.pop(who, (float(self.size), now))
        level = min(float(self.size), level + (now - since) * self.per_second)
        wanted = min(cost, self.size)
        if level < wanted:
            self._keep(who, level, now)
            wait = ceil((wanted - level) / self.per_second)
            raise Throttled("You have asked for too much in too short a time.", retry_after_seconds=wait)
        self._keep(who, level - wanted, now)

    def _keep(self, who: UUID, level: float, now: float) -> None:
        if len(self.kept) >= KNOWN_MAX:  # the one unused for longest is full again anyway
            self.kept.pop(next(iter(self.kept)))
        self.kept[who] = (level, now)
