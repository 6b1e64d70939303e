"""What a job needs, and the jobs one by one; `server.jobs.worker` says when they run."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from server.calendar import load_holidays
from server.compliance.notes import Key
from server.custody import reading
from server.custody.desk import Desk
from server.jobs import alarms, copying, drift, fixity, overdue, provisional, retention, sources, tidying
from server.scans import previews
from server.scans.announcing import REGISTERED_HOURS
from server.scans.reconciling import Reconciler
from server.scans.storing import Storing
from server.scans.viruses import scanner_at
from storage.database import Connection, Principal
from storage.objects import ObjectStore
from storage.terms import AlarmKind

EXPORTS = "select exists (select from exports where state in ('QUEUED', 'RUNNING') or (state = 'READY' and expires_at <= $1))"
CUT_OFF = timedelta(minutes=2)  # a scan that was confirmed before, and is not stored: whoever was at it is gone, or nearly
ABANDONED = timedelta(hours=REGISTERED_HOURS + 1)  # what was staged before belongs to no upload that goes on


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs, in somebody's name: they see and touch what that service sees."""

    desk: Desk
    by: Principal
    objects: ObjectStore
    fixity_bytes: int = fixity.BYTES_MAX
    clamd: str | None = None  # where the virus scanner listens
    signer: Key | None = None  # of what is exported: the ledger's key
    export_hours: int = 72

    async def compare(self) -> int:
        """Compares the tables with what the events lead to; answers how many differences there are, the first is an alarm."""
        return await drift.drift(self.desk, self.by)

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

    async def scans(self) -> int:
        """Finishes uploads that were cut off, ends those whose time is over, empties staging; answers how many things were done."""
        now, keeper = datetime.now(UTC), self._reconciler()
        done = await keeper.run(confirmed_before=now - CUT_OFF, staged_before=now - ABANDONED)
        if keeper.unproven:
            await alarms.not_locked(self.desk, self.by, keeper.unproven[0])
        return done

    async def audit(self) -> int:
        """Reports what lies in the locked bucket and belongs to no scan; answers how many objects."""
        found = await self._reconciler().unexplained()
        async with self.desk.database.transaction(self.by) as conn:
            await alarms.tell(conn, self.by, AlarmKind.OBJECT_UNEXPLAINED, next(iter(found), None), len(found))
        return len(found)

    async def watch(self) -> int:
        """Whether changes wait too long for a checkpoint; answers 1 when that is a new alarm."""
        anchoring = self.desk.anchoring
        if anchoring is None:
            return 0
        await anchoring.look()
        late = f"the oldest change has waited for {anchoring.age_seconds:.0f} s" if anchoring.is_late else None
        async with self.desk.database.transaction(self.by) as conn:
            return int(await alarms.tell(conn, self.by, AlarmKind.NOT_ANCHORED, late))

    async def draw(self) -> int:
        """Pictures of pages that somebody wants; answers how many were drawn, or cannot be."""
        return await previews.draw(self.desk.database, self.objects, self.by)

    async def forget(self) -> int:
        """Throws pictures away that nobody has wanted for a while; answers how many."""
        return await previews.forget(self.desk.database, self.objects, self.by)

    async def export(self) -> int:
        """Makes what was asked to be exported, and throws away what has been kept long enough; answers how many things were done."""
        if self.signer is None:  # this process seals nothing, and signs nothing
            return 0
        async with self.desk.database.transaction(self.by) as conn:
            if not await conn.raw.fetchval(EXPORTS, await self._now(conn)):
                return 0
        from server.jobs import exporting  # what a server has no use for before somebody exports

        return await exporting.Exporter(self.desk, self.by, self.objects, self.signer, self.export_hours).run()

    def _reconciler(self) -> Reconciler:
        return Reconciler(Storing(self.desk.database, self.objects, scanner_at(self.clamd)), self.by)

    async def _now(self, conn: Connection) -> datetime:
        now: datetime = await conn.value(reading.NOW, shift=self.desk.shift)
        return now
