"""The proof that the locked bucket keeps what it is given: a locked object that we try to destroy."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from storage.objects.client import Client
from storage.objects.errors import LockNotProven
from storage.objects.locked import LockedBucket


def prove(client: Client, locked: LockedBucket) -> None:
    """Stores a locked object, tries to delete it and to shorten its lock: both must be refused, or LockNotProven."""
    key, body = f"self-test/{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}", b"loanfile lock self-test"
    bucket, until = client.address.locked_bucket, datetime.now(UTC) + timedelta(days=1)
    version = client.s3.put_object(Bucket=bucket, Key=key, Body=body, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until).get(
        "VersionId"
    )
    if not version:
        raise LockNotProven(f"bucket {bucket} keeps no versions")
    attempts: list[tuple[str, Callable[[], Any]]] = [
        ("deleted", partial(client.s3.delete_object, Bucket=bucket, Key=key, VersionId=version)),
        (
            "shortened the lock of",
            partial(
                client.s3.put_object_retention,
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
    locked.read_back(key, version, sha256(body).digest())
