"""Bytes in S3: staged by a presigned PUT, then promoted into the locked bucket. The only file that imports boto3.

Every call has a deadline and runs in a thread pool of its own: with S3 hung, custody keeps its speed.
"""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

T = TypeVar("T")
DEADLINE_SECONDS = 5.0
UPLOAD_SECONDS = 900
LINK_SECONDS_MAX = 60
THREADS_MAX = 8
MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
EXISTS = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})


class ObjectStoreDown(RuntimeError):
    """The store does not answer, or answers nonsense; trying again may help."""


class LockNotProven(RuntimeError):
    """The locked bucket lets go of what it should keep."""


@dataclass(frozen=True)
class StoreAddress:
    """Where the store is, with whose keys, and the names of its two buckets."""

    endpoint: str
    access_key: str
    secret_key: str
    locked_bucket: str
    staging_bucket: str
    region: str = "us-east-1"


@dataclass(frozen=True)
class Presigned:
    """What a client needs for its PUT: the address and the headers that the signature covers."""

    url: str
    headers: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class Locked:
    """An object in the locked bucket, pinned."""

    key: str
    version_id: str
    lock_until: datetime
    legal_hold: bool


class ObjectStore:
    """One client and its threads."""

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
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=address.endpoint,
            region_name=address.region,
            aws_access_key_id=address.access_key,
            aws_secret_access_key=address.secret_key,
            config=config,
        )
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="s3")

    def close(self) -> None:
        """Ends the threads; what hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    async def _within_deadline(self, work: Callable[[], T], seconds: float = DEADLINE_SECONDS) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.wait_for(future, seconds)
        except (TimeoutError, BotoCoreError, ClientError) as error:
            raise ObjectStoreDown(_why(error)) from error

    # Staging ---------------------------------------------------------------------------------------------------------
    def presign_put(self, key: str, *, sha256: bytes, size_bytes: int, media_type: str) -> Presigned:
        """A PUT of exactly these bytes, once, for 15 minutes; signing is local and asks nobody."""
        given = {
            "Bucket": self.address.staging_bucket,
            "Key": key,
            "ContentLength": size_bytes,
            "ContentType": media_type,
            "ChecksumSHA256": base64.b64encode(sha256).decode(),
            "IfNoneMatch": "*",
        }
        url = self._client.generate_presigned_url("put_object", Params=given, ExpiresIn=UPLOAD_SECONDS)
        headers: dict[str, str] = {
            "Content-Type": media_type,
            "Content-Length": str(size_bytes),
            "x-amz-checksum-sha256": base64.b64encode(sha256).decode(),
            "If-None-Match": "*",
        }
        return Presigned(url, headers, datetime.now(UTC) + timedelta(seconds=UPLOAD_SECONDS))

    async def stage(self, key: str, body: bytes, media_type: str) -> None:
        """Puts bytes that came through us into staging."""
        put = partial(self._client.put_object, Bucket=self.address.staging_bucket, Key=key, Body=body, ContentType=media_type)
        await self._within_deadline(put)

    async def staged(self, key: str, size_bytes_max: int) -> bytes | None:
        """The staged bytes, None when there are none; one byte over the limit is enough to see that it is too long."""
        return await self._within_deadline(lambda: self._read(key, size_bytes_max))

    def _read(self, key: str, size_bytes_max: int) -> bytes | None:
        try:
            found = self._client.get_object(Bucket=self.address.staging_bucket, Key=key)
        except ClientError as error:
            if _code(error) in MISSING:
                return None
            raise
        with found["Body"] as stream:
            return bytes(stream.read(size_bytes_max + 1))

    async def discard(self, key: str) -> None:
        """Removes staged bytes; the locked bucket is never cleaned."""
        await self._within_deadline(partial(self._client.delete_object, Bucket=self.address.staging_bucket, Key=key))

    # The locked bucket -----------------------------------------------------------------------------------------------
    async def lock(self, key: str, body: bytes, media_type: str, until: datetime) -> Locked:
        """Stores under COMPLIANCE until `until` plus legal hold, reads both back; the same key twice is the same object."""
        return await self._within_deadline(lambda: self._lock(key, body, media_type, until))

    def _lock(self, key: str, body: bytes, media_type: str, until: datetime) -> Locked:
        bucket, digest = self.address.locked_bucket, base64.b64encode(hashlib.sha256(body).digest()).decode()
        try:
            version = self._client.put_object(
                Bucket=bucket,
                Key=key,
                Body=body,
                ContentType=media_type,
                ChecksumSHA256=digest,
                IfNoneMatch="*",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=until,
                ObjectLockLegalHoldStatus="ON",
            )["VersionId"]
        except ClientError as error:
            if _code(error) not in EXISTS:
                raise
            version = self._client.head_object(Bucket=bucket, Key=key)["VersionId"]  # an earlier try got this far
        return self._proven(key, version, body)

    def _proven(self, key: str, version: str, body: bytes) -> Locked:
        where = {"Bucket": self.address.locked_bucket, "Key": key, "VersionId": version}
        with self._client.get_object(**where)["Body"] as stream:
            if hashlib.sha256(stream.read()).digest() != hashlib.sha256(body).digest():
                raise LockNotProven(f"{key} does not hold the bytes that were sent")
        retention = self._client.get_object_retention(**where)["Retention"]
        try:
            hold = self._client.get_object_legal_hold(**where)["LegalHold"]["Status"]
        except ClientError as error:
            if _code(error) not in ("NoSuchObjectLegalHold", "NoSuchObjectLockConfiguration"):
                raise
            hold = "OFF"
        if retention["Mode"] != "COMPLIANCE":
            raise LockNotProven(f"{key} is not under COMPLIANCE")
        return Locked(key, version, retention["RetainUntilDate"], hold == "ON")

    def presign_get(self, key: str, version_id: str, *, filename: str, seconds: int = LINK_SECONDS_MAX) -> tuple[str, datetime]:
        """A link to one pinned version, as an attachment, for at most a minute."""
        seconds = min(seconds, LINK_SECONDS_MAX)
        given = {
            "Bucket": self.address.locked_bucket,
            "Key": key,
            "VersionId": version_id,
            "ResponseContentDisposition": f'attachment; filename="{filename}"',
        }
        url = self._client.generate_presigned_url("get_object", Params=given, ExpiresIn=seconds)
        return str(url), datetime.now(UTC) + timedelta(seconds=seconds)

    # Health ----------------------------------------------------------------------------------------------------------
    async def ready(self) -> None:
        """Raises ObjectStoreDown when the locked bucket does not answer."""
        await self._within_deadline(partial(self._client.head_bucket, Bucket=self.address.locked_bucket), 2.0)

    async def prove_lock(self) -> None:
        """Stores a locked object, tries to delete it and to shorten its lock: both must be refused, or LockNotProven."""
        await self._within_deadline(self._prove_lock)

    def _prove_lock(self) -> None:
        key, body = f"self-test/{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}", b"loanfile lock self-test"
        bucket, until = self.address.locked_bucket, datetime.now(UTC) + timedelta(days=1)
        version = self._client.put_object(
            Bucket=bucket, Key=key, Body=body, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until
        ).get("VersionId")
        if not version:
            raise LockNotProven(f"bucket {bucket} keeps no versions")
        attempts: list[tuple[str, Callable[[], Any]]] = [
            ("deleted", partial(self._client.delete_object, Bucket=bucket, Key=key, VersionId=version)),
            (
                "shortened the lock of",
                partial(
                    self._client.put_object_retention,
                    Bucket=bucket,
                    Key=key,
                    VersionId=version,
                    Retention={"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(hours=1)},
                ),
            ),
        ]
        for done, attempt in attempts:
            try:
                attempt()
            except ClientError:
                continue
            raise LockNotProven(f"bucket {bucket} {done} a locked object")
        self._proven(key, version, body)

    def make_buckets(self) -> None:
        """Makes both buckets with an administrator's keys and proves that a write succeeds; ObjectStoreDown until it does."""
        try:
            names = {bucket["Name"] for bucket in self._client.list_buckets()["Buckets"]}
            if self.address.locked_bucket not in names:
                self._client.create_bucket(Bucket=self.address.locked_bucket, ObjectLockEnabledForBucket=True)
            if self.address.staging_bucket not in names:
                self._client.create_bucket(Bucket=self.address.staging_bucket)
            self._client.put_object(Bucket=self.address.staging_bucket, Key="ready", Body=b"x" * 8192)
        except (BotoCoreError, ClientError) as error:
            raise ObjectStoreDown(_why(error)) from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _why(error: Exception) -> str:
    """A short reason without addresses or signatures."""
    return _code(error) if isinstance(error, ClientError) else type(error).__name__
