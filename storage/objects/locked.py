"""The bucket of what is kept: every object under COMPLIANCE and legal hold, its version pinned; never cleaned."""

import base64
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from storage.objects.breaker import budget, deadline
from storage.objects.client import Client
from storage.objects.errors import EXISTS, MISSING, LockNotProven, code

LINK_SECONDS_MAX = 60
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Locked:
    """An object in the locked bucket, pinned, and its lock as the store tells it."""

    key: str
    version_id: str
    lock_until: datetime
    legal_hold: bool


@dataclass(frozen=True)
class Digest:
    """What the stored bytes are."""

    sha256: bytes
    size_bytes: int


class LockedBucket:
    """Bytes that stay."""

    def __init__(self, client: Client) -> None:
        self._client, self.bucket = client, client.address.locked_bucket

    @property
    def is_down(self) -> bool:
        """Whether its store did not answer the last times."""
        return self._client.breaker.open

    # Stored once ---------------------------------------------------------------------------------------------------------
    async def put(self, key: str, file: BinaryIO, sha256: bytes, media_type: str, until: datetime) -> Locked:
        """Stores under COMPLIANCE until `until` plus legal hold, reads hash and lock back; the same key twice is the same object."""
        with deadline(size_bytes=_size(file)):
            return await self._client.call(self._put, key, file, sha256, media_type, until)

    async def put_again(self, key: str, file: BinaryIO, sha256: bytes, media_type: str, until: datetime, *, legal_hold: bool) -> Locked:
        """A new version beside one that went bad, under the same lock."""
        with deadline(size_bytes=_size(file)):
            return await self._client.call(self._put_again, key, file, sha256, media_type, until, legal_hold)

    def _put(self, key: str, file: BinaryIO, sha256: bytes, media_type: str, until: datetime) -> Locked:
        try:
            version = self._store(key, file, sha256, media_type, until, "ON", IfNoneMatch="*")
        except ClientError as error:
            if code(error) not in EXISTS:
                raise
            version = self._client.s3.head_object(Bucket=self.bucket, Key=key)["VersionId"]  # an earlier try got this far
        return self._holding(key, version, sha256)

    def _put_again(self, key: str, file: BinaryIO, sha256: bytes, media_type: str, until: datetime, legal_hold: bool) -> Locked:
        version = self._store(key, file, sha256, media_type, until, "ON" if legal_hold else "OFF")
        return self._holding(key, version, sha256)

    def _store(self, key: str, file: BinaryIO, sha256: bytes, media_type: str, until: datetime, hold: str, **given: Any) -> str:
        file.seek(0)  # a file is sent in pieces, each with the silence of a socket as its limit; bytes would be sent as one
        made = self._client.s3.put_object(
            Bucket=self.bucket, Key=key, Body=file, ContentType=media_type, ChecksumSHA256=base64.b64encode(sha256).decode(),
            ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until, ObjectLockLegalHoldStatus=hold,
            **self._client.address.encryption_given(), **given,
        )  # fmt: skip
        return str(made["VersionId"])

    def _holding(self, key: str, version: str, sha256: bytes) -> Locked:
        """The object as the store tells it: the SHA-256 that it took the bytes with, and their lock.

        A store that takes bytes under another's checksum is not proven at the start. One that tells none is read.
        """
        head = self._head(key, version)
        if head is None or "ChecksumSHA256" not in head:
            return self.read_back(key, version, sha256)
        if base64.b64decode(head["ChecksumSHA256"]) != sha256:
            raise LockNotProven(f"{key} does not hold the bytes that were sent")
        return _proven(key, version, head)

    def read_back(self, key: str, version: str, sha256: bytes) -> Locked:
        """The object as it is, in this thread; LockNotProven when it holds other bytes or is not under COMPLIANCE."""
        stored = self._digest(key, version)
        if stored is None or stored.sha256 != sha256:
            raise LockNotProven(f"{key} does not hold the bytes that were sent")
        return _proven(key, version, self._head(key, version))

    # Looked at -----------------------------------------------------------------------------------------------------------
    async def lock(self, key: str, version: str) -> Locked | None:
        """The lock as it is now; None when there is no such version, or it is not under COMPLIANCE."""
        return await self._client.call(self._lock, key, version)

    def _lock(self, key: str, version: str) -> Locked | None:
        return _lock_of(key, version, self._head(key, version))

    def _head(self, key: str, version: str) -> dict[str, Any] | None:
        try:
            made: dict[str, Any] = self._client.s3.head_object(Bucket=self.bucket, Key=key, VersionId=version, ChecksumMode="ENABLED")
        except ClientError as error:
            if code(error) in MISSING:
                return None
            raise
        return made

    async def digest(self, key: str, version: str) -> Digest | None:
        """What the bytes are now, a piece at a time; None when there is no such version."""
        return await self._client.call(self._digest, key, version)

    def _digest(self, key: str, version: str) -> Digest | None:
        sha256, size = hashlib.sha256(), 0
        try:
            for chunk in self._chunks(key, version):
                sha256.update(chunk)
                size += len(chunk)
        except ClientError as error:
            if code(error) in MISSING:
                return None
            raise
        return Digest(sha256.digest(), size)

    async def fetch(self, key: str, version: str, into: BinaryIO) -> Digest:
        """Copies the bytes into a file, a piece at a time; answers what they are."""

        def copy() -> Digest:
            sha256, size = hashlib.sha256(), 0
            for chunk in self._chunks(key, version):
                into.write(chunk)
                sha256.update(chunk)
                size += len(chunk)
            return Digest(sha256.digest(), size)

        return await self._client.call(copy)

    async def newest(self, key: str) -> str | None:
        """The newest version of a key; None when there is none."""
        return await self._client.call(self._newest, key)

    def _newest(self, key: str) -> str | None:
        try:
            return str(self._client.s3.head_object(Bucket=self.bucket, Key=key)["VersionId"])
        except ClientError as error:
            if code(error) in MISSING:
                return None
            raise

    def _chunks(self, key: str, version: str) -> Iterator[bytes]:
        time_left = budget()
        with self._client.s3.get_object(Bucket=self.bucket, Key=key, VersionId=version)["Body"] as stream:
            while chunk := stream.read(CHUNK_BYTES):
                time_left.check()
                yield chunk

    async def versions(self, prefix: str, after: tuple[str, str] | None) -> tuple[list[tuple[str, str]], tuple[str, str] | None]:
        """Key and version of what is there behind `after`, at most a thousand, and where to go on; None at the end."""
        more: dict[str, Any] = {"KeyMarker": after[0], "VersionIdMarker": after[1]} if after else {}
        found = await self._client.call(self._client.s3.list_object_versions, Bucket=self.bucket, Prefix=prefix, **more)
        listed = [(one["Key"], one["VersionId"]) for one in found.get("Versions", ())]
        return listed, (found["NextKeyMarker"], found["NextVersionIdMarker"]) if found.get("IsTruncated") else None

    # Its lock ------------------------------------------------------------------------------------------------------------
    async def extend(self, key: str, version: str, until: datetime) -> Locked | None:
        """Sets a later end of the lock and reads it back; the store refuses an earlier one."""
        return await self._client.call(self._extend, key, version, until)

    def _extend(self, key: str, version: str, until: datetime) -> Locked | None:
        retention = {"Mode": "COMPLIANCE", "RetainUntilDate": until}
        self._client.s3.put_object_retention(Bucket=self.bucket, Key=key, VersionId=version, Retention=retention)
        return self._lock(key, version)

    async def hold(self, key: str, version: str, *, on: bool) -> Locked | None:
        """Places or lifts the legal hold and reads it back."""
        return await self._client.call(self._hold, key, version, on)

    def _hold(self, key: str, version: str, on: bool) -> Locked | None:
        held = {"Status": "ON" if on else "OFF"}
        self._client.s3.put_object_legal_hold(Bucket=self.bucket, Key=key, VersionId=version, LegalHold=held)
        return self._lock(key, version)

    # Links ---------------------------------------------------------------------------------------------------------------
    def presign_get(self, key: str, version_id: str, *, filename: str, seconds: int = LINK_SECONDS_MAX) -> tuple[str, datetime]:
        """A link to one pinned version, as an attachment, for at most a minute."""
        seconds = min(seconds, LINK_SECONDS_MAX)
        given = {
            "Bucket": self.bucket,
            "Key": key,
            "VersionId": version_id,
            "ResponseContentDisposition": f'attachment; filename="{filename}"',
        }
        url = self._client.s3.generate_presigned_url("get_object", Params=given, ExpiresIn=seconds)
        return str(url), datetime.now(UTC) + timedelta(seconds=seconds)


def _size(file: BinaryIO) -> int:
    return file.seek(0, io.SEEK_END)


def _lock_of(key: str, version: str, head: dict[str, Any] | None) -> Locked | None:
    if head is None or head.get("ObjectLockMode") != "COMPLIANCE":
        return None
    return Locked(key, version, head["ObjectLockRetainUntilDate"].astimezone(UTC), head.get("ObjectLockLegalHoldStatus") == "ON")


def _proven(key: str, version: str, head: dict[str, Any] | None) -> Locked:
    found = _lock_of(key, version, head)
    if found is None:
        raise LockNotProven(f"{key} is not under COMPLIANCE")
    return found
