"""explainCustody and the mutations agree at every step that hypothesis finds, and the books stay sound."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from schema.reading.answers import ReadingSchema
from storage.objects import StoreAddress
from tests.harness import servers
from tests.harness.door import Door
from tests.model.coverage import Coverage
from tests.model.machine import Machine
from tests.model.stage import Stage

BANKS = [(2, 250), pytest.param(55, 200, marks=pytest.mark.soak)]  # and steps of each


@pytest.fixture
def quiet() -> Iterator[None]:
    """No line of log for each of some thousand requests."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(("banks", "steps"), BANKS)
def test_whatever_is_played_explain_says_what_happens(
    told: dict[str, Any], schema: ReadingSchema, store_address: StoreAddress, tmp_path: Path, banks: int, steps: int
) -> None:
    """500 steps here, more than 10,000 in the soak, where everything that can be reached must have been."""
    name, coverage = servers.clone(told), Coverage()
    with asyncio.Runner() as runner:
        door = Door.of(told, name, store_address, tmp_path, schema)
        runner.run(door.parts.database.open())
        root = runner.run(asyncpg.connect(servers.url(told, "super", name)))
        Machine.new_stage = lambda: Stage.make(runner, door, root, coverage)
        how = settings(
            max_examples=banks, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True,
            database=None, derandomize=banks < 10,
            phases=(Phase.generate,),  # a bank is never the same twice: its ids and instants are new, so that there is nothing to shrink
        )  # fmt: skip
        try:
            run_state_machine_as_test(Machine, settings=how)
        finally:
            print(f"\n{coverage.told()}")
            runner.run(root.close())
            runner.run(door.parts.database.close())
    if banks >= 10:
        assert coverage.steps >= 10_000
        assert not coverage.transitions_left() and not coverage.acts_left() and not coverage.rules_left(), coverage.told()
