"""The bucket of uploads under way: filled by presigned PUTs, emptied when a scan is locked or refused."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from storage.objects.breaker import budget, deadline
from storage.objects.client import Client
from storage.objects.errors import MISSING, code
from storage.objects.locked import CHUNK_BYTES, LINK_SECONDS_MAX, Digest

UPLOAD_SECONDS = 900


@dataclass(frozen=True)
class Presigned:
    """What a client needs for its PUT: the address and the headers that the signature covers."""

    url: str
    headers: dict[str, str]
    expires_at: datetime


class Staging:
    """Bytes that nobody sees yet."""

    def __init__(self, client: Client) -> None:
        self._client, self._bucket = client, client.address.staging_bucket

    def presign_put(self, key: str, *, sha256: bytes, size_bytes: int, media_type: str, seconds: int = UPLOAD_SECONDS) -> Presigned:
        """A PUT of exactly these bytes, once, for 15 minutes at most; signing is local and asks nobody."""
        seconds, digest = min(seconds, UPLOAD_SECONDS), base64.b64encode(sha256).decode()
        given = {
            "Bucket": self._bucket,
            "Key": key,
            "ContentLength": size_bytes,
            "ContentType": media_type,
            "ChecksumSHA256": digest,
            "IfNoneMatch": "*",
            **self._client.address.encryption_given(),
        }
        url = self._client.s3.generate_presigned_url("put_object", Params=given, ExpiresIn=seconds)
        headers: dict[str, str] = {
            "Content-Type": media_type,
            "Content-Length": str(size_bytes),
            "x-amz-checksum-sha256": digest,
            "If-None-Match": "*",
            **self._client.address.encryption_headers(),
        }
        return Presigned(url, headers, datetime.now(UTC) + timedelta(seconds=seconds))

    async def put(self, key: str, file: BinaryIO, media_type: str) -> None:
        """Stores bytes that came through us."""
        file.seek(0)
        await self._put(key, file, media_type)

    async def put_bytes(self, key: str, body: bytes, media_type: str) -> None:
        """Stores what we have made, over what was there."""
        await self._put(key, body, media_type)

    async def _put(self, key: str, body: bytes | BinaryIO, media_type: str) -> None:
        given = {"Bucket": self._bucket, "Key": key, "ContentType": media_type, **self._client.address.encryption_given()}
        await self._client.call(self._client.s3.put_object, Body=body, **given)

    def presign_get(self, key: str, *, filename: str, seconds: int = LINK_SECONDS_MAX) -> tuple[str, datetime]:
        """A link to what we have made, as an attachment, for at most a minute."""
        seconds = min(seconds, LINK_SECONDS_MAX)
        given = {"Bucket": self._bucket, "Key": key, "ResponseContentDisposition": f'attachment; filename="{filename}"'}
        url = self._client.s3.generate_presigned_url("get_object", Params=given, ExpiresIn=seconds)
        return str(url), datetime.now(UTC) + timedelta(seconds=seconds)

    async def keys(self, prefix: str, after: str | None = None) -> list[tuple[str, datetime]]:
        """Keys behind `after`, in order, at most a thousand, and when their bytes came."""
        more: dict[str, Any] = {"StartAfter": after} if after else {}
        found = await self._client.call(self._client.s3.list_objects_v2, Bucket=self._bucket, Prefix=prefix, **more)
        return [(one["Key"], one["LastModified"]) for one in found.get("Contents", ())]

    async def read(self, key: str, into: BinaryIO, size_bytes_max: int) -> tuple[int, bytes] | None:
        """Size and SHA-256 of the bytes, which stand in the file then; None when there are none, or more than that."""
        return await self._client.call(self._read, key, into, size_bytes_max)

    def _read(self, key: str, into: BinaryIO, size_bytes_max: int) -> tuple[int, bytes] | None:
        try:
            found = self._client.s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if code(error) in MISSING:
                return None
            raise
        size, digest, time_left = 0, hashlib.sha256(), budget()
        with found["Body"] as stream:
            while size <= size_bytes_max and (piece := stream.read(CHUNK_BYTES)):
                time_left.check()
                into.write(piece)
                digest.update(piece)
                size += len(piece)
        into.flush()
        return size, digest.digest()

    async def fetch(self, key: str, into: BinaryIO, size_bytes: int) -> Digest | None:
        """Copies what we have made into a file, with a deadline for its size; None when there is none."""
        with deadline(size_bytes=size_bytes):
            found = await self.read(key, into, size_bytes)
        return None if found is None else Digest(found[1], found[0])

    async def discard(self, key: str) -> None:
        """Removes the bytes."""
        await self._client.call(self._client.s3.delete_object, Bucket=self._bucket, Key=key)
