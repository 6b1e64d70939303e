"""One client of the object store and its threads: every call has a deadline. The only file that imports boto3.

The threads are a pool of their own: with S3 hung, custody keeps its speed.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.objects.errors import ObjectStoreDown, reason

T = TypeVar("T")
DEADLINE_SECONDS = 5.0
THREADS_MAX = 8


@dataclass(frozen=True)
class StoreAddress:
    """Where the store is, with whose keys, and the names of its two buckets."""

    endpoint: str
    access_key: str
    secret_key: str
    locked_bucket: str
    staging_bucket: str
    region: str = "us-east-1"


class Client:
    """Boto3's client in `s3`, and its threads."""

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        # boto3's default presign is SigV2 here and lets a client drop signed headers.
        config = Config(
            signature_version="s3v4",
            retries={"max_attempts": 1},
            connect_timeout=2,
            read_timeout=DEADLINE_SECONDS,
            s3={"addressing_style": "path"},
            max_pool_connections=THREADS_MAX,
        )
        self.s3: Any = boto3.client(
            "s3",
            endpoint_url=address.endpoint,
            region_name=address.region,
            aws_access_key_id=address.access_key,
            aws_secret_access_key=address.secret_key,
            config=config,
        )
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="s3")

    async def call(self, work: Callable[..., T], *args: Any, seconds: float = DEADLINE_SECONDS, **given: Any) -> T:
        """The work in one of the threads; ObjectStoreDown when it fails or takes longer."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **given))
        try:
            return await asyncio.wait_for(future, seconds)
        except (TimeoutError, BotoCoreError, ClientError) as error:
            raise ObjectStoreDown(reason(error)) from error

    def close(self) -> None:
        """Ends the threads; what hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.s3.close()
