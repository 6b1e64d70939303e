"""A ledger in a database of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import servers
from tests.harness.ledger import Ledger, bucket_of


@pytest.fixture
def ledger(told: dict[str, Any]) -> Iterator[Ledger]:
    bucket = bucket_of(told)
    yield Ledger(told, servers.clone(told), bucket)
    bucket.close()
