"""Uploads in parts: begun, sent part by part to presigned addresses, looked at, put together or given up."""

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256 as hashed

from botocore.exceptions import ClientError

from storage.objects.breaker import deadline
from storage.objects.client import Client
from storage.objects.errors import MISSING, ObjectStoreDown, code
from storage.objects.locked import Digest
from storage.objects.staging import UPLOAD_SECONDS, Presigned

GONE = MISSING | {"NoSuchUpload"}
PART_BYTES = 8 << 20  # of what we send ourselves: 10,000 of them are the largest object
COMPLETE_SECONDS = 60.0  # the store puts all of it together; nobody waits


@dataclass(frozen=True)
class Part:
    """A part that is there."""

    number: int
    size_bytes: int
    etag: str


@dataclass(frozen=True)
class Begun:
    """An upload that has not ended."""

    key: str
    name: str
    begun_at: datetime


class Parts:
    """Of the staging bucket."""

    def __init__(self, client: Client) -> None:
        self._client, self._bucket = client, client.address.staging_bucket

    async def begin(self, key: str, media_type: str) -> str:
        """The name of a new upload."""
        made = await self._client.call(
            self._client.s3.create_multipart_upload,
            Bucket=self._bucket,
            Key=key,
            ContentType=media_type,
            ChecksumAlgorithm="SHA256",
            **self._client.address.encryption_given(),
        )
        return str(made["UploadId"])

    def presign(self, key: str, upload: str, number: int, *, sha256: bytes, size_bytes: int, seconds: int = UPLOAD_SECONDS) -> Presigned:
        """A PUT of exactly these bytes as that part, as often as needed, for 15 minutes at most."""
        seconds, digest = min(seconds, UPLOAD_SECONDS), base64.b64encode(sha256).decode()
        given = {
            "Bucket": self._bucket,
            "Key": key,
            "UploadId": upload,
            "PartNumber": number,
            "ContentLength": size_bytes,
            "ChecksumSHA256": digest,
        }
        url = self._client.s3.generate_presigned_url("upload_part", Params=given, ExpiresIn=seconds)
        headers = {"Content-Length": str(size_bytes), "x-amz-checksum-sha256": digest}
        return Presigned(url, headers, datetime.now(UTC) + timedelta(seconds=seconds))

    async def there(self, key: str, upload: str) -> dict[int, Part] | None:
        """The parts that have come, by number; None when the upload has ended, one way or the other."""
        return await self._client.call(self._there, key, upload)

    def _there(self, key: str, upload: str) -> dict[int, Part] | None:
        try:
            pages = self._client.s3.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=upload)
            found = [p for page in pages for p in page.get("Parts", ())]
        except ClientError as error:
            if code(error) in GONE:
                return None
            raise
        return {p["PartNumber"]: Part(p["PartNumber"], p["Size"], p["ETag"]) for p in found}

    async def complete(self, key: str, upload: str, parts: dict[int, Part], sha256: list[bytes]) -> None:
        """Makes one object of them, each with the checksum that was announced; nothing when that was done before."""
        await self._client.call(self._complete, key, upload, parts, sha256)

    def _complete(self, key: str, upload: str, parts: dict[int, Part], sha256: list[bytes]) -> None:
        listed = [
            {"PartNumber": n, "ETag": parts[n].etag, "ChecksumSHA256": base64.b64encode(digest).decode()}
            for n, digest in enumerate(sha256, 1)
        ]
        try:
            self._client.s3.complete_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": listed})
        except ClientError as error:
            if code(error) not in GONE:
                raise

    async def put(self, key: str, pieces: Iterator[bytes], media_type: str) -> Digest:
        """One object of any size over what was there, with one part at a time in memory; each part has a deadline of its own."""
        upload, sent, sums, whole, size = await self.begin(key, media_type), dict[int, Part](), list[bytes](), hashed(), 0
        try:
            while body := await asyncio.to_thread(_filled, pieces):
                whole.update(body)
                size += len(body)
                sums.append(hashed(body).digest())
                with deadline(size_bytes=len(body)):
                    sent[len(sums)] = await self._client.call(self._send, key, upload, len(sums), body, sums[-1])
            with deadline(COMPLETE_SECONDS):
                await self.complete(key, upload, sent, sums)
        except ObjectStoreDown:  # what is left of it is for whoever tries again to give up
            raise
        except BaseException:
            await self.give_up(key, upload)
            raise
        return Digest(whole.digest(), size)

    def _send(self, key: str, upload: str, number: int, body: bytearray, sha256: bytes) -> Part:
        digest = base64.b64encode(sha256).decode()
        given = {"Bucket": self._bucket, "Key": key, "UploadId": upload, "PartNumber": number, "ChecksumSHA256": digest}
        return Part(number, len(body), self._client.s3.upload_part(Body=body, **given)["ETag"])

    async def give_up(self, key: str, upload: str) -> None:
        """Removes the parts."""
        await self._client.call(self._give_up, key, upload)

    def _give_up(self, key: str, upload: str) -> None:
        try:
            self._client.s3.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
        except ClientError as error:
            if code(error) not in GONE:
                raise

    async def open(self, prefix: str) -> list[Begun]:
        """The uploads that have not ended, at most a thousand."""
        found = await self._client.call(self._client.s3.list_multipart_uploads, Bucket=self._bucket, Prefix=prefix)
        return [Begun(one["Key"], one["UploadId"], one["Initiated"]) for one in found.get("Uploads", ())]


def _filled(pieces: Iterator[bytes]) -> bytearray:
    """The next part: at least as large as it should be, less at the end."""
    made = bytearray()
    while len(made) < PART_BYTES and (piece := next(pieces, b"")):
        made += piece
    return made
