"""What the store keeps says nothing of anybody: keys and metadata are ids; bytes are encrypted where the store is asked to."""

import hashlib
import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from server.demo.names import small_pdf
from server.scans.announcing import NewScan
from server.scans.uploads import Uploads
from storage.objects import ObjectStore
from storage.terms import ScanSubject
from tests.harness.stores import OwnStore, own_store
from tests.harness.web import ANSWER_SECONDS_MAX
from tests.harness.world import World

ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
OURS = re.compile(rf"(scans|staged)/{ID}|previews/{ID}/.*|self-test/.*|ready")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    with own_store(tmp_path_factory.mktemp("disk")) as made:
        yield made


@pytest.fixture(params=["none", "AES256"])
def objects(request: Any, disk: OwnStore) -> Iterator[ObjectStore]:
    made = ObjectStore(replace(disk.address, encryption=request.param))
    yield made
    made.close()


async def test_keys_and_metadata_are_ids_and_nothing_else(bank: World, objects: ObjectStore) -> None:
    (paper,) = await bank.papers()
    body = small_pdf(secrets.token_hex(8))
    new = NewScan.of(ScanSubject.RECORD, paper, "王小明 110101199001011234", "application/pdf", body, pages=1)
    stored, _ = await Uploads(bank.database, objects).upload(bank.people["officer"], new, io.BytesIO(body), key=secrets.token_hex(8))
    s3, seen = objects.client.s3, 0
    for bucket in (objects.address.locked_bucket, objects.address.staging_bucket):
        for one in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            head = s3.head_object(Bucket=bucket, Key=one["Key"])
            assert OURS.fullmatch(one["Key"]) and head["Metadata"] == {}, one["Key"]
            assert s3.get_object_tagging(Bucket=bucket, Key=one["Key"])["TagSet"] == []
            told = str(head["ResponseMetadata"]["HTTPHeaders"])
            assert "王小明" not in told and "110101199001011234" not in told and bank.people["officer"].staff_no not in told
            seen += one["Key"] == f"scans/{stored['scan']}"
    assert seen == 1


async def test_bytes_lie_encrypted_where_the_store_was_asked_to(objects: ObjectStore, disk: OwnStore) -> None:
    asked, until = objects.address.encryption != "none", datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    locked, staged, presigned = (secrets.token_bytes(3_000) for _ in range(3))
    kept = await objects.locked.put(
        f"scans/{secrets.token_hex(8)}", io.BytesIO(locked), hashlib.sha256(locked).digest(), "application/pdf", until
    )
    await objects.staging.put("staged/one", io.BytesIO(staged), "application/pdf")
    key = f"staged/{secrets.token_hex(8)}"
    put = objects.staging.presign_put(key, sha256=hashlib.sha256(presigned).digest(), size_bytes=3_000, media_type="application/pdf")
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
        assert (await client.put(put.url, content=presigned, headers=put.headers)).status_code == 200
        if asked:
            less = {name: value for name, value in put.headers.items() if "encryption" not in name}
            assert (await client.put(put.url, content=presigned, headers=less)).status_code == 403, "the signature covers it"
    for body in (locked, staged, presigned):
        assert disk.damage({body: body}) == (0 if asked else 1), "in clear on the disk"
    found = await objects.locked.digest(kept.key, kept.version_id)
    assert found is not None and found.sha256 == hashlib.sha256(locked).digest()
    head = objects.client.s3.head_object(Bucket="loanfile", Key=kept.key, VersionId=kept.version_id)
    assert head.get("ServerSideEncryption") == ("AES256" if asked else None)
