"""The bucket of uploads under way: filled by presigned PUTs, emptied when a scan is locked or refused."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from storage.objects.client import Client
from storage.objects.errors import MISSING, code

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

    def presign_put(self, key: str, *, sha256: bytes, size_bytes: int, media_type: str) -> Presigned:
        """A PUT of exactly these bytes, once, for 15 minutes; signing is local and asks nobody."""
        given = {
            "Bucket": self._bucket,
            "Key": key,
            "ContentLength": size_bytes,
            "ContentType": media_type,
            "ChecksumSHA256": base64.b64encode(sha256).decode(),
            "IfNoneMatch": "*",
        }
        url = self._client.s3.generate_presigned_url("put_object", Params=given, ExpiresIn=UPLOAD_SECONDS)
        headers: dict[str, str] = {
            "Content-Type": media_type,
            "Content-Length": str(size_bytes),
            "x-amz-checksum-sha256": base64.b64encode(sha256).decode(),
            "If-None-Match": "*",
        }
        return Presigned(url, headers, datetime.now(UTC) + timedelta(seconds=UPLOAD_SECONDS))

    async def put(self, key: str, body: bytes, media_type: str) -> None:
        """Stores bytes that came through us."""
        await self._client.call(self._client.s3.put_object, Bucket=self._bucket, Key=key, Body=body, ContentType=media_type)

    async def read(self, key: str, size_bytes_max: int) -> bytes | None:
        """The bytes, None when there are none; one byte over the limit is enough to see that it is too long."""
        return await self._client.call(self._read, key, size_bytes_max)

    def _read(self, key: str, size_bytes_max: int) -> bytes | None:
        try:
            found = self._client.s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if code(error) in MISSING:
                return None
            raise
        with found["Body"] as stream:
            return bytes(stream.read(size_bytes_max + 1))

    async def discard(self, key: str) -> None:
        """Removes the bytes."""
        await self._client.call(self._client.s3.delete_object, Bucket=self._bucket, Key=key)
