"""The bucket of what is kept: every object under COMPLIANCE and legal hold, its version pinned; never cleaned."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from storage.objects.client import Client
from storage.objects.errors import EXISTS, NO_HOLD, LockNotProven, code

LINK_SECONDS_MAX = 60


@dataclass(frozen=True)
class Locked:
    """An object in the locked bucket, pinned."""

    key: str
    version_id: str
    lock_until: datetime
    legal_hold: bool


class LockedBucket:
    """Bytes that stay."""

    def __init__(self, client: Client) -> None:
        self._client, self._bucket = client, client.address.locked_bucket

    async def put(self, key: str, body: bytes, media_type: str, until: datetime) -> Locked:
        """Stores under COMPLIANCE until `until` plus legal hold, reads both back; the same key twice is the same object."""
        return await self._client.call(self._put, key, body, media_type, until)

    def _put(self, key: str, body: bytes, media_type: str, until: datetime) -> Locked:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        try:
            version = self._client.s3.put_object(
                Bucket=self._bucket,
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
            if code(error) not in EXISTS:
                raise
            version = self._client.s3.head_object(Bucket=self._bucket, Key=key)["VersionId"]  # an earlier try got this far
        return self.read_back(key, version, body)

    def read_back(self, key: str, version: str, body: bytes) -> Locked:
        """The object as it is, in this thread; LockNotProven when it holds other bytes or is not under COMPLIANCE."""
        where = {"Bucket": self._bucket, "Key": key, "VersionId": version}
        with self._client.s3.get_object(**where)["Body"] as stream:
            if hashlib.sha256(stream.read()).digest() != hashlib.sha256(body).digest():
                raise LockNotProven(f"{key} does not hold the bytes that were sent")
        retention = self._client.s3.get_object_retention(**where)["Retention"]
        try:
            hold = self._client.s3.get_object_legal_hold(**where)["LegalHold"]["Status"]
        except ClientError as error:
            if code(error) not in NO_HOLD:
                raise
            hold = "OFF"
        if retention["Mode"] != "COMPLIANCE":
            raise LockNotProven(f"{key} is not under COMPLIANCE")
        return Locked(key, version, retention["RetainUntilDate"], hold == "ON")

    def presign_get(self, key: str, version_id: str, *, filename: str, seconds: int = LINK_SECONDS_MAX) -> tuple[str, datetime]:
        """A link to one pinned version, as an attachment, for at most a minute."""
        seconds = min(seconds, LINK_SECONDS_MAX)
        given = {
            "Bucket": self._bucket,
            "Key": key,
            "VersionId": version_id,
            "ResponseContentDisposition": f'attachment; filename="{filename}"',
        }
        url = self._client.s3.generate_presigned_url("get_object", Params=given, ExpiresIn=seconds)
        return str(url), datetime.now(UTC) + timedelta(seconds=seconds)
