"""The bucket of checkpoints: what the ledger has signed, each object once, under COMPLIANCE for as long as records are kept."""

import base64
import hashlib
from datetime import datetime

from botocore.exceptions import ClientError

from storage.objects.client import Client, StoreAddress
from storage.objects.errors import EXISTS, MISSING, LockNotProven, code


class AlreadyTaken(LockNotProven):
    """Another object has the key."""


class CheckpointBucket:
    """Small objects that are written once and read by whoever verifies."""

    def __init__(self, client: Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    @classmethod
    def at(cls, address: StoreAddress, bucket: str) -> "CheckpointBucket":
        """With keys of its own: whoever has the application's cannot write here."""
        return cls(Client(address), bucket)

    def make(self) -> None:
        """Makes the bucket with an administrator's keys, where it is not there yet."""
        if self._bucket not in {bucket["Name"] for bucket in self._client.s3.list_buckets()["Buckets"]}:
            self._client.s3.create_bucket(Bucket=self._bucket, ObjectLockEnabledForBucket=True)

    def close(self) -> None:
        """Ends the threads; what hangs is not waited for."""
        self._client.close()

    async def put(self, key: str, body: bytes, until: datetime) -> None:
        """Stores under COMPLIANCE, or finds the same bytes there; AlreadyTaken for other bytes."""
        await self._client.call(self._put, key, body, until)

    def _put(self, key: str, body: bytes, until: datetime) -> None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        given = {"ChecksumSHA256": digest, **lock, **self._client.address.encryption_given()}
        try:
            version = self._client.s3.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*", **given)["VersionId"]
        except ClientError as error:
            if code(error) not in EXISTS:
                raise
            version, there = self._first(key) or ("", None)
            if there != body:
                raise AlreadyTaken(key) from None
        kept = self._client.s3.get_object_retention(Bucket=self._bucket, Key=key, VersionId=version)["Retention"]
        if kept["Mode"] != "COMPLIANCE":
            raise LockNotProven(f"{key} is not under COMPLIANCE")

    async def read(self, key: str) -> bytes | None:
        """The first version of an object: a later one is nobody's to write."""
        found = await self._client.call(self._first, key)
        return None if found is None else found[1]

    def _first(self, key: str) -> tuple[str, bytes] | None:
        versions = self._client.s3.list_object_versions(Bucket=self._bucket, Prefix=key).get("Versions", [])
        ours = [version for version in versions if version["Key"] == key]
        if not ours:
            return None
        first = min(reversed(ours), key=lambda version: version["LastModified"])  # they come newest first
        return self._bytes(key, first["VersionId"])

    def _bytes(self, key: str, version: str) -> tuple[str, bytes] | None:
        try:
            with self._client.s3.get_object(Bucket=self._bucket, Key=key, VersionId=version)["Body"] as stream:
                return version, bytes(stream.read())
        except ClientError as error:
            if code(error) in MISSING:
                return None
            raise

    async def has(self, key: str) -> bool:
        """Whether an object is there."""
        return await self._client.call(self._has, key)

    def _has(self, key: str) -> bool:
        try:
            self._client.s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if code(error) in MISSING:
                return False
            raise
        return True
