"""What a job needs, and the jobs one by one; `server.jobs.worker` says when they run."""

from dataclasses import dataclass
from datetime import datetime

from server.calendar import load_holidays
from server.custody import reading
from server.custody.desk import Desk
from server.jobs import copying, fixity, overdue, provisional, retention, sources, tidying
from storage.database import Connection, Principal
from storage.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs, in somebody's name: they see and touch what that service sees."""

    desk: Desk
    by: Principal
    objects: ObjectStore
    fixity_bytes: int = fixity.BYTES_MAX

    async def climb(self) -> int:
        """The ladder of overdue checkouts (C24); answers how many steps were reached."""
        return await overdue.climb(self.desk, self.by)

    async def tidy(self) -> int:
        """Reservations, operations and waiting requests past their time, and turns that were missed; answers how many."""
        return await tidying.tidy(self.desk, self.by)

    async def notify(self) -> int:
        """Tells people what is late or runs out; answers how many notices were made."""
        async with self.desk.database.transaction(self.by) as conn:
            return await sources.notify(conn, await self._now(conn))

    async def calendar(self) -> int:
        """Loads the holidays that are known by now and puts provisional due instants right; answers how many moved."""
        async with self.desk.database.transaction(self.by) as conn:
            await load_holidays(conn)
        return await provisional.recompute(self.desk, self.by)

    async def retain(self) -> int:
        """Looks at the locks of stored scans, each once a day, and moves them to what is due; answers how many moved."""
        return await retention.follow(self.desk, self.by, self.objects)

    async def hold(self) -> int:
        """Legal holds on stored scans whose records are held (C16); answers how many were placed."""
        return await retention.hold(self.desk, self.by, self.objects)

    async def fix(self) -> int:
        """Hashes stored bytes again, and heals what is bad; answers how many copies were."""
        return await fixity.Fixity(self.desk, self.by, self.objects, self.fixity_bytes).check()

    async def copy(self) -> int:
        """Copies of stored scans in the second bucket; answers how many were made."""
        return await copying.copy(self.desk, self.by, self.objects)

    async def _now(self, conn: Connection) -> datetime:
        now: datetime = await conn.value(reading.NOW, shift=self.desk.shift)
        return now
