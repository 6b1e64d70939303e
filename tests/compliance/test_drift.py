"""A table that says otherwise than the events is an alarm within a day."""

import pytest
from structlog.testing import capture_logs

from storage.terms import Tier
from tests.harness.jobs import jobs_of
from tests.harness.ledger import Ledger

DRIFTS = {
    "update archive_records set state = 'FILED' where id = '{0}'": "its events lead to CHECKED_OUT, the table says FILED",
    "update movements set kind = 'READING' where record_id = '{0}' and closed_at is null": "it is CHECKED_OUT, its open movements are READING",
    "update events set record_id = null where record_id = '{0}' and tag = 'record:check_out:done'": "its events lead to RESERVED",
    "update tickets set ticket_no = ticket_no + 1": "numbers are missing",
}


@pytest.mark.parametrize("statement", DRIFTS)
async def test_the_first_difference_is_told(ledger: Ledger, statement: str) -> None:
    async with ledger.bank() as bank:
        volumes = await bank.volumes(2)
        await bank.out(volumes, tier=Tier.SECOND)
        jobs = await jobs_of(bank)
        with capture_logs() as clean:
            assert await jobs.compare() == 0
        await bank.past_the_triggers(statement.format(volumes[0]))
        with capture_logs() as logged:
            assert await jobs.compare() == 1
    alarms = [line["alarm"] for line in logged if line["log_level"] == "error"]
    assert not [line for line in clean if line["log_level"] == "error"]
    assert len(alarms) == 1 and DRIFTS[statement] in alarms[0]
