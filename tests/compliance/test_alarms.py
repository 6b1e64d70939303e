"""What is wrong with the bank as a whole is told to people once while it lasts, and its end stands beside it."""

from typing import Any

import asyncpg
import pytest

from server.compliance.anchoring import Anchoring
from server.custody.desk import Desk
from server.jobs import Jobs, alarms
from storage.terms import AlarmKind, Tier
from tests.compliance.conftest import Asking
from tests.harness.jobs import jobs_of
from tests.harness.ledger import Ledger
from tests.harness.world import World

NOTICES = """{ notices(first: 10, where: { kind: { eq: ALARM } }) { edges { node { title isRead
  subject { id ... on Alarm { kind told findings raisedAt seenAt clearedAt } } } } } }"""


async def told(ask: Asking, bank: World, who: str) -> list[dict[str, Any]]:
    answer = await ask(bank, who, NOTICES)
    return [edge["node"]["subject"] for edge in answer["notices"]["edges"]]


async def test_a_difference_is_a_notice_once_while_it_lasts_and_over_when_it_is_gone(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        volumes = await bank.volumes(3)
        await bank.out(volumes, tier=Tier.SECOND)
        jobs = await jobs_of(bank)
        assert await jobs.compare() == 0 and await told(ask, bank, "compliance") == []
        for volume in volumes[:2]:
            await bank.past_the_triggers(f"update archive_records set state = 'FILED' where id = '{volume}'")
        for _ in range(2):
            assert await jobs.compare() == 2
        for who in ("compliance", "admin"):
            (alarm,) = await told(ask, bank, who)
            assert (alarm["kind"], alarm["findings"], alarm["clearedAt"]) == ("STATE_DIFFERS", 2, None)
            assert str(min(volumes[:2])) in alarm["told"] and alarm["seenAt"] > alarm["raisedAt"]
        assert await told(ask, bank, "officer") == [] == await told(ask, bank, "auditor")
        node = "query($id: ID!) { node(id: $id) { id } }"
        assert await ask(bank, "officer", node, id=alarm["id"]) == {"node": None}
        await bank.past_the_triggers(f"update archive_records set state = 'CHECKED_OUT' where id in ('{volumes[0]}', '{volumes[1]}')")
        assert await jobs.compare() == 0
        (alarm,) = await told(ask, bank, "compliance")
        assert alarm["clearedAt"] > alarm["seenAt"]
        await bank.past_the_triggers(f"update archive_records set state = 'FILED' where id = '{volumes[2]}'")
        assert await jobs.compare() == 1  # another occasion
        assert [a["clearedAt"] is None for a in await told(ask, bank, "compliance")].count(True) == 1


async def test_changes_that_wait_for_a_checkpoint_are_an_alarm_until_they_are_sealed(ledger: Ledger, ask: Asking) -> None:
    async with ledger.bank() as bank:
        jobs = await jobs_of(bank)
        late = Jobs(Desk(bank.database, anchoring=Anchoring(bank.database, 0.0, False)), jobs.by, jobs.objects)
        assert await jobs.watch() == 0  # of a desk that waits for nothing
        await bank.volumes()
        assert (await late.watch(), await late.watch()) == (1, 0)
        (alarm,) = await told(ask, bank, "compliance")
        assert alarm["kind"] == "NOT_ANCHORED" and "has waited for" in alarm["told"] and alarm["clearedAt"] is None
        await ledger.sealer.seal_all()
        assert await late.watch() == 0
        (alarm,) = await told(ask, bank, "compliance")
        assert alarm["clearedAt"]


async def test_an_alarm_is_raised_by_a_service_alone_and_never_taken_away(ledger: Ledger) -> None:
    async with ledger.bank() as bank:
        jobs = await jobs_of(bank)
        async with bank.database.transaction(jobs.by) as conn:
            assert await alarms.tell(conn, jobs.by, AlarmKind.OBJECT_UNEXPLAINED, "scans/x@1", 3)
            assert not await alarms.tell(conn, jobs.by, AlarmKind.OBJECT_UNEXPLAINED, "scans/y@1", 4)
            await alarms.tell(conn, jobs.by, AlarmKind.STORE_NOT_LOCKED, None)  # of what is not wrong
        row = await bank.root.fetchrow("select told, findings from alarms")
        assert tuple(row) == ("scans/x@1", 4)
        officer = bank.people["officer"]
        async with bank.database.transaction(officer) as conn:
            assert await conn.raw.fetchval("select count(*) from alarms") == 0
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="by services"):
                await alarms.tell(conn, officer, AlarmKind.OBJECT_UNEXPLAINED, None)
        for statement in ("update alarms set cleared_at = now()", "delete from alarms"):
            async with bank.database.transaction(jobs.by) as conn:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await conn.raw.execute(statement)
