"""The proof that the locked bucket keeps what it is given: a locked object that we try to destroy, with our keys and with none."""

import base64
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError

from storage.objects.client import Client
from storage.objects.errors import LockNotProven, answered
from storage.objects.locked import Locked, LockedBucket

BODY, DAYS = b"loanfile lock self-test", 1


class Refused(Exception):
    """One of several objects was refused, which is told inside a success."""


Attempt = tuple[str, Callable[[], Any]]


def prove(client: Client, locked: LockedBucket) -> None:
    """Every attempt on a locked object must be refused, and it must be whole afterwards, or LockNotProven."""
    bucket, key = locked.bucket, f"self-test/{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=DAYS)
    kept = _stored(client, locked, key, until)
    for done, attempt in _attempts(client, kept, bucket):
        if not _refused(attempt):
            raise LockNotProven(f"bucket {bucket} let {done}")
    client.s3.put_object(Bucket=bucket, Key=key, Body=b"something else")  # another version, beside the first
    if locked.read_back(key, kept.version_id, sha256(BODY).digest()).lock_until < until:
        raise LockNotProven(f"bucket {bucket} shortened the lock of an object")


def _stored(client: Client, locked: LockedBucket, key: str, until: datetime) -> Locked:
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
    version = client.s3.put_object(Bucket=locked.bucket, Key=key, Body=BytesIO(BODY), **lock).get("VersionId")
    if not version:
        raise LockNotProven(f"bucket {locked.bucket} keeps no versions")
    return locked.read_back(key, version, sha256(BODY).digest())


def _attempts(client: Client, kept: Locked, bucket: str) -> Iterator[Attempt]:
    where, soon = {"Bucket": bucket, "Key": kept.key, "VersionId": kept.version_id}, datetime.now(UTC) + timedelta(hours=1)
    for who, s3 in (("us", client.s3), ("a caller without keys", client.unsigned())):
        retain = partial(s3.put_object_retention, **where)
        yield f"{who} delete a locked object", partial(s3.delete_object, **where)
        yield f"{who} delete a locked object past its governance", partial(s3.delete_object, **where, BypassGovernanceRetention=True)
        yield f"{who} delete a locked object among others", partial(_deleted_among_others, s3, kept, bucket)
        yield f"{who} shorten a lock", partial(retain, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": soon})
        yield f"{who} weaken a lock", partial(retain, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": kept.lock_until})
        yield (
            f"{who} stop its versions",
            partial(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}),
        )
    checksum = base64.b64encode(sha256(BODY).digest()).decode()
    yield (
        "us store bytes under the checksum of others",
        partial(client.s3.put_object, Bucket=bucket, Key=f"{kept.key}-other", Body=b"other", ChecksumSHA256=checksum),
    )
    stranger = client.unsigned()
    yield "a caller without keys read an object", partial(stranger.get_object, **where)
    yield "a caller without keys list it", partial(stranger.list_objects_v2, Bucket=bucket)
    yield "a caller without keys write to it", partial(stranger.put_object, Bucket=bucket, Key=f"{kept.key}-unsigned", Body=b"x")


def _deleted_among_others(s3: Any, kept: Locked, bucket: str) -> None:
    told = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": kept.key, "VersionId": kept.version_id}]})
    for error in told.get("Errors", ()):
        raise Refused(error.get("Code"))


def _refused(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except ClientError as error:
        if answered(error):
            return True
        raise  # it broke down: that is no refusal
    except Refused:
        return True
    return False
