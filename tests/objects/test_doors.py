"""What is locked cannot be destroyed through any port of the store; a store that can be emptied is not used in production."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from storage.embedded.doors import open_doors
from storage.embedded.seaweed import Seaweed
from storage.objects import LockNotProven, ObjectStore, ObjectStoreDown
from storage.objects import proof as proving
from tests.harness.stores import OpenSeaweed, OwnStore, own_store
from tests.harness.web import site

HTTP = {
    f"{part} {way}"
    for part, way in (("filer", "DELETE /loanfile-self-test-nobodys"), ("master", "GET /col/delete"), ("master", "GET /dir/assign"))
}
GRPC = {f"{part} gRPC" for part in ("master", "volume", "filer", "s3", "admin")}


class WithKeysAlone(Seaweed):
    """The JWT keys, which look like a lock: HTTP to the master and all of gRPC are open."""

    def _configure(self, folder: Path) -> None:
        super()._configure(folder)
        written = folder / "security.toml"
        written.write_text(written.read_text().partition("[grpc]")[0])

    def _command(self, folder: Path) -> list[str]:
        return [word for word in super()._command(folder) if word != "-disableHttp"]


class WithoutCertificates(WithKeysAlone):
    """HTTP closed, gRPC open: `weed shell` removes what it likes."""

    def _command(self, folder: Path) -> list[str]:
        return Seaweed._command(self, folder)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    with own_store(tmp_path_factory.mktemp("closed")) as made:
        yield made


def test_every_way_into_our_own_store_is_closed(closed: OwnStore) -> None:
    assert open_doors(closed.seaweed.home, closed.address.endpoint) == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_our_own_store_is_known_by_every_name_of_this_machines_loop(tmp_path: Path, name: str) -> None:
    with own_store(tmp_path / "open", OpenSeaweed) as made:
        endpoint = made.address.endpoint.replace("127.0.0.1", name)
        assert open_doors(made.seaweed.home, endpoint)


def test_a_store_of_somebody_else_has_no_ports_that_we_know(closed: OwnStore, tmp_path: Path) -> None:
    assert open_doors(tmp_path, closed.address.endpoint) == []
    assert open_doors(closed.seaweed.home, "https://s3.example.com") == []


@pytest.mark.parametrize(
    ("kind", "some"),
    [
        (WithKeysAlone, GRPC | {"master GET /dir/assign", "master GET /col/delete"}),
        (WithoutCertificates, GRPC),
        (OpenSeaweed, GRPC | HTTP),
    ],
)
def test_each_way_that_is_open_is_found(tmp_path: Path, kind: type[Seaweed], some: set[str]) -> None:
    with own_store(tmp_path / "open", kind) as made:
        made.listens()
        found = set(open_doors(made.seaweed.home, made.address.endpoint))
    assert some <= found
    assert kind is not WithoutCertificates or found == some


def test_in_development_it_is_told(told: dict[str, Any], database_name: str, tmp_path: Path) -> None:
    with own_store(tmp_path / "open", OpenSeaweed) as made:
        settings = {**made.settings, "home": str(made.seaweed.home)}
        with site(told, database_name, tmp_path / "site", **settings) as served:
            assert "object store is open" in served.logged()


@pytest.fixture
def objects(closed: OwnStore) -> Iterator[ObjectStore]:
    made = ObjectStore(closed.address)
    yield made
    made.close()


async def test_our_own_store_is_proven(objects: ObjectStore) -> None:
    await objects.prove_lock()


async def test_what_the_root_keys_may_do_is_refused_too(closed: OwnStore, objects: ObjectStore) -> None:
    root = ObjectStore(closed.root)
    await root.prove_lock()
    root.close()


@pytest.mark.parametrize(
    ("bucket", "told"), [("loanfile-staging", "InvalidRequest"), ("not-locked", "InvalidRequest"), ("nothing", "NoSuchBucket")]
)
async def test_a_bucket_without_a_lock_is_not_proven(closed: OwnStore, bucket: str, told: str) -> None:
    root = ObjectStore(closed.root)
    if bucket == "not-locked":
        root.client.s3.create_bucket(Bucket=bucket)
        root.client.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    root.locked.bucket = bucket
    with pytest.raises((LockNotProven, ObjectStoreDown), match=told):
        await root.prove_lock()
    root.close()


class ForEverybody(Seaweed):
    """The lock holds, but whoever has no keys reads."""

    def _configure(self, folder: Path) -> None:
        super()._configure(folder)
        told = json.loads((folder / "s3.json").read_text())
        told["identities"].append({"name": "anonymous", "actions": ["Read", "List"]})
        (folder / "s3.json").write_text(json.dumps(told))


async def test_a_bucket_that_anybody_reads_is_not_proven(tmp_path: Path) -> None:
    with own_store(tmp_path / "public", ForEverybody) as made:
        objects = ObjectStore(made.address)
        with pytest.raises(LockNotProven, match="let a caller without keys read an object"):
            await objects.prove_lock()
        objects.close()


def test_a_store_that_breaks_down_has_not_refused() -> None:
    def broken() -> None:
        raise ClientError({"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "DeleteObject")

    with pytest.raises(ClientError):
        proving._refused(broken)
