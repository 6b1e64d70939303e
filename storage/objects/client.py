"""One client of the object store and its threads. The only file that imports boto3.

Every use case has one deadline over all its calls; the threads are a pool of their own, and a breaker refuses at once while the
store is down: with S3 hung, custody keeps its speed. A thread that hangs comes back by itself, when its socket has been silent.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

import boto3
import structlog
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.objects.breaker import BUDGET, Breaker, budget
from storage.objects.errors import LockNotProven, ObjectStoreDown, OutOfTime, answered, reason

T = TypeVar("T")
CONNECT_SECONDS, SILENCE_SECONDS = 2.0, 4.0
THREADS_MAX = 8
log: Any = structlog.get_logger()


@dataclass(frozen=True)
class StoreAddress:
    """Where the store is, with whose keys, and the names of its two buckets."""

    endpoint: str
    access_key: str
    secret_key: str
    locked_bucket: str
    staging_bucket: str
    region: str = "us-east-1"
    encryption: str = "none"  # of the store: none, AES256, or aws:kms and the id of a key

    def encryption_given(self) -> dict[str, Any]:
        """What a PUT says of it."""
        kind, _, key = self.encryption.partition(" ")
        if kind == "none":
            return {}
        return {"ServerSideEncryption": kind, **({"SSEKMSKeyId": key} if key else {})}

    def encryption_headers(self) -> dict[str, str]:
        """The same for a client of a presigned address, whose signature covers it."""
        given, name = self.encryption_given(), "x-amz-server-side-encryption"
        named = {"ServerSideEncryption": name, "SSEKMSKeyId": f"{name}-aws-kms-key-id"}
        return {named[word]: value for word, value in given.items()}


class Client:
    """Boto3's client in `s3`, its threads and its breaker."""

    def __init__(self, address: StoreAddress) -> None:
        self.address, self.breaker = address, Breaker()
        # boto3's default presign is SigV2 here and lets a client drop signed headers.
        self.s3: Any = self._made("s3v4")
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="s3")

    def unsigned(self) -> Any:
        """A client that shows no keys, to see that it is turned away."""
        return self._made(UNSIGNED)

    def _made(self, signature: Any) -> Any:
        config = Config(
            signature_version=signature,
            response_checksum_validation="when_required",  # whoever reads bytes hashes them
            retries={"total_max_attempts": 1},  # another try would cost the deadline twice; the caller's is the better one
            connect_timeout=CONNECT_SECONDS,
            read_timeout=SILENCE_SECONDS,
            s3={"addressing_style": "path"},
            max_pool_connections=THREADS_MAX,
        )
        return boto3.client(
            "s3",
            endpoint_url=self.address.endpoint,
            region_name=self.address.region,
            aws_access_key_id=self.address.access_key,
            aws_secret_access_key=self.address.secret_key,
            config=config,
        )

    async def call(self, work: Callable[..., T], *args: Any, seconds: float | None = None, **given: Any) -> T:
        """The work in one of the threads; ObjectStoreDown when it fails, or takes more than is left of the deadline or `seconds`."""
        if not self.breaker.admits():
            raise ObjectStoreDown("it did not answer a moment ago")
        time_left, running, context = budget(), False, copy_context()
        context.run(BUDGET.set, time_left)

        def run() -> T:
            nonlocal running
            running = True
            return work(*args, **given)

        with time_left.spent(seconds) as allowed:
            future = asyncio.get_running_loop().run_in_executor(self._threads, context.run, run)
            try:
                made = await asyncio.wait_for(future, allowed)
            except (TimeoutError, BotoCoreError, ClientError) as error:
                if running:  # else it waited for a thread: that is our own crowd
                    self._judge(error)
                kind = OutOfTime if isinstance(error, TimeoutError) else ObjectStoreDown
                raise kind(reason(error)) from error
            except LockNotProven:
                self._answered()
                raise
        self._answered()
        return made

    def _judge(self, error: Exception) -> None:
        if isinstance(error, ClientError) and answered(error):
            self._answered()
        elif self.breaker.failed():
            log.error("object store down", reason=reason(error), endpoint=self.address.endpoint)

    def _answered(self) -> None:
        if self.breaker.succeeded():
            log.warning("object store back", endpoint=self.address.endpoint)

    def close(self) -> None:
        """Ends the threads; what hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.s3.close()
