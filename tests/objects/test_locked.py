"""What the locked bucket says of an object that was there before: its hash, its lock; and the bytes themselves where it tells no hash."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import httpx
import pytest

from storage.objects import Locked, LockNotProven, ObjectStore
from tests.harness.stores import OwnStore, own_store
from tests.harness.web import ANSWER_SECONDS_MAX

BODY, OTHER = b"as it was scanned", b"of somebody else.."
UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    with own_store(tmp_path_factory.mktemp("store")) as made:
        yield made


@pytest.fixture
def objects(store: OwnStore) -> Iterator[ObjectStore]:
    made = ObjectStore(store.address)
    yield made
    made.close()


async def stored(objects: ObjectStore, key: str, body: bytes) -> Locked:
    return await objects.locked.put(key, BytesIO(body), hashlib.sha256(body).digest(), "application/pdf", UNTIL)


async def test_the_same_bytes_twice_are_one_version(objects: ObjectStore) -> None:
    key = f"test/{uuid4()}"
    first = await stored(objects, key, BODY)
    assert (first.lock_until, first.legal_hold) == (UNTIL, True)
    assert await stored(objects, key, BODY) == first


async def test_other_bytes_under_the_key_are_not_taken_for_ours(objects: ObjectStore) -> None:
    key = f"test/{uuid4()}"
    await stored(objects, key, OTHER)
    with pytest.raises(LockNotProven, match="does not hold the bytes"):
        await stored(objects, key, BODY)


@pytest.mark.parametrize(("there", "told"), [(OTHER, "does not hold the bytes"), (BODY, "is not under COMPLIANCE")])
async def test_where_the_store_tells_no_hash_the_bytes_are_read(objects: ObjectStore, there: bytes, told: str) -> None:
    key, s3 = f"test/{uuid4()}", objects.client.s3
    url = s3.generate_presigned_url("put_object", Params={"Bucket": objects.locked.bucket, "Key": key})
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as bare:
        assert (await bare.put(url, content=there)).status_code == 200
    assert "ChecksumSHA256" not in s3.head_object(Bucket=objects.locked.bucket, Key=key, ChecksumMode="ENABLED")
    with pytest.raises(LockNotProven, match=told):
        await stored(objects, key, BODY)
