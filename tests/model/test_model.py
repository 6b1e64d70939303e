"""explainCustody and the mutations agree at every step that hypothesis finds, and the books stay sound."""

import asyncio
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from schema.reading.answers import ReadingSchema
from storage.database import Database
from storage.objects import ObjectStore
from tests.harness import servers
from tests.model.coverage import Coverage
from tests.model.machine import Machine
from tests.model.stage import Stage

STEPS_A_BANK = 200
BANKS = [3, pytest.param(50, marks=pytest.mark.soak)]


@pytest.mark.parametrize("banks", BANKS)
def test_whatever_is_played_explain_says_what_happens(
    told: dict[str, Any], schema: ReadingSchema, objects: ObjectStore, banks: int
) -> None:
    """500 steps here, 10,000 in the soak, where everything that can be reached must have been."""
    name, coverage = servers.clone(told), Coverage()
    with asyncio.Runner() as runner:
        database = Database(servers.url(told, "app", name), servers.url(told, "reader", name))
        runner.run(database.open())
        root = runner.run(asyncpg.connect(servers.url(told, "super", name)))
        Machine.new_stage = lambda: Stage.make(runner, schema, objects, database, root, coverage)
        how = settings(
            max_examples=banks, stateful_step_count=STEPS_A_BANK, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True,
            database=None, derandomize=banks < 10,
            phases=(Phase.generate,),  # a bank is never the same twice: its ids and instants are new, so that there is nothing to shrink
        )  # fmt: skip
        try:
            run_state_machine_as_test(Machine, settings=how)
        finally:
            print(f"\n{coverage.told()}")
            runner.run(root.close())
            runner.run(database.close())
    if banks >= 10:
        assert not coverage.transitions_left() and not coverage.rules_left(), coverage.told()
