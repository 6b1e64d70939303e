"""The background jobs of one bank: in the name of a service that sees its branches alone."""

from server.jobs import Jobs
from storage.terms import Role
from tests.harness.world import World


async def jobs_of(bank: World) -> Jobs:
    if "jobs" not in bank.people:
        await bank.hire("jobs", {Role.SYSTEM}, bank.branches["A"].id, tuple(b.id for b in bank.branches.values()))
        await bank.sql("update staff set kind = 'SERVICE' where id = $1", bank.people["jobs"].staff_id)
    return Jobs(bank.desk, bank.people["jobs"])
