"""Bytes in S3: staged by a presigned PUT, then promoted into the locked bucket. The only package that talks to S3."""

from botocore.exceptions import BotoCoreError, ClientError

from storage.objects.breaker import DEADLINE_SECONDS, PROOF_SECONDS, deadline
from storage.objects.checkpoints import AlreadyTaken, CheckpointBucket
from storage.objects.client import Client, StoreAddress
from storage.objects.errors import LockNotProven, ObjectStoreDown, OutOfTime, reason
from storage.objects.locked import LINK_SECONDS_MAX, Digest, Locked, LockedBucket
from storage.objects.parts import Part, Parts
from storage.objects.proof import prove
from storage.objects.staging import UPLOAD_SECONDS, Presigned, Staging

__all__ = [
    "DEADLINE_SECONDS", "LINK_SECONDS_MAX", "UPLOAD_SECONDS", "AlreadyTaken", "CheckpointBucket", "Digest", "LockNotProven", "Locked",
    "LockedBucket", "ObjectStore", "ObjectStoreDown", "OutOfTime", "Part", "Parts", "Presigned", "Staging", "StoreAddress", "deadline",
]  # fmt: skip


class ObjectStore:
    """One store: what is under way in `staging` and `parts`, what is kept in `locked`, and its copy in `second`, where there is one."""

    def __init__(self, address: StoreAddress, second: StoreAddress | None = None) -> None:
        self.address, self.client = address, Client(address)
        self.staging, self.parts, self.locked = Staging(self.client), Parts(self.client), LockedBucket(self.client)
        self._second = Client(second) if second else None  # with threads and a breaker of its own
        self.second = LockedBucket(self._second) if self._second else None

    def close(self) -> None:
        """Ends the threads; what hangs is not waited for."""
        self.client.close()
        if self._second:
            self._second.close()

    async def ready(self) -> None:
        """Raises ObjectStoreDown when the locked bucket does not answer."""
        await self.client.call(self.client.s3.head_bucket, Bucket=self.address.locked_bucket, seconds=2.0)

    async def prove_lock(self) -> None:
        """Stores a locked object and tries to destroy it, with our keys and with none: all must be refused, or LockNotProven."""
        with deadline(PROOF_SECONDS):
            await self.client.call(prove, self.client, self.locked)

    async def prove_second(self) -> None:
        """The same of the second store, where there is one."""
        if self._second and self.second:
            with deadline(PROOF_SECONDS):
                await self._second.call(prove, self._second, self.second)

    def make_buckets(self) -> None:
        """Makes both buckets with an administrator's keys and proves that a write succeeds; ObjectStoreDown until it does."""
        s3 = self.client.s3
        try:
            names = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
            if self.address.locked_bucket not in names:
                s3.create_bucket(Bucket=self.address.locked_bucket, ObjectLockEnabledForBucket=True)
            if self.address.staging_bucket not in names:
                s3.create_bucket(Bucket=self.address.staging_bucket)
            s3.put_object(Bucket=self.address.staging_bucket, Key="ready", Body=b"x" * 8192)
        except (BotoCoreError, ClientError) as error:
            raise ObjectStoreDown(reason(error)) from error
