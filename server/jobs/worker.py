"""When the jobs run: procrastinate, whose queue is PostgreSQL itself, in the schema `jobs`, with the application's own role.

Any number of processes may run a worker: a tick is queued once, whoever queues it, and what a job does it does once. No job takes a
lock of procrastinate's: a worker that is killed would keep it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import DeleteJobCondition, Status
from psycopg_pool import PoolTimeout

from server.custody.desk import Desk
from server.jobs.jobs import Jobs
from server.service import service_of
from storage.objects import ObjectStore, ObjectStoreDown

log: Any = structlog.get_logger()
POLL_SECONDS, DOWN_SECONDS, GRACE_SECONDS = 5.0, 5.0, 5.0
AT_ONCE = 2  # what takes long, of scans, keeps nothing else waiting
EVERY = {
    "tidy": "* * * * *", "climb": "*/5 * * * *", "notify": "*/10 * * * *", "calendar": "15 * * * *", "sweep": "*/10 * * * *",
    "retain": "*/10 * * * *", "hold": "*/5 * * * *", "copy": "* * * * *", "fix": "40 * * * *",
    "scans": "* * * * *", "draw": "* * * * * */10", "forget": "25 3 * * *", "audit": "35 3 * * *", "compare": "20 18 * * *",
    "watch": "* * * * *", "export": "* * * * * */10",
}  # fmt: skip


def _job(name: str) -> Callable[[JobContext, int], Awaitable[None]]:
    async def run(context: JobContext, timestamp: int) -> None:
        desk: Desk = context.additional_context["desk"]
        objects: ObjectStore = context.additional_context["objects"]
        by = await service_of(desk.database)
        if by is None:
            log.warning("jobs", told="no active member of staff has the role SYSTEM")
            return
        try:
            done = await getattr(Jobs(desk, by, objects, **context.additional_context["settings"]), name)()
        except ObjectStoreDown as error:  # the next tick tries again
            log.warning("job", name=name, kind=type(error).__name__)
            return
        if done:
            log.info("job", name=name, done=done)

    return run


async def _sweep(context: JobContext, timestamp: int) -> None:
    """Jobs of workers that were killed."""
    for job in await context.app.job_manager.get_stalled_jobs():
        await context.app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


def app_of(url: str) -> App:
    """Procrastinate on our database; nothing is opened."""
    connector = PsycopgConnector(conninfo=url, kwargs={"options": "-c search_path=jobs"}, min_size=1, max_size=2, timeout=DOWN_SECONDS)
    made = App(connector=connector)
    for name, cron in EVERY.items():
        run = _sweep if name == "sweep" else _job(name)
        made.periodic(cron=cron, periodic_id=name)(made.task(name=name, queueing_lock=name, pass_context=True)(run))
    return made


def _told_to_end() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def work(url: str, desk: Desk, objects: ObjectStore, *, until_empty: bool = False, **settings: Any) -> None:
    """Runs jobs until it is cancelled; goes on when PostgreSQL comes back. `settings` are those of `Jobs`.

    `until_empty` ends when nothing is queued.
    """
    while True:
        app = app_of(url)
        try:
            async with app.open_async():
                if _told_to_end():  # while the pool opened, where Python 3.11's wait_for loses the word now and then
                    return
                await app.run_worker_async(
                    concurrency=AT_ONCE,
                    wait=not until_empty,
                    fetch_job_polling_interval=POLL_SECONDS,
                    listen_notify=False,  # ticks are minutes apart: a connection that listens would be one more for nothing
                    delete_jobs=DeleteJobCondition.SUCCESSFUL,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=GRACE_SECONDS,
                    additional_context={"desk": desk, "objects": objects, "settings": settings},
                )
            return
        except (ProcrastinateException, PoolTimeout, OSError, asyncpg.PostgresError) as error:
            if _told_to_end():  # while a statement ran, which the driver tells as an error of its own
                return
            log.warning("worker", kind=type(error).__name__)
            await asyncio.sleep(DOWN_SECONDS)
