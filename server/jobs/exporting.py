"""Makes what was asked to be exported, one export at a time in the whole bank, and throws away what has been kept long enough.

A try has its row in hand for as long as it says so; one that is killed says nothing more, and another begins anew: evidence from the
start, events behind the last part. Each try writes under a key of its own. Reads run as whoever asked, as they are then.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

import structlog
from sqlalchemy import text

from server.auth import person_of
from server.compliance.evidence import Asked, Evidence, NotProven, NotSealed
from server.compliance.notes import Key
from server.compliance.packing import Pack, TooLarge
from server.compliance.periods import Begun, Period, name_of
from server.custody import reading
from server.custody.desk import Desk
from server.errors import Forbidden, NotFound, Unauthenticated
from server.exports import admits, key_of, part_key
from server.failpoints import reach
from server.jobs import alarms
from storage.database import Connection, Principal
from storage.objects import Digest, ObjectStore, ObjectStoreDown
from storage.tables import export_parts, exports
from storage.terms import AlarmKind, ExportFailure, ExportKind, ExportState

log: Any = structlog.get_logger()
LEASE_SECONDS, BEAT_SECONDS = 60, 15.0
SLICE_SECONDS = 30.0  # of an export of events; then whoever waits longest has a turn
ATTEMPTS_MAX, KILLED_MAX = 5, 10  # that end in a fault of ours; that end in nothing at all
ONE = 0x6578706F72740001  # number of the lock under which a try is begun: "export" 1
ZIP, GZIP = "application/zip", "application/gzip"
CLAIM = """update exports set state = 'RUNNING', leased_by = $1, leased_until = clock_timestamp() + make_interval(secs => $2),
    attempts = attempts + 1
  where id = (select id from exports where state in ('QUEUED', 'RUNNING') and (leased_until is null or leased_until < clock_timestamp())
      and not exists (select from exports o where o.state = 'RUNNING' and o.leased_until > clock_timestamp())
    order by updated_at, id limit 1)
  returning *"""
BEAT = """update exports set leased_until = clock_timestamp() + make_interval(secs => $2) where leased_by = $1 and state = 'RUNNING' returning id"""
USERNAME = "select username from staff where id = $1"
EXPIRED = text("select id, leased_by from exports where state = 'READY' and expires_at <= :at order by expires_at limit 50")
BROKEN = """select count(*) filter (where failure = 'NOT_PROVEN') from (
  select distinct on (contract_id) failure from exports where kind = 'EVIDENCE' and state not in ('QUEUED', 'RUNNING')
  order by contract_id, asked_at desc, id desc) newest"""
PARTS = "select number, sha256, size_bytes from export_parts where export_id = $1 order by number"


class Lost(RuntimeError):
    """Somebody else has the export in hand now."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """What making exports needs: in whose name the rows are kept, what signs a manifest, and how long an archive is kept."""

    desk: Desk
    by: Principal
    objects: ObjectStore
    signer: Key
    hours: int

    async def run(self) -> int:
        """Makes the one that waits longest, if nobody makes another; answers how many things were done."""
        done = await self._expire()
        attempt = uuid4()
        async with self.desk.database.transaction(self.by) as conn:
            await conn.raw.execute("select pg_advisory_xact_lock($1)", ONE)
            row = await conn.raw.fetchrow(CLAIM, attempt, LEASE_SECONDS)
        if row is None:
            return done
        if row["attempts"] > KILLED_MAX:  # whoever makes it dies of it
            await self._fail(row, attempt, ExportFailure.INTERNAL)
            return done + 1
        async with self._in_hand(attempt):
            await self._ended(row, attempt)
        return done + 1

    @asynccontextmanager
    async def _in_hand(self, attempt: UUID) -> AsyncIterator[None]:
        """Says so again and again, while it is made."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(BEAT_SECONDS)
                try:
                    async with self.desk.database.transaction(self.by) as conn:
                        await conn.raw.fetchval(BEAT, attempt, LEASE_SECONDS)
                except Exception as error:  # whatever it is: the next beat tries again, and the lease ends by itself
                    log.warning("export beat", kind=type(error).__name__)

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _ended(self, row: Any, attempt: UUID) -> None:
        """Made, failed for good, or left to a later try."""
        try:
            try:
                await self._make(row, attempt)
            except (Unauthenticated, Forbidden, NotFound, TooLarge) as error:
                why = {
                    Unauthenticated: ExportFailure.ASKER_LEFT,
                    Forbidden: ExportFailure.NOT_PERMITTED,
                    NotFound: ExportFailure.NOT_VISIBLE,
                }
                await self._fail(row, attempt, why.get(type(error), ExportFailure.TOO_LARGE))
            except NotProven as error:
                log.error("ledger", alarm=str(error), export=str(row["id"]))
                await self._fail(row, attempt, ExportFailure.NOT_PROVEN)
                await self._alarm(f"contract {row['contract_id']}: {error}")
        except (NotSealed, ObjectStoreDown) as error:  # not its fault: as often as it takes
            log.warning("export waits", export=str(row["id"]), kind=type(error).__name__)
            await self._leave(attempt, attempts=0)
        except asyncio.CancelledError:
            await self._leave(attempt, attempts=0)
            raise
        except Lost:
            log.warning("export lost", export=str(row["id"]))
        except Exception:
            log.exception("export", export=str(row["id"]))
            if row["attempts"] < ATTEMPTS_MAX:
                await self._leave(attempt)
            else:
                await self._fail(row, attempt, ExportFailure.INTERNAL)

    async def _make(self, row: Any, attempt: UUID) -> None:
        asker = await self._asker(row)
        if not admits(row["kind"], asker):
            raise Forbidden("The role that it was asked in is gone.")
        if row["kind"] == ExportKind.EVIDENCE:
            await self._evidence(row, attempt, asker)
        else:
            await self._events(row, attempt, asker)

    async def _asker(self, row: Any) -> Principal:
        """Whoever asked, with the roles and units of now; Unauthenticated when they have left."""
        async with self.desk.database.transaction(self.by) as conn:
            username = await conn.raw.fetchval(USERNAME, row["staff_id"])
        return (await person_of(self.desk.database, str(username)))[0]

    # Evidence ------------------------------------------------------------------------------------------------------------
    async def _evidence(self, row: Any, attempt: UUID, asker: Principal) -> None:
        total = 0

        async def meter(done: int, of: int) -> None:
            nonlocal total
            total = of
            await self._set(attempt, done=done, total=of)

        asked = Asked(row["id"], row["contract_id"], asker, row["purpose"], row["asked_at"])
        with Pack() as pack:
            about = await Evidence(self.desk.database, self.objects, asked, pack, meter).make()
            await self._store(row, attempt, pack, about, total)
        await self._alarm(None)

    async def _alarm(self, told: str | None) -> None:
        """Raised with the first contract whose history does not hold, over when the newest evidence of each one does."""
        async with self.desk.database.transaction(self.by) as conn:
            broken = await conn.raw.fetchval(BROKEN)
            if told or not broken:
                await alarms.tell(conn, self.by, AlarmKind.HISTORY_BROKEN, told, broken)

    # Events --------------------------------------------------------------------------------------------------------------
    async def _events(self, row: Any, attempt: UUID, asker: Principal) -> None:
        period = Period(self.desk.database, asker, row["period_from"], row["period_to"])
        units = None if asker.everywhere else sorted(asker.branches)
        if row["checkpoint"] is None:
            begun = await period.begin()
            if begun is None:
                raise NotSealed
            await self._set(attempt, checkpoint=begun.checkpoint, total=begun.events, units=units)
        elif units != row["units"]:
            await self._anew(row, attempt, "whoever asked sees other units than at the beginning")
            return
        else:
            begun = Begun(row["total"], row["checkpoint"])
        done = await self._parts(row, attempt, period, begun)
        if done is None:
            await self._leave(attempt, attempts=0, state=ExportState.RUNNING)
        elif done == begun.events:
            await self._whole(row, attempt, period, begun)
        else:
            await self._anew(row, attempt, "whoever asked does not see what they saw at the beginning")

    async def _parts(self, row: Any, attempt: UUID, period: Period, begun: Begun) -> int | None:
        """Goes on behind the last part that is there; how many events the parts hold, None while another has its turn first."""
        ends = time.monotonic() + SLICE_SECONDS
        async with self.desk.database.transaction(self.by) as conn:
            number = len(await conn.raw.fetch(PARTS, row["id"]))
        done, after = row["done"], (row["last_at"], row["last_id"]) if row["last_id"] else None
        while True:
            if time.monotonic() > ends:
                return None
            number += 1
            with Pack() as pack:
                made = await period.part(pack, number, begun.checkpoint, after)
                if made is None:
                    return int(done)
                found = await self.objects.parts.put(part_key(row["id"], number), pack.members[0].pieces(), GZIP)
            reach("export_part_put")
            done, after = done + made.events, made.last
            async with self.desk.database.transaction(self.by) as conn:
                part = {
                    "export_id": row["id"],
                    "number": number,
                    "events": made.events,
                    "sha256": found.sha256,
                    "size_bytes": found.size_bytes,
                }
                await conn.insert(export_parts, part)
                await self._held(conn, attempt, attempts=1, done=done, last_at=made.last[0], last_id=made.last[1])
            reach("export_part_kept")

    async def _whole(self, row: Any, attempt: UUID, period: Period, begun: Begun) -> None:
        """One archive of all parts, which are not needed any more then."""
        async with self.desk.database.transaction(self.by) as conn:
            parts = await conn.raw.fetch(PARTS, row["id"])
        with Pack() as pack:
            about = await period.told(pack, begun, row["id"], row["purpose"], row["asked_at"])
            sink = pack.sink()
            for part in parts:
                found = await self.objects.staging.fetch(part_key(row["id"], part["number"]), cast(BinaryIO, sink), part["size_bytes"])
                if found != Digest(part["sha256"], part["size_bytes"]):
                    await self._anew(row, attempt, "a part is gone or damaged")
                    return
                pack.members.append(sink.member(name_of(part["number"])))
            await self._store(row, attempt, pack, about, begun.events)
        for part in parts:
            await self.objects.staging.discard(part_key(row["id"], part["number"]))

    async def _anew(self, row: Any, attempt: UUID, why: str) -> None:
        """Everything from the beginning; the attempt counts."""
        log.error("export made anew", export=str(row["id"]), why=why)
        async with self.desk.database.transaction(self.by) as conn:
            await conn.raw.execute("delete from export_parts where export_id = $1", row["id"])
            await self._held(conn, attempt, done=0, last_at=None, last_id=None, checkpoint=None, total=None, leased_until=None)

    # Rows ----------------------------------------------------------------------------------------------------------------
    async def _store(self, row: Any, attempt: UUID, pack: Pack, about: dict[str, Any], total: int) -> None:
        for left in await self.objects.parts.open(f"exports/{row['id']}/"):  # of tries that were killed
            await self.objects.parts.give_up(left.key, left.name)
        stored = await self.objects.parts.put(key_of(row["id"], attempt), pack.zipped(about, self.signer), ZIP)
        reach("export_stored")
        async with self.desk.database.transaction(self.by) as conn:
            at = await self._now(conn)
            kept = {"sha256": stored.sha256, "size_bytes": stored.size_bytes, "made_at": at, "expires_at": at + timedelta(hours=self.hours)}
            held = await conn.update(
                exports, {"leased_by": attempt, "state": ExportState.RUNNING},
                {"state": ExportState.READY, "leased_until": None, "done": total, "total": total, "checkpoint": about["checkpoint"]["number"], **kept},
            )  # fmt: skip
        if not held:  # nobody else knows of this archive
            await self.objects.staging.discard(key_of(row["id"], attempt))
            raise Lost

    async def _set(self, attempt: UUID, **changed: Any) -> None:
        async with self.desk.database.transaction(self.by) as conn:
            await self._held(conn, attempt, **changed)

    @staticmethod
    async def _held(conn: Connection, attempt: UUID, **changed: Any) -> None:
        """Changes the row while this try has it in hand."""
        if not await conn.update(exports, {"leased_by": attempt, "state": ExportState.RUNNING}, changed):
            raise Lost

    async def _leave(self, attempt: UUID, *, state: ExportState = ExportState.QUEUED, **changed: Any) -> None:
        """To whoever comes next."""
        with contextlib.suppress(Lost):
            await self._set(attempt, state=state, leased_until=None, **changed)

    async def _fail(self, row: Any, attempt: UUID, failure: ExportFailure) -> None:
        log.warning("export failed", export=str(row["id"]), failure=failure.value)
        with contextlib.suppress(Lost):
            await self._set(attempt, state=ExportState.FAILED, failure=failure, leased_until=None)
        with contextlib.suppress(ObjectStoreDown):
            await self._discard(row["id"])

    async def _expire(self) -> int:
        """Removes archives past their time, and what tries that ended otherwise have left."""
        async with self.desk.database.transaction(self.by) as conn:
            rows = await conn.rows(EXPIRED, at=await self._now(conn))
        for row in rows:
            await self._discard(row["id"])
            async with self.desk.database.transaction(self.by) as conn:
                await conn.update(exports, {"id": row["id"], "state": ExportState.READY}, {"state": ExportState.EXPIRED})
        return len(rows)

    async def _discard(self, export: UUID) -> None:
        """Everything of an export that lies in the store, or was on its way there."""
        for left in await self.objects.parts.open(f"exports/{export}/"):
            await self.objects.parts.give_up(left.key, left.name)
        while found := await self.objects.staging.keys(f"exports/{export}/"):
            for key, _ in found:
                await self.objects.staging.discard(key)

    async def _now(self, conn: Connection) -> datetime:
        now: datetime = await conn.value(reading.NOW, shift=self.desk.shift)
        return now
