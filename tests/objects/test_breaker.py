"""The breaker and the deadline: what hangs costs one deadline, then nothing, and one try tells when it is over."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from storage.objects import ObjectStore, ObjectStoreDown, deadline
from storage.objects.breaker import FAILURES_MAX, OPEN_SECONDS, Breaker
from storage.objects.client import THREADS_MAX
from tests.harness.stores import OwnStore, own_store


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_and_a_success_forgets_them() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    assert [breaker.failed() for _ in range(FAILURES_MAX - 1)] == [False] * (FAILURES_MAX - 1) and breaker.admits()
    assert not breaker.succeeded()
    assert [breaker.failed() for _ in range(FAILURES_MAX)] == [False] * (FAILURES_MAX - 1) + [True]
    assert not breaker.admits()


def test_while_it_is_open_one_call_each_pause_may_try_and_its_success_closes_it() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES_MAX):
        breaker.failed()
    clock.now += OPEN_SECONDS
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    assert not breaker.failed() and not breaker.admits()
    clock.now += OPEN_SECONDS
    assert breaker.admits() and breaker.succeeded()
    assert all(breaker.admits() for _ in range(5))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    with own_store(tmp_path_factory.mktemp("store")) as made:
        yield made


@pytest.fixture
def objects(store: OwnStore) -> Iterator[ObjectStore]:
    made = ObjectStore(store.address)
    yield made
    made.close()


async def test_calls_of_one_use_case_share_its_seconds(objects: ObjectStore) -> None:
    over = threading.Event()
    with deadline(3) as left:
        await objects.client.call(over.wait, 0.2)
        assert left.left < 2.9
        with deadline(60), pytest.raises(ObjectStoreDown, match="TimeoutError"):  # an inner one does not lengthen it
            await objects.client.call(over.wait, 60)
        assert left.left <= 0
    over.set()


async def test_a_crowd_of_our_own_does_not_open_it(objects: ObjectStore) -> None:
    end = threading.Event()
    busy = [asyncio.create_task(objects.client.call(end.wait, 30)) for _ in range(THREADS_MAX)]
    await asyncio.sleep(0)
    for _ in range(FAILURES_MAX + 1):
        with deadline(0.05), pytest.raises(ObjectStoreDown):
            await objects.client.call(lambda: None)
    end.set()
    await asyncio.gather(*busy)
    assert not objects.client.breaker.open


async def test_a_refusal_is_an_answer(objects: ObjectStore) -> None:
    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(ObjectStoreDown, match=r"NoSuchBucket|AccessDenied"):
            await objects.client.call(objects.client.s3.list_objects_v2, Bucket="somebody-elses")
    assert not objects.client.breaker.open


async def test_a_store_that_hangs_fills_no_thread_for_ever_and_is_found_when_it_is_back(store: OwnStore, objects: ObjectStore) -> None:
    with store.hung():
        told = await asyncio.gather(*(objects.ready() for _ in range(3 * THREADS_MAX)), return_exceptions=True)
        assert [t for t in told if not isinstance(t, ObjectStoreDown)] == [] and objects.client.breaker.open
        with pytest.raises(ObjectStoreDown, match="a moment ago"):
            await objects.ready()
    async with asyncio.timeout(240):
        while True:
            try:
                await objects.ready()
                break
            except ObjectStoreDown:
                await asyncio.sleep(0.1)
    assert not objects.client.breaker.open
    assert not any(isinstance(t, Exception) for t in await asyncio.gather(*(objects.ready() for _ in range(3 * THREADS_MAX))))
